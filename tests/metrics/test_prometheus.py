from __future__ import annotations

import sys

import pytest

from prodml.errors import ConfigError, MissingExtraError, UnknownNameError
from prodml.metrics import PrometheusMetrics


@pytest.fixture(scope="module")
def client():
    return pytest.importorskip(
        "prometheus_client", reason="PrometheusMetrics needs the extra prodml[prometheus]"
    )


@pytest.mark.usefixtures("client")
def test_two_of_them_do_not_meet():
    first, second = PrometheusMetrics(), PrometheusMetrics()
    first.counter("rows_total", "Rows.").inc()
    second.counter("rows_total", "Rows.")
    assert (first.value("rows_total"), second.value("rows_total")) == (1, 0)


def test_a_hosts_registry_exports_our_metrics(client):
    registry = client.CollectorRegistry()
    PrometheusMetrics(registry).counter("rows_total", "Rows.", labels={"a": "x"}).inc(2)
    assert registry.get_sample_value("rows_total", {"a": "x"}) == 2
    assert PrometheusMetrics(registry).registry is registry


def test_what_a_host_registered_itself_is_refused(client):
    registry = client.CollectorRegistry()
    client.Counter("rows", "Rows.", registry=registry)
    metrics = PrometheusMetrics(registry)
    with pytest.raises(ConfigError, match="did not make"):
        metrics.counter("rows_total", "Rows.")


def test_the_name_stays_free_after_a_clash_with_the_host(client):
    registry = client.CollectorRegistry()
    theirs = client.Counter("rows", "Rows.", registry=registry)
    metrics = PrometheusMetrics(registry)
    with pytest.raises(ConfigError):
        metrics.counter("rows_total", "Rows.")
    registry.unregister(theirs)
    metrics.counter("rows_total", "Rows.").inc()
    assert metrics.value("rows_total") == 1


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(MissingExtraError, match=r'pip install "prodml\[prometheus\]"'):
        PrometheusMetrics()


@pytest.mark.usefixtures("client")
def test_an_unknown_metric_is_told_with_what_there_is():
    metrics = PrometheusMetrics()
    metrics.gauge("busy", "Busy.")
    with pytest.raises(UnknownNameError, match='"busy"'):
        metrics.value("bus")


@pytest.mark.usefixtures("client")
def test_repr_says_how_many_there_are():
    metrics = PrometheusMetrics()
    metrics.gauge("busy", "Busy.", labels={"a": "x"})
    metrics.gauge("busy", "Busy.", labels={"a": "y"})
    assert repr(metrics) == "PrometheusMetrics(n_metrics=1)"
