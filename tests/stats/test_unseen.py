"""The bound for unseen levels, beside every way of drawing the sample."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError
from prodml.stats.unseen import unseen_pvalue


@given(st.lists(st.integers(1, 8), min_size=1, max_size=7), st.data())
def test_the_bound_for_unseen_levels_is_above_the_true_probability(totals, data):
    n_all = sum(totals)
    m = data.draw(st.integers(0, n_all))
    truth = unseen_distribution(totals, m)
    for unseen in range(m + 1):
        p = sum(w for u, w in truth.items() if u >= unseen)
        assert unseen_pvalue(totals, n_all - m, m, unseen=unseen) >= p - 1e-9


def unseen_distribution(totals, m):
    """Probability of each number of unseen rows, over every way of drawing the current sample."""
    found = {(0, 0): 1}  # (rows drawn, of them unseen) -> ways
    for t in totals:
        grown = {}
        for (drawn, unseen), ways in found.items():
            for d in range(t + 1):
                key = (drawn + d, unseen + (t if d == t else 0))
                grown[key] = grown.get(key, 0) + ways * comb(t, d)
        found = grown
    whole = comb(sum(totals), m)
    return {u: ways / whole for (drawn, u), ways in found.items() if drawn == m}


def test_a_new_level_is_a_surprise_and_new_identifiers_are_not():
    assert unseen_pvalue([500, 500, 50], 700, 350, unseen=50) < 1e-20
    assert unseen_pvalue([1] * 1050, 700, 350, unseen=350) == 1.0
    assert unseen_pvalue([500, 550], 700, 350, unseen=0) == 1.0


def test_the_bound_is_never_zero():
    assert unseen_pvalue([10**6, 10**6], 10**6, 10**6, unseen=10**6) == 1e-300


@pytest.mark.parametrize(("n", "m", "unseen"), [(5, 5, 1), (5, 2, 3), (5, 2, -1)])
def test_numbers_that_do_not_add_up_are_refused(n, m, unseen):
    with pytest.raises(ConfigError, match="do not fit"):
        unseen_pvalue([3, 4], n, m, unseen=unseen)
