"""Who met which arm and what came of it, as replayed from the journal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

import attrs

__all__ = ["Ledger", "Moments"]


@attrs.define
class Moments:
    """Number, mean and sum of squared deviations of the values seen, and whether all were 0 or 1.

    Parameters
    ----------
    n : int
        Number of values.
    mean : float
        Their mean.
    m2 : float
        Sum of squared deviations from the mean.
    is_binary : bool
        Whether every value was 0 or 1.
    """

    n: int = 0
    mean: float = 0.0
    m2: float = 0.0
    is_binary: bool = True

    @classmethod
    def of(cls, values: Iterable[float]) -> Moments:
        """Return the moments of values, by two passes with exact sums."""
        kept = list(values)
        if not kept:
            return cls()
        mean = math.fsum(kept) / len(kept)
        m2 = math.fsum((v - mean) ** 2 for v in kept)
        return cls(len(kept), mean, m2, all(v in (0.0, 1.0) for v in kept))

    @property
    def variance(self) -> float:
        """Variance with divisor n - 1; NaN below two values."""
        return self.m2 / (self.n - 1) if self.n > 1 else math.nan


@attrs.define
class Ledger:
    """What replaying the journal has built so far; a unit is known by its digest only."""

    seq: int = 0
    arms: dict[str, tuple[str, int]] = attrs.field(factory=dict)
    totals: dict[str, dict[str, tuple[float, int]]] = attrs.field(factory=dict)

    def exposed(self, rows: Iterable[tuple[str, str, int]]) -> None:
        """Take in exposures; the first one of a unit stands."""
        for uid, arm, phase in rows:
            self.arms.setdefault(uid, (arm, phase))

    def came(self, rows: Iterable[tuple[str, float, str]]) -> None:
        """Take in outcomes; several of one unit and metric are averaged."""
        for uid, value, metric in rows:
            units = self.totals.setdefault(metric, {})
            total, n = units.get(uid, (0.0, 0))
            units[uid] = (total + value, n + 1)

    def counts(self) -> Iterator[tuple[str, int]]:
        """Yield arm and phase of every exposed unit."""
        yield from self.arms.values()

    def moments(self, metric: str) -> Mapping[tuple[str, int], Moments]:
        """Return the moments of a metric over units, by arm and phase."""
        values: dict[tuple[str, int], list[float]] = {}
        for uid, (total, n) in self.totals.get(metric, {}).items():
            if uid in self.arms:
                values.setdefault(self.arms[uid], []).append(total / n)
        return {cell: Moments.of(v) for cell, v in values.items()}
