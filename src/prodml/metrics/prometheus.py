"""Metrics handed to Prometheus's own client library."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

from prodml._extras import require
from prodml.errors import ConfigError, UnknownNameError
from prodml.metrics.catalogue import Catalogue, Family
from prodml.metrics.rules import Labels, Spec, check_labels, check_spec
from prodml.metrics.samples import CONTENT_TYPE

if TYPE_CHECKING:
    import prometheus_client as client

__all__ = ["PrometheusCounter", "PrometheusGauge", "PrometheusHistogram", "PrometheusMetrics"]

C = TypeVar("C", "client.Counter", "client.Gauge", "client.Histogram")

_INF = math.inf


class PrometheusMetrics:
    """Hands numbers to ``prometheus_client``, whose exporters and multiprocess mode then apply.

    Parameters
    ----------
    registry : prometheus_client.CollectorRegistry, optional
        Where the metrics are registered. Default: a registry of its own, so that two of these
        never clash; pass ``prometheus_client.REGISTRY`` to join what the host exports already.

    Raises
    ------
    MissingExtraError
        If ``prometheus_client`` is not installed: ``pip install "prodml[prometheus]"``.

    Examples
    --------
    >>> metrics = PrometheusMetrics()
    >>> metrics.counter("rows_total", "Rows seen.", labels={"model": "churn"}).inc(3)
    >>> metrics.value("rows_total", {"model": "churn"})
    3.0
    """

    content_type = CONTENT_TYPE
    """What to send `render` as."""

    def __init__(self, registry: client.CollectorRegistry | None = None) -> None:
        self._client = require("prometheus_client", for_="PrometheusMetrics")
        self._registry = self._client.CollectorRegistry() if registry is None else registry
        self._catalogue = Catalogue()
        self._collectors: dict[str, client.Counter | client.Gauge | client.Histogram] = {}

    def counter(
        self,
        name: str,
        help: str,  # noqa: A002 - the port's word
        *,
        labels: Mapping[str, str] | None = None,
    ) -> PrometheusCounter:
        """Return the counter of this name and these labels.

        Raises
        ------
        ConfigError
            If a name is malformed, or taken by another kind, other label names, or by somebody
            else in this registry.
        """
        spec, pairs = check_spec("counter", name, help), check_labels(name, labels)

        def make(family: Family) -> PrometheusCounter:
            return PrometheusCounter(self._child(self._client.Counter, family, pairs))

        return self._catalogue.instrument(spec, pairs, make)

    def gauge(
        self,
        name: str,
        help: str,  # noqa: A002 - the port's word
        *,
        labels: Mapping[str, str] | None = None,
    ) -> PrometheusGauge:
        """Return the gauge of this name and these labels."""
        spec, pairs = check_spec("gauge", name, help), check_labels(name, labels)

        def make(family: Family) -> PrometheusGauge:
            return PrometheusGauge(self._child(self._client.Gauge, family, pairs))

        return self._catalogue.instrument(spec, pairs, make)

    def histogram(
        self,
        name: str,
        help: str,  # noqa: A002 - the port's word
        *,
        labels: Mapping[str, str] | None = None,
        buckets: Sequence[float] | None = None,
    ) -> PrometheusHistogram:
        """Return the histogram of this name and these labels; `buckets` are upper bounds."""
        spec, pairs = check_spec("histogram", name, help, buckets), check_labels(name, labels)

        def make(family: Family) -> PrometheusHistogram:
            return PrometheusHistogram(self._child(self._client.Histogram, family, pairs))

        return self._catalogue.instrument(spec, pairs, make)

    @property
    def registry(self) -> client.CollectorRegistry:
        """The registry, for an exporter of the host's."""
        return self._registry

    def value(self, name: str, labels: Mapping[str, str] | None = None) -> float:
        """Return one number, by its name on the wire.

        Parameters
        ----------
        name : str
            As rendered: a histogram has ``<name>_count``, ``<name>_sum`` and, with the label
            ``le``, ``<name>_bucket``.
        labels : mapping of str to str, optional
            All its labels.

        Raises
        ------
        UnknownNameError
            If there is no such number.
        """
        value = self._registry.get_sample_value(name, dict(labels or {}))
        if value is None:
            known = {s.name for family in self._registry.collect() for s in family.samples}
            raise UnknownNameError("metric", name, sorted(known), where="with these labels")
        return float(value)

    def render(self) -> str:
        """Return all numbers of the registry in Prometheus's text format."""
        text: bytes = self._client.generate_latest(self._registry)
        return text.decode()

    def _child(self, kind: Callable[..., C], family: Family, labels: Labels) -> C:
        collector = self._collectors.get(family.spec.name)
        if collector is None:
            collector = self._collectors[family.spec.name] = self._collector(kind, family)
        return cast("C", collector.labels(**dict(labels)) if labels else collector)

    def _collector(self, kind: Callable[..., C], family: Family) -> C:
        spec = family.spec
        more = {} if spec.buckets is None else {"buckets": spec.buckets}
        try:
            return kind(spec.name, spec.help, family.label_names, registry=self._registry, **more)
        except ValueError as exc:
            raise ConfigError(_taken(spec)) from exc

    def __deepcopy__(self, memo: object) -> PrometheusMetrics:
        return self  # whoever copies an object that counts goes on counting in the same place

    def __repr__(self) -> str:
        return f"PrometheusMetrics(n_metrics={len(self._collectors)})"


def _taken(spec: Spec) -> str:
    return (
        f'this registry has a "{spec.name}" that this PrometheusMetrics did not make. '
        "Share one PrometheusMetrics, or give each a registry of its own"
    )


class PrometheusCounter:
    """A number that only grows."""

    __slots__ = ("_inc",)

    def __init__(self, child: client.Counter) -> None:
        self._inc = child.inc

    def inc(self, amount: float = 1.0) -> None:
        """Add `amount`, which must be finite and not negative.

        Raises
        ------
        ConfigError
            If it is not.
        """
        try:
            fits = 0.0 <= amount < _INF
        except TypeError:
            fits = False
        if not fits:
            raise ConfigError(f"a counter only grows: inc(amount >= 0), finite, got {amount!r:.40}")
        self._inc(amount)


class PrometheusGauge:
    """A number that goes up and down."""

    __slots__ = ("_set", "inc")

    def __init__(self, child: client.Gauge) -> None:
        self._set = child.set
        self.inc = child.inc

    def set(self, value: float) -> None:
        """Set the value; NaN says that there is none.

        Raises
        ------
        ConfigError
            If it is no number.
        """
        try:
            self._set(value)
        except (TypeError, ValueError):
            raise ConfigError(f"set() needs a number, got a {type(value).__name__}") from None


class PrometheusHistogram:
    """Counts of observations per bucket, with their number and sum."""

    __slots__ = ("_observe",)

    def __init__(self, child: client.Histogram) -> None:
        self._observe = child.observe

    def observe(self, value: float) -> None:
        """Count one observation, which must be finite.

        Raises
        ------
        ConfigError
            If it is not: one NaN would make the sum NaN for ever.
        """
        try:
            fits = -_INF < value < _INF
        except TypeError:
            fits = False
        if not fits:
            raise ConfigError(f"observe() needs a finite number, got {value!r:.40}")
        self._observe(value)
