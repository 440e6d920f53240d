from __future__ import annotations

from prodml.metrics import NullMetrics


def test_every_number_is_taken_and_forgotten():
    metrics = NullMetrics()
    metrics.counter("rows_total", "Rows.", labels={"a": "x"}).inc(2)
    metrics.gauge("busy", "Busy.").set(1)
    metrics.gauge("busy", "Busy.").inc(-1)
    metrics.histogram("wait_seconds", "Wait.", buckets=[1]).observe(0.5)
    assert not hasattr(metrics, "render")


def test_all_instruments_are_one():
    metrics = NullMetrics()
    assert metrics.counter("a_total", "A.") is metrics.gauge("b", "B.")


def test_repr_is_its_name():
    assert repr(NullMetrics()) == "NullMetrics()"
