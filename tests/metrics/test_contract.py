"""Both adapters that can be read keep all rules of the port."""

from __future__ import annotations

import copy
import math
from importlib.util import find_spec

import pytest

from prodml.errors import UnknownNameError
from prodml.metrics import MemoryMetrics, PrometheusMetrics
from prodml.testing.metrics_contract import MetricsContract

PROMETHEUS = pytest.param(
    PrometheusMetrics,
    marks=pytest.mark.skipif(
        find_spec("prometheus_client") is None,
        reason="PrometheusMetrics needs the extra prodml[prometheus]",
    ),
)


class ByWireName(MetricsContract):
    def read(self, metrics, name, labels):
        try:
            return metrics.value(name, labels)
        except UnknownNameError:
            return {
                "count": metrics.value(f"{name}_count", labels),
                "sum": metrics.value(f"{name}_sum", labels),
                "buckets": self.buckets(metrics, f"{name}_bucket", labels),
            }

    def buckets(self, metrics, name, labels):
        lines = [line for line in metrics.render().splitlines() if line.startswith(f"{name}{{")]
        bounds = {line.partition('le="')[2].partition('"')[0] for line in lines}
        return {float(b): metrics.value(name, {**labels, "le": b}) for b in bounds}


class TestMemory(ByWireName):
    @pytest.fixture
    def metrics(self):
        return MemoryMetrics()


class TestPrometheus(ByWireName):
    @pytest.fixture
    def metrics(self):
        pytest.importorskip(
            "prometheus_client", reason="PrometheusMetrics needs the extra prodml[prometheus]"
        )
        return PrometheusMetrics()


def test_infinity_is_a_bucket_of_its_own():
    metrics = MemoryMetrics()
    metrics.histogram("wait_seconds", "Wait.", buckets=[1])
    assert set(TestMemory().read(metrics, "wait_seconds", {})["buckets"]) == {1.0, math.inf}


@pytest.mark.parametrize("adapter", [MemoryMetrics, PROMETHEUS])
def test_a_deep_copy_counts_in_the_same_place(adapter):
    metrics = adapter()
    assert copy.deepcopy({"metrics": metrics})["metrics"] is metrics
