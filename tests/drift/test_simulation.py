"""How often healthy frames raise an alarm, and how often sick ones do not: counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prodml.drift import DriftDetector


def frame(rng, n, rho=0.0):
    """Sixty columns: normal, lognormal, uniform, Poisson, zero-inflated, Cauchy, levels."""
    shared = rng.normal(size=(n, 1))
    x = np.sqrt(rho) * shared + np.sqrt(1 - rho) * rng.normal(size=(n, 50))
    data = {f"x{i}": x[:, i] for i in range(50)}
    for i in range(20, 30):
        data[f"x{i}"] = np.exp(x[:, i])
    for i in range(30, 40):
        data[f"x{i}"] = np.floor(5 + 3 * x[:, i])
    for i in range(40, 45):
        data[f"x{i}"] = np.where(x[:, i] < 0.5, 0.0, x[:, i])
    for i in range(45, 50):
        data[f"x{i}"] = np.where(rng.random(n) < 0.02, np.nan, x[:, i] / rng.normal(size=n))
    for i, k in enumerate((2, 3, 4, 6, 8, 10, 15, 20, 30, 50)):
        shares = 1 / np.arange(1, k + 1)
        data[f"c{i}"] = pd.Categorical.from_codes(
            rng.choice(k, n, p=shares / shares.sum()), [f"level{j}" for j in range(k)]
        )
    return pd.DataFrame(data)


def share_of_alarms(n_frames, n, m, rho=0.0, seed=0):
    rng = np.random.default_rng(seed)
    # Without the rule of the least effect, so that the p-values alone keep the promise.
    detector = DriftDetector(min_effect=0, min_rate=0)
    alarms = [
        detector.fit(frame(rng, n, rho)).detect(frame(rng, m, rho)).drifted for _ in range(n_frames)
    ]
    return np.mean(alarms)


def allowed(n_frames, alpha=0.05):
    return alpha + 3 * np.sqrt(alpha * (1 - alpha) / n_frames)


def test_healthy_frames_raise_no_more_alarms_than_promised():
    assert share_of_alarms(40, 500, 500) <= allowed(40)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "m", "rho"),
    [
        (100, 100, 0),
        (1000, 1000, 0),
        (1000, 1000, 0.9),
        (2000, 200, 0),
        (300, 3000, 0),
        (10_000, 500, 0.5),
    ],
)
def test_healthy_frames_of_many_shapes_raise_no_more_alarms_than_promised(n, m, rho):
    assert share_of_alarms(1000, n, m, rho) <= allowed(1000)


def power(shift, n, n_frames=20):
    """Share of five shifted columns among sixty that are found."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(n_frames):
        reference, current = rng.normal(size=(n, 60)), rng.normal(size=(n, 60))
        current[:, :5] += shift
        report = DriftDetector().fit(reference).detect(current)
        found += [f"x{i}" in report.drifted_columns for i in range(5)]
    return np.mean(found)


def test_half_a_standard_deviation_is_always_found_in_a_thousand_rows():
    assert power(0.5, 1000) == 1.0


def test_a_fifth_of_a_standard_deviation_is_mostly_found_in_a_thousand_rows():
    assert power(0.2, 1000) >= 0.8


def test_three_tenths_are_always_found_from_two_thousand_rows_on():
    assert power(0.3, 2000) == 1.0


def test_a_fiftieth_is_not_called_drift_in_any_amount_of_data():
    assert power(0.02, 10_000, 5) == 0.0
