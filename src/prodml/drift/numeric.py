"""Numbers and times: the reference as sorted distinct values, the current rows as ranks among them.

Ranks at the values of the reference decide the Kolmogorov-Smirnov statistic exactly, and ranks of
parts of the current data add up. So a whole batch, or ten thousand pieces of it in any order, give
the same answer to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from prodml.drift.findings import Counts, Finding, Ranks, compare_ranks, compare_rates
from prodml.drift.ordered import ordered, same_precision
from prodml.drift.results import Bins, Status
from prodml.drift.rules import Rules
from prodml.errors import ConfigError
from prodml.stats.divergence import psi
from prodml.tables import Kind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NumberCounts", "NumberProfile"]

_CHART_BINS = 20
_PSI_BINS = 10


@attrs.frozen(eq=False)
class NumberCounts:
    """The current rows of one column, seen from its profile. Adds up over parts of the rows."""

    below: Counts
    at_most: Counts
    bins: Counts
    n_values: int
    n_missing: int
    n_infinite: int

    def merge(self, other: NumberCounts) -> NumberCounts:
        """Return the counts of both parts together."""
        return NumberCounts(
            self.below + other.below,
            self.at_most + other.at_most,
            self.bins + other.bins,
            self.n_values + other.n_values,
            self.n_missing + other.n_missing,
            self.n_infinite + other.n_infinite,
        )


@attrs.frozen(eq=False)
class NumberProfile:
    """The reference of one column of numbers or times.

    Parameters
    ----------
    kind : {"number", "integer", "time"}
        Times are microseconds since 1970, UTC.
    grid : ndarray, shape (k,)
        Distinct finite values, rising.
    below, at_most : ndarray of int64, shape (k,)
        Rows less than, and at most, each of them.
    edges : ndarray of float64, shape (b,)
        Inner edges of the bins of the chart.
    bins : ndarray of int64, shape (b + 1,)
        Rows in each.
    n_missing, n_infinite : int
        Rows that are counted apart.
    """

    kind: Kind
    grid: NDArray[Any]
    below: Counts
    at_most: Counts
    edges: NDArray[np.float64]
    bins: Counts
    n_missing: int
    n_infinite: int

    @classmethod
    def of(cls, series: pd.Series, kind: Kind) -> NumberProfile:
        """Profile one column. O(n log n)."""
        column = ordered(series, kind)
        values = column.finite
        last = np.flatnonzero(np.append(values[1:] != values[:-1], [True] * bool(len(values))))
        return cls._at(kind, values[last], last + 1, column.n_missing, column.n_infinite)

    @classmethod
    def _at(
        cls, kind: Kind, values: NDArray[Any], at_most: Counts, n_missing: int, n_infinite: int
    ) -> NumberProfile:
        below = np.concatenate([np.zeros(min(1, len(values)), np.int64), at_most[:-1]])
        edges = _chart_edges(values, at_most)
        cuts = np.concatenate([[0], at_most])[np.searchsorted(values, edges, "right")]
        bins = np.diff(cuts, prepend=0, append=at_most[-1] if len(at_most) else 0)
        return cls(kind, values, below, at_most, edges, bins, n_missing, n_infinite)

    @property
    def family(self) -> str:
        """What a current column must hold to be compared."""
        return "time" if self.kind == "time" else "number"

    @property
    def n_values(self) -> int:
        """Rows with a finite value."""
        return int(self.at_most[-1]) if len(self.at_most) else 0

    @property
    def n_rows(self) -> int:
        """All rows."""
        return self.n_values + self.n_missing + self.n_infinite

    @property
    def slack(self) -> float:
        """Largest share of the reference between two values that are kept; 0 unless thinned."""
        if not len(self.grid):
            return 0.0
        return float(np.max(self.below[1:] - self.at_most[:-1], initial=0)) / self.n_values

    def thin(self, max_values: int) -> NumberProfile:
        """Keep about `max_values` values at even ranks, the least and the largest among them."""
        if len(self.grid) <= max_values:
            return self
        ranks = np.linspace(1, self.n_values, max_values).round().astype(np.int64)
        kept = np.unique(np.searchsorted(self.at_most, ranks, "left"))
        return attrs.evolve(
            self, grid=self.grid[kept], below=self.below[kept], at_most=self.at_most[kept]
        )

    def merge(self, other: NumberProfile) -> NumberProfile:
        """Return the profile of both parts together, as if of all rows at once."""
        if self.slack or other.slack:
            raise ConfigError(
                "a thinned profile cannot be merged exactly; merge the parts first, then fit"
            )
        values = np.concatenate([self.grid, other.grid])
        own, others = self.at_most - self.below, other.at_most - other.below
        distinct, where = np.unique(values, return_inverse=True)
        rows = np.zeros(len(distinct), np.int64)
        np.add.at(rows, where, np.concatenate([own, others]))
        kind: Kind = self.kind if self.kind == other.kind else "number"
        return NumberProfile._at(
            kind, distinct, np.cumsum(rows),
            self.n_missing + other.n_missing, self.n_infinite + other.n_infinite,
        )  # fmt: skip

    def count(self, series: pd.Series) -> NumberCounts:
        """Take the ranks of current rows. One sort, O(m log m + k log m)."""
        column = ordered(series, self.kind)
        grid, values = same_precision(self.grid, column.finite)
        at_most = np.searchsorted(values, grid, "right")
        below = at_most.copy()
        # Only where a value occurs on both sides do the two ranks differ.
        shared = np.flatnonzero(at_most)
        shared = shared[values[at_most[shared] - 1] == grid[shared]]
        below[shared] = np.searchsorted(values, grid[shared], "left")
        cuts = np.searchsorted(values, self.edges, "right")
        bins = np.diff(cuts, prepend=0, append=len(values))
        return NumberCounts(below, at_most, bins, len(values), column.n_missing, column.n_infinite)

    def compare(self, counts: NumberCounts, rules: Rules) -> Finding:
        """Test the values, then the shares of missing and infinite ones."""
        n, m = self.n_values, counts.n_values
        rows = self.n_rows, m + counts.n_missing + counts.n_infinite
        rates = [
            *compare_rates("missing", (self.n_missing, rows[0]), (counts.n_missing, rows[1]), rules),
            *compare_rates("infinite", (self.n_infinite, rows[0]), (counts.n_infinite, rows[1]), rules),
        ]  # fmt: skip
        bins = Bins(_floats(self.edges), (), _ints(self.bins), _ints(counts.bins))
        status = self._status(counts, rules)
        if status != "tested":
            return Finding(status, tuple(rates), None, bins if n and m else None)
        test = compare_ranks(
            "distribution", Ranks(self.below, self.at_most, n),
            Ranks(counts.below, counts.at_most, m), rules, slack=self.slack,
        )  # fmt: skip
        return Finding("tested", (test, *rates), self.psi(counts), bins)

    def _status(self, counts: NumberCounts, rules: Rules) -> Status:
        if self.n_values < rules.min_rows:
            return "too few reference values"
        if counts.n_values < rules.min_rows:
            return "too few current values"
        if self.kind == "time" and counts.at_most[-1] == 0:
            return "moved on"
        return "tested"

    def psi(self, counts: NumberCounts) -> float:
        """Population stability index over tenths of the reference; heavy values stand alone."""
        n = self.n_values
        ranks = np.arange(1, _PSI_BINS) * n // _PSI_BINS
        at = np.unique(np.searchsorted(self.at_most, np.maximum(ranks, 1), "left"))
        heavy = at[self.at_most[at] - self.below[at] >= n / _PSI_BINS]
        r = np.sort(np.concatenate([self.at_most[at], self.below[heavy]]))
        c = np.sort(np.concatenate([counts.at_most[at], counts.below[heavy]]))
        return psi(np.diff(r, prepend=0, append=n), np.diff(c, prepend=0, append=counts.n_values))

    def to_parts(self) -> tuple[dict[str, object], dict[str, NDArray[Any]]]:
        """Return what `from_parts` needs, ranks in the smallest integers that hold them."""
        header: dict[str, object] = {
            "kind": self.kind, "n_missing": self.n_missing, "n_infinite": self.n_infinite,
        }  # fmt: skip
        small = np.min_scalar_type(max(self.n_values, 1))
        arrays = {"grid": self.grid, "edges": self.edges, "bins": self.bins.astype(small)}
        if self.n_values != len(self.grid):  # else every value stands for itself
            arrays["at_most"] = self.at_most.astype(small)
            arrays["below"] = self.below.astype(small)
        return header, arrays

    @classmethod
    def from_parts(
        cls, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
    ) -> NumberProfile:
        """Rebuild from `to_parts`; ValueError if the parts do not fit together."""
        values = arrays["grid"]
        plain = np.arange(1, len(values) + 1)
        at_most = np.asarray(arrays.get("at_most", plain), np.int64)
        below = np.asarray(arrays.get("below", plain - 1), np.int64)
        edges, bins = np.asarray(arrays["edges"], np.float64), np.asarray(arrays["bins"], np.int64)
        ranks = np.stack([below, at_most], axis=1).ravel()
        fits = (
            header["kind"] in ("number", "integer", "time")
            and values.ndim == edges.ndim == 1
            and values.dtype.kind in "if"
            and len(values) == len(at_most)
            and bool((values[1:] > values[:-1]).all() and (edges[1:] > edges[:-1]).all())
            and bool((np.diff(ranks, prepend=0) >= 0).all())
            and bins.shape == (len(edges) + 1,)
        )
        if not fits:
            raise ValueError("a column of numbers")
        return cls(
            header["kind"], values, below, at_most, edges, bins,
            int(header["n_missing"]), int(header["n_infinite"]),
        )  # fmt: skip


def _chart_edges(values: NDArray[Any], at_most: Counts) -> NDArray[np.float64]:
    """Inner edges: between the values where these are few, else even from the 1 % to the 99 % point."""
    if not len(values):
        return np.zeros(0)
    if len(values) <= _CHART_BINS:
        return _between(values.astype(np.float64))
    n = at_most[-1]
    low, high = values[np.searchsorted(at_most, [max(1, n // 100), n - n // 100], "left")]
    if not low < high:
        low, high = values[[0, -1]]
    with np.errstate(over="ignore", invalid="ignore"):
        edges = np.linspace(float(low), float(high), _CHART_BINS + 1)
    return np.unique(edges[np.isfinite(edges)])


def _between(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(values) == 1:
        reach = max(0.5, abs(float(values[0])) * 0.05)
        edges = np.array([values[0] - reach, values[0] + reach])
    else:
        middles = values[:-1] / 2 + values[1:] / 2
        with np.errstate(over="ignore"):
            outer = 2 * values[[0, -1]] - middles[[0, -1]]
        edges = np.concatenate([outer[:1], middles, outer[1:]])
    return np.unique(edges[np.isfinite(edges)])


def _floats(array: NDArray[Any]) -> tuple[float, ...]:
    return tuple(array.tolist())


def _ints(array: NDArray[Any]) -> tuple[int, ...]:
    return tuple(array.tolist())
