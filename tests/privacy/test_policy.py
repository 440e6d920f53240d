from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError
from prodml.privacy import (
    DateShift,
    Drop,
    Generalize,
    Keep,
    Mask,
    Policy,
    Pseudonymize,
    Redact,
    TopCode,
)

TRANSFORMS = st.one_of(
    st.just(Drop()),
    st.just(Keep()),
    st.builds(Redact, st.text()),
    st.builds(Mask, keep_last=st.integers(0, 9), keep_first=st.integers(0, 9)),
    st.builds(
        Pseudonymize, length_bits=st.sampled_from([96, 128, 256]), domain=st.none() | st.text()
    ),
    st.builds(Generalize, width=st.floats(0.01, 1e6)),
    st.builds(Generalize, edges=st.sets(st.integers(-99, 99), min_size=1).map(sorted)),
    st.builds(Generalize, hierarchy=st.dictionaries(st.text(), st.text(), min_size=1)),
    st.builds(Generalize, unit=st.sampled_from(["year", "quarter", "month"])),
    st.builds(TopCode, high=st.floats(1, 10)),
    st.builds(DateShift, subject=st.text(), max_days=st.integers(1, 999)),
)
POLICIES = st.dictionaries(st.text(), TRANSFORMS, min_size=1, max_size=6).map(Policy)


@given(POLICIES)
def test_a_policy_survives_json(policy):
    again = Policy.from_dict(json.loads(json.dumps(policy.to_dict())))
    assert again == policy
    assert hash(again) == hash(policy)
    assert again.digest == policy.digest


@given(POLICIES)
def test_a_policy_survives_pickle(policy):
    assert pickle.loads(pickle.dumps(policy)) == policy


def test_the_digest_changes_with_a_setting_and_not_with_the_order():
    policy = Policy({"a": Mask(), "b": Drop()})
    assert policy.digest == Policy({"b": Drop(), "a": Mask()}).digest
    assert policy.digest != Policy({"a": Mask(keep_last=3), "b": Drop()}).digest


def test_it_prints_what_an_attacker_still_learns():
    policy = Policy(
        {
            "email": Pseudonymize(),
            "age": TopCode(high=90),
            "seen": DateShift(subject="email"),
            "note": Redact(),
            "score": Keep(),
        }
    )
    lines = repr(policy).splitlines()
    assert lines[0].split("  ")[0] == "column"
    assert [line.split()[:3] for line in lines[2:]] == [
        ["email", "pseudonymize", "pseudonymised"],
        ["age", "topcode", "generalised"],
        ["seen", "dateshift", "pseudonymised"],
        ["note", "redact", "removed"],
        ["score", "keep", "kept"],
    ]
    assert "everything, with the key" in lines[2]
    assert "within 180 days" in lines[4]
    assert "<table>" in policy._repr_html_()


@given(POLICIES)
def test_no_result_is_called_anonymous(policy):
    assert "anonym" not in " ".join(text for row in policy.rows for text in row[1:]).lower()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "at least one"),
        ([("a", Drop())], "mapping"),
        ({1: Drop()}, "column names are text"),
        ({"a": Drop}, r"make one: Drop\(\)"),
        ({"a": "drop"}, '"a" needs a transform'),
        ({"a": None}, '"a" needs a transform'),
    ],
)
def test_what_is_no_policy_is_refused(columns, message):
    with pytest.raises(ConfigError, match=message):
        Policy(columns)


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (None, "format"),
        ({"columns": {}}, "format"),
        ({"format": "prodml.policy/2", "columns": {}}, "format"),
        ({"format": "prodml.policy/1", "columns": {"a": "drop"}}, "no known transform"),
        (
            {"format": "prodml.policy/1", "columns": {"a": {"transform": "mosk"}}},
            'Did you mean "mask"',
        ),
        (
            {"format": "prodml.policy/1", "columns": {"a": {"transform": "mask", "keep": 1}}},
            "other settings",
        ),
        (
            {"format": "prodml.policy/1", "columns": {"a": {"transform": "mask", "keep_last": -1}}},
            "keep_last",
        ),
    ],
)
def test_what_was_not_stored_by_a_policy_is_refused(stored, message):
    with pytest.raises(ConfigError, match=message):
        Policy.from_dict(stored)
