"""Histogram gradient boosting of scikit-learn as flat arrays."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["HistogramTrees", "histogram_trees"]


@attrs.frozen(eq=False)
class HistogramTrees:
    """Nodes of all trees, one after the other; see `prodml.trees.TreeEnsemble` for the names."""

    offsets: NDArray[np.int64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    missing_left: NDArray[np.bool_]
    cover: NDArray[np.float64]
    value: NDArray[np.float64]
    base: NDArray[np.float64]


def histogram_trees(model: Any) -> HistogramTrees | None:
    """Read a fitted ``HistGradientBoosting*``; None if that cannot be done.

    It cannot where trees split on categories, or the prediction is not the sum of the trees.
    scikit-learn gives no public way to these trees. The attributes read are the same from 1.6 to 1.9; if they
    change, or mean something else, the caller notices because the outputs no longer agree.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if not isinstance(model, HistGradientBoostingClassifier | HistGradientBoostingRegressor):
        return None
    if getattr(model, "is_categorical_", None) is not None or model.loss in ("poisson", "gamma"):
        return None  # of the last two, the prediction is the exponential of the sum
    try:
        trees = [tree.nodes for stage in model._predictors for tree in stage]  # noqa: SLF001
        base = np.asarray(model._baseline_prediction, dtype=np.float64).ravel()  # noqa: SLF001
    except AttributeError:
        return None
    n_outputs = len(base)
    nodes = np.concatenate(trees)
    is_leaf = nodes["is_leaf"].astype(bool)
    sizes = [len(tree) for tree in trees]
    output = np.repeat(np.arange(len(trees)) % n_outputs, sizes)
    value = np.zeros((len(nodes), n_outputs))
    value[np.arange(len(nodes)), output] = nodes["value"]
    return HistogramTrees(
        offsets=np.cumsum([0, *sizes]),
        left=np.where(is_leaf, -1, nodes["left"].astype(np.int64)).astype(np.int32),
        right=np.where(is_leaf, -1, nodes["right"].astype(np.int64)).astype(np.int32),
        feature=nodes["feature_idx"].astype(np.int32),
        threshold=nodes["num_threshold"].astype(np.float64),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        cover=nodes["count"].astype(np.float64),
        value=value,
        base=base,
    )
