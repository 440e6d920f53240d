"""The smallest adapter that keeps every rule of the Metrics port; faults are planted into it."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

from prodml.errors import ConfigError
from prodml.testing.metrics_probes import HistogramReading

__all__ = ["ReferenceInstrument", "ReferenceMetrics"]

Pairs = tuple[tuple[str, str], ...]
T = TypeVar("T")

_DEFAULT = tuple(m * 10.0**e for e in range(-5, 1) for m in (1, 2.5, 5))


class ReferenceInstrument:
    """A counter, a gauge or a histogram: one lock, plain numbers.

    Parameters
    ----------
    kind : str
        What it is.
    bounds : tuple of float
        Upper bounds of a histogram, without infinity.
    """

    def __init__(self, kind: str, bounds: tuple[float, ...]) -> None:
        self.kind = kind
        self.bounds = bounds
        self.lock = threading.Lock()
        self.value = 0.0
        self.counts = [0] * (len(bounds) + 1)

    def inc(self, amount: float = 1.0) -> None:
        """Add an amount."""
        if self.kind == "counter":
            self.check_amount(amount)
        self.locked(self.add, amount)

    def set(self, value: float) -> None:
        """Set the value."""
        with self.lock:
            self.value = value

    def observe(self, value: float) -> None:
        """Count an observation."""
        self.check_observation(value)
        self.locked(self.count, value)

    def locked(self, update: Callable[[float], None], value: float) -> None:
        """Update under the lock."""
        with self.lock:
            update(value)

    def add(self, amount: float) -> None:
        """Add an amount, unlocked."""
        self.value = plus(self.value, amount)

    def count(self, value: float) -> None:
        """Count an observation, unlocked."""
        i = self.bucket_of(value)
        self.counts[i] = int(plus(self.counts[i], 1))
        self.add(value)

    def bucket_of(self, value: float) -> int:
        """Return the place of the first bound that is not below the value."""
        return sum(bound < value for bound in self.bounds)

    def check_amount(self, amount: float) -> None:
        """Refuse what would let a counter fall or stop it for ever."""
        if not 0 <= amount < math.inf:
            raise ConfigError(f"amount must be finite and not negative, got {amount}")

    def check_observation(self, value: float) -> None:
        """Refuse what is not finite."""
        if not math.isfinite(value):
            raise ConfigError(f"an observation must be finite, got {value}")

    def read(self) -> float | HistogramReading:
        """Return the numbers."""
        with self.lock:
            if self.kind != "histogram":
                return self.value
            return {
                "count": sum(self.counts),
                "sum": self.value,
                "buckets": {
                    bound: sum(self.counts[: i + 1])
                    for i, bound in enumerate([*self.bounds, math.inf])
                },
            }


class ReferenceMetrics:
    """Keeps every rule, in the plainest way."""

    instrument: type[ReferenceInstrument] = ReferenceInstrument
    names = re.compile(r"[a-z][a-z0-9_]*\Z")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.families: dict[str, tuple[str, tuple[str, ...], tuple[float, ...]]] = {}
        self.series: dict[object, ReferenceInstrument] = {}

    def counter(
        self,
        name: str,
        help: str,  # noqa: A002, ARG002 - the port's word; a reference has no readers
        *,
        labels: Mapping[str, str] | None = None,
    ) -> ReferenceInstrument:
        """Return the counter of this name and these labels."""
        self.check_total(name)
        return self.find("counter", name, labels, ())

    def gauge(
        self,
        name: str,
        help: str,  # noqa: A002, ARG002
        *,
        labels: Mapping[str, str] | None = None,
    ) -> ReferenceInstrument:
        """Return the gauge of this name and these labels."""
        return self.find("gauge", name, labels, ())

    def histogram(
        self,
        name: str,
        help: str,  # noqa: A002, ARG002
        *,
        labels: Mapping[str, str] | None = None,
        buckets: Sequence[float] | None = None,
    ) -> ReferenceInstrument:
        """Return the histogram of this name and these labels."""
        bounds = None if buckets is None else self.check_buckets(tuple(buckets))
        return self.find("histogram", name, labels, bounds)

    def read(self, name: str, labels: Mapping[str, str]) -> float | HistogramReading:
        """Return what is held under a name and labels."""
        return self.series[self.key(name, self.pairs(labels))].read()

    def find(
        self,
        kind: str,
        name: str,
        labels: Mapping[str, str] | None,
        bounds: tuple[float, ...] | None,
    ) -> ReferenceInstrument:
        """Find or make an instrument."""
        self.check_name(name)
        self.check_labels(labels or {})
        with self.lock:
            return self.find_locked(kind, name, self.pairs(labels or {}), bounds)

    def find_locked(
        self, kind: str, name: str, pairs: Pairs, bounds: tuple[float, ...] | None
    ) -> ReferenceInstrument:
        """Find or make an instrument while nobody else does."""
        names = tuple(label for label, _ in pairs)
        there = self.families.setdefault(
            name, (kind, names, _DEFAULT if bounds is None else bounds)
        )
        self.check_family(name, there, (kind, names, there[2] if bounds is None else bounds))
        key = self.key(name, pairs)
        if key not in self.series:
            self.series[key] = self.instrument(kind, there[2])
        return self.series[key]

    def pairs(self, labels: Mapping[str, str]) -> Pairs:
        """Return the labels in order."""
        return tuple(sorted(labels.items()))

    def key(self, name: str, pairs: Pairs) -> object:
        """Return what tells one series from another."""
        return name, pairs

    def check_name(self, name: str) -> None:
        """Refuse a malformed name."""
        if not self.names.match(name):
            raise ConfigError(f"malformed name {name!r}")

    def check_total(self, name: str) -> None:
        """Refuse a counter's name without its ending."""
        if not name.endswith("_total"):
            raise ConfigError(f"{name!r} does not end in _total")

    def check_labels(self, labels: Mapping[str, str]) -> None:
        """Refuse malformed labels."""
        for name, value in labels.items():
            if not self.names.match(name) or name in {"le", "quantile"}:
                raise ConfigError(f"malformed label {name!r}")
            if not isinstance(value, str):
                raise ConfigError(f"the label {name!r} is no text")

    def check_buckets(self, bounds: tuple[float, ...]) -> tuple[float, ...]:
        """Refuse buckets that do not rise; drop infinity."""
        finite = bounds[:-1] if bounds and bounds[-1] == math.inf else bounds
        if not finite or not all(map(math.isfinite, finite)):
            raise ConfigError("no finite bucket")
        if any(b <= a for a, b in pairwise(finite)):
            raise ConfigError("buckets do not rise")
        return tuple(map(float, finite))

    def check_family(self, name: str, there: tuple[object, ...], asked: tuple[object, ...]) -> None:
        """Refuse another kind, other label names, other buckets."""
        for what, has, wants in zip(("kind", "label names", "buckets"), there, asked, strict=True):
            if has != wants:
                raise ConfigError(f"{name} has other {what}")


def plus(a: float, b: float) -> float:
    """Add, in a call of its own: without a lock, a thread that waits here loses an update."""
    return a + b
