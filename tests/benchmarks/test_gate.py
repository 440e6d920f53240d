"""The gate's tests on many rows, DeLong's beside the published algorithm written straight down."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.stats import rankdata

from prodml.gate import Gate, Predictions
from prodml.stats.delong import delong, delong_covariance

N = 1_000_000
BAR_S = 1.0  # for DeLong on a million rows


@pytest.fixture(scope="module")
def million():
    rng = np.random.default_rng(0)
    y = (rng.random(N) < 0.3).astype(int)
    first = rng.normal(size=N) + y
    return y, first, first + rng.normal(size=N)


def sun_and_xu(y, lines):
    """Sun & Xu 2014, algorithm 2, with scipy's midranks."""
    positive = y == 1
    m, n = positive.sum(), (~positive).sum()
    pooled = np.array([rankdata(line) for line in lines])
    v10 = (pooled[:, positive] - [rankdata(line[positive]) for line in lines]) / n
    v01 = 1 - (pooled[:, ~positive] - [rankdata(line[~positive]) for line in lines]) / m
    return v10.mean(axis=1), np.cov(v10) / m + np.cov(v01) / n


def test_delong_of_a_million_rows(benchmark, million):
    found = benchmark.pedantic(lambda: delong(*million), rounds=5, warmup_rounds=1)
    assert found.p_less < 0.01
    if benchmark.stats is not None:
        assert benchmark.stats.stats.median <= BAR_S


def test_the_published_algorithm_on_a_million_rows(benchmark, million):
    y, *lines = million
    start = time.perf_counter()
    ours = delong_covariance(y, lines)
    took = time.perf_counter() - start
    areas, covariance = benchmark.pedantic(lambda: sun_and_xu(y, lines), rounds=2)
    np.testing.assert_allclose(ours.areas, areas, rtol=1e-9)
    np.testing.assert_allclose(ours.covariance, covariance, rtol=1e-9)
    if benchmark.stats is not None:
        benchmark.extra_info["times ours"] = benchmark.stats.stats.median / took


def test_a_decision_on_ten_thousand_rows_with_two_guardrails(benchmark):
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 10_000)
    said = [
        Predictions((s > 0.5).astype(int), s)
        for s in np.clip(y * 0.3 + rng.random((2, 10_000)) * 0.7, 0, 1)
    ]
    gate = Gate("accuracy", guardrails={"f1": 0.05, "brier": 0.05})
    assert benchmark.pedantic(lambda: gate.decide(y, *said), rounds=3).n_rows == 10_000
