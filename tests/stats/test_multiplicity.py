"""Corrections for many tests, beside the paper's own example and slow definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from prodml.errors import ConfigError
from prodml.stats.multiplicity import (
    CORRECTIONS,
    benjamini_hochberg,
    benjamini_yekutieli,
    bonferroni,
    holm,
)

# Fifteen comparisons of a trial of thrombolysis: Benjamini & Hochberg 1995, section 3.2.
PAPER = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
         0.5719, 0.6528, 0.7590, 1.0]  # fmt: skip

p_values = st.lists(st.floats(0, 1), max_size=30)


def test_the_papers_example_rejects_four_by_fdr_and_three_by_bonferroni():
    assert (benjamini_hochberg(PAPER) <= 0.05).sum() == 4
    assert (bonferroni(PAPER) <= 0.05).sum() == 3


@given(p_values)
def test_the_fdr_corrections_are_scipys(p):
    for ours, method in ((benjamini_hochberg, "bh"), (benjamini_yekutieli, "by")):
        expected = stats.false_discovery_control(p, method=method) if p else []
        # Subnormal numbers have no twelve digits to agree in.
        np.testing.assert_allclose(ours(p), expected, rtol=1e-12, atol=1e-300)


@given(p_values, st.floats(0.001, 0.5))
def test_holm_rejects_what_stepping_down_rejects(p, alpha):
    order = sorted(range(len(p)), key=lambda i: p[i])
    rejected = set()
    for step, i in enumerate(order):
        if p[i] * (len(p) - step) > alpha:
            break
        rejected.add(i)
    assert {i for i, q in enumerate(holm(p)) if q <= alpha} == rejected


@given(p_values)
def test_corrections_are_ordered_by_how_much_they_promise(p):
    q = {name: correct(p) for name, correct in CORRECTIONS.items()}
    assert (q["none"] <= q["bh"] + 1e-15).all()
    assert (q["bh"] <= q["holm"] + 1e-15).all()
    assert (q["holm"] <= q["bonferroni"] + 1e-15).all()
    assert (q["bh"] <= q["by"] + 1e-15).all()
    assert all(((v >= 0) & (v <= 1)).all() for v in q.values())


@given(st.permutations(PAPER))
@pytest.mark.parametrize("name", CORRECTIONS)
def test_the_order_of_the_tests_does_not_matter(name, shuffled):
    adjusted = dict(zip(PAPER, CORRECTIONS[name](PAPER), strict=True))
    assert CORRECTIONS[name](shuffled).tolist() == [adjusted[p] for p in shuffled]


@pytest.mark.parametrize("name", CORRECTIONS)
def test_one_test_alone_is_left_as_it_is(name):
    assert CORRECTIONS[name]([0.03]).tolist() == [0.03]


@pytest.mark.parametrize("name", CORRECTIONS)
def test_no_test_at_all_is_fine(name):
    assert CORRECTIONS[name]([]).tolist() == []


@pytest.mark.parametrize("bad", [[0.1, np.nan], [-0.1], [1.2]])
def test_what_is_no_p_value_is_refused(bad):
    with pytest.raises(ConfigError, match=r"must lie in \[0, 1\]"):
        benjamini_hochberg(bad)


def test_a_table_of_p_values_is_refused():
    with pytest.raises(ConfigError, match="one-dimensional"):
        holm([[0.1, 0.2]])
