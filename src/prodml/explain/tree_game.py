"""Exact Shapley values of tree ensembles, path-dependent and interventional, in float64.

For leaves with few players the contributions of every possible mask are tabulated once, whatever
the size of the background; a row then costs one lookup per leaf.
"""

from __future__ import annotations

from functools import cache
from math import factorial

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from prodml.explain.leaves import LeafBlock

__all__ = ["TreeGame"]

Array = NDArray[np.float64]

_TABLE_PLAYERS = 8
_TABLE_BYTES = 256 * 2**20
_CHUNK = 2**21
_MAX_POINTS = 10


@attrs.frozen(eq=False)
class TreeGame:
    """The game that the columns of a tree ensemble play.

    Parameters
    ----------
    blocks : list of LeafBlock
        The leaves.
    offset : ndarray, shape (n_outputs,)
        What is added to the sum of the leaves.
    n_players : int
        How many players there are.
    background : ndarray, shape (n_background, n_columns), or None
        With one the values are interventional: absent columns are taken from the background rows.
        Without, they are path-dependent: absent columns follow the training rows down both sides.
    is_single : bool, default True
        Whether rows are cast to float32 first, as scikit-learn's trees do.

    Source
    ------
    Lundberg et al. 2020 (TreeSHAP); the path-dependent sum as an integral after Wettenstein, Mitchell & Yu,
    arXiv 2605.04497.
    """

    blocks: list[LeafBlock]
    offset: Array
    n_players: int
    background: Array | None
    is_single: bool = True
    base: Array = attrs.field(init=False)
    _parts: list[_Part] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        background = None if self.background is None else self._cast(self.background)
        parts = []
        room = _TABLE_BYTES
        for block in self.blocks:
            part = _Part.of(block, self.n_players, background, room)
            room -= 0 if part.table is None else part.table.nbytes
            parts.append(part)
        object.__setattr__(self, "_parts", parts)
        object.__setattr__(self, "base", self.offset + sum(part.base for part in parts))

    def predict(self, rows: Array) -> Array:
        """Return the outputs, shape (n_rows, n_outputs)."""
        x = self._cast(rows)
        total = np.repeat(self.offset[None], len(x), axis=0)
        for block in self.blocks:
            for some in _chunks(len(x), block.column.size):
                total[some] += (block.failing(x[some]) == 0) @ block.value
        return total

    def contributions(self, rows: Array) -> Array:
        """Return the contributions, shape (n_rows, n_players, n_outputs)."""
        x = self._cast(rows)
        values = np.zeros((len(x), self.n_players, len(self.offset)))
        for part in self._parts:
            for some in _chunks(len(x), part.cost):
                part.add_to(values[some], x[some])
        return values

    def _cast(self, rows: Array) -> Array:
        return rows.astype(np.float32).astype(np.float64) if self.is_single else rows


@attrs.frozen(eq=False)
class _Part:
    """One block with what is precomputed for it."""

    block: LeafBlock
    table: Array | None  # (n_leaves, 2 ** n_players, n_players)
    failing: NDArray[np.int64] | None  # of the background, (n_leaves, n_background)
    spread: list[csr_array]  # per output: (n_players of the game, n_leaves * n_players)
    base: Array

    @classmethod
    def of(cls, block: LeafBlock, n_players: int, background: Array | None, room: int) -> _Part:
        failing = None if background is None else _failing(block, background)
        if failing is None:
            base = block.share.prod(axis=1) @ block.value
        else:
            base = (failing == 0).mean(axis=1) @ block.value
        n_bytes = len(block) * 2**block.n_players * block.n_players * 8
        table = None
        if block.n_players <= _TABLE_PLAYERS and n_bytes <= room:
            table = _tabulated(block, failing)
        return cls(block, table, failing, _spread(block, n_players), base)

    @property
    def cost(self) -> int:
        """Numbers held at once per row."""
        if self.table is None and self.failing is not None:
            return self.failing.size
        return self.block.column.size

    def add_to(self, values: Array, rows: Array) -> None:
        """Add the contributions of these leaves to `values`, in place."""
        block = self.block
        if not self.spread:
            return
        masks = block.failing(rows)
        if self.table is not None:
            unit = self.table[np.arange(len(block)), masks]
        elif self.failing is not None:
            unit = _interventional(masks, self.failing, block.n_players)
        else:
            unit = _path_dependent(masks, block.share)
        flat = unit.reshape(len(rows), -1).T
        for k, spread in enumerate(self.spread):
            values[:, :, k] += (spread @ flat).T


def _chunks(n_rows: int, cost: int) -> list[slice]:
    step = max(1, _CHUNK // max(cost, 1))
    return [slice(i, i + step) for i in range(0, n_rows, step)]


def _failing(block: LeafBlock, rows: Array) -> NDArray[np.int64]:
    chunks = [block.failing(rows[some]) for some in _chunks(len(rows), block.column.size)]
    return np.ascontiguousarray(np.concatenate(chunks).T)


def _spread(block: LeafBlock, n_players: int) -> list[csr_array]:
    if not block.n_players:
        return []
    cells = block.player.ravel()
    place = (cells, np.arange(len(cells)))
    shape = (n_players, len(cells))
    weights = np.repeat(block.value, block.n_players, axis=0)
    return [csr_array((weights[:, k], place), shape=shape) for k in range(weights.shape[1])]


def _tabulated(block: LeafBlock, failing: NDArray[np.int64] | None) -> Array:
    d = block.n_players
    if failing is None:
        masks = np.repeat(np.arange(2**d)[:, None], len(block), axis=1)
        return np.ascontiguousarray(_path_dependent(masks, block.share).transpose(1, 0, 2))
    at = failing + 2**d * np.arange(len(block))[:, None]
    counts = np.bincount(at.ravel(), minlength=len(block) * 2**d).reshape(len(block), 2**d)
    table: Array = (counts / failing.shape[1]) @ _kernel(d).reshape(2**d, -1)
    return table.reshape(len(block), 2**d, d)


def _path_dependent(masks: NDArray[np.int64], share: Array) -> Array:
    """Contributions to a leaf of value 1, shape (n_rows, n_leaves, n_players).

    phi_i = (b_i - r_i) * integral over [0, 1] of prod_{j != i} (r_j + t (b_j - r_j)) dt, where b_j says
    that player j lets the row in and r_j is its share of the training rows. A polynomial of degree d - 1,
    so ceil(d / 2) Gauss-Legendre points are exact, and every factor is positive.
    """
    d = share.shape[1]
    lets_in = 1.0 - _bits(masks, d)
    away = lets_in - share
    nodes, weights = np.polynomial.legendre.leggauss(min(-(-d // 2), _MAX_POINTS) or 1)
    total = np.zeros_like(away)
    for t, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        factors = share + t * away
        total += weight * factors.prod(axis=2, keepdims=True) / factors
    return away * total


def _interventional(masks: NDArray[np.int64], failing: NDArray[np.int64], n_players: int) -> Array:
    """Contributions to a leaf of value 1, averaged over the background, (n_rows, n_leaves, n_players).

    Of a row that fails at the players X and a background row that fails at Z, only disjoint pairs count:
    a player of Z brings the leaf in, with weight (|Z| - 1)! |X|! / (|Z| + |X|)!, one of X keeps it out.
    """
    brings, keeps = _weights(n_players)
    meets = (masks[:, :, None] & failing) == 0
    n_z = np.bitwise_count(failing).astype(np.intp)[None]
    n_x = np.bitwise_count(masks).astype(np.intp)[:, :, None]
    plus = np.where(meets, brings[n_z, n_x], 0.0)
    minus = np.where(meets, keeps[n_z, n_x], 0.0).sum(axis=2)
    gained = np.matmul(plus.transpose(1, 0, 2), _bits(failing, n_players)).transpose(1, 0, 2)
    total: Array = (gained - minus[:, :, None] * _bits(masks, n_players)) / failing.shape[1]
    return total


@cache
def _weights(d: int) -> tuple[Array, Array]:
    """Weights of a player in Z and of one in X, by (|Z|, |X|)."""
    brings, keeps = np.zeros((d + 1, d + 1)), np.zeros((d + 1, d + 1))
    for z in range(d + 1):
        for x in range(d + 1 - z):
            total = factorial(z + x)
            brings[z, x] = factorial(z - 1) * factorial(x) / total if z else 0.0
            keeps[z, x] = factorial(z) * factorial(x - 1) / total if x else 0.0
    return brings, keeps


@cache
def _kernel(d: int) -> Array:
    """Contributions for every pair of masks, shape (2 ** d of Z, 2 ** d of X, d)."""
    masks = np.arange(2**d, dtype=np.int64)
    # One "leaf" per Z with one background row each gives exactly the pairs.
    every = np.repeat(masks[:, None], len(masks), axis=1)
    return _interventional(every, masks[:, None], d).transpose(1, 0, 2).copy()


def _bits(masks: NDArray[np.int64], d: int) -> Array:
    return ((masks[..., None] >> np.arange(d)) & 1).astype(np.float64)
