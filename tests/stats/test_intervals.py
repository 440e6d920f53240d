"""Intervals against published tables and independent implementations."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from prodml.errors import ConfigError
from prodml.stats.intervals import newcombe, welch, wilson


# Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_is_the_published_table(successes, n, low, high):
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 50), st.integers(1, 50))
def test_wilson_holds_the_share_and_stays_in_range(successes, n):
    successes = min(successes, n)
    low, high = wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1


@given(st.integers(1, 200), st.floats(0.01, 0.99))
def test_wilson_limits_solve_the_score_equation(n, share):
    k = round(n * share)
    z = stats.norm.ppf(0.975)
    for limit in wilson(k, n):
        if 0 < limit < 1:
            assert abs(k / n - limit) == pytest.approx(
                z * math.sqrt(limit * (1 - limit) / n), rel=1e-9
            )


def test_nothing_tried_is_nothing_known():
    assert wilson(0, 0) == (0.0, 1.0)
    assert newcombe((0, 1), (0, 2)) == (-1.0, 1.0)


@pytest.mark.parametrize(("successes", "n", "alpha"), [(3, 2, 0.05), (-1, 2, 0.05), (1, 2, 0)])
def test_wilson_refuses_what_is_no_proportion(successes, n, alpha):
    with pytest.raises(ConfigError):
        wilson(successes, n, alpha=alpha)


# Newcombe 1998, "Interval estimation for the difference between independent proportions", table II,
# method 10; the table has first minus second.
@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        ((56, 48), (70, 80), 0.0524, 0.3339),
        ((9, 3), (10, 10), 0.1705, 0.8090),
        ((10, 0), (10, 20), 0.6791, 1.0000),
        ((5, 0), (56, 29), -0.0381, 0.1926),
    ],
)
def test_newcombe_is_the_published_table(successes, n, low, high):
    found = newcombe((successes[1], successes[0]), (n[1], n[0]))
    assert found == pytest.approx((low, high), abs=5e-5)


@given(
    st.lists(st.floats(-100, 100), min_size=2, max_size=20),
    st.lists(st.floats(-100, 100), min_size=2, max_size=20),
)
def test_welch_is_scipys(a, b):
    import numpy as np

    va, vb = np.var(a, ddof=1), np.var(b, ddof=1)
    assume(min(va, vb) > 1e-6)
    expected = stats.ttest_ind(b, a, equal_var=False)
    interval = expected.confidence_interval(0.95)
    low, high, p = welch((np.mean(a), np.mean(b)), (va, vb), (len(a), len(b)))
    assert p == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)
    assert (low, high) == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-9)


def test_welch_on_constants_never_gives_zero():
    assert welch((1, 1), (0, 0), (5, 5)) == (0, 0, 1.0)
    assert 0 < welch((1, 2), (0, 0), (5, 5))[2] < 1e-300


def test_welch_needs_two_values():
    with pytest.raises(ConfigError, match="at least 2 values"):
        welch((0, 0), (1, 1), (1, 5))
