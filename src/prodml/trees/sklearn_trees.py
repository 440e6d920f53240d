"""Read scikit-learn's trees, forests and gradient boosting into flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from prodml.errors import ConfigError, NotFittedError

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

__all__ = ["read", "read_facts", "trees_of"]

_LINKS = {
    "HalfBinomialLoss": "expit",
    "ExponentialLoss": "expit2",
    "HalfMultinomialLoss": "softmax",
}


def read(estimator: BaseEstimator) -> dict[str, Any]:
    """Return the arguments of a `TreeEnsemble` for a fitted estimator."""
    facts, trees = read_facts(estimator), trees_of(estimator)
    n_outputs = len(facts["base"])
    if facts["combine"] == "sum":
        values = [tree.value[:, 0, :1] for tree in trees]
    elif facts["classes"] is None:
        values = [tree.value[:, :, 0] for tree in trees]
    else:
        values = [tree.value[:, 0, :n_outputs] for tree in trees]
    return {**facts, **_nodes(trees), "value": np.concatenate(values)}


def read_facts(estimator: BaseEstimator) -> dict[str, Any]:
    """Return those arguments that are not arrays of nodes; the compiled trees are not looked at."""
    single, forests, boosting = _kinds()
    if not isinstance(estimator, (*single, *forests, *boosting)):
        raise ConfigError(
            f"cannot read a {type(estimator).__name__} as trees: decision trees, extra trees, "
            "random forests and gradient boosting can be read"
        )
    if not (hasattr(estimator, "tree_") or hasattr(estimator, "estimators_")):
        raise NotFittedError(f"this {type(estimator).__name__} is not fitted: call fit first")
    if isinstance(estimator, boosting):
        return _boosted(estimator)
    return _averaged(estimator, "single" if isinstance(estimator, single) else "mean")


def trees_of(estimator: Any) -> list[Any]:
    """Return the compiled trees of an estimator that `read_facts` has passed, in their order."""
    single, _, boosting = _kinds()
    if isinstance(estimator, single):
        return [estimator.tree_]
    if isinstance(estimator, boosting):
        # Stage by stage, and within a stage class by class: tree t belongs to class t % n_classes.
        return [tree.tree_ for stage in estimator.estimators_ for tree in stage]
    return [tree.tree_ for tree in estimator.estimators_]


def _kinds() -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]:
    from sklearn import ensemble, tree

    tasks = ("Classifier", "Regressor")
    single = tuple(getattr(tree, f"DecisionTree{task}") for task in tasks)
    forests = tuple(
        getattr(ensemble, f"{name}{task}")
        for name in ("RandomForest", "ExtraTrees")
        for task in tasks
    )
    return single, forests, tuple(getattr(ensemble, f"GradientBoosting{task}") for task in tasks)


def _averaged(estimator: Any, combine: str) -> dict[str, Any]:
    classes = getattr(estimator, "classes_", None)
    if classes is not None and estimator.n_outputs_ > 1:
        raise ConfigError("a classifier of several outputs cannot be read as one TreeEnsemble")
    return {
        "n_features": int(estimator.n_features_in_),
        "combine": combine,
        "link": "values" if classes is None else "shares",
        "base": np.zeros(estimator.n_outputs_ if classes is None else len(classes)),
        "classes": classes,
        "allows_missing": bool(estimator.__sklearn_tags__().input_tags.allow_nan),
    }


def _boosted(estimator: Any) -> dict[str, Any]:
    classes = getattr(estimator, "classes_", None)
    return {
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
