"""Distances between shares and between samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

from prodml.errors import ConfigError
from prodml.stats.divergence import (
    bin_counts,
    hellinger,
    jensen_shannon,
    psi,
    quantile_edges,
    total_variation,
    total_variation_interval,
    wasserstein,
)

counts = st.lists(st.integers(0, 50), min_size=3, max_size=3).filter(any)
METRICS = [hellinger, jensen_shannon, total_variation]


@pytest.mark.parametrize("metric", METRICS)
@given(counts, counts, counts)
def test_a_metric_is_one(metric, a, b, c):
    assert metric(a, a) == pytest.approx(0, abs=1e-7)
    assert metric(a, b) == pytest.approx(metric(b, a), abs=1e-12)
    assert metric(a, c) <= metric(a, b) + metric(b, c) + 1e-7
    assert 0 <= metric(a, b) <= 1


@pytest.mark.parametrize("metric", METRICS)
def test_nothing_in_common_is_distance_one(metric):
    assert metric([7, 0], [0, 3]) == pytest.approx(1.0)


@given(counts, counts)
def test_jensen_shannon_is_scipys(a, b):
    expected = np.nan_to_num(distance.jensenshannon(np.array(a, float), np.array(b, float), base=2))
    assert jensen_shannon(a, b) == pytest.approx(expected, abs=1e-7)


@given(counts, counts)
def test_psi_is_symmetric_and_finite_with_empty_bins(a, b):
    assert psi(a, b) == pytest.approx(psi(b, a))
    assert 0 <= psi(a, b) < np.inf


def test_psi_of_full_bins_is_the_textbook_sum():
    r, c = np.array([4000, 3000, 3000]), np.array([2000, 3000, 5000])
    p, q = r / r.sum(), c / c.sum()
    assert psi(r, c) == pytest.approx(((p - q) * np.log(p / q)).sum(), abs=1e-4)


def test_what_chance_gives_to_psi_is_taken_off():
    rng = np.random.default_rng(0)
    draws = [rng.multinomial(500, [0.1] * 10, 2) for _ in range(500)]
    debiased = np.array([psi(r, c, debias=True) for r, c in draws])
    assert abs(debiased.mean()) < 4 * debiased.std() / np.sqrt(len(draws))
    assert np.mean([psi(r, c) for r, c in draws]) > 0.03


def test_edges_cut_the_reference_into_equal_parts():
    values = np.random.default_rng(0).permutation(1000.0 + np.arange(1000))
    assert bin_counts(values, quantile_edges(values)).tolist() == [100] * 10


def test_one_far_value_in_the_current_data_hides_no_drift():
    rng = np.random.default_rng(0)
    reference, current = rng.normal(size=10_000), rng.normal(0.5, 1, 10_000)
    edges = quantile_edges(reference)
    scores = []
    for sample in (current, np.append(current[1:], 1e4)):
        r, c = bin_counts(reference, edges), bin_counts(sample, edges)
        scores.append((psi(r, c), jensen_shannon(r, c), wasserstein(reference, sample)))
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-3)
    assert scores[0][0] > 0.2


def test_one_far_value_alone_is_no_drift():
    rng = np.random.default_rng(0)
    reference, current = rng.normal(size=10_000), rng.normal(size=10_000)
    spoiled = np.append(current[1:], 1e300)
    assert wasserstein(reference, spoiled) == pytest.approx(
        wasserstein(reference, current), abs=1e-3
    )


def test_edges_of_tied_values_are_distinct():
    assert quantile_edges([0] * 90 + list(range(1, 11))).tolist() == [0.0]
    assert quantile_edges([5] * 20).tolist() == [5.0]
    assert bin_counts([5] * 3 + [6], quantile_edges([5] * 20)).tolist() == [3, 1]


@given(
    st.lists(st.floats(-100, 100), min_size=1, max_size=30),
    st.lists(st.floats(-100, 100), min_size=1, max_size=30),
)
def test_wasserstein_is_scipys(a, b):
    found = wasserstein(a, b, clip=None, normalise=False)
    assert found == pytest.approx(stats.wasserstein_distance(a, b), abs=1e-9)


def test_wasserstein_has_no_unit():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=300), rng.normal(0.4, 1, 200)
    assert wasserstein(1000 * a + 5, 1000 * b + 5) == pytest.approx(wasserstein(a, b))


def test_a_reference_without_spread_still_has_a_scale():
    assert wasserstein([3.0] * 9, [3.0] * 9) == 0.0
    assert wasserstein([3.0] * 9, [4.0] * 9, clip=None) == 1.0
    mostly = [3.0] * 99 + [4.0]
    assert wasserstein(mostly, mostly[::-1]) == 0.0


def test_total_variation_of_two_levels_is_the_difference_of_shares():
    assert total_variation([80, 20], [50, 50]) == pytest.approx(0.3)


@pytest.mark.parametrize("k", [2, 10, 60])
def test_the_interval_of_total_variation_covers_the_truth(k):
    rng = np.random.default_rng(k)
    p = rng.dirichlet(np.ones(k))
    q = 0.8 * p + 0.2 * p[::-1]
    truth = np.abs(p - q).sum() / 2
    draws = zip(rng.multinomial(400, p, 300), rng.multinomial(300, q, 300), strict=True)
    covered = [low <= truth <= high for low, high in (total_variation_interval(*d) for d in draws)]
    assert np.mean(covered) >= 0.95


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: psi([1, 2], [1]), "two rows of one length"),
        (lambda: hellinger([1, -2], [1, 1]), "at least 0"),
        (lambda: total_variation([0, 0], [1, 1]), "a row in each sample"),
        (lambda: total_variation_interval([1, 1], [1, 1], alpha=0), "alpha must lie"),
        (lambda: quantile_edges([]), "not empty"),
        (lambda: quantile_edges([1.0, np.inf]), "finite"),
        (lambda: quantile_edges([1.0], 1), "n_bins must be at least 2"),
        (lambda: wasserstein([1.0], [np.nan]), "current must be"),
        (lambda: wasserstein([1.0], [1.0], clip=0.7), "clip must lie"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ConfigError, match=message):
        call()
