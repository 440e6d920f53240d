"""Counters, gauges and histograms, named by Prometheus's conventions.

An instrument is created once, with its labels bound, and then used on the hot path::

    calls = metrics.counter("prodml_predictions_total", "Rows predicted.", labels={"model": "churn"})
    calls.inc()
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

__all__ = ["Counter", "Gauge", "Histogram", "Metrics"]


class Counter(Protocol):
    """A number that only grows."""

    def inc(self, amount: float = 1.0) -> None:
        """Add `amount`, which must be finite and not negative. Never loses an update."""
        ...


class Gauge(Protocol):
    """A number that goes up and down."""

    def set(self, value: float) -> None:
        """Set the value."""
        ...

    def inc(self, amount: float = 1.0) -> None:
        """Add `amount`, which may be negative."""
        ...


class Histogram(Protocol):
    """Counts of observations per bucket, with their number and sum."""

    def observe(self, value: float) -> None:
        """Count one observation."""
        ...


class Metrics(Protocol):
    """Hands out instruments. The same name and labels give the same instrument.

    Names match ``[a-z][a-z0-9_]*``; counters end in ``_total``; units are in the name
    (``_seconds``, ``_bytes``, ``_ratio``). Every instrument of one name has the same kind and the
    same label names, else `ConfigError`.
    """

    def counter(self, name: str, help: str, *, labels: Mapping[str, str] | None = None) -> Counter:  # noqa: A002
        """Return the counter of this name and these labels."""
        ...

    def gauge(self, name: str, help: str, *, labels: Mapping[str, str] | None = None) -> Gauge:  # noqa: A002
        """Return the gauge of this name and these labels."""
        ...

    def histogram(
        self,
        name: str,
        help: str,  # noqa: A002
        *,
        labels: Mapping[str, str] | None = None,
        buckets: Sequence[float] | None = None,
    ) -> Histogram:
        """Return the histogram of this name and these labels; `buckets` are upper bounds, rising."""
        ...
