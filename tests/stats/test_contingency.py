"""Two rows of counts, beside scipy and full enumeration."""

from __future__ import annotations

import itertools
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from prodml.errors import ConfigError
from prodml.stats.contingency import (
    chi_square,
    compare_counts,
    fisher,
    g_test,
    permutation,
    pool_rare,
)
from prodml.stats.ks import TINY

rows = st.integers(2, 6).flatmap(
    lambda k: st.tuples(*[st.lists(st.integers(1, 60), min_size=k, max_size=k)] * 2)
)


@given(rows)
def test_chi_square_is_scipys(table):
    expected = stats.chi2_contingency(table, correction=False)
    found = chi_square(*table)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
    # Near zero p falls as the root of the statistic, whose last digit it then shows: asked at our own.
    p_value = stats.chi2.sf(found.statistic, expected.dof)
    assert found.p_value == pytest.approx(p_value, rel=1e-9)
    assert found.dof == expected.dof


@given(rows)
def test_g_is_scipys(table):
    expected = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    found = g_test(*table)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
    # Near zero p falls as the root of the statistic, whose last digit it then shows: asked at our own.
    p_value = stats.chi2.sf(found.statistic, expected.dof)
    assert found.p_value == pytest.approx(p_value, rel=1e-9, abs=1e-12)


def test_the_lady_tasting_tea():
    # Fisher 1935, "The Design of Experiments": three of four cups right has p = 0.243 one-sided.
    assert fisher([3, 1], [1, 3]).p_value == pytest.approx(34 / 70)
    assert fisher([4, 0], [0, 4]).p_value == pytest.approx(2 / 70)


@given(st.lists(st.integers(0, 30), min_size=4, max_size=4))
def test_fisher_is_scipys(cells):
    a, b, c, d = cells
    if not (a + b and c + d):
        return
    expected = stats.fisher_exact([[a, b], [c, d]]).pvalue
    assert fisher([a, b], [c, d]).p_value == pytest.approx(expected, rel=1e-9)


@given(rows)
def test_it_does_not_matter_which_sample_is_the_reference(table):
    first, second = compare_counts(*table), compare_counts(*table[::-1])
    assert first.method == second.method
    if first.method != "permutation":
        assert first.p_value == pytest.approx(second.p_value, rel=1e-9)


def test_levels_without_rows_change_nothing():
    assert compare_counts([40, 0, 60, 30], [50, 0, 40, 35]) == compare_counts(
        [40, 60, 30], [50, 40, 35]
    )


def test_two_levels_of_which_one_is_rare_are_compared_exactly():
    assert compare_counts([999, 1], [990, 10]).method == "fisher"
    assert compare_counts([900, 100], [800, 200]).method == "chi2"
    assert compare_counts([900, 100], [800, 200], method="g").method == "g"


def test_rare_levels_are_pooled_and_nothing_is_lost():
    r, c = pool_rare([500, 400, 3, 2, 5, 1], [450, 440, 5, 3, 2, 9])
    assert (r.tolist(), c.tolist()) == ([500, 400, 11], [450, 440, 19])


def test_a_pool_too_small_for_itself_takes_in_the_next_levels():
    r, c = pool_rare([500, 60, 60, 1], [500, 60, 60, 1])
    assert (r.tolist(), c.tolist()) == ([500, 121], [500, 121])


def test_a_table_without_rare_levels_is_left_alone():
    assert [x.tolist() for x in pool_rare([50, 60], [70, 80])] == [[50, 60], [70, 80]]


def test_a_sparse_table_is_judged_by_permutation_close_to_full_enumeration():
    r, c = np.array([4, 2, 1]), np.array([0, 2, 3])
    assert compare_counts(r, c).method == "permutation"
    assert permutation(r, c).p_value == pytest.approx(enumerated(r, c), abs=0.015)


def enumerated(r, c):
    """P-value over every way of drawing the current rows."""
    totals, m = r + c, c.sum()

    def statistic(drawn):
        return sum(d * d / t for d, t in zip(drawn, totals, strict=True))

    tables = itertools.product(*[range(t + 1) for t in totals])
    weights = {
        drawn: np.prod([comb(t, d) for t, d in zip(totals, drawn, strict=True)])
        for drawn in tables
        if sum(drawn) == m
    }
    extreme = sum(w for d, w in weights.items() if statistic(d) >= statistic(c) - 1e-12)
    return extreme / sum(weights.values())


def test_a_permutation_repeats_itself_from_its_seed():
    r, c = [4, 2, 1, 0], [0, 2, 3, 1]
    assert permutation(r, c, rng=7) == permutation(r, c, rng=7)
    assert permutation(r, c, rng=np.random.default_rng(7)) == permutation(r, c, rng=7)


def test_a_permutation_p_value_is_never_zero():
    k = 8
    found = permutation([9] * k + [0] * k, [0] * k + [9] * k, n_permutations=99)
    assert found.p_value == 1 / 100


def test_identifiers_say_nothing():
    # Each level has one row: which sample it fell into is all there is.
    found = compare_counts([1] * 500 + [0] * 500, [0] * 500 + [1] * 500)
    assert (found.method, found.p_value) == ("none", 1.0)


def test_ties_at_the_limit_of_levels_are_pooled_whatever_their_order():
    frequent = [30, 20]
    found = compare_counts([*frequent, *[1] * 60, *[0] * 6], [9, 6, *[0] * 60, *[1] * 6])
    assert found.dof == 2
    assert found.p_value > 0.05


def test_one_level_leaves_nothing_to_test():
    assert compare_counts([10], [20]).method == "none"
    assert chi_square([10, 0], [20, 0]).p_value == 1.0


def test_huge_differences_have_a_p_value_above_zero():
    assert compare_counts([10**7, 10], [10, 10**7]).p_value == TINY
    assert fisher([10**5, 0], [0, 10**5]).p_value == TINY


@pytest.mark.parametrize(
    ("k", "n", "m"), [(5, 1000, 1000), (40, 1000, 1000), (40, 10_000, 500), (6, 60, 40)]
)
def test_null_tables_are_rejected_as_often_as_promised(k, n, m):
    rng = np.random.default_rng(k + n)
    shares = 1 / np.arange(1, k + 1)
    shares /= shares.sum()
    tables = zip(rng.multinomial(n, shares, 1000), rng.multinomial(m, shares, 1000), strict=True)
    p = np.array([compare_counts(r, c, n_permutations=499).p_value for r, c in tables])
    for level in (0.01, 0.05, 0.2):
        assert (p <= level).mean() <= level + 3.5 * np.sqrt(level / len(p))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: compare_counts([1, 2], [1, 2, 3]), "two rows of one length"),
        (lambda: compare_counts([[1], [2]], [[1], [2]]), "two rows of one length"),
        (lambda: compare_counts([1.5, 2], [1, 2]), "integers of at least 0"),
        (lambda: compare_counts([-1, 2], [1, 2]), "integers of at least 0"),
        (lambda: compare_counts([0, 0], [1, 2]), "at least one row"),
        (lambda: fisher([1, 2, 3], [1, 2, 3]), "compares two levels, got 3"),
        (
            lambda: permutation([1, 2], [1, 2], n_permutations=0),
            "n_permutations must be at least 1",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ConfigError, match=message):
        call()
