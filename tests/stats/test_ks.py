"""The two-sample test of Kolmogorov and Smirnov beside scipy, printed tables and brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from prodml.errors import ConfigError
from prodml.stats.ks import TINY, ks_interval, ks_pvalue, ks_relevant_pvalue, ks_statistic

SMALL = st.integers(-4, 4).map(float)
samples = st.lists(st.one_of(SMALL, st.floats(-1e6, 1e6)), min_size=1, max_size=40)


def distance(a, b):
    return ks_statistic(np.sort(a), np.sort(b))


@given(samples, samples)
def test_the_statistic_is_the_largest_gap_between_the_two_step_functions(a, b):
    a, b = np.array(a), np.array(b)
    gaps = [abs((a <= x).mean() - (b <= x).mean()) for x in np.concatenate([a, b])]
    assert distance(a, b) == pytest.approx(max(gaps), abs=1e-15)


@given(samples, samples)
def test_the_statistic_does_not_care_which_sample_is_which(a, b):
    assert distance(a, b) == distance(b, a)


@given(samples, samples)
def test_the_statistic_survives_any_change_of_scale_that_keeps_the_order(a, b):
    ranks = {x: i for i, x in enumerate(sorted({*a, *b}))}
    cubed_a, cubed_b = ([float(ranks[x]) ** 3 for x in s] for s in (a, b))
    assert distance(cubed_a, cubed_b) == distance(a, b)


@given(samples)
def test_a_sample_has_no_distance_from_itself(a):
    assert distance(a, a) == 0.0


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 8), (50, 50), (70, 31), (113, 200), (1000, 999)])
def test_the_statistic_is_scipys_with_and_without_ties(n, m):
    rng = np.random.default_rng(n)
    for decimals in (0, 1, 12):
        a, b = rng.normal(size=n).round(decimals), rng.normal(0.2, 1, m).round(decimals)
        expected = stats.ks_2samp(a, b, method="exact").statistic
        assert distance(a, b) == pytest.approx(expected, abs=1e-15)


def test_integers_are_compared_without_passing_through_floats():
    a = np.array([2**60, 2**60 + 1])
    assert ks_statistic(a, a + 2) == 1.0
    assert ks_statistic(a[:1], a[1:]) == 1.0


# Two-tailed critical values of n times the statistic, equal samples: Siegel 1956, "Nonparametric
# Statistics", table L.
CRITICAL = {
    0.05: {4: 4, 5: 5, 6: 5, 7: 6, 8: 6, 9: 6, 10: 7, 11: 7, 12: 7, 13: 7, 14: 8, 15: 8, 16: 8,
           17: 8, 18: 9, 19: 9, 20: 9, 21: 9, 22: 9, 23: 10, 24: 10, 25: 10, 26: 10, 27: 10,
           28: 11, 29: 11, 30: 11},
    0.01: {5: 5, 6: 6, 7: 6, 8: 7, 9: 7, 10: 8, 11: 8, 12: 8, 13: 9, 14: 9, 15: 9, 16: 10,
           17: 10, 18: 10, 19: 10, 20: 11, 21: 11, 22: 11, 23: 11, 24: 12, 25: 12, 26: 12, 27: 12,
           28: 13, 29: 13, 30: 13},
}  # fmt: skip


@pytest.mark.parametrize("alpha", CRITICAL)
def test_critical_values_are_those_of_the_printed_table(alpha):
    found = {
        n: next(k for k in range(1, n + 1) if ks_pvalue(k / n, n, n) <= alpha)
        for n in CRITICAL[alpha]
    }
    assert found == CRITICAL[alpha]


@pytest.mark.parametrize(
    ("n", "m"),
    [(1, 1), (1, 7), (5, 5), (6, 9), (30, 40), (100, 90), (200, 200), (250, 160), (4000, 10)],
)
def test_p_values_of_small_samples_are_exact(n, m):
    rng = np.random.default_rng(n + m)
    for shift in (0.0, 0.3, 1.0):
        a, b = rng.normal(size=n), rng.normal(shift, 1, m)
        expected = stats.ks_2samp(a, b, method="exact")
        assert ks_pvalue(distance(a, b), n, m) == pytest.approx(expected.pvalue, rel=1e-9)


@pytest.mark.parametrize("n", [1000, 10_000])
def test_equal_samples_are_exact_at_any_size(n):
    rng = np.random.default_rng(n)
    for shift in (0.0, 0.05, 0.2):
        a, b = rng.normal(size=n), rng.normal(shift, 1, n)
        expected = stats.ks_2samp(a, b, method="exact")
        assert ks_pvalue(expected.statistic, n, n) == pytest.approx(expected.pvalue, rel=1e-8)


@pytest.mark.parametrize(
    ("n", "m"), [(500, 300), (1000, 990), (3000, 2990), (5000, 250), (3000, 1000)]
)
@pytest.mark.parametrize("p", [0.5, 0.1, 0.05, 0.01, 0.001])
def test_above_the_switch_p_values_are_within_two_percent_of_exact(n, m, p):
    steps = round(stats.kstwobign.isf(p) / np.sqrt(n * m / (n + m)) * np.lcm(n, m))
    d = steps / np.lcm(n, m)
    exact = exact_pvalue(d, n, m)
    assert ks_pvalue(d, n, m) == pytest.approx(exact, rel=0.02)


def exact_pvalue(d, n, m):
    """Independent and slow: the chance of staying inside the band, diagonal by diagonal."""
    inside = np.zeros(n + 1)
    inside[0] = 1.0
    i = np.arange(n + 1)
    for s in range(1, n + m + 1):
        low, high = max(0, s - m), min(n, s)
        rows = i[low : high + 1]
        step = inside[low : high + 1] * (s - rows) / s
        step[rows > 0] += inside[rows[rows > 0] - 1] * rows[rows > 0] / s
        step[np.abs(rows / n - (s - rows) / m) >= d - 1e-12] = 0
        inside[:] = 0
        inside[low : high + 1] = step
    return 1 - inside[n]


def test_p_values_are_uniform_when_nothing_differs():
    rng = np.random.default_rng(5)
    p = np.array([
        ks_pvalue(distance(rng.normal(size=211), rng.normal(size=307)), 211, 307)
        for _ in range(2000)
    ])  # fmt: skip
    for level in (0.01, 0.05, 0.1, 0.25, 0.5, 0.75):
        error = 4 * np.sqrt(level * (1 - level) / len(p))
        assert abs((p <= level).mean() - level) < error


@pytest.mark.parametrize(("n", "m"), [(10, 10), (300, 200), (100_000, 100_000), (10**6, 10**6 - 1)])
def test_a_p_value_is_never_zero_and_never_above_one(n, m):
    assert TINY <= ks_pvalue(1.0, n, m) <= 1
    assert ks_pvalue(0.0, n, m) == 1.0
    assert ks_pvalue(1e-9, n, m) == 1.0


def test_p_values_fall_as_the_distance_grows():
    for n, m in ((40, 40), (40, 30), (4000, 3000)):
        p = [ks_pvalue(d, n, m) for d in np.linspace(0, 1, 200)]
        assert all(a >= b for a, b in itertools.pairwise(p))


def test_the_interval_covers_the_true_distance():
    rng = np.random.default_rng(1)
    truth = 2 * stats.norm.cdf(0.25) - 1  # normal samples half a standard deviation apart
    covered = [
        low <= truth <= high
        for low, high in (
            ks_interval(distance(rng.normal(size=150), rng.normal(0.5, 1, 100)), 150, 100)
            for _ in range(400)
        )
    ]
    assert np.mean(covered) >= 0.95


def test_the_relevant_test_and_the_interval_agree():
    for d in (0.06, 0.1, 0.15, 0.2, 0.3):
        low, _ = ks_interval(d, 900, 700, alpha=0.05)
        assert (low > 0.05) == (ks_relevant_pvalue(d, 900, 700, tau=0.05) < 0.05)


def test_a_difference_below_tau_is_never_relevant_however_large_the_data():
    assert ks_relevant_pvalue(0.049, 10**9, 10**9, tau=0.05) == 1.0
    assert ks_pvalue(0.049, 10**9, 10**9) == TINY
    assert ks_relevant_pvalue(0.9, 10**9, 10**9, tau=0.05) == TINY


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ks_statistic([], [1.0]), "reference must be one-dimensional and not empty"),
        (lambda: ks_statistic([1.0], [[1.0]]), "current must be one-dimensional"),
        (lambda: ks_statistic([2.0, 1.0], [1.0]), "rising order"),
        (lambda: ks_statistic([1.0], [1.0, np.nan]), "without NaN"),
        (lambda: ks_pvalue(1.5, 3, 3), r"must lie in \[0, 1\], got 1.5"),
        (lambda: ks_pvalue(0.5, 0, 3), "at least one row, got 0 and 3"),
        (lambda: ks_interval(0.5, 3, 3, alpha=5), r"alpha must lie in \(0, 1\), got 5"),
        (lambda: ks_relevant_pvalue(0.5, 3, 3, tau=1), r"tau must lie in \[0, 1\), got 1"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ConfigError, match=message):
        call()
