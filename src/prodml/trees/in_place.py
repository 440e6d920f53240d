"""Walk trees in the arrays they are stored in: nothing is prepared, nothing is copied."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from prodml.errors import IntegrityError

__all__ = ["WalkInPlace"]

# Rows are walked in blocks, so that the work arrays stay inside the cache.
_BLOCK = 1 << 16


@attrs.frozen(eq=False)
class WalkInPlace:
    """Finds leaves in arrays that may lie in a memory-mapped file, shared by many processes.

    Every step is bounded by numpy and the number of steps by `depth`: arrays that are not those of
    trees give an `IntegrityError` or wrong leaves, never a crash or an endless loop.

    Parameters
    ----------
    offsets, left, right, feature, threshold, missing_left : ndarray
        As in `TreeEnsemble`.
    depth : int
        Steps from a root to the deepest leaf, or more.
    """

    offsets: NDArray[np.integer]
    left: NDArray[np.integer]
    right: NDArray[np.integer]
    feature: NDArray[np.integer]
    threshold: NDArray[np.floating]
    missing_left: NDArray[np.bool_]
    depth: int

    def leaves(self, X: NDArray[np.float32]) -> NDArray[np.int64]:
        """Find the leaf of every row in every tree.

        Parameters
        ----------
        X : ndarray of float32, shape (n_rows, n_features)
            Rows; NaN is a missing value.

        Returns
        -------
        ndarray of int64, shape (n_rows, n_trees)
            Node numbers over all trees. O(rows * trees * depth).
        """
        block = max(1, _BLOCK // (len(self.offsets) - 1))
        try:
            if len(X) <= block:
                return self._leaves(X)
            parts = [self._leaves(X[i : i + block]) for i in range(0, len(X), block)]
        except IndexError as exc:
            raise IntegrityError("a node of a tree leads out of its arrays") from exc
        return np.concatenate(parts)

    def _leaves(self, X: NDArray[np.float32]) -> NDArray[np.int64]:
        roots = np.asarray(self.offsets[:-1], dtype=np.int64)
        node: NDArray[np.int64] = np.tile(roots, len(X))
        found = node.copy()
        start, at = node.copy(), np.arange(len(node))
        row = np.repeat(np.arange(len(X)), len(roots))
        has_missing = bool(np.isnan(X).any())
        for _ in range(self.depth + 1):
            left = self.left[node]
            inner = left >= 0
            if not inner.all():  # those that arrived walk no further
                found[at[~inner]] = node[~inner]
                at, row, start, node = at[inner], row[inner], start[inner], node[inner]
                left = left[inner]
            if not len(node):
                return found.reshape(len(X), len(roots))
            value = X[row, self.feature[node]]
            # float32 against float64, as scikit-learn compares: the value is widened.
            right = value > self.threshold[node]
            if has_missing:
                right |= np.isnan(value) & ~self.missing_left[node]
            node = start + np.where(right, self.right[node], left)
        raise IntegrityError(f"a tree is deeper than the {self.depth} steps it claims")
