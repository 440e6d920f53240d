from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from prodml.contracts import FreshDraw
from prodml.contracts.tolerance import n_allowed
from prodml.errors import ConfigError


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_one_end_is_passed_as_gumbel_and_von_schelling_say(k):
    n, m = 50, 30
    exact = np.prod([(m - i) / (n + m - i) for i in range(k)])
    assert FreshDraw(n, 0.05).tail(k, m) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("k", [1, 2, 5, 9])
def test_two_ends_are_passed_like_a_beta_binomial_of_two_blocks(k):
    n, m = 40, 60
    exact = stats.betabinom(m, 2, n - 1).sf(k - 1)
    assert FreshDraw(n, 0.05, bad=1).tail(k, m) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(("bad", "k"), [(0, 1), (3, 2), (3, 9), (20, 30), (50, 1)])
def test_a_fixed_rule_is_judged_by_fishers_exact_test(bad, k):
    n, m = 50, 80
    table = [[k, m - k], [bad, n - bad]]
    exact = stats.fisher_exact(table, alternative="greater").pvalue
    assert FreshDraw(n, 0.05, bad=bad).tail(k, m) == pytest.approx(exact, rel=1e-9)


@given(st.integers(1, 30), st.integers(0, 30), st.integers(0, 40), st.data())
def test_the_tail_is_a_count_of_arrangements(rows, bad, batch, data):
    bad = min(rows, bad)
    k = data.draw(st.integers(0, batch))
    total = bad + k
    ways = sum(comb(rows, j) * comb(batch, total - j) for j in range(bad + 1) if j <= rows)
    exact = ways / comb(rows + batch, total) if k else 1.0
    assert FreshDraw(rows, 0.1, bad=bad).tail(k, batch) == pytest.approx(exact, rel=1e-6)


@given(st.integers(1, 400), st.integers(0, 3), st.integers(0, 400), st.floats(1e-6, 0.5))
def test_the_allowance_is_the_largest_count_that_is_no_evidence(rows, bad, batch, alpha):
    tolerance = FreshDraw(rows, alpha, min(bad, rows))
    allowed = tolerance.allowed(batch)
    assert allowed == 0 or tolerance.tail(allowed, batch) > alpha
    assert allowed == batch or tolerance.tail(allowed + 1, batch) <= alpha


@given(st.integers(2, 200), st.integers(1, 500))
def test_a_larger_batch_is_never_allowed_less(rows, batch):
    tolerance = FreshDraw(rows, 0.01, bad=1)
    assert tolerance.allowed(batch) <= tolerance.allowed(batch + 1)


def test_a_million_rows_are_judged_without_overflow():
    assert 0 < FreshDraw(1_000_000, 0.001, bad=300_000).allowed(1_000_000) < 305_000


@pytest.mark.parametrize(
    ("mostly", "n_rows", "allowed"),
    [(1.0, 10, 0), (0.9, 10, 1), (0.99, 99, 0), (0.5, 3, 1), (0.7, 10, 3)],
)
def test_a_share_allows_the_rest(mostly, n_rows, allowed):
    assert n_allowed(mostly, n_rows) == allowed


@pytest.mark.parametrize(
    ("values", "words"),
    [((10, 0.0), "alpha"), ((10, 1.0), "alpha"), ((10, 0.1, 11), "at most rows")],
)
def test_an_impossible_tolerance_is_refused(values, words):
    with pytest.raises(ConfigError, match=words):
        FreshDraw(*values)
