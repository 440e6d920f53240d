"""Leaves of tree ensembles as conditions on columns, ready for whole arrays of rows.

A leaf is reached when every column on its path lies in an interval. Conditions of one player are one
bit: a row's mask of a leaf says which players would keep it out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from prodml.explain.histogram import HistogramTrees
    from prodml.trees import TreeEnsemble

__all__ = ["LeafBlock", "Nodes", "leaf_blocks"]

MAX_PLAYERS = 62
"""Players on one path; each is a bit of an int64."""

_BLOCK = 1024
# A child without training weight has no share; the floor keeps every factor positive.
_MIN_SHARE = 1e-12


Nodes: TypeAlias = "TreeEnsemble | HistogramTrees"
"""Trees as flat arrays."""


@attrs.frozen(eq=False)
class LeafBlock:
    """Leaves with the same number of players on their paths.

    Parameters
    ----------
    column, low, high, takes_missing, bit : ndarray, shape (n_leaves, n_conditions)
        A condition fails if ``x <= low`` or ``x > high``, or if x is missing and not taken; it then
        sets its bit. A bit of 0 is padding.
    player, share : ndarray, shape (n_leaves, n_players)
        Which player each bit is, and the share of training rows that its conditions let through.
    value : ndarray, shape (n_leaves, n_outputs)
        What the leaf adds.
    """

    column: NDArray[np.intp]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    takes_missing: NDArray[np.bool_]
    bit: NDArray[np.int64]
    player: NDArray[np.intp]
    share: NDArray[np.float64]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.value)

    @property
    def n_players(self) -> int:
        """Players on each path."""
        return int(self.player.shape[1])

    def failing(self, rows: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the mask of players that keep each row out of each leaf, (n_rows, n_leaves)."""
        x = rows[:, self.column]
        fails = (x <= self.low) | (x > self.high)
        fails |= np.isnan(x) & ~self.takes_missing
        masks: NDArray[np.int64] = np.bitwise_or.reduce(np.where(fails, self.bit, 0), axis=2)
        return masks


@attrs.define
class _Condition:
    low: float = np.nan  # nothing is <= NaN
    high: float = np.inf
    takes_missing: bool = True
    share: float = 1.0


_Path = dict[int, _Condition]


def leaf_blocks(
    nodes: Nodes, values: NDArray[np.float64], owners: NDArray[np.intp]
) -> list[LeafBlock] | None:
    """Return the leaves of all trees, in blocks of the same number of players.

    Parameters
    ----------
    nodes : Nodes
        The trees.
    values : ndarray, shape (n_nodes, n_outputs)
        What each leaf adds to the outputs.
    owners : ndarray of int
        The player of each column.

    Returns
    -------
    list of LeafBlock, or None
        None if a path has more than 62 players.
    """
    by_size: dict[int, list[tuple[int, _Path]]] = defaultdict(list)
    for leaf, path in _paths(nodes):
        by_size[len({int(owners[column]) for column in path})].append((leaf, path))
    if max(by_size) > MAX_PLAYERS:
        return None
    return [
        _block(leaves[i : i + _BLOCK], values, owners)
        for _, leaves in sorted(by_size.items())
        for i in range(0, len(leaves), _BLOCK)
    ]


def _paths(nodes: Nodes) -> Iterator[tuple[int, _Path]]:
    """Yield each leaf with the merged conditions on its path."""
    left, right = nodes.left.tolist(), nodes.right.tolist()
    feature, threshold = nodes.feature.tolist(), nodes.threshold.tolist()
    missing_left, cover = nodes.missing_left.tolist(), nodes.cover.tolist()
    for root in nodes.offsets[:-1].tolist():
        stack: list[tuple[int, _Path]] = [(root, {})]
        while stack:
            node, path = stack.pop()
            if left[node] < 0:
                yield node, path
                continue
            for child, goes_left in ((left[node] + root, True), (right[node] + root, False)):
                takes_missing = missing_left[node] == goes_left
                share = cover[child] / cover[node] if cover[node] else 0.0
                step = (threshold[node], goes_left, takes_missing, share)
                column = feature[node]
                stack.append((child, {**path, column: _narrowed(path.get(column), step)}))


def _narrowed(old: _Condition | None, step: tuple[float, bool, bool, float]) -> _Condition:
    threshold, goes_left, takes_missing, share = step
    old = old or _Condition()
    new = attrs.evolve(old, takes_missing=old.takes_missing and takes_missing)
    new.share = max(old.share * share, _MIN_SHARE)
    if goes_left:
        new.high = min(old.high, threshold)
    else:
        new.low = threshold if np.isnan(old.low) else max(old.low, threshold)
    return new


def _block(
    leaves: Sequence[tuple[int, _Path]], values: NDArray[np.float64], owners: NDArray[np.intp]
) -> LeafBlock:
    n_conditions = max(len(path) for _, path in leaves)
    n_players = len({int(owners[column]) for column in leaves[0][1]})
    shape = (len(leaves), n_conditions)
    block = LeafBlock(
        column=np.zeros(shape, np.intp),
        low=np.full(shape, np.nan),
        high=np.full(shape, np.inf),
        takes_missing=np.ones(shape, np.bool_),
        bit=np.zeros(shape, np.int64),
        player=np.zeros((len(leaves), n_players), np.intp),
        share=np.ones((len(leaves), n_players)),
        value=values[[leaf for leaf, _ in leaves]],
    )
    for i, (_, path) in enumerate(leaves):
        _write(block, i, path, owners)
    return block


def _write(block: LeafBlock, i: int, path: _Path, owners: NDArray[np.intp]) -> None:
    places: dict[int, int] = {}
    for c, (column, condition) in enumerate(path.items()):
        place = places.setdefault(int(owners[column]), len(places))
        block.column[i, c] = column
        block.low[i, c] = condition.low
        block.high[i, c] = condition.high
        block.takes_missing[i, c] = condition.takes_missing
        block.bit[i, c] = 1 << place
        block.player[i, place] = owners[column]
        block.share[i, place] *= condition.share
