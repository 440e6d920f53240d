from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError
from prodml.stats.calibration_scores import brier_parts, calibration_error, reliability


def honest(n, seed, *, shift=0.0):
    rng = np.random.default_rng(seed)
    p = rng.beta(2, 3, n)
    return (rng.random(n) < np.clip(p + shift, 0, 1)).astype(int), p


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=40), st.integers(1, 9)
)
def test_the_parts_of_the_brier_score_add_up(rows, n_bins):
    happened, p = np.array([h for h, _ in rows], dtype=int), np.array([p for _, p in rows])
    for bins in ("mass", "width"):
        parts = brier_parts(happened, p, n_bins=n_bins, bins=bins)
        total = parts.reliability - parts.resolution + parts.uncertainty + parts.within
        assert parts.brier == pytest.approx(((p - happened) ** 2).mean(), abs=1e-12)
        assert total == pytest.approx(parts.brier, abs=1e-12)


def test_murphys_partition_where_every_forecast_is_a_bin():
    # Forecasts of five distinct values: nothing is left within bins.
    p = np.repeat([0.1, 0.3, 0.5, 0.7, 0.9], 20)
    happened = np.tile([1, 0, 0, 1, 0], 20)
    assert brier_parts(happened, p, n_bins=10, bins="width").within == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("bins", ["mass", "width"])
def test_the_error_is_the_mean_distance_of_the_bins(bins):
    happened, p = honest(500, 1, shift=0.1)
    curve = reliability(happened, p, n_bins=15, bins=bins)
    by_hand = np.sum(curve.n_rows / 500 * np.abs(curve.happened - curve.predicted))
    found = calibration_error(happened, p, n_bins=15, bins=bins)
    assert found.value == pytest.approx(by_hand)
    assert found.low <= found.value


def test_right_probabilities_are_within_chance_and_wrong_ones_are_not():
    found = [calibration_error(*honest(2000, seed)) for seed in range(20)]
    assert np.mean([f.low <= f.by_chance for f in found]) > 0.9
    assert np.mean([f.value for f in found]) == pytest.approx(found[0].by_chance, rel=0.3)
    off = calibration_error(*honest(2000, 0, shift=0.1))
    assert off.low > off.by_chance


def test_the_interval_covers_the_true_error():
    # Probabilities that are 0.1 too low everywhere: the error is 0.1.
    covered = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        p = rng.uniform(0.2, 0.7, 1500)
        found = calibration_error((rng.random(1500) < p + 0.1).astype(int), p, seed=seed)
        covered.append(found.low <= 0.1 <= found.high)
    assert np.mean(covered) > 0.85


def test_the_curve_has_wilson_intervals():
    curve = reliability([0] * 8 + [1] * 2, [0.2] * 10)
    assert curve.n_rows.tolist() == [10]
    assert curve.low[0] == pytest.approx(0.0567, abs=1e-4)  # Newcombe 1998: 2 of 10
    assert curve.high[0] == pytest.approx(0.5098, abs=1e-4)
    assert set(curve.to_dict()) == {"n_rows", "predicted", "happened", "low", "high"}


@pytest.mark.parametrize(
    ("happened", "p", "options", "message"),
    [
        ([0, 2], [0.1, 0.2], {}, "0 and 1 only"),
        ([0, 1], [0.1, 1.2], {}, r"\[0, 1\]"),
        ([0, 1], [0.1], {}, "same rows"),
        ([], [], {}, "empty"),
        ([0, 1], [0.1, 0.2], {"n_bins": 0}, "n_bins"),
        ([0, 1], [0.1, 0.2], {"bins": "equal"}, '"mass" or "width"'),
    ],
)
def test_what_does_not_fit_is_refused(happened, p, options, message):
    with pytest.raises(ConfigError, match=message):
        reliability(happened, p, **options)
