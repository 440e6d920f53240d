"""Metrics kept in this process's memory, and written as text for a scraper."""

from __future__ import annotations

import math
import threading
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate

from prodml.errors import ConfigError, UnknownNameError
from prodml.metrics.catalogue import Catalogue, Family
from prodml.metrics.cells import Cells, Shared
from prodml.metrics.rules import DEFAULT_BUCKETS, Labels, check_labels, check_spec
from prodml.metrics.samples import CONTENT_TYPE, Sample, Samples, float_text, render

__all__ = ["MemoryCounter", "MemoryGauge", "MemoryHistogram", "MemoryMetrics"]

_INF = math.inf


class MemoryMetrics:
    """Keeps numbers in memory and writes them in Prometheus's text format.

    Needs no other package. An update costs about as much as two Python calls, takes no lock
    (gauges excepted) and is never lost, from however many threads it comes. The numbers are this
    process's own: a server of several processes needs `PrometheusMetrics` in multiprocess mode.

    Examples
    --------
    >>> metrics = MemoryMetrics()
    >>> rows = metrics.counter("rows_total", "Rows seen.", labels={"model": "churn"})
    >>> rows.inc(3)
    >>> metrics.value("rows_total", {"model": "churn"})
    3.0
    >>> metrics
    metric      labels       value
    ──────────  ───────────  ─────
    rows_total  model=churn      3
    """

    content_type = CONTENT_TYPE
    """What to send `render` as."""

    def __init__(self) -> None:
        self._catalogue = Catalogue()

    def counter(
        self,
        name: str,
        help: str,  # noqa: A002 - the port's word
        *,
        labels: Mapping[str, str] | None = None,
    ) -> MemoryCounter:
        """Return the counter of this name and these labels.

        Parameters
        ----------
        name : str
            Ends in ``_total``.
        help : str
            A sentence; the first one given for a name stays.
        labels : mapping of str to str, optional
            Bound to the counter.

        Raises
        ------
        ConfigError
            If a name is malformed, or taken by another kind or other label names.
        """
        spec = check_spec("counter", name, help)
        return self._catalogue.instrument(spec, check_labels(name, labels), _counter)

    def gauge(
        self,
        name: str,
        help: str,  # noqa: A002 - the port's word
        *,
        labels: Mapping[str, str] | None = None,
    ) -> MemoryGauge:
        """Return the gauge of this name and these labels; parameters as in `counter`."""
        spec = check_spec("gauge", name, help)
        return self._catalogue.instrument(spec, check_labels(name, labels), _gauge)

    def histogram(
        self,
        name: str,
        help: str,  # noqa: A002 - the port's word
        *,
        labels: Mapping[str, str] | None = None,
        buckets: Sequence[float] | None = None,
    ) -> MemoryHistogram:
        """Return the histogram of this name and these labels; parameters as in `counter`.

        Parameters
        ----------
        buckets : sequence of float, optional
            Rising upper bounds, each inclusive; the one at infinity is always there. Default: those
            the name has already, else from 10 microseconds to 10 seconds.
        """
        spec = check_spec("histogram", name, help, buckets)
        return self._catalogue.instrument(spec, check_labels(name, labels), _histogram)

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
        wanted = tuple(sorted((labels or {}).items()))
        samples = [sample for family in self.snapshot() for sample in family.samples]
        for sample in samples:
            if sample.name == name and sample.labels == wanted:
                return sample.value
        known = sorted({sample.name for sample in samples})
        if name not in known:
            raise UnknownNameError("metric", name, known)
        raise UnknownNameError(
            "series", name, known, where=f"with these values of the labels {sorted(labels or {})}"
        )

    def snapshot(self) -> tuple[Samples, ...]:
        """Return all numbers of this moment, metric by metric in the order of their making."""
        return tuple(_samples(family, children) for family, children in self._catalogue.families())

    def render(self) -> str:
        """Return all numbers in the text exposition format of Prometheus, version 0.0.4."""
        return render(self.snapshot())

    def __deepcopy__(self, memo: object) -> MemoryMetrics:
        return self  # whoever copies an object that counts goes on counting in the same place

    def __repr__(self) -> str:
        from prodml.display import number, text_table

        rows = [(name, labels, number(value)) for name, labels, value in self._rows()]
        return text_table(rows, _HEADERS)

    def _repr_html_(self) -> str:
        from prodml.display import html_table, number

        rows = [(name, labels, number(value)) for name, labels, value in self._rows()]
        return html_table(rows, _HEADERS)

    def _rows(self) -> list[tuple[str, str, float]]:
        return [
            (sample.name, ", ".join(f"{k}={v}" for k, v in sample.labels), sample.value)
            for family in self.snapshot()
            for sample in family.samples
            if not sample.name.endswith("_bucket") or family.kind != "histogram"
        ]


_HEADERS = ("metric", "labels", "value")


class MemoryCounter:
    """A number that only grows."""

    __slots__ = ("_cells", "_shared")

    def __init__(self) -> None:
        self._shared = Shared(1)
        self._cells = Cells(self._shared)

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
        self._cells.mine[0] += amount

    def samples(self, name: str, labels: Labels) -> list[Sample]:
        """Return its number."""
        return [Sample(name, labels, float(self._shared.totals()[0]))]


class MemoryGauge:
    """A number that goes up and down."""

    __slots__ = ("_lock", "_value")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._value = 0.0

    def set(self, value: float) -> None:
        """Set the value; NaN says that there is none."""
        try:
            value = float(value)
        except (TypeError, ValueError):
            raise ConfigError(f"set() needs a number, got a {type(value).__name__}") from None
        with self._lock:  # else an inc under way could undo it
            self._value = value

    def inc(self, amount: float = 1.0) -> None:
        """Add `amount`, which may be negative."""
        with self._lock:
            self._value += amount

    def samples(self, name: str, labels: Labels) -> list[Sample]:
        """Return its number."""
        return [Sample(name, labels, float(self._value))]


class MemoryHistogram:
    """Counts of observations per bucket, with their number and sum."""

    __slots__ = ("_bounds", "_cells", "_shared")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._shared = Shared(len(self._bounds) + 2)  # the bucket at infinity, and the sum
        self._cells = Cells(self._shared)

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
        mine = self._cells.mine
        mine[bisect_left(self._bounds, value)] += 1.0
        mine[-1] += value

    def samples(self, name: str, labels: Labels) -> list[Sample]:
        """Return its buckets, count and sum."""
        *counts, total = map(float, self._shared.totals())
        bounds = [*map(float_text, self._bounds), "+Inf"]
        cumulative = list(accumulate(counts))
        return [
            *(
                Sample(f"{name}_bucket", tuple(sorted((*labels, ("le", bound)))), count)
                for bound, count in zip(bounds, cumulative, strict=True)
            ),
            Sample(f"{name}_count", labels, cumulative[-1]),
            Sample(f"{name}_sum", labels, total),
        ]


def _counter(_: Family) -> MemoryCounter:
    return MemoryCounter()


def _gauge(_: Family) -> MemoryGauge:
    return MemoryGauge()


def _histogram(family: Family) -> MemoryHistogram:
    return MemoryHistogram(family.spec.buckets or DEFAULT_BUCKETS)


def _samples(family: Family, children: Sequence[tuple[Labels, object]]) -> Samples:
    spec = family.spec
    samples = [
        sample
        for labels, instrument in children
        if isinstance(instrument, MemoryCounter | MemoryGauge | MemoryHistogram)
        for sample in instrument.samples(spec.name, labels)
    ]
    return Samples(spec.name, spec.kind, spec.help, tuple(samples))
