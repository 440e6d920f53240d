"""Whole groups dealt to parts so that each part has its share of every class."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["deal_groups"]


def deal_groups(
    groups: NDArray[np.intp],
    classes: NDArray[np.intp],
    shares: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Return the part of every row; rows of a group are in one part.

    Parameters
    ----------
    groups, classes : ndarray of shape (n,)
        Codes from 0 on.
    shares : ndarray of shape (k,)
        What part of the rows each part should get; they sum to 1.
    rng : numpy.random.Generator
        Breaks ties.

    Returns
    -------
    ndarray of shape (n,)
        From 0 to k - 1. Every part has a group if there are as many groups as parts.

    Notes
    -----
    Greedy, the largest group first: each goes where it moves the counts of rows per class closest to
    what the part should have, in squares relative to it. O(groups * parts * classes).

    Examples
    --------
    >>> import numpy as np
    >>> groups, classes = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 0, 1])
    >>> part = deal_groups(groups, classes, np.array([2 / 3, 1 / 3]), np.random.default_rng(0))
    >>> np.bincount(part).tolist()
    [4, 2]
    """
    import numpy as np

    counts = np.zeros((groups.max() + 1, classes.max() + 1))
    np.add.at(counts, (groups, classes), 1.0)
    wanted = shares[:, np.newaxis] * counts.sum(axis=0)
    have = np.zeros_like(wanted)
    part_of = np.empty(len(counts), dtype=np.intp)
    shuffled = rng.permutation(len(counts))
    order = shuffled[np.argsort(-counts[shuffled].sum(axis=1), kind="stable")]
    for i, group in enumerate(order):
        moved = ((have + counts[group] - wanted) ** 2 - (have - wanted) ** 2) / wanted
        cost = moved.sum(axis=1)
        empty = have.sum(axis=1) == 0.0
        if empty.sum() >= len(order) - i:
            cost[~empty] = np.inf  # as many parts are empty as groups are left
        part = int(cost.argmin())
        part_of[group] = part
        have[part] += counts[group]
    return part_of[groups]
