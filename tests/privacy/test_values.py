from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import SchemaError
from prodml.privacy.values import Reader, is_missing

READER = Reader("id", "Test")
BERLIN_SUMMER = dt.timezone(dt.timedelta(hours=2))


@pytest.mark.parametrize(
    "value",
    [
        None,
        float("nan"),
        np.nan,
        np.float32("nan"),
        pd.NA,
        pd.NaT,
        np.datetime64("NaT", "s"),
        Decimal("NaN"),
    ],
)
def test_every_kind_of_missing_is_missing(value):
    assert is_missing(value)


@pytest.mark.parametrize(
    "value", ["", "nan", 0, False, b"", dt.date(2024, 1, 1), np.array([1, 2]), [None]]
)
def test_what_only_looks_empty_is_not_missing(value):
    assert not is_missing(value)


@pytest.mark.parametrize(
    "one", [1, 1.0, True, np.int64(1), np.float32(1), np.bool_(True), Decimal("1.00"), "1"]
)
def test_equal_values_read_as_one_text(one):
    assert READER.text(one) == "1"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.0, "0"),
        (Decimal("-0"), "0"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1.50"), "1.5"),
        (2.0**53 - 1, "9007199254740991"),
        (10**30, "1" + "0" * 30),
        (np.str_("ann"), "ann"),
        (dt.date(2024, 5, 1), "2024-05-01"),
        (dt.datetime.fromisoformat("2024-05-01"), "2024-05-01"),
        (pd.Timestamp("2024-05-01"), "2024-05-01"),
        (np.datetime64("2024-05-01T00:00:00", "ns"), "2024-05-01"),
        (dt.datetime.fromisoformat("2024-05-01T12:30"), "2024-05-01T12:30:00"),
        (pd.Timestamp("2024-05-01 00:00:00.000000001"), "2024-05-01T00:00:00.000000001"),
        (dt.datetime(2024, 5, 1, 1, tzinfo=BERLIN_SUMMER), "2024-04-30T23:00:00+00:00"),
    ],
)
def test_the_canonical_text_is_what_the_docs_say(value, text):
    assert READER.text(value) == text


@pytest.mark.parametrize(
    "value", [0.5, 2.0**53, 1e300, float("inf"), Decimal("Infinity"), [1], {"a": 1}, object(), 1j]
)
def test_values_without_one_spelling_are_refused(value):
    with pytest.raises(SchemaError, match='"id"') as caught:
        READER.text(value)
    assert caught.value.column == "id"


def test_text_that_is_not_unicode_is_refused_without_showing_it():
    with pytest.raises(SchemaError, match="lone surrogates") as caught:
        READER.bytes("secret\ud800")
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None


def test_bytes_stay_bytes():
    assert READER.bytes(b"\x00\xff") == b"\x00\xff"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_as_its_decimals(value):
    assert READER.number(value) == Fraction(repr(value))


@pytest.mark.parametrize("value", ["34", float("inf"), None, dt.date(2024, 1, 1)])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(SchemaError, match="finite numbers"):
        READER.number(value)


def test_an_infinity_has_an_extent():
    assert READER.extent(np.float32("inf")) == float("inf")


@pytest.mark.parametrize("value", ["yesterday", "", 20240501, 1.5, b"2024-05-01"])
def test_what_is_no_date_is_refused_without_showing_it(value):
    with pytest.raises(SchemaError, match="takes dates") as caught:
        READER.date(value)
    assert "yesterday" not in str(caught.value)
    assert caught.value.__context__ is None


def test_an_aware_time_is_read_in_utc():
    assert READER.date("2024-05-01T01:00:00+02:00") == dt.datetime(2024, 4, 30, 23, tzinfo=dt.UTC)
