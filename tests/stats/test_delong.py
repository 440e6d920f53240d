"""DeLong by midranks against the definition, pair by pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from prodml.errors import ConfigError
from prodml.stats.delong import delong, delong_covariance


def slow_covariance(positive, lines):
    """DeLong, DeLong & Clarke-Pearson 1988, eq. 4 to 7, by comparing every pair."""
    v10, v01, areas = [], [], []
    for line in lines:
        high, low = line[positive], line[~positive]
        order = (high[:, None] > low[None, :]) + 0.5 * (high[:, None] == low[None, :])
        areas.append(order.mean())
        v10.append(order.mean(axis=1))
        v01.append(order.mean(axis=0))
    return np.array(areas), np.cov(v10) / positive.sum() + np.cov(v01) / (~positive).sum()


def rows(seed, n=80, *, ties=True):
    rng = np.random.default_rng(seed)
    y = np.r_[[True, True, False, False], rng.random(n - 4) < 0.4]
    lines = rng.normal(size=(2, n)) + 0.8 * y + rng.normal(size=n)
    return y, np.round(lines) if ties else lines


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_areas_and_covariance_follow_the_definition(seed, ties):
    y, lines = rows(seed, ties=ties)
    found = delong_covariance(y, lines)
    areas, covariance = slow_covariance(y, lines)
    np.testing.assert_allclose(found.areas, areas, atol=1e-12)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-12)
    assert found.n_positive + found.n_negative == 80


@pytest.mark.parametrize("null", [0.0, -0.05])
def test_the_p_value_is_that_of_the_normal_statistic(null):
    y, lines = rows(9)
    found = delong(y, *lines, null=null, level=0.95)
    areas, covariance = slow_covariance(y, lines)
    error = np.sqrt(np.array([-1, 1]) @ covariance @ np.array([-1, 1]))
    z = (areas[1] - areas[0] - null) / error
    assert found.p_greater == pytest.approx(norm.sf(z), abs=1e-12)
    assert found.p_value == pytest.approx(2 * norm.sf(abs(z)), abs=1e-12)
    assert found.high - found.low == pytest.approx(2 * 1.959964 * error, rel=1e-6)


def slow_clustered(positive, lines, groups):
    """Obuchowski 1997, section 2, sum by sum."""
    m, n = positive.sum(), (~positive).sum()
    names = np.unique(groups)
    v10, v01, areas = [], [], []
    for line in lines:
        high, low = line[positive], line[~positive]
        order = (high[:, None] > low[None, :]) + 0.5 * (high[:, None] == low[None, :])
        areas.append(order.mean())
        v10.append(order.mean(axis=1) - order.mean())
        v01.append(order.mean(axis=0) - order.mean())
    ups = np.array([[v[groups[positive] == g].sum() for g in names] for v in v10])
    downs = np.array([[v[groups[~positive] == g].sum() for g in names] for v in v01])
    i10, i01 = len(np.unique(groups[positive])), len(np.unique(groups[~positive]))
    s10, s01 = i10 / ((i10 - 1) * m) * ups @ ups.T, i01 / ((i01 - 1) * n) * downs @ downs.T
    s11 = len(names) / (len(names) - 1) * ups @ downs.T
    return s10 / m + s01 / n + (s11 + s11.T) / (m * n)


@pytest.mark.parametrize("ties", [True, False])
def test_groups_take_obuchowskis_variance(ties):
    y, lines = rows(4, ties=ties)
    groups = np.random.default_rng(5).integers(0, 25, 80)
    found = delong_covariance(y, lines, groups=groups)
    np.testing.assert_allclose(found.covariance, slow_clustered(y, lines, groups), atol=1e-12)
    assert delong(y, *lines, groups=groups).test == "obuchowski"


def test_groups_of_one_row_are_no_groups():
    y, lines = rows(6)
    alone = delong_covariance(y, lines, groups=np.arange(80))
    np.testing.assert_allclose(alone.covariance, delong_covariance(y, lines).covariance)


def test_copies_of_rows_add_nothing_when_they_are_one_group():
    y, lines = rows(7)
    twice = delong_covariance(np.r_[y, y], np.c_[lines, lines], groups=np.tile(np.arange(80), 2))
    once = delong_covariance(y, lines)
    np.testing.assert_allclose(twice.covariance, once.covariance, rtol=1e-9)


def test_one_group_with_positives_is_too_few():
    with pytest.raises(ConfigError, match="two groups with rows of each class"):
        delong([1, 1, 0, 0], [1, 2, 3, 4], [4, 3, 2, 1], groups=[1, 1, 2, 3])


@given(st.integers(0, 10_000))
def test_identical_scores_have_p_one(seed):
    y, lines = rows(seed, n=30)
    found = delong(y, lines[0], lines[0])
    assert (found.difference, found.p_value, found.p_greater, found.p_less) == (0.0, 1.0, 1.0, 1.0)


def test_scores_that_order_alike_are_identical():
    y, lines = rows(2, ties=False)
    found = delong(y, lines[0], np.exp(lines[0]))
    assert (found.standard_error, found.p_value) == (0.0, 1.0)


def test_identical_scores_are_no_worse_than_themselves_by_a_margin():
    y, lines = rows(2)
    assert delong(y, lines[0], lines[0], null=-0.01).p_greater == 0.0


def test_a_perfect_order_against_its_reverse_is_certain():
    found = delong([0, 0, 1, 1], [4, 3, 2, 1], [1, 2, 3, 4])
    assert (found.difference, found.p_greater, found.p_value) == (1.0, 0.0, 0.0)
    assert found.high == 1.0


def test_the_last_of_the_sorted_labels_is_positive():
    y = ["no", "no", "yes", "yes"]
    assert delong(y, [1, 2, 3, 4], [4, 3, 2, 1]).first == 1.0


def test_a_hundred_thousand_rows_need_no_table_of_pairs():
    # 2.1e9 pairs would take 17 GB; the areas of shifted normals are known: Phi(shift / sqrt(2)).
    rng = np.random.default_rng(0)
    y = rng.random(100_000) < 0.3
    one = rng.normal(size=100_000) + y
    found = delong(y, one, rng.normal(size=100_000) + 0.5 * y)
    assert found.first == pytest.approx(norm.cdf(1 / np.sqrt(2)), abs=0.01)
    assert found.second == pytest.approx(norm.cdf(0.5 / np.sqrt(2)), abs=0.01)


@pytest.mark.parametrize(
    ("y", "first", "second", "message"),
    [
        ([0, 0, 1], [1, 2, 3], [1, 2, 3], "two rows of each class"),
        ([0, 0, 0], [1, 2, 3], [1, 2, 3], "two classes, found 1"),
        ([0, 1, 2], [1, 2, 3], [1, 2, 3], "two classes, found 3"),
        ([0, 0, 1, 1], [1, 2, 3, 4], [1, 2, 3], "same rows"),
        ([0, 0, 1], [1, 2, 3, 4], [1, 2, 3, 4], "same rows"),
        ([0, 0, 1, 1], [1, 2, np.nan, 4], [1, 2, 3, 4], "NaN"),
    ],
)
def test_rows_that_cannot_be_compared_are_refused(y, first, second, message):
    with pytest.raises(ConfigError, match=message):
        delong(y, first, second)


@pytest.mark.parametrize("wrong", [{"null": 2.0}, {"level": 0.0}])
def test_null_and_level_are_shares(wrong):
    with pytest.raises(ConfigError, match="must lie in"):
        delong([0, 0, 1, 1], [1, 2, 3, 4], [1, 2, 3, 4], **wrong)
