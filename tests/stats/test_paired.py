"""McNemar and Tango: published tables, scipy's exact binomial, and a slow profile likelihood."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize_scalar

from prodml.errors import ConfigError
from prodml.stats.paired import mcnemar, mcnemar_counts, rows_needed


# Airway hyper-responsiveness of 21 children before and after a transplantation (Bentur et al. 2009),
# the worked example of Fagerland, Lydersen & Laake 2013 and 2014: mid-p 0.039, Tango's 95 % interval
# (-0.517, -0.026).
def test_the_worked_example_has_its_published_mid_p():
    assert mcnemar_counts(1, 7, n_rows=21, n_both=1).p_value == pytest.approx(0.039, abs=5e-4)


def test_the_worked_example_has_its_published_interval():
    found = mcnemar_counts(1, 7, n_rows=21, n_both=1, level=0.95)
    assert (found.low, found.high) == pytest.approx((-0.517, -0.026), abs=5e-4)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mid_p_is_the_binomial_tail_with_half_the_point(gained, lost):
    n = gained + lost
    found = mcnemar_counts(gained, lost, n_rows=max(n, 1) + 10)
    slow = stats.binom.sf(gained, n, 0.5) + 0.5 * stats.binom.pmf(gained, n, 0.5)
    assert found.p_greater == pytest.approx(slow, abs=1e-9)
    assert found.p_greater + found.p_less == pytest.approx(1.0)


def slow_score(b, c, n, null):
    """Tango's statistic with the restricted estimate found by searching the likelihood."""

    def loss(p21):
        p12 = p21 + null
        rest = 1.0 - p12 - p21
        terms = ((b, p12), (c, p21), (n - b - c, rest))
        if any(p <= 0 < k or p < 0 for k, p in terms):
            return math.inf
        return -sum(k * math.log(p) for k, p in terms if k)

    span = (max(0.0, -null), (1.0 - null) / 2.0)
    p21 = minimize_scalar(loss, bounds=span, method="bounded", options={"xatol": 1e-12}).x
    return (b - c - n * null) / math.sqrt(n * (2 * p21 + null * (1 - null)))


@pytest.mark.parametrize("null", [-0.1, -0.02, 0.05])
@pytest.mark.parametrize(("b", "c", "n"), [(12, 9, 100), (3, 8, 60), (40, 10, 400)])
def test_a_margin_is_tested_by_the_score_statistic(b, c, n, null):
    found = mcnemar_counts(b, c, n_rows=n, null=null)
    assert found.p_greater == pytest.approx(stats.norm.sf(slow_score(b, c, n, null)), abs=1e-5)


@pytest.mark.parametrize(("b", "c", "n"), [(12, 9, 100), (0, 5, 40), (30, 30, 61), (7, 0, 7)])
def test_the_score_statistic_at_each_bound_is_the_normal_quantile(b, c, n):
    found = mcnemar_counts(b, c, n_rows=n, level=0.9)
    for bound, tail in ((found.low, "p_greater"), (found.high, "p_less")):
        if -0.999 < bound < 0.999:
            at = mcnemar_counts(b, c, n_rows=n, null=bound)
            assert getattr(at, tail) == pytest.approx(0.05, abs=1e-6)
    assert found.low <= found.difference <= found.high


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95, 0.98])
def test_the_interval_never_says_other_than_the_p_value(level):
    alpha = (1 - level) / 2
    for b in range(31):
        for c in range(31):
            found = mcnemar_counts(b, c, n_rows=70, level=level)
            assert (found.low >= 0) if found.p_greater <= alpha else (found.low <= 0)
            assert (found.high <= 0) if found.p_less <= alpha else (found.high >= 0)


def test_next_to_the_edge_a_bound_is_zero_and_not_beyond():
    # Tango's 90 % bound for 9 gained and 3 lost of 50 is below 0, the mid-p of 0.046 is not.
    found = mcnemar_counts(9, 3, n_rows=50)
    assert found.p_greater < 0.05
    assert found.low >= 0.0


@given(st.integers(0, 40), st.integers(0, 40), st.floats(-0.9, 0.9))
def test_what_is_shown_against_more_is_shown_against_less(b, c, null):
    here = mcnemar_counts(b, c, n_rows=90, null=null).p_greater
    for other in (-0.5, -0.01, 0.0, 0.01, 0.5):
        there = mcnemar_counts(b, c, n_rows=90, null=other).p_greater
        if abs(other - null) > 1e-6:
            assert (there <= here + 1e-9) if other < null else (there >= here - 1e-9)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_swapping_the_models_mirrors_the_comparison(b, c, rest):
    n = max(b + c + rest, 1)
    there, back = mcnemar_counts(b, c, n_rows=n), mcnemar_counts(c, b, n_rows=n)
    assert there.difference == -back.difference
    assert there.low == pytest.approx(-back.high, abs=1e-9)
    assert there.p_greater == pytest.approx(back.p_less)
    assert there.p_value == pytest.approx(back.p_value)


def test_models_that_never_differ_have_p_one():
    found = mcnemar([1, 0, 1], [1, 0, 1])
    assert (found.difference, found.p_value, found.standard_error) == (0.0, 1.0, 0.0)
    assert found.low < 0 < found.high


def test_rows_give_the_counts():
    found = mcnemar([1, 1, 0, 0, 1], [1, 0, 1, 1, 1])
    assert found == mcnemar_counts(2, 1, n_rows=5, n_both=2)
    assert (found.first, found.second) == (0.6, 0.8)


def test_every_row_gained_is_certain_even_against_a_margin():
    found = mcnemar_counts(10, 0, n_rows=10, null=-0.1)
    assert found.difference == 1.0
    assert found.p_greater < 1e-3


def test_the_standard_error_is_that_of_the_mean_of_the_differences():
    rng = np.random.default_rng(0)
    one, two = rng.random((2, 500)) < 0.7
    slow = (two.astype(float) - one).std() / math.sqrt(500)
    assert mcnemar(one, two).standard_error == pytest.approx(slow)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 0], [1]), "same rows"),
        (([], []), "empty"),
        (([0.5, 1], [1, 1]), "1 where a model is right"),
        (([1, float("nan")], [1, 1]), "NaN"),
    ],
)
def test_bad_rows_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        mcnemar(*arguments)


@pytest.mark.parametrize("counts", [(-1, 0, 5), (1, 5, 5), (0, 0, 0)])
def test_counts_that_cannot_be_are_refused(counts):
    with pytest.raises(ConfigError, match="counts"):
        mcnemar_counts(counts[0], counts[1], n_rows=counts[2])


def test_null_and_level_are_shares():
    with pytest.raises(ConfigError, match="null must lie"):
        mcnemar_counts(1, 1, n_rows=5, null=1.0)
    with pytest.raises(ConfigError, match="level must lie"):
        mcnemar_counts(1, 1, n_rows=5, level=1.0)


def test_so_many_rows_decide_with_the_promised_power():
    rng = np.random.default_rng(4)
    gain, loss, n = 0.06, 0.03, 500
    error = math.sqrt((gain + loss - (gain - loss) ** 2) / n)
    needed = rows_needed(gain - loss, error, n)
    draws = rng.multinomial(needed, [gain, loss, 1 - gain - loss], size=2000)
    decided = np.mean([mcnemar_counts(b, c, n_rows=needed).p_greater <= 0.05 for b, c, _ in draws])
    assert decided == pytest.approx(0.8, abs=0.04)


def test_no_number_of_rows_tells_a_difference_from_itself():
    assert rows_needed(-0.01, 0.1, 100, null=-0.01) is None
