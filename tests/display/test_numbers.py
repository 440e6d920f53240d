# ruff: noqa: RUF001 - the dash for a missing value is meant
from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.display import duration, number, percent, size
from prodml.errors import ConfigError

NUMBERS = {
    0: "0",
    7: "7",
    9_999: "9999",
    10_000: "10,000",
    -1_234_567: "-1,234,567",
    10**15: "1e15",
    -(10**400): "-∞",
    0.5: "0.5",
    9.9996: "10",
    0.99996: "1",
    123.456: "123.5",
    98_765.4: "98,765",
    1e-4: "0.0001",
    1.2346e-7: "1.235e-7",
    -2.5e-300: "-2.5e-300",
    6.02214076e23: "6.022e23",
    math.inf: "∞",
    -math.inf: "-∞",
}


@pytest.mark.parametrize("value", NUMBERS)
def test_a_number_is_written_as_people_do(value):
    assert number(value) == NUMBERS[value]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32(0.1), "0.1"),
        (np.int64(12_345), "12,345"),
        (np.float64("nan"), "–"),
        (Decimal("0.12346"), "0.1235"),
        (Fraction(1, 3), "0.3333"),
        (True, "1"),
        (-0.0, "0"),
        (None, "–"),
    ],
)
def test_every_kind_of_number_is_taken(value, text):
    assert number(value) == text


@pytest.mark.parametrize("value", ["12", b"1", [1], object()])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ConfigError, match=f"a number is needed, got {type(value).__name__}"):
        number(value)


def test_a_number_needs_a_digit():
    with pytest.raises(ConfigError, match="digits must be at least 1, got 0"):
        number(1.5, digits=0)


@given(st.floats(-1e300, 1e300), st.integers(1, 8))
def test_what_is_written_is_the_number_to_its_digits(value, digits):
    written = float(number(value, digits).replace(",", ""))
    assert math.isclose(written, value, rel_tol=0.51 * 10 ** (1 - digits), abs_tol=5e-324)


@given(st.integers(-(10**14), 10**14))
def test_whole_numbers_are_written_in_full(value):
    assert int(number(value).replace(",", "")) == value


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0%"),
        (1, "100%"),
        (0.12345, "12.3%"),
        (-0.05, "-5%"),
        (2.5, "250%"),
        (1e-6, "0.0001%"),
        (0.00049, "0.049%"),
        (0.9996, "99.96%"),
        (0.9999999, "99.99999%"),
        (1 - 1e-15, "100%"),
        (float("nan"), "–"),
        (None, "–"),
        (math.inf, "∞"),
    ],
)
def test_a_share_is_a_percentage(share, text):
    assert percent(share) == text


@given(st.floats(1e-9, 1 - 1e-9))
def test_a_share_strictly_between_never_reads_nought_or_all(share):
    assert percent(share) not in {"0%", "100%"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (1e-12, "0.001 ns"),
        (8.5e-10, "0.85 ns"),
        (9.999e-7, "1 µs"),
        (42e-6, "42 µs"),
        (0.9999, "1 s"),
        (1.234, "1.23 s"),
        (59.95, "1 min"),
        (3_599.7, "1 h"),
        (5_025, "1 h 23 min"),
        (86_400 * 1200, "1,200 d"),
        (-0.25, "-250 ms"),
        (None, "–"),
        (math.inf, "∞"),
        (math.nan, "–"),
    ],
)
def test_a_duration_has_the_unit_that_suits_it(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1024**2 - 1, "1 MiB"),
        (1_048_576, "1 MiB"),
        (123_456_789, "118 MiB"),
        (2**40, "1 TiB"),
        (3 * 2**50, "3 PiB"),
        (None, "–"),
        (math.inf, "∞"),
    ],
)
def test_a_size_has_binary_units(n_bytes, text):
    assert size(n_bytes) == text


@pytest.mark.parametrize("n_bytes", [-1, math.nan])
def test_a_size_is_not_negative(n_bytes):
    with pytest.raises(ConfigError, match="must not be negative"):
        size(n_bytes)
