"""Columns of few different values: how often each level occurs, and levels the reference lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from prodml.drift.findings import Counts, Finding, compare_levels, compare_rates, compare_unseen
from prodml.drift.results import Bins, Status
from prodml.drift.rules import Rules
from prodml.stats.divergence import psi
from prodml.tables import Kind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LevelCounts", "LevelProfile", "level_counts"]

_NAMED = 20  # levels with a bin of their own in charts
_FEW = 5  # rows below which a level is not named there


def level_counts(series: pd.Series) -> dict[str, int]:
    """Count the levels of a column by name; whole floats go by the name of the integer.

    Parameters
    ----------
    series : pandas.Series
        Anything hashable; missing values are not counted.

    Returns
    -------
    dict of str to int
        Levels that occur. Values of one name, such as 1 and "1", are one level.
    """
    counted = series.value_counts(dropna=True)
    totals: Counter[str] = Counter()
    for value, count in zip(counted.index.tolist(), counted.tolist(), strict=True):
        if count:
            totals[_name(value)] += int(count)
    return dict(totals)


def _name(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    # A lone surrogate could not be stored.
    return str(value).encode("utf-8", "backslashreplace").decode()


@attrs.frozen(eq=False)
class LevelCounts:
    """The current rows of one column, seen from its profile. Adds up over parts of the rows."""

    known: Counts
    new: Mapping[str, int] = attrs.field(repr=False)
    n_missing: int

    def merge(self, other: LevelCounts) -> LevelCounts:
        """Return the counts of both parts together."""
        new = Counter(self.new)
        new.update(other.new)
        return LevelCounts(self.known + other.known, dict(new), self.n_missing + other.n_missing)

    @property
    def n_values(self) -> int:
        """Rows with a value."""
        return int(self.known.sum()) + sum(self.new.values())


@attrs.frozen(eq=False)
class LevelProfile:
    """The reference of one column of levels.

    Parameters
    ----------
    kind : {"category", "boolean", "text"}
        ``"text"`` only if there was no value at all to tell.
    family : str
        What a current column must hold to be compared; ``"any"`` without values.
    levels : tuple of str
        Names, in rising order.
    rows : ndarray of int64
        Rows of each.
    n_missing : int
        Rows without a value.
    """

    kind: Kind
    family: str
    levels: tuple[str, ...] = attrs.field(repr=False)
    rows: Counts
    n_missing: int

    @classmethod
    def of(cls, counts: Mapping[str, int], kind: Kind, family: str, n_missing: int) -> LevelProfile:
        """Profile a column whose levels are counted already."""
        levels = tuple(sorted(counts))
        rows = np.array([counts[level] for level in levels], dtype=np.int64)
        return cls(kind, family, levels, rows, n_missing)

    @property
    def n_values(self) -> int:
        """Rows with a value."""
        return int(self.rows.sum())

    @property
    def n_rows(self) -> int:
        """All rows."""
        return self.n_values + self.n_missing

    def merge(self, other: LevelProfile) -> LevelProfile:
        """Return the profile of both parts together, as if of all rows at once."""
        total = Counter(dict(zip(self.levels, self.rows.tolist(), strict=True)))
        total.update(dict(zip(other.levels, other.rows.tolist(), strict=True)))
        told = other if self.family == "any" else self
        return LevelProfile.of(total, told.kind, told.family, self.n_missing + other.n_missing)

    def count(self, series: pd.Series) -> LevelCounts:
        """Count the levels of current rows."""
        n_missing = int(series.isna().sum())
        found = level_counts(series)
        known = np.array([found.pop(level, 0) for level in self.levels], dtype=np.int64)
        return LevelCounts(known, found, n_missing)

    def compare(self, counts: LevelCounts, rules: Rules) -> Finding:
        """Test the levels, then the shares of missing values and of unseen levels."""
        n, m = self.n_values, counts.n_values
        missing = compare_rates(
            "missing",
            (self.n_missing, self.n_rows),
            (counts.n_missing, m + counts.n_missing),
            rules,
        )
        status = self._status(m, rules)
        if status != "tested":
            return Finding(status, tuple(missing), None, self._bins(counts) if n and m else None)
        new = np.array(sorted(counts.new.values()), dtype=np.int64)
        reference = np.concatenate([self.rows, np.zeros(len(new), np.int64)])
        current = np.concatenate([counts.known, new])
        unseen = (
            compare_unseen(self.rows, counts.known, new, rules) if self.kind != "boolean" else []
        )
        bins = self._bins(counts)
        index = psi(bins.reference, bins.current)
        tests = (compare_levels(reference, current, rules), *missing, *unseen)
        return Finding("tested", tests, index, bins)

    def _status(self, n_current: int, rules: Rules) -> Status:
        if self.n_values < rules.min_rows:
            return "too few reference values"
        return "too few current values" if n_current < rules.min_rows else "tested"

    def _bins(self, counts: LevelCounts) -> Bins:
        """The most frequent levels by name; rare ones, which may point at a person, together."""
        order = np.argsort(-self.rows, kind="stable")
        named = [i for i in order[:_NAMED] if self.rows[i] >= _FEW]
        labels = [self.levels[i] for i in named]
        reference, current = self.rows[named].tolist(), counts.known[named].tolist()
        if len(named) < len(self.levels):
            labels.append("(other)")
            reference.append(self.n_values - sum(reference))
            current.append(int(counts.known.sum()) - sum(current))
        labels.append("(unseen)")
        reference.append(0)
        current.append(sum(counts.new.values()))
        return Bins((), tuple(labels), tuple(reference), tuple(current))

    def to_parts(self) -> tuple[dict[str, object], dict[str, NDArray[Any]]]:
        """Return what `from_parts` needs."""
        header: dict[str, object] = {
            "kind": self.kind, "family": self.family, "levels": list(self.levels),
            "n_missing": self.n_missing,
        }  # fmt: skip
        return header, {"rows": self.rows}

    @classmethod
    def from_parts(
        cls, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
    ) -> LevelProfile:
        """Rebuild from `to_parts`; ValueError if the parts do not fit together."""
        levels, rows = tuple(header["levels"]), np.asarray(arrays["rows"], np.int64)
        fits = (
            header["kind"] in ("category", "boolean", "text")
            and all(isinstance(level, str) for level in levels)
            and list(levels) == sorted(set(levels))
            and rows.shape == (len(levels),)
            and bool((rows >= 0).all())
        )
        if not fits:
            raise ValueError("a column of levels")
        return cls(header["kind"], str(header["family"]), levels, rows, int(header["n_missing"]))
