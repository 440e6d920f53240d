"""What an update costs on the hot path: run with ``pytest tests/benchmarks --benchmark-enable``."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from prodml.metrics import MemoryMetrics, NullMetrics, PrometheusMetrics

PROMETHEUS = pytest.param(
    PrometheusMetrics,
    marks=pytest.mark.skipif(
        find_spec("prometheus_client") is None,
        reason="PrometheusMetrics needs the extra prodml[prometheus]",
    ),
)

ADAPTERS = [NullMetrics, MemoryMetrics, PROMETHEUS]


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_counter_inc(benchmark, adapter):
    benchmark(adapter().counter("rows_total", "Rows.", labels={"model": "a"}).inc)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_gauge_set(benchmark, adapter):
    benchmark(adapter().gauge("busy", "Busy.", labels={"model": "a"}).set, 0.5)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_histogram_observe(benchmark, adapter):
    benchmark(adapter().histogram("wait_seconds", "W.", labels={"model": "a"}).observe, 3e-4)
