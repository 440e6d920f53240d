"""Walk all trees at once, level by level."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from prodml.trees.structure import tree_depths

__all__ = ["Walk"]

# Rows are walked in blocks, so that the (rows, trees) work arrays stay inside the cache.
_BLOCK = 1 << 16


@attrs.frozen(eq=False)
class Walk:
    """Node arrays made for walking: one numbering for all trees, leaves that lead to themselves.

    Parameters
    ----------
    roots : ndarray of int64, shape (n_trees,)
        First node of every tree.
    child : ndarray of int64, shape (2 * n_nodes,)
        Left and right child of node `i` at ``2 * i`` and ``2 * i + 1``.
    feature : ndarray of int64, shape (n_nodes,)
        Column to look at; 0 in a leaf.
    threshold : ndarray of float64, shape (n_nodes,)
        ``inf`` in a leaf.
    missing_right : ndarray of bool, shape (n_nodes,)
        Whether a missing value goes right.
    depth : int
        Steps from a root to the deepest leaf.
    """

    roots: NDArray[np.int64]
    child: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    missing_right: NDArray[np.bool_]
    depth: int

    @classmethod
    def of(
        cls,
        *,
        offsets: NDArray[np.integer],
        left: NDArray[np.integer],
        right: NDArray[np.integer],
        feature: NDArray[np.integer],
        threshold: NDArray[np.floating],
        missing_left: NDArray[np.bool_],
    ) -> Walk:
        """Prepare arrays that `check_nodes` has passed."""
        n = len(left)
        leaf = np.asarray(left) == -1
        node = np.arange(n)
        start = np.repeat(offsets[:-1], np.diff(offsets))
        child = np.empty(2 * n, dtype=np.int64)
        child[0::2] = np.where(leaf, node, start + left)
        child[1::2] = np.where(leaf, node, start + right)
        roots = np.asarray(offsets[:-1], dtype=np.int64)
        return cls(
            roots=roots,
            child=child,
            feature=np.where(leaf, 0, feature).astype(np.int64),
            threshold=np.where(leaf, np.inf, threshold).astype(np.float64),
            missing_right=~np.asarray(missing_left, dtype=bool),
            depth=int(tree_depths(offsets=offsets, left=left, right=right).max()),
        )

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
        block = max(1, _BLOCK // len(self.roots))
        if len(X) <= block:
            return self._leaves(X)
        return np.concatenate([self._leaves(X[i : i + block]) for i in range(0, len(X), block)])

    def _leaves(self, X: NDArray[np.float32]) -> NDArray[np.int64]:
        node = np.repeat(self.roots[np.newaxis], len(X), axis=0)
        row = np.arange(len(X))[:, np.newaxis]
        has_missing = bool(np.isnan(X).any())
        for _ in range(self.depth):
            value = X[row, self.feature[node]]
            # float32 against float64, as scikit-learn compares: the value is widened, not the
            # threshold narrowed.
            right = value > self.threshold[node]
            if has_missing:
                right |= np.isnan(value) & self.missing_right[node]
            node = self.child[2 * node + right]
        return node
