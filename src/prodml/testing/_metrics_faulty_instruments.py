"""Instruments with one fault each."""

from __future__ import annotations

import math
import threading
import time
from bisect import bisect_right
from collections.abc import Callable

from prodml.testing.metrics_probes import HistogramReading
from prodml.testing.metrics_reference import ReferenceInstrument


class Falls(ReferenceInstrument):
    """Lets a counter fall."""

    def check_amount(self, amount: float) -> None:
        if amount != amount or amount == math.inf:  # noqa: PLR0124 - NaN
            super().check_amount(amount)


class TakesNaN(ReferenceInstrument):
    """Takes NaN for an amount."""

    def check_amount(self, amount: float) -> None:
        if amount < 0 or amount == math.inf:  # a comparison with NaN is never true
            super().check_amount(amount)


class TakesInfinity(ReferenceInstrument):
    """Takes infinity for an amount."""

    def check_amount(self, amount: float) -> None:
        if not amount >= 0:
            super().check_amount(amount)


class AddsThenChecks(ReferenceInstrument):
    """Refuses after the deed."""

    def inc(self, amount: float = 1.0) -> None:
        self.add(amount)
        if self.kind == "counter":
            self.check_amount(amount)


class IgnoresAmount(ReferenceInstrument):
    """Adds one at most."""

    def inc(self, amount: float = 1.0) -> None:
        super().inc(min(amount, 1.0))


class WholeNumbersOnly(ReferenceInstrument):
    """Cuts amounts to whole numbers."""

    def add(self, amount: float) -> None:
        super().add(int(amount) if self.kind == "counter" else amount)


class SetAdds(ReferenceInstrument):
    """Adds where it should set."""

    def set(self, value: float) -> None:
        self.locked(self.add, value)


class SetKeepsTheHighest(ReferenceInstrument):
    """Never sets a gauge back."""

    def set(self, value: float) -> None:
        super().set(max(self.value, value))


class NeverNegative(ReferenceInstrument):
    """Keeps a gauge at zero or above."""

    def set(self, value: float) -> None:
        super().set(max(0.0, value))


class GaugeOnlyRises(ReferenceInstrument):
    """Forgets the sign."""

    def inc(self, amount: float = 1.0) -> None:
        super().inc(abs(amount))


class Unlocked(ReferenceInstrument):
    """Reads, is interrupted, and writes what is no longer so."""

    unlocked = ""

    def locked(self, update: Callable[[float], None], value: float) -> None:
        if self.kind != self.unlocked:
            return super().locked(update, value)
        before = self.value
        if before % 16 == 0:
            time.sleep(0)  # the turn goes to another thread for certain, not just in most runs
        self.value = before
        return update(value)


class UnlockedCounter(Unlocked):
    """Counts without a lock."""

    unlocked = "counter"


class UnlockedGauge(Unlocked):
    """Moves a gauge without a lock."""

    unlocked = "gauge"


class UnlockedHistogram(Unlocked):
    """Observes without a lock."""

    unlocked = "histogram"


class ForgetsOtherThreads(ReferenceInstrument):
    """Counts only for the thread that made it."""

    def __init__(self, kind: str, bounds: tuple[float, ...]) -> None:
        super().__init__(kind, bounds)
        self.owner = threading.get_ident()

    def add(self, amount: float) -> None:
        if threading.get_ident() == self.owner:
            super().add(amount)


class ReadingResets(ReferenceInstrument):
    """Starts anew after each reading."""

    def read(self) -> float | HistogramReading:
        found = super().read()
        self.value = 0.0
        return found


class ExclusiveBounds(ReferenceInstrument):
    """Takes a bound for exclusive."""

    def bucket_of(self, value: float) -> int:
        return bisect_right(self.bounds, value)


class DropsTheLarge(ReferenceInstrument):
    """Has no place for what is beyond the last bound."""

    def count(self, value: float) -> None:
        if value <= self.bounds[-1]:
            super().count(value)


class DropsTheNegative(ReferenceInstrument):
    """Has no place for what is below zero."""

    def count(self, value: float) -> None:
        if value >= 0:
            super().count(value)


class SumOfSizes(ReferenceInstrument):
    """Sums up sizes without signs."""

    def count(self, value: float) -> None:
        super().count(value)
        if value < 0:
            self.add(-2 * value)


class TakesAnyObservation(ReferenceInstrument):
    """Takes NaN and infinities."""

    def check_observation(self, value: float) -> None:
        pass


class NotCumulative(ReferenceInstrument):
    """Counts each bucket for itself."""

    def read(self) -> float | HistogramReading:
        found = super().read()
        if self.kind != "histogram" or isinstance(found, float | int):
            return found
        buckets = dict(zip([*self.bounds, math.inf], self.counts, strict=True))
        return {"count": found["count"], "sum": found["sum"], "buckets": buckets}


class NoInfinityBucket(ReferenceInstrument):
    """Does not tell the last bucket."""

    def read(self) -> float | HistogramReading:
        found = super().read()
        if isinstance(found, float | int):
            return found
        buckets = {k: v for k, v in found["buckets"].items() if k != math.inf}
        return {"count": found["count"], "sum": found["sum"], "buckets": buckets}


class WholeSums(ReferenceInstrument):
    """Rounds what it observes."""

    def count(self, value: float) -> None:
        super().count(round(value))
