from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prodml.display.charts.axis import Scale, nice_ticks, span, tick_labels, time_ticks

FINITE = st.floats(-1e12, 1e12)


@given(FINITE, FINITE, st.integers(2, 8))
def test_ticks_are_few_round_numbers_around_the_range(a, b, n):
    low, high = sorted((a, b))
    assume(high - low > 1e-9 * max(abs(low), abs(high)) and high - low > 1e-9)
    ticks = nice_ticks(low, high, n)
    step = ticks[1] - ticks[0]
    assert ticks[0] <= low + step * 1e-6
    assert ticks[-1] >= high - step * 1e-6
    assert 2 <= len(ticks) <= 2 * n + 2
    assert mantissa((ticks[-1] - ticks[0]) / (len(ticks) - 1)) in {1, 2, 2.5, 5}


def mantissa(step):
    return round(step / 10 ** math.floor(math.log10(step) + 1e-9), 5)


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_ticks_never_fail(a, b):
    low, high = sorted((a, b))
    ticks = nice_ticks(*span([low, high]))
    assert all(math.isfinite(t) for t in ticks)
    assert ticks == sorted(ticks)
    assert len(tick_labels(ticks)) == len(ticks)


@given(st.lists(st.floats() | st.none(), max_size=5), st.sampled_from([True, False, None]))
def test_a_span_is_never_empty(values, zero):
    low, high = span(values, zero=zero)
    assert low < high or max(abs(low), abs(high)) > 1e15


@pytest.mark.parametrize(
    ("values", "zero", "expected"),
    [
        ([5, 10], True, (0, 10)),
        ([-5, -1], True, (-5, 0)),
        ([-5, -1], None, (-5, 0)),
        ([-10, -9], None, (-10, -9)),
        ([0], False, (-0.5, 0.5)),
        ([0.1], False, (0.05, 0.15)),
        ([None, math.inf, math.nan], False, (0, 1)),
    ],
)
def test_a_span_holds_zero_where_it_is_wanted_or_near(values, zero, expected):
    assert span(values, zero=zero) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ticks", "labels"),
    [
        ([0, 0.5, 1], ["0", "0.5", "1.0"]),
        ([0, 2_500, 5_000], ["0", "2,500", "5,000"]),
        ([0, 25_000, 50_000], ["0", "25k", "50k"]),
        ([-1e6, 0, 1e6], ["-1M", "0", "1M"]),
        ([0, 1.5e9, 3e9], ["0", "1.5G", "3.0G"]),
        ([0, 2e-6, 4e-6], ["0", "2e-6", "4e-6"]),
        ([0, 1e20], ["0", "1e20"]),
        ([], []),
    ],
)
def test_ticks_are_written_alike(ticks, labels):
    assert tick_labels(ticks) == labels


@given(FINITE, FINITE)
def test_a_scale_meets_its_ends(low, high):
    assume(abs(high - low) > 1e-6)
    scale = Scale(low, high, 50.0, 250.0)
    assert scale(low) == pytest.approx(50)
    assert scale(high) == pytest.approx(250)


def test_a_scale_bears_the_largest_numbers():
    assert Scale(-1.7e308, 1.7e308, 0, 100)(0) == 50


def at(*parts):
    return datetime(*parts, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (at(2026, 3, 1, 12), at(2026, 3, 1, 13), ["12:00", "12:15", "12:30", "12:45", "13:00"]),
        (
            at(2026, 2, 26),
            at(2026, 3, 3),
            ["26 Feb", "27 Feb", "28 Feb", "1 Mar", "2 Mar", "3 Mar"],
        ),
        (at(2025, 11, 15), at(2026, 3, 15), ["Dec 2025", "Jan 2026", "Feb 2026", "Mar 2026"]),
        (at(2020, 1, 1), at(2026, 1, 1), ["2020", "2022", "2024", "2026"]),
        (at(1, 1, 2), at(9999, 12, 31), ["2000", "4000", "6000", "8000"]),
        (at(2026, 3, 1, 12), at(2026, 3, 1, 12, 0, 2), ["12:00:00", "12:00:02"]),
    ],
)
def test_moments_are_round(low, high, labels):
    assert [label for _, label in time_ticks(low, high)] == labels


@given(st.floats(-1e9, 4e9), st.floats(1, 1e9))
def test_moments_lie_inside_the_range(low, length):
    ticks = [t for t, _ in time_ticks(low, low + length)]
    assert all(low - 1e-3 <= t <= low + length + 1e-3 for t in ticks)
    assert len(ticks) <= 8
