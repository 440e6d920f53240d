"""Shapley values of any model, from its predictions on mixed rows: by enumeration or by sampling."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import TYPE_CHECKING

import attrs
import numpy as np
from numpy.typing import NDArray

from prodml.errors import ConfigError, SchemaError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MixedRows", "enumerated", "n_sweeps", "sampled"]

Array = NDArray[np.float64]
MAX_ENUMERATED = 12
_CHUNK = 2**16


@attrs.frozen(eq=False)
class MixedRows:
    """A model's outputs on rows mixed from one row to explain and the background.

    Parameters
    ----------
    function : callable
        Maps a frame to outputs, shape (n_rows, n_outputs).
    background : DataFrame
        Rows that stand in for absent columns.
    """

    function: Callable[[pd.DataFrame], Array]
    background: pd.DataFrame

    @property
    def n_players(self) -> int:
        """Columns."""
        return self.background.shape[1]

    def outputs(
        self, row: pd.DataFrame, present: NDArray[np.bool_], other: NDArray[np.intp]
    ) -> Array:
        """Return the outputs of mixed rows.

        Parameters
        ----------
        row : DataFrame
            One row.
        present : ndarray of bool, shape (n, n_players)
            Which columns come from `row`.
        other : ndarray of int, shape (n,)
            The background row of the others.

        Returns
        -------
        ndarray, shape (n, n_outputs)
        """
        pool = self._pool(row)
        parts = []
        for start in range(0, len(present), _CHUNK):
            some = slice(start, start + _CHUNK)
            parts.append(self.function(_mixed(pool, present[some], other[some])))
        return np.concatenate(parts)

    def _pool(self, row: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        columns = {name: _like(row[name], self.background[name]) for name in row.columns}
        return pd.concat([self.background, pd.DataFrame(columns)], ignore_index=True)


def _like(cell: pd.Series, background: pd.Series) -> pd.Series:
    """Return a column of one cell as the category the background has, if it has one.

    A record brings its category as text; put together, the two would not be a category any more.
    """
    import pandas as pd

    dtype = background.dtype
    if not isinstance(dtype, pd.CategoricalDtype) or cell.dtype == dtype:
        return cell
    if cell.notna().all() and cell.iloc[0] not in dtype.categories:
        raise SchemaError(
            f'column "{cell.name}" holds a category that the background does not have',
            column=str(cell.name),
        )
    return cell.astype(object).astype(dtype)


def _mixed(pool: pd.DataFrame, present: NDArray[np.bool_], other: NDArray[np.intp]) -> pd.DataFrame:
    import pandas as pd

    last = len(pool) - 1
    columns = {
        name: pool[name].array.take(np.where(present[:, j], last, other))
        for j, name in enumerate(pool.columns)
    }
    return pd.DataFrame(columns)


def enumerated(game: MixedRows, row: pd.DataFrame) -> Array:
    """Return exact interventional Shapley values of one row, from all coalitions.

    Parameters
    ----------
    game : MixedRows
        At most 12 players.
    row : DataFrame
        One row.

    Returns
    -------
    ndarray, shape (n_players, n_outputs)

    Source
    ------
    Shapley 1953; absent columns from the background as in Janzing, Minorics & Bloebaum 2020.
    """
    d, m = game.n_players, len(game.background)
    if d > MAX_ENUMERATED:
        raise ConfigError(f"at most {MAX_ENUMERATED} columns can be enumerated, got {d}")
    coalitions = np.arange(2**d)
    member = (coalitions[:, None] >> np.arange(d)) & 1 == 1
    outputs = game.outputs(row, np.repeat(member, m, axis=0), np.tile(np.arange(m), 2**d))
    worth = outputs.reshape(2**d, m, -1).mean(axis=1)
    weight = np.array([factorial(s) * factorial(d - s - 1) / factorial(d) for s in range(d)])
    values = np.empty((d, worth.shape[1]))
    for i in range(d):
        without = coalitions[~member[:, i]]
        gains = worth[without | (1 << i)] - worth[without]
        values[i] = weight[np.bitwise_count(without)] @ gains
    return values


def n_sweeps(budget: int, n_players: int, n_background: int) -> int:
    """Return how many antithetic pairs of permutations per background row a budget allows, at least 2."""
    return max(2, budget // max(1, 2 * (n_players - 1) * n_background))


def sampled(
    game: MixedRows, row: pd.DataFrame, *, sweeps: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return estimated interventional Shapley values of one row, and their standard errors.

    Every background row is used equally often, with `sweeps` random orders of the columns and their
    reverses; so the values add up to the prediction less the background's mean exactly.

    Parameters
    ----------
    game : MixedRows
        Any number of players from 2 on.
    row : DataFrame
        One row.
    sweeps : int
        Pairs of permutations per background row, at least 2.
    rng : numpy.random.Generator
        Draws the orders.

    Returns
    -------
    values, standard_errors : ndarray, shape (n_players, n_outputs)
        The errors are those of a mean stratified by background row.

    Source
    ------
    Strumbelj & Kononenko 2014; antithetic orders after Mitchell et al. 2022, JMLR 23(43).
    """
    d, m = game.n_players, len(game.background)
    edge = np.array([[False] * d] * m + [[True] * d])
    edges = game.outputs(row, edge, np.array([*range(m), 0]))
    first = second = np.zeros((m, d, edges.shape[1]))
    for _ in range(sweeps):
        ranks = rng.permuted(np.tile(np.arange(d), (m, 1)), axis=1)
        gains = (_gains(game, row, ranks, edges) + _gains(game, row, d - 1 - ranks, edges)) / 2
        first = first + gains
        second = second + gains**2
    variance = np.maximum(second - first**2 / sweeps, 0) / (sweeps - 1)
    return first.mean(axis=0) / sweeps, np.sqrt(variance.mean(axis=0) / (sweeps * m))


def _gains(game: MixedRows, row: pd.DataFrame, ranks: NDArray[np.intp], edges: Array) -> Array:
    """Return what each column adds when the columns come in by rank, (n_background, n_players, n_outputs)."""
    m, d = ranks.shape
    steps = np.arange(1, d)
    present = (ranks[:, None, :] < steps[:, None]).reshape(-1, d)
    inner = game.outputs(row, present, np.repeat(np.arange(m), d - 1)).reshape(m, d - 1, -1)
    last = np.broadcast_to(edges[m], (m, 1, edges.shape[1]))
    walk = np.concatenate([edges[:m, None], inner, last], axis=1)
    return np.take_along_axis(np.diff(walk, axis=1), ranks[:, :, None], axis=1)
