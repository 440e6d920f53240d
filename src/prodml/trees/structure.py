"""What node arrays must satisfy before anything walks them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from prodml.errors import IntegrityError

__all__ = ["check_nodes", "check_offsets", "tree_depths"]

_BLOCK = 1 << 18


def check_nodes(
    *,
    offsets: NDArray[np.integer],
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    feature: NDArray[np.integer],
    threshold: NDArray[np.floating],
    n_features: int | NDArray[np.integer],
) -> None:
    """Refuse node arrays that could crash or hang whoever walks them. O(nodes), numpy only.

    A tree is laid out parents first: both children of a node stand behind it. That alone rules out
    cycles; that every node but the root has exactly one parent rules out shared and lost branches.

    Parameters
    ----------
    offsets : ndarray of int, shape (n_trees + 1,)
        Tree `t` owns the nodes ``offsets[t]:offsets[t + 1]``; every tree has at least one.
    left, right : ndarray of int, shape (n_nodes,)
        Children, counted within the tree; both -1 in a leaf.
    feature : ndarray of int, shape (n_nodes,)
        Column that an inner node looks at; anything in a leaf.
    threshold : ndarray of float, shape (n_nodes,)
        Rows with a value up to it go left. ``inf`` is allowed (scikit-learn parts missing values
        from all others that way), NaN and ``-inf`` are not.
    n_features : int or ndarray of int, shape (n_trees,)
        Columns that a row has, for all trees or for each.

    Raises
    ------
    IntegrityError
        Names the first tree and node at fault.

    Examples
    --------
    >>> import numpy as np
    >>> stump = dict(offsets=np.array([0, 3]), feature=np.array([1, -2, -2]),
    ...              threshold=np.array([0.5, -2.0, -2.0]), n_features=2)
    >>> check_nodes(left=np.array([1, -1, -1]), right=np.array([2, -1, -1]), **stump)
    >>> check_nodes(left=np.array([0, -1, -1]), right=np.array([2, -1, -1]), **stump)
    Traceback (most recent call last):
        ...
    prodml.errors.IntegrityError: tree 0, node 0: a child must stand behind its parent and inside the tree
    """
    n_nodes = check_offsets(offsets, len(left))
    for name, column in (("right", right), ("feature", feature), ("threshold", threshold)):
        if column.shape != (n_nodes,):
            raise IntegrityError(f"{name} has shape {column.shape}, the trees have {n_nodes} nodes")
    widths = np.broadcast_to(np.asarray(n_features), len(offsets) - 1)
    for first, last in _blocks(np.asarray(offsets, dtype=np.int64)):
        part = slice(int(offsets[first]), int(offsets[last]))
        nodes = (left[part], right[part], feature[part], threshold[part])
        _check_block(first, np.diff(offsets[first : last + 1]), nodes, widths[first:last])


def _blocks(offsets: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Cut the trees into blocks of not much more than `_BLOCK` nodes, so that little memory is needed."""
    first, n_trees = 0, len(offsets) - 1
    while first < n_trees:
        last = int(np.searchsorted(offsets, offsets[first] + _BLOCK))
        last = min(max(last, first + 1), n_trees)
        yield first, last
        first = last


def _check_block(
    first: int,
    sizes: NDArray[np.integer],
    nodes: tuple[
        NDArray[np.integer], NDArray[np.integer], NDArray[np.integer], NDArray[np.floating]
    ],
    widths: NDArray[np.integer],
) -> None:
    left, right, feature, threshold = nodes
    tree = np.repeat(np.arange(len(sizes)), sizes)
    start = (np.cumsum(sizes) - sizes)[tree]
    local = np.arange(len(left)) - start
    size = sizes[tree]
    leaf = (left == -1) & (right == -1)

    def demand(good: NDArray[np.bool_], what: str) -> None:
        if not good.all():
            node = int(np.argmin(good))
            raise IntegrityError(f"tree {first + tree[node]}, node {local[node]}: {what}")

    inside = (left > local) & (left < size) & (right > local) & (right < size)
    demand(leaf | inside, "a child must stand behind its parent and inside the tree")
    width = widths[tree]
    demand(leaf | ((feature >= 0) & (feature < width)), "the feature is not one of the columns")
    demand(leaf | (threshold > -np.inf), "the threshold is not a number")
    children = np.concatenate([(start + left)[~leaf], (start + right)[~leaf]])
    n_parents = np.bincount(children, minlength=len(left))
    demand(n_parents == (local > 0), "every node but the root has exactly one parent")


def tree_depths(
    *, offsets: NDArray[np.integer], left: NDArray[np.integer], right: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Return how many steps it is from each root to its deepest leaf.

    Parameters
    ----------
    offsets, left, right : ndarray of int
        As `check_nodes` has passed them.

    Returns
    -------
    ndarray of int64, shape (n_trees,)
        O(nodes * log depth), so that a chain of a million nodes is no trap.

    Examples
    --------
    >>> import numpy as np
    >>> tree_depths(offsets=np.array([0, 3, 4]), left=np.array([1, -1, -1, -1]),
    ...             right=np.array([2, -1, -1, -1]))
    array([1, 0])
    """
    start = np.repeat(np.asarray(offsets[:-1], dtype=np.int64), np.diff(offsets))
    inner = np.flatnonzero(np.asarray(left) != -1)
    above = np.arange(len(start))  # a root stands above itself
    for child in (left, right):
        above[start[inner] + child[inner]] = inner
    depth = (above != np.arange(len(start))).astype(np.int64)
    # Each round looks twice as far up; what lies beyond a root adds nothing.
    while (above != start).any():
        depth += depth[above]
        above = above[above]
    return np.maximum.reduceat(depth, np.asarray(offsets[:-1], dtype=np.int64))


def check_offsets(offsets: NDArray[np.integer], n_nodes: int) -> int:
    """Refuse offsets that do not cut `n_nodes` nodes into trees of at least one node each.

    Returns
    -------
    int
        `n_nodes`.
    """
    if offsets.ndim != 1 or len(offsets) < 2 or int(offsets[0]) != 0 or int(offsets[-1]) != n_nodes:
        raise IntegrityError(f"offsets do not cut {n_nodes} nodes into trees")
    if not (offsets[1:] > offsets[:-1]).all():
        raise IntegrityError("offsets must rise: every tree has at least one node")
    return n_nodes
