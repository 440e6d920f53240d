"""Counters, gauges and histograms: in memory, at Prometheus's client library, or nowhere.

Adapters of the port `prodml.ports.Metrics`. A host makes one and passes it as ``metrics=``; nothing
in prodml looks one up. `prodml.testing.MetricsContract` proves an adapter of your own.
"""

from prodml.metrics.memory import MemoryMetrics
from prodml.metrics.null import NullMetrics
from prodml.metrics.prometheus import PrometheusMetrics
from prodml.metrics.rules import DEFAULT_BUCKETS
from prodml.metrics.samples import Sample, Samples

__all__ = [
    "DEFAULT_BUCKETS",
    "MemoryMetrics",
    "NullMetrics",
    "PrometheusMetrics",
    "Sample",
    "Samples",
]
