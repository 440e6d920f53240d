from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError
from prodml.privacy import Mask, Redact


def one(transform, value):
    return transform.bind("x", None).one(value, {})


@pytest.mark.parametrize(
    ("transform", "value", "masked"),
    [
        (Mask(), "4111111111111111", "************1111"),
        (Mask(), 4111111111111111, "************1111"),
        (Mask(), "12345678", "****5678"),
        (Mask(), "1234567", "*******"),
        (Mask(), "", ""),
        (Mask(keep_last=0), "secret", "******"),
        (Mask(keep_first=2, keep_last=2, char="•"), "DE44500105", "DE••••••05"),
        (Mask(keep_first=1, keep_last=0), "Ann", "A**"),
    ],
)
def test_characters_are_hidden_but_for_the_ends(transform, value, masked):
    assert one(transform, value) == masked


@given(st.text(), st.integers(0, 6), st.integers(0, 6))
def test_never_more_than_half_of_a_value_shows(text, first, last):
    masked = one(Mask(keep_first=first, keep_last=last, char="\x00"), text)
    shown = len(masked) - masked.count("\x00")
    assert len(masked) == len(text)
    assert shown <= len(text) / 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"keep_last": -1}, "keep_last must be a whole number at least 0"),
        ({"keep_first": 1.5}, "keep_first must be"),
        ({"keep_last": True}, "keep_last must be"),
        ({"char": ""}, "char must be text of 1 character"),
        ({"char": "**"}, "char must be"),
        ({"char": None}, "char must be"),
    ],
)
def test_bad_settings_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Mask(**arguments)


def test_it_says_what_is_left_to_learn():
    assert Mask().residual() == "the last 4 characters, the length, which rows look alike"
    assert Mask(keep_first=2).residual().startswith("the first 2 and the last 4 characters")
    assert Mask(keep_last=0).residual() == "the length, which rows look alike"


def test_redact_is_one_constant_and_keeps_the_gaps():
    column = Redact("-").bind("x", None).column(pd.Series(["a", None, "b"]), pd.DataFrame())
    assert column.tolist()[::2] == ["-", "-"]
    assert column.isna().tolist() == [False, True, False]


def test_redact_wants_text():
    with pytest.raises(ConfigError, match="text must be text"):
        Redact(0)
