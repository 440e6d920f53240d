"""Parts of the rows in which the challenger must not be shown to be worse."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from prodml import display
from prodml.errors import ConfigError, ProdmlError
from prodml.gate.decision import SliceComparison
from prodml.stats.multiplicity import holm

if TYPE_CHECKING:
    from prodml.stats.paired import PairedComparison

__all__ = ["cut", "judge"]

_MOST_VALUES = 100  # a column of more is no slice: an id, a free text
_MOST_NUMBERS = 10  # distinct numbers; more are cut into quarters

Mask = NDArray[np.bool_]


def cut(column: str, values: ArrayLike, n_rows: int) -> Iterator[tuple[str, Mask]]:
    """Yield each value of a column with the rows that have it; many numbers come in quarters.

    Raises
    ------
    ConfigError
        If the column is of another length, or has more than a hundred values.
    """
    given = np.asarray(values)
    if given.shape != (n_rows,):
        raise ConfigError(
            f'the slice "{column}" has shape {given.shape}, the comparison {n_rows} rows'
        )
    missing = _missing(given)
    if given.dtype.kind in "iufb" and len(np.unique(given[~missing])) > _MOST_NUMBERS:
        yield from _quarters(given.astype(np.float64), missing)
    else:
        yield from _each(column, given.astype(str), missing)
    if missing.any():
        yield "missing", missing


def judge(
    slices: Mapping[str, tuple[float, ArrayLike]],
    compare: Callable[[Mask, float], PairedComparison],
    *,
    n_rows: int,
    greater_is_better: bool,
    alpha: float,
    min_rows: int,
) -> tuple[SliceComparison, ...]:
    """Compare the models in every slice; Holm over all of them guards against finding one by chance.

    Parameters
    ----------
    slices : mapping of str to (margin, column)
        What to cut by, and by how much the challenger may be worse.
    compare : callable
        Of the rows and the margin.
    n_rows, greater_is_better, alpha, min_rows
        As the gate has them.
    """
    found = []
    for column, (margin, values) in slices.items():
        for value, rows in cut(column, values, n_rows):
            empty = SliceComparison(column, value, int(rows.sum()), margin)
            found.append(_one(empty, rows, compare, greater_is_better, min_rows))
    tested = [i for i, (_, p) in enumerate(found) if p is not None]
    adjusted = holm([p for _, p in found if p is not None])
    worse = dict(zip(tested, (float(p) for p in adjusted), strict=True))
    return tuple(_verdict(s, worse.get(i), alpha) for i, (s, _) in enumerate(found))


def _one(
    empty: SliceComparison,
    rows: Mask,
    compare: Callable[[Mask, float], PairedComparison],
    greater_is_better: bool,
    min_rows: int,
) -> tuple[SliceComparison, float | None]:
    """Return the comparison, and the p-value of being worse unless it cannot be told."""
    if empty.n_rows < min_rows:
        return attrs.evolve(empty, why=f"fewer than {min_rows} rows"), None
    try:
        c = compare(rows, empty.margin)
    except ProdmlError as exc:
        return attrs.evolve(empty, why=str(exc)), None
    holds, worse = (c.p_greater, c.p_less) if greater_is_better else (c.p_less, c.p_greater)
    found = attrs.evolve(
        empty,
        champion_score=c.first,
        challenger_score=c.second,
        difference=c.difference,
        p_value=holds,
    )
    return found, worse


def _verdict(found: SliceComparison, worse: float | None, alpha: float) -> SliceComparison:
    if worse is None or found.p_value is None:
        return found
    if worse <= alpha:
        return attrs.evolve(found, p_worse=worse, verdict="worse")
    if found.p_value <= alpha:
        return attrs.evolve(found, p_worse=worse, verdict="holds")
    return attrs.evolve(found, p_worse=worse, why="too few rows to tell")


def _quarters(values: NDArray[np.float64], missing: Mask) -> Iterator[tuple[str, Mask]]:
    edges = np.unique(np.quantile(values[~missing], [0.0, 0.25, 0.5, 0.75, 1.0]))
    for i, (low, high) in enumerate(itertools.pairwise(edges)):
        is_last = i == len(edges) - 2
        rows = ~missing & (values >= low) & ((values <= high) if is_last else (values < high))
        close = "]" if is_last else ")"
        yield f"[{display.number(float(low))}, {display.number(float(high))}{close}", rows


def _each(column: str, values: NDArray[np.str_], missing: Mask) -> Iterator[tuple[str, Mask]]:
    known = np.unique(values[~missing])
    if len(known) > _MOST_VALUES:
        raise ConfigError(
            f'the slice "{column}" has {len(known):,} values, at most {_MOST_VALUES} can be told '
            "apart. Group them first"
        )
    for value in known:
        yield str(value), ~missing & (values == value)


def _missing(values: NDArray[np.generic]) -> Mask:
    if values.dtype.kind == "O":
        asked = (v is None or type(v).__name__ in {"NAType", "NaTType"} or v != v for v in values)  # noqa: PLR0124
        return np.fromiter(asked, dtype=np.bool_, count=len(values))
    if values.dtype.kind in "mM":
        return np.asarray(np.isnat(values), dtype=np.bool_)
    if values.dtype.kind == "f":
        return np.isnan(values.astype(np.float64))
    return np.zeros(len(values), dtype=np.bool_)
