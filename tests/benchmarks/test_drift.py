"""One comparison of fifty numeric columns, beside scipy's test column by column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from prodml.drift import DriftDetector


def frame(seed, n):
    rng = np.random.default_rng(seed)
    columns = {f"x{i}": rng.normal(size=n) for i in range(20)}
    columns |= {f"x{i}": rng.lognormal(size=n) for i in range(20, 30)}
    columns |= {f"x{i}": rng.uniform(size=n) for i in range(30, 40)}
    columns |= {f"x{i}": rng.poisson(50, n) for i in range(40, 45)}
    columns |= {f"x{i}": rng.exponential(size=n) * (rng.random(n) < 0.7) for i in range(45, 50)}
    return pd.DataFrame(columns)


SIZES = pytest.mark.parametrize("n", [1_000, 10_000, 100_000])


@SIZES
def test_detect(benchmark, n):
    benchmark.group = f"compare 50 columns of {n} rows"
    detector, current = DriftDetector().fit(frame(0, n)), frame(1, n)
    report = benchmark(detector.detect, current)
    assert len(report) == 50


@SIZES
def test_scipy_column_by_column(benchmark, n):
    benchmark.group = f"compare 50 columns of {n} rows"
    reference, current = frame(0, n), frame(1, n)

    def compare():
        return {c: stats.ks_2samp(reference[c].dropna(), current[c].dropna()) for c in reference}

    ours = DriftDetector().fit(reference).detect(current)
    for name, theirs in benchmark(compare).items():
        assert ours[name].tests[0].statistic == pytest.approx(theirs.statistic, abs=1e-15)


@pytest.mark.parametrize("n", [100_000])
def test_fit(benchmark, n):
    benchmark.group = "fit 50 columns of 100,000 rows"
    detector = benchmark(DriftDetector().fit, frame(0, n))
    assert detector.profile_.n_rows == n


@pytest.mark.parametrize("n", [100_000])
def test_sort_alone(benchmark, n):
    benchmark.group = "fit 50 columns of 100,000 rows"
    reference = frame(0, n)
    ordered = benchmark(lambda: [np.sort(reference[c].to_numpy()) for c in reference])
    assert len(ordered) == 50
