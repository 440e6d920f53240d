"""Read scikit-learn's trees, forests and gradient boosting into flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from prodml.errors import ConfigError, NotFittedError

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

__all__ = ["read"]

_LINKS = {
    "HalfBinomialLoss": "expit",
    "ExponentialLoss": "expit2",
    "HalfMultinomialLoss": "softmax",
}


def read(estimator: BaseEstimator) -> dict[str, Any]:
    """Return the arguments of a `TreeEnsemble` for a fitted estimator."""
    from sklearn.ensemble import (
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        GradientBoostingClassifier,
        GradientBoostingRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    )
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    forests = (
        RandomForestClassifier,
        RandomForestRegressor,
        ExtraTreesClassifier,
        ExtraTreesRegressor,
    )
    single = (DecisionTreeClassifier, DecisionTreeRegressor)
    boosting = (GradientBoostingClassifier, GradientBoostingRegressor)
    if not isinstance(estimator, (*single, *forests, *boosting)):
        raise ConfigError(
            f"cannot read a {type(estimator).__name__} as trees: decision trees, extra trees, "
            "random forests and gradient boosting can be read"
        )
    if not (hasattr(estimator, "tree_") or hasattr(estimator, "estimators_")):
        raise NotFittedError(f"this {type(estimator).__name__} is not fitted: call fit first")
    if isinstance(estimator, single):
        return _averaged(estimator, [estimator.tree_], "single")
    if isinstance(estimator, forests):
        return _averaged(estimator, [tree.tree_ for tree in estimator.estimators_], "mean")
    return _boosted(estimator)


def _averaged(estimator: Any, trees: Sequence[Any], combine: str) -> dict[str, Any]:
    classes = getattr(estimator, "classes_", None)
    if classes is not None and estimator.n_outputs_ > 1:
        raise ConfigError("a classifier of several outputs cannot be read as one TreeEnsemble")
    width = estimator.n_outputs_ if classes is None else len(classes)
    values = [
        tree.value[:, :, 0] if classes is None else tree.value[:, 0, :width] for tree in trees
    ]
    return {
        **_nodes(trees),
        "value": np.concatenate(values),
        "n_features": int(estimator.n_features_in_),
        "combine": combine,
        "link": "values" if classes is None else "shares",
        "base": np.zeros(width),
        "classes": classes,
        "allows_missing": bool(estimator.__sklearn_tags__().input_tags.allow_nan),
    }


def _boosted(estimator: Any) -> dict[str, Any]:
    # Stage by stage, and within a stage class by class: tree t belongs to class t % n_classes.
    trees = [tree.tree_ for stage in estimator.estimators_ for tree in stage]
    classes = getattr(estimator, "classes_", None)
    return {
        **_nodes(trees),
        "value": np.concatenate([tree.value[:, 0, :1] for tree in trees]),
        "n_features": int(estimator.n_features_in_),
        "combine": "sum",
        "link": "values" if classes is None else _LINKS[type(estimator._loss).__name__],  # noqa: SLF001
        "base": _base(estimator),
        "scale": float(estimator.learning_rate),
        "classes": classes,
        "allows_missing": False,
    }


def _base(estimator: Any) -> Any:
    from sklearn.dummy import DummyClassifier, DummyRegressor

    init = estimator.init_
    if not isinstance(init, (str, DummyClassifier, DummyRegressor)):
        raise ConfigError(
            f"gradient boosting that starts from a {type(init).__name__} cannot be read as trees"
        )
    # Dummies and "zero" give every row the same start.
    origin = np.zeros((1, estimator.n_features_in_), dtype=np.float32)
    return estimator._raw_predict_init(origin)[0]  # noqa: SLF001


def _nodes(trees: Sequence[Any]) -> dict[str, Any]:
    def column(name: str, dtype: type) -> Any:
        return np.concatenate([getattr(tree, name) for tree in trees]).astype(dtype)

    return {
        "offsets": np.concatenate([[0], np.cumsum([tree.node_count for tree in trees])]),
        "left": column("children_left", np.int32),
        "right": column("children_right", np.int32),
        "feature": column("feature", np.int32),
        "threshold": column("threshold", np.float64),
        "missing_left": column("missing_go_to_left", np.bool_),
        "cover": column("weighted_n_node_samples", np.float64),
    }
