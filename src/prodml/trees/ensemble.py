"""TreeEnsemble: a forest or a boosted sequence of trees as flat arrays."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from prodml.errors import ConfigError, IntegrityError, SchemaError
from prodml.trees.in_place import WalkInPlace
from prodml.trees.structure import check_nodes
from prodml.trees.walk import Walk

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

__all__ = ["TreeEnsemble"]

Combine = Literal["single", "mean", "sum"]
Link = Literal["values", "shares", "expit", "expit2", "softmax"]
_COMBINES = ("single", "mean", "sum")
_LINKS = ("values", "shares", "expit", "expit2", "softmax")
_ARRAYS = (
    "offsets",
    "left",
    "right",
    "feature",
    "threshold",
    "missing_left",
    "value",
    "cover",
    "base",
)


@attrs.frozen(slots=False, eq=False, repr=False)
class TreeEnsemble:
    """Trees as flat arrays, one after the other, that predict what scikit-learn predicts, bit for bit.

    Make one with `from_estimator`. Nodes of tree `t` are ``offsets[t]:offsets[t + 1]``, the root first,
    parents before children.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n_trees + 1,)
        Where each tree begins.
    left, right : ndarray of int32, shape (n_nodes,)
        Children, counted within the tree; -1 in a leaf.
    feature : ndarray of int32, shape (n_nodes,)
        Column an inner node looks at.
    threshold : ndarray of float64, shape (n_nodes,)
        Values up to it go left.
    missing_left : ndarray of bool, shape (n_nodes,)
        Whether a missing value goes left.
    value : ndarray of float64, shape (n_nodes, width)
        What a node predicts: one number per output, or the share of every class.
    cover : ndarray of float64, shape (n_nodes,)
        Weight of the training rows that reached the node.
    n_features : int
        Columns of a row.
    combine : {"single", "mean", "sum"}
        One tree; the mean of all; or ``base + scale * sum``, where tree `t` adds to raw output
        ``t % len(base)``.
    link : {"values", "shares", "expit", "expit2", "softmax"}
        How raw outputs become predictions: as they are (regression), as probabilities, or through
        ``expit(raw)``, ``expit(2 * raw)`` or a softmax.
    base : ndarray of float64, shape (n_raw,)
        What a sum starts from; zeros elsewhere.
    scale : float, default 1.0
        Learning rate of a sum.
    classes : ndarray or None
        Labels of a classifier.
    allows_missing : bool, default True
        Whether NaN may be predicted on, as in the estimator it came from.
    depth : int or None, default None
        Steps from a root to the deepest leaf, or more. If given, trees are walked in the arrays as they
        are, which may lie in a memory-mapped file; None prepares a faster copy when first walked.
    """

    offsets: NDArray[np.int64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float64]
    cover: NDArray[np.float64]
    n_features: int
    combine: Combine
    link: Link
    base: NDArray[np.float64]
    scale: float = 1.0
    classes: NDArray[np.generic] | None = None
    allows_missing: bool = True
    depth: int | None = None

    @classmethod
    def from_estimator(cls, estimator: BaseEstimator) -> TreeEnsemble:
        """Read a fitted tree, forest or gradient boosting of scikit-learn.

        Parameters
        ----------
        estimator : estimator
            A fitted `DecisionTree*`, `ExtraTree*`, `RandomForest*`, `ExtraTrees*` or
            `GradientBoosting*`; regressors may have several outputs, classifiers one.

        Returns
        -------
        TreeEnsemble
            Validated; holds copies of the estimator's arrays.

        Raises
        ------
        ConfigError
            If this kind of estimator, or this setting of it, cannot be read.
        NotFittedError
            If it is not fitted.
        IntegrityError
            If its arrays are not those of trees.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array(["a", "a", "b", "b"])
        >>> trees = TreeEnsemble.from_estimator(DecisionTreeClassifier().fit(X, y))
        >>> trees
        TreeEnsemble(n_trees=1, n_nodes=3, depth=1, n_features=1, combine='single', link='shares')
        >>> trees.predict([[1.2], [1.8]]).tolist()
        ['a', 'b']
        """
        from prodml.trees.sklearn_trees import read

        return cls(**read(estimator)).validate()

    @classmethod
    def from_arrays(
        cls, header: Mapping[str, object], arrays: Mapping[str, NDArray[np.generic]]
    ) -> TreeEnsemble:
        """Rebuild from what `to_arrays` gave; the classes, if any, are in ``arrays["classes"]``.

        Raises
        ------
        IntegrityError
            If the parts do not make an ensemble.
        """
        wanted = {"n_features", "combine", "link", "scale", "allows_missing"}
        if set(header) != wanted or not {*_ARRAYS} <= set(arrays) <= {*_ARRAYS, "classes"}:
            raise IntegrityError("these are not the parts of a TreeEnsemble")
        return cls(**header, **arrays).validate()  # type: ignore[arg-type]

    def to_arrays(self) -> tuple[dict[str, object], dict[str, NDArray[np.generic]]]:
        """Take apart into a small JSON-able header and named arrays."""
        names = ("n_features", "combine", "link", "scale", "allows_missing")
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        if self.classes is not None:
            arrays["classes"] = self.classes
        return {name: getattr(self, name) for name in names}, arrays

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.offsets) - 1

    @property
    def n_nodes(self) -> int:
        """Number of nodes of all trees together."""
        return len(self.left)

    @property
    def n_raw(self) -> int:
        """Columns of `predict_raw`."""
        return len(self.base)

    @cached_property
    def walk(self) -> Walk | WalkInPlace:
        """The arrays prepared for walking; made when first used."""
        names = ("offsets", "left", "right", "feature", "threshold", "missing_left")
        nodes = {name: getattr(self, name) for name in names}
        return Walk.of(**nodes) if self.depth is None else WalkInPlace(**nodes, depth=self.depth)

    def validate(self) -> TreeEnsemble:
        """Refuse values that could crash, hang or mislead a walk. O(nodes).

        Returns
        -------
        TreeEnsemble
            This one.

        Raises
        ------
        IntegrityError
            Names the tree and the node at fault.
        """
        if self.combine not in _COMBINES or self.link not in _LINKS:
            raise IntegrityError(f"unknown combine {self.combine!r} or link {self.link!r}")
        for name, kinds in (("offsets", "iu"), ("left", "i"), ("right", "i"), ("feature", "i")):
            if getattr(self, name).dtype.kind not in kinds:
                raise IntegrityError(f"{name} must hold whole numbers")
        if self.threshold.dtype != np.float64 or self.value.dtype != np.float64:
            raise IntegrityError("threshold and value must be float64")
        names = ("offsets", "left", "right", "feature", "threshold")
        check_nodes(n_features=self.n_features, **{name: getattr(self, name) for name in names})
        self._check_values()
        return self

    def _check_values(self) -> None:
        n = self.n_nodes
        boosted = self.combine == "sum"
        width = 1 if boosted else self.n_raw
        if self.value.shape != (n, width) or self.cover.shape != (n,):
            raise IntegrityError(f"value has shape {self.value.shape}, expected {(n, width)}")
        if self.missing_left.shape != (n,) or self.missing_left.dtype != np.bool_:
            raise IntegrityError("missing_left must hold one boolean per node")
        if self.n_raw < 1 or (boosted and self.n_trees % self.n_raw):
            raise IntegrityError(f"{self.n_trees} trees do not add up to {self.n_raw} raw outputs")
        if self.combine == "single" and self.n_trees != 1:
            raise IntegrityError(f"a single tree was promised, there are {self.n_trees}")
        n_classes = {"shares": self.n_raw, "softmax": self.n_raw, "values": 0}.get(self.link, 2)
        if n_classes != (0 if self.classes is None else len(self.classes)):
            raise IntegrityError("the classes do not fit the raw outputs")
        leaf = self.left == -1
        bad = leaf & ~np.isfinite(self.value).all(axis=1)
        if bad.any():
            node = int(np.argmax(bad))
            tree = int(np.searchsorted(self.offsets, node, side="right")) - 1
            at = node - int(self.offsets[tree])
            raise IntegrityError(f"tree {tree}, node {at}: the value is not finite")

    def predict_raw(self, X: ArrayLike) -> NDArray[np.float64]:
        """Predict raw outputs: means of values or shares, or boosted scores before the link.

        Parameters
        ----------
        X : array-like, shape (n_rows, n_features)
            Rows; cast to float32 as scikit-learn does. O(rows * trees * depth); scikit-learn's own
            walk is faster from some hundreds of rows on.

        Returns
        -------
        ndarray of float64, shape (n_rows, n_raw)

        Raises
        ------
        SchemaError
            If the columns do not fit, a value is infinite or too large for float32, or one is
            missing where `allows_missing` is False.
        """
        rows = self._rows(X)
        # Tree by row, in memory too: numpy sums along an axis in order only if it is not the inner one.
        leaves = np.ascontiguousarray(self.walk.leaves(rows).T)
        width = self.n_raw * len(rows)
        if self.combine == "single":
            single: NDArray[np.float64] = self.value[leaves[0]]
            return single
        if self.combine == "mean":
            terms = self.value[leaves].reshape(self.n_trees, width)
            total = _sum_in_order(np.zeros(width), terms)
            return (total / self.n_trees).reshape(len(rows), self.n_raw)
        terms = (self.scale * self.value[leaves, 0]).reshape(self.n_trees // self.n_raw, width)
        start = np.repeat(self.base, len(rows))
        return np.ascontiguousarray(_sum_in_order(start, terms).reshape(self.n_raw, len(rows)).T)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Predict the probability of every class.

        Returns
        -------
        ndarray of float64, shape (n_rows, n_classes)

        Raises
        ------
        ConfigError
            If this is a regressor.
        """
        if self.link == "values":
            raise ConfigError("a regressor has no predict_proba; use predict")
        return self._probabilities(self.predict_raw(X))

    def predict(self, X: ArrayLike) -> NDArray[np.generic]:
        """Predict labels, or values of shape (n_rows,) or (n_rows, n_outputs)."""
        raw = self.predict_raw(X)
        if self.classes is None:
            return raw[:, 0] if self.n_raw == 1 else raw
        binary = self.link in ("expit", "expit2")
        chosen = (raw[:, 0] >= 0).astype(int) if binary else raw.argmax(axis=1)
        labels: NDArray[np.generic] = self.classes.take(chosen)
        return labels

    def _probabilities(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.link == "shares":
            return raw
        if self.link == "softmax":
            shares: NDArray[np.float64] = np.exp(raw - raw.max(axis=1, keepdims=True))
            shares /= shares.sum(axis=1, keepdims=True)
            return shares
        from scipy.special import expit

        second: NDArray[np.float64] = expit(raw[:, 0] if self.link == "expit" else 2 * raw[:, 0])
        return np.stack([1 - second, second], axis=1)

    def _rows(self, X: ArrayLike) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):  # what is too large becomes inf and is refused below
            rows = np.asarray(X, dtype=np.float32)
        if rows.ndim != 2 or rows.shape[1] != self.n_features:
            raise SchemaError(f"expected rows of {self.n_features} columns, got shape {rows.shape}")
        if np.isfinite(rows).all():
            return rows
        if np.isinf(rows).any():
            raise SchemaError("a value is infinite or too large for float32")
        if not self.allows_missing:
            raise SchemaError("a value is missing, and this kind of model does not take NaN")
        return rows

    def __repr__(self) -> str:
        return (
            f"TreeEnsemble(n_trees={self.n_trees}, n_nodes={self.n_nodes}, depth={self.walk.depth}, "
            f"n_features={self.n_features}, combine={self.combine!r}, link={self.link!r})"
        )


def _sum_in_order(start: NDArray[np.float64], terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add the rows of `terms` to `start` one after the other, as a loop would.

    numpy adds a single column pairwise, which rounds differently; a running sum does not.
    """
    if terms.shape[1] == 1:
        return np.cumsum(np.concatenate([start, terms[:, 0]]))[-1:]
    terms[0] += start  # sums of two commute exactly
    total: NDArray[np.float64] = np.add.reduce(terms, axis=0)
    return total
