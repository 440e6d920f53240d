"""Adapters with one fault each, to prove that the rules of the Metrics port catch it.

Most are mistakes that real adapters make: a lock forgotten, a pattern that ends in ``$``, labels
joined by a comma, numbers that are reset when they are read.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping

import attrs

from prodml.testing import _metrics_faulty_instruments as instruments
from prodml.testing.metrics_probes import HistogramReading
from prodml.testing.metrics_reference import (
    Pairs,
    ReferenceInstrument,
    ReferenceMetrics,
)

__all__ = ["METRICS_FAULTS", "MetricsFault"]


@attrs.frozen
class MetricsFault:
    """One planted fault.

    Parameters
    ----------
    name : str
        What is wrong.
    rule : str
        Number of the rule that must catch it.
    make : callable
        Returns a fresh adapter with the fault; it has a method ``read(name, labels)``.
    """

    name: str
    rule: str
    make: Callable[[], ReferenceMetrics]


class _LabelOrderMatters(ReferenceMetrics):
    def pairs(self, labels: Mapping[str, str]) -> Pairs:
        return tuple(labels.items())

    def check_family(self, name: str, there: tuple[object, ...], asked: tuple[object, ...]) -> None:
        pass


class _JoinsLabels(ReferenceMetrics):
    def key(self, name: str, pairs: Pairs) -> object:
        return name + ",".join(f'{k}="{v}"' for k, v in pairs).replace("\\n", "\n")


class _SetOfValues(ReferenceMetrics):
    def key(self, name: str, pairs: Pairs) -> object:
        return name, frozenset(value for _, value in pairs)


class _FoldsCase(ReferenceMetrics):
    def key(self, name: str, pairs: Pairs) -> object:
        return name, tuple((k, v.lower()) for k, v in pairs)


class _DropsEmptyValues(ReferenceMetrics):
    def key(self, name: str, pairs: Pairs) -> object:
        return name, tuple((k, v.strip()) for k, v in pairs)


class _NewEachTime(ReferenceMetrics):
    def find_locked(
        self, kind: str, name: str, pairs: Pairs, bounds: tuple[float, ...] | None
    ) -> ReferenceInstrument:
        self.series.pop(self.key(name, pairs), None)
        return super().find_locked(kind, name, pairs, bounds)


class _OneSeriesPerName(ReferenceMetrics):
    def key(self, name: str, pairs: Pairs) -> object:  # noqa: ARG002
        return name


class _MadeAtFirstUse(ReferenceMetrics):
    def read(self, name: str, labels: Mapping[str, str]) -> float | HistogramReading:
        found = super().read(name, labels)
        if found == 0.0:
            raise KeyError(name)
        return found


class _UnlockedCatalogue(ReferenceMetrics):
    def find(
        self,
        kind: str,
        name: str,
        labels: Mapping[str, str] | None,
        bounds: tuple[float, ...] | None,
    ) -> ReferenceInstrument:
        self.check_name(name)
        self.check_labels(labels or {})
        pairs = self.pairs(labels or {})
        self.families.setdefault(name, (kind, tuple(k for k, _ in pairs), bounds or (1.0,)))
        found = self.series.get(self.key(name, pairs))
        if found is None:
            made = self.instrument(kind, bounds or (1.0,))
            time.sleep(0.0005)  # whoever comes now makes another one
            self.series[self.key(name, pairs)] = found = made
        return found


class _KeepsTheMapping(ReferenceMetrics):
    def __init__(self) -> None:
        super().__init__()
        self.late: list[tuple[str, Mapping[str, str], ReferenceInstrument]] = []

    def find(
        self,
        kind: str,
        name: str,
        labels: Mapping[str, str] | None,
        bounds: tuple[float, ...] | None,
    ) -> ReferenceInstrument:
        found = super().find(kind, name, labels, bounds)
        for key in [k for k, v in self.series.items() if v is found]:
            del self.series[key]
        self.late.append((name, labels or {}, found))
        return found

    def read(self, name: str, labels: Mapping[str, str]) -> float | HistogramReading:
        for known, mapping, instrument in self.late:
            if known == name and dict(mapping) == dict(labels):
                return instrument.read()
        raise KeyError(name)


class _AnyKind(ReferenceMetrics):
    def check_family(self, name: str, there: tuple[object, ...], asked: tuple[object, ...]) -> None:
        super().check_family(name, (asked[0], there[1], asked[2]), asked)


class _AnyLabelNames(ReferenceMetrics):
    def check_family(self, name: str, there: tuple[object, ...], asked: tuple[object, ...]) -> None:
        super().check_family(name, (there[0], asked[1], there[2]), asked)


class _FewerLabelsAreFine(ReferenceMetrics):
    def check_family(self, name: str, there: tuple[object, ...], asked: tuple[object, ...]) -> None:
        super().check_family(name, there, (asked[0], asked[1] or there[1], asked[2]))


class _AnyBuckets(ReferenceMetrics):
    def check_family(self, name: str, there: tuple[object, ...], asked: tuple[object, ...]) -> None:
        super().check_family(name, there, (*asked[:2], there[2]))


class _FirstBucketsForgotten(ReferenceMetrics):
    def find_locked(
        self, kind: str, name: str, pairs: Pairs, bounds: tuple[float, ...] | None
    ) -> ReferenceInstrument:
        if bounds is None and name in self.families:
            del self.families[name]
        return super().find_locked(kind, name, pairs, bounds)


class _OneDefaultBucket(ReferenceMetrics):
    def find_locked(
        self, kind: str, name: str, pairs: Pairs, bounds: tuple[float, ...] | None
    ) -> ReferenceInstrument:
        default = self.families[name][2] if name in self.families else (0.005, 0.01, 10.0)
        return super().find_locked(kind, name, pairs, default if bounds is None else bounds)


class _UncheckedBuckets(ReferenceMetrics):
    def check_buckets(self, bounds: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(sorted({float(b) for b in bounds if math.isfinite(b)}))


class _InfinityRefused(ReferenceMetrics):
    def check_buckets(self, bounds: tuple[float, ...]) -> tuple[float, ...]:
        return super().check_buckets((*bounds, math.nan) if math.inf in bounds else bounds)


class _AnyName(ReferenceMetrics):
    def check_name(self, name: str) -> None:
        pass


class _DollarInThePattern(ReferenceMetrics):
    def check_name(self, name: str) -> None:
        if not re.match(r"[a-z][a-z0-9_]*$", name):  # $ also matches before a last line feed
            super().check_name(name)


class _AppendsTotal(ReferenceMetrics):
    def check_total(self, name: str) -> None:
        pass


class _ConvertsLabels(ReferenceMetrics):
    def check_labels(self, labels: Mapping[str, str]) -> None:
        super().check_labels({k: str(v) for k, v in labels.items()})

    def pairs(self, labels: Mapping[str, str]) -> Pairs:
        return super().pairs({k: str(v) for k, v in labels.items()})


class _AnyLabel(ReferenceMetrics):
    def check_labels(self, labels: Mapping[str, str]) -> None:
        super().check_labels({f"x{i}": v for i, v in enumerate(labels.values())})


class _TakesReservedLabels(ReferenceMetrics):
    def check_labels(self, labels: Mapping[str, str]) -> None:
        super().check_labels({k: v for k, v in labels.items() if k not in {"le", "quantile"}})


class _WrongError(ReferenceMetrics):
    def check_labels(self, labels: Mapping[str, str]) -> None:
        if not all(isinstance(value, str) for value in labels.values()):
            raise TypeError("labels must be text")
        super().check_labels(labels)


class _RefusesTooLate(ReferenceMetrics):
    def find(
        self,
        kind: str,
        name: str,
        labels: Mapping[str, str] | None,
        bounds: tuple[float, ...] | None,
    ) -> ReferenceInstrument:
        self.families.setdefault(name, (kind, tuple(sorted(labels or {})), bounds or ()))
        return super().find(kind, name, labels, bounds)


def _with(instrument: type[ReferenceInstrument]) -> Callable[[], ReferenceMetrics]:
    """Return a maker of metrics that are right but for their instruments."""
    return type("Faulty", (ReferenceMetrics,), {"instrument": instrument})


METRICS_FAULTS: tuple[MetricsFault, ...] = (
    MetricsFault("a series exists from its first use on", "M01", _MadeAtFirstUse),
    MetricsFault("a gauge exists from its first use on", "M07", _MadeAtFirstUse),
    MetricsFault("inc ignores its amount", "M03", _with(instruments.IgnoresAmount)),
    MetricsFault("counters count whole numbers", "M03", _with(instruments.WholeNumbersOnly)),
    MetricsFault("a counter falls", "M04", _with(instruments.Falls)),
    MetricsFault("a counter refuses after it has added", "M04", _with(instruments.AddsThenChecks)),
    MetricsFault("a counter takes NaN", "M05", _with(instruments.TakesNaN)),
    MetricsFault("a counter takes infinity", "M06", _with(instruments.TakesInfinity)),
    MetricsFault("set adds", "M08", _with(instruments.SetAdds)),
    MetricsFault("set keeps the highest value", "M08", _with(instruments.SetKeepsTheHighest)),
    MetricsFault("a gauge is never negative", "M09", _with(instruments.NeverNegative)),
    MetricsFault("a gauge only rises", "M10", _with(instruments.GaugeOnlyRises)),
    MetricsFault("no bucket at infinity", "M11", _with(instruments.NoInfinityBucket)),
    MetricsFault("observations are rounded", "M12", _with(instruments.WholeSums)),
    MetricsFault("buckets are not cumulative", "M13", _with(instruments.NotCumulative)),
    MetricsFault("bounds are exclusive", "M14", _with(instruments.ExclusiveBounds)),
    MetricsFault("what is too large is dropped", "M15", _with(instruments.DropsTheLarge)),
    MetricsFault("what is negative is dropped", "M16", _with(instruments.DropsTheNegative)),
    MetricsFault("the sum is one of sizes", "M16", _with(instruments.SumOfSizes)),
    MetricsFault("NaN is observed", "M17", _with(instruments.TakesAnyObservation)),
    MetricsFault("default buckets begin at 5 ms", "M18", _OneDefaultBucket),
    MetricsFault("a named infinity is refused", "M19", _InfinityRefused),
    MetricsFault("buckets are sorted silently", "M20", _UncheckedBuckets),
    MetricsFault("a new instrument each time", "M21", _NewEachTime),
    MetricsFault("the order of labels matters", "M22", _LabelOrderMatters),
    MetricsFault("labels are told apart by the set of values", "M23", _SetOfValues),
    MetricsFault("labels are ignored", "M23", _OneSeriesPerName),
    MetricsFault("labels are joined without escaping", "M25", _JoinsLabels),
    MetricsFault("labels are folded to lower case", "M25", _FoldsCase),
    MetricsFault("blanks are cut off labels", "M25", _DropsEmptyValues),
    MetricsFault("the labels' mapping is kept", "M26", _KeepsTheMapping),
    MetricsFault("buckets are forgotten", "M27", _FirstBucketsForgotten),
    MetricsFault("one name has two kinds", "M28", _AnyKind),
    MetricsFault("one name has other label names", "M29", _AnyLabelNames),
    MetricsFault("labels may be left out", "M29", _FewerLabelsAreFine),
    MetricsFault("one name has other buckets", "M30", _AnyBuckets),
    MetricsFault("any name will do", "M31", _AnyName),
    MetricsFault("a name may end in a line feed", "M31", _DollarInThePattern),
    MetricsFault("a counter needs no _total", "M32", _AppendsTotal),
    MetricsFault("labels are converted to text", "M33", _ConvertsLabels),
    MetricsFault("a wrong label is a TypeError", "M33", _WrongError),
    MetricsFault("any label name will do", "M34", _AnyLabel),
    MetricsFault("reserved labels are taken", "M34", _TakesReservedLabels),
    MetricsFault("a refused call occupies the name", "M35", _RefusesTooLate),
    MetricsFault("counters without a lock", "M36", _with(instruments.UnlockedCounter)),
    MetricsFault("other threads are forgotten", "M36", _with(instruments.ForgetsOtherThreads)),
    MetricsFault("gauges without a lock", "M37", _with(instruments.UnlockedGauge)),
    MetricsFault("histograms without a lock", "M38", _with(instruments.UnlockedHistogram)),
    MetricsFault("two threads make two instruments", "M39", _UnlockedCatalogue),
    MetricsFault("reading resets", "M40", _with(instruments.ReadingResets)),
)
