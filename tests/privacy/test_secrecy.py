"""Whatever goes wrong, no message, repr, log or traceback shows a cell."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import traceback

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prodml.errors import ProdmlError
from prodml.keys import StaticKeys
from prodml.ports import Key
from prodml.privacy import (
    Anonymizer,
    DateShift,
    Drop,
    Generalize,
    Keep,
    Mask,
    Policy,
    Pseudonymize,
    Redact,
    TopCode,
    risk,
)
from prodml.privacy.transform import by_value

KEYS = StaticKeys({"pseudonym": Key("k1", hashlib.sha256(b"tests").digest())}, warn=False)

# Long enough not to occur by chance in a message; each kind of cell carries one.
MARKS = st.integers(10**17, 10**18 - 1).map(str)


def planted(mark):
    number = int(mark)
    return {
        "text": mark,
        "int": number,
        "float": float(mark) + 0.5,
        "fraction": float(f"0.{mark}"),
        "bytes": mark.encode(),
        "list": [mark],
        "dict": {mark: mark},
        "surrogate": mark + "\ud800",
        "huge": number * 10**5000,
        "date": dt.date.max,
        "object": type("Cell", (), {"__repr__": lambda _: mark, "__str__": lambda _: mark})(),
        "raising": _Raising(mark),
    }


class _Raising:
    """A cell whose every use fails with itself in the message."""

    def __init__(self, mark):
        self.mark = mark

    def __eq__(self, other):
        raise ValueError(self.mark)

    def __hash__(self):
        raise TypeError(self.mark)

    def __repr__(self):
        return self.mark


class Loud:
    """A transform of somebody else's, whose errors show what they choke on."""

    word = "loud"
    treatment = "masked"
    needs_key = False

    def bind(self, column, key):
        return by_value(self.fail)

    def fail(self, value):
        raise ValueError(f"cannot read {value!r}")

    def residual(self):
        return "all"

    def to_dict(self):
        return {}


TRANSFORMS = [
    Loud(),
    Pseudonymize(),
    Pseudonymize(normalize=True),
    Mask(),
    Redact(),
    Generalize(width=10),
    Generalize(edges=[1, 2]),
    Generalize(hierarchy={"a": "b"}),
    Generalize(unit="year"),
    TopCode(high=10, low=1),
    DateShift(subject="other"),
]


def said(action):
    """Everything that could be read by somebody when `action` fails."""
    try:
        action()
    except ProdmlError as exc:
        chain = [exc, exc.__context__, exc.__cause__]
        lines = "".join(traceback.format_exception(exc))
        return f"{lines}{chain!r}{[str(e) for e in chain]}{vars(exc)!r}"
    return ""


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: repr(t)[:30])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(mark=MARKS)
def test_no_cell_is_ever_shown(transform, mark, caplog):
    caplog.set_level(logging.DEBUG)
    policy = {"x": transform, "other": Drop()}
    anonymizer = Anonymizer(policy, keys=KEYS).fit(pd.DataFrame({"x": ["a"], "other": ["b"]}))
    n_refused = 0
    for cell in planted(mark).values():
        frame = pd.DataFrame({"x": pd.Series([cell, cell], dtype=object), "other": mark})
        for action in (
            lambda cell=cell: anonymizer.transform_record({"x": cell, "other": mark}),
            lambda frame=frame: anonymizer.transform(frame),
            lambda cell=cell: anonymizer.transform_record({"x": "a", "other": cell}),
        ):
            words = said(action)
            n_refused += bool(words)
            assert mark not in words
            assert mark[:12] not in words
    assert n_refused or isinstance(transform, Redact)
    assert mark not in caplog.text
    assert mark not in repr(anonymizer) + anonymizer._repr_html_() + repr(Policy(policy))


@given(mark=MARKS)
def test_no_cell_is_shown_by_a_frame_that_does_not_fit(mark):
    anonymizer = Anonymizer({"x": Keep()}).fit(pd.DataFrame({"x": [mark]}))
    wrong = [
        pd.DataFrame({"y": [mark]}),
        pd.DataFrame({"x": [mark], "y": [mark]}),
        pd.DataFrame({"x": [mark]}, index=[mark]),
        pd.DataFrame({"x": [mark]}).set_index("x"),
        [mark],
        mark,
        [[mark]],
    ]
    for table in wrong:
        words = said(lambda table=table: anonymizer.transform(table))
        assert words
        # The test's own line in the traceback holds no cell either.
        assert mark not in words


@given(mark=MARKS)
def test_a_risk_report_shows_no_cell(mark):
    report = risk(pd.DataFrame({"x": [mark, mark, "b"]}), ["x"])
    assert mark not in repr(report) + report._repr_html_() + repr(report.to_dict())
    assert mark not in said(lambda: risk(pd.DataFrame({"x": [[mark]]}), ["x"]))
