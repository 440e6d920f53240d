"""Conclusions that hold at every look."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special, stats

from prodml.errors import ConfigError
from prodml.stats.sequential import (
    best_rho2,
    mixture_margin,
    mixture_p,
    sample_ratio,
    sample_ratio_sequential,
)


@given(st.floats(1, 1e6), st.floats(1e-6, 1), st.floats(0.001, 0.5))
def test_the_margin_is_where_the_mixture_martingale_reaches_one_over_alpha(n, rho2, alpha):
    variance = 2.0 / n
    margin = mixture_margin(variance, n, rho2=rho2, alpha=alpha)
    k = n * rho2
    # Robbins 1970: E over effects ~ N(0, rho^2 sigma^2) of the likelihood ratio.
    log_martingale = margin**2 * k / (2 * variance * (k + 1)) - 0.5 * math.log(k + 1)
    assert log_martingale == pytest.approx(math.log(1 / alpha), rel=1e-9)


@given(st.floats(-1, 1), st.floats(10, 1e5))
def test_the_p_value_is_the_alpha_at_which_zero_leaves_the_interval(difference, n):
    rho2, variance = best_rho2(1000), 4.0 / n
    p = mixture_p(difference, variance, n, rho2=rho2)
    if 1e-12 < p < 0.99:
        assert mixture_margin(variance, n, rho2=rho2, alpha=p) == pytest.approx(abs(difference))


def test_the_tuning_makes_the_interval_nearly_narrowest_at_its_horizon():
    def width(log_rho2):
        return mixture_margin(1.0 / 500, 500, rho2=math.exp(log_rho2))

    best = optimize.minimize_scalar(width, bounds=(-12, 2), method="bounded")
    assert width(math.log(best_rho2(500))) <= 1.01 * best.fun


def test_a_p_value_of_equal_constants_is_one_and_never_zero_otherwise():
    assert mixture_p(0.0, 0.0, 10, rho2=0.1) == 1.0
    assert mixture_p(1.0, 0.0, 10, rho2=0.1) > 0
    assert mixture_p(1e3, 1e-9, 10, rho2=0.1) > 0


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=5).filter(sum))
def test_a_sample_ratio_is_a_chi_square_test(counts):
    weights = [1 / len(counts)] * len(counts)
    assert sample_ratio(counts, weights) == pytest.approx(stats.chisquare(counts).pvalue)


def test_a_sample_ratio_of_nothing_is_fine():
    assert sample_ratio([0, 0], [0.5, 0.5]) == 1.0
    assert sample_ratio([7], [1.0]) == 1.0
    assert sample_ratio_sequential([0, 0], [0.5, 0.5]) == 1.0


def test_the_sequential_ratio_is_the_dirichlet_multinomial_bayes_factor():
    counts, weights = np.array([60, 40]), np.array([0.5, 0.5])
    prior = 1000 * weights
    log_marginal = special.gammaln(1000) - special.gammaln(1100)
    log_marginal += (special.gammaln(prior + counts) - special.gammaln(prior)).sum()
    bayes_factor = math.exp(log_marginal - (counts * np.log(weights)).sum())
    expected = min(1, 1 / bayes_factor)
    assert sample_ratio_sequential(counts, weights) == pytest.approx(expected)


def alarms(share, n, runs, seed):
    rng = np.random.default_rng(seed)
    found = 0
    for _ in range(runs):
        first = np.cumsum(rng.random(n) < share)
        looks = range(50, n, 50)
        found += any(
            sample_ratio_sequential([first[i], i + 1 - first[i]], [0.5, 0.5]) < 0.01 for i in looks
        )
    return found / runs


def test_watching_the_ratio_raises_few_false_alarms_and_finds_a_true_one():
    assert alarms(0.5, 5000, 100, seed=0) <= 0.04
    assert alarms(0.6, 5000, 50, seed=1) == 1.0


@pytest.mark.parametrize(
    ("counts", "weights"),
    [([1, 2], [1.0]), ([1, 2], [0.5, 0.6]), ([1, 2], [0.0, 1.0]), ([-1, 2], [0.5, 0.5])],
)
def test_malformed_ratios_are_refused(counts, weights):
    for test in (sample_ratio, sample_ratio_sequential):
        with pytest.raises(ConfigError):
            test(counts, weights)


def test_a_horizon_of_nothing_is_refused():
    with pytest.raises(ConfigError, match="n must be positive"):
        best_rho2(0)
