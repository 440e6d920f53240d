# ruff: noqa: SLF001 - scikit-learn's private state is what needs checking
"""Checks of restored estimators whose compiled code would trust what the file says.

Most of scikit-learn predicts with numpy, which answers arrays that do not fit with an exception.
The estimators here hand arrays to compiled code that does not look: an index out of range there is a
crash of the process. Each guard checks what that code takes for granted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from prodml.errors import IntegrityError
from prodml.trees import check_nodes

__all__ = ["check_objects"]

_MAX_WORKERS = 256


def check_objects(objects: Iterable[Any]) -> None:
    """Check every restored object; those that must run something do so last.

    Raises
    ------
    IntegrityError
        If compiled code could be led astray.
    """
    objects = [o for o in objects if hasattr(o, "__dict__")]
    kinds: list[Any] = [type(o) for o in objects]
    for instance, kind in zip(objects, kinds, strict=True):
        _check_machine(instance)
        for guard in _guards_of(kind)[0]:
            guard(instance)
    for instance, kind in zip(objects, kinds, strict=True):
        for guard in _guards_of(kind)[1]:
            guard(instance)


@lru_cache(maxsize=1024)
def _guards_of(kind: type) -> tuple[list[Any], list[Any]]:
    names = [f"{cls.__module__}.{cls.__qualname__}" for cls in kind.__mro__]
    plain = [_GUARDS[name] for name in names if name in _GUARDS]
    return plain, [_RUNNING_GUARDS[name] for name in names if name in _RUNNING_GUARDS]


def _demand(good: object, instance: Any, what: str) -> None:
    if not good:
        raise IntegrityError(f"the stored {type(instance).__name__} is not sound: {what}")


def _check_machine(instance: Any) -> None:
    state = vars(instance)
    for name in ("n_jobs", "_n_threads"):
        n = state.get(name)
        if n is not None:
            good = isinstance(n, (int, np.integer)) and abs(int(n)) <= _MAX_WORKERS
            _demand(good, instance, f"{name} is no number of workers")
    # Fitting again would read pickles from a folder that the file chose.
    _demand(state.get("memory") is None, instance, "it names a folder to cache in")


@lru_cache(maxsize=1)
def _tree_types() -> tuple[Any, Any]:
    from sklearn.tree import BaseDecisionTree
    from sklearn.tree._tree import Tree

    return BaseDecisionTree, Tree


def _has_tree_of(tree: Any, width: object) -> bool:
    estimator, compiled = _tree_types()
    inner: Any = vars(tree).get("tree_") if isinstance(tree, estimator) else None
    return isinstance(inner, compiled) and bool(inner.n_features == width)


def _tree(tree: Any) -> None:
    if "tree_" in vars(tree):
        good = _has_tree_of(tree, tree.n_features_in_)
        _demand(good, tree, "its nodes do not fit its number of features")


def _forest(forest: Any) -> None:
    for tree in vars(forest).get("estimators_", ()):
        good = _has_tree_of(tree, forest.n_features_in_)
        _demand(good, forest, "a tree does not fit its number of features")


def _isolation_forest(forest: Any) -> None:
    if "estimators_" not in vars(forest):
        return
    whole = np.array_equal(forest._max_features, forest.n_features_in_)
    for tree, features in zip(forest.estimators_, forest.estimators_features_, strict=True):
        width = forest.n_features_in_ if whole else len(features)
        _demand(_has_tree_of(tree, width), forest, "a tree does not fit its number of features")


def _boosting(boosting: Any) -> None:
    if "estimators_" not in vars(boosting):
        return
    stages = boosting.estimators_
    good = isinstance(stages, np.ndarray) and stages.ndim == 2 and stages.size > 0
    _demand(good, boosting, "its trees do not stand in stages")
    for tree in stages.ravel():
        good = _has_tree_of(tree, boosting.n_features_in_) and tree.tree_.n_outputs == 1
        _demand(good, boosting, "a tree does not fit its number of features")


def _boosting_start(boosting: Any) -> None:
    if "estimators_" in vars(boosting):
        # Compiled code adds every tree of a stage to its column of this array.
        start = boosting._raw_predict_init(np.zeros((1, boosting.n_features_in_), np.float32))
        good = start.shape == (1, boosting.estimators_.shape[1]) and start.dtype == np.float64
        _demand(good, boosting, "its start does not fit its trees")


def _histogram_boosting(boosting: Any) -> None:
    state = vars(boosting)
    if "_predictors" not in state:
        return
    _demand(not state.get("_in_fit"), boosting, "it claims to be in the middle of fitting")
    mapper, width = boosting._bin_mapper, boosting.n_features_in_
    categorical = np.asarray(mapper.is_categorical_).astype(bool)
    good = categorical.shape == (width,) and len(mapper.bin_thresholds_) == width
    _demand(good, boosting, "its bins do not fit its number of features")
    predictors = [predictor for stage in boosting._predictors for predictor in stage]
    exact = [_exact_nodes(predictor) for predictor in predictors]
    if not predictors:
        return
    sizes = np.array([len(nodes) for nodes in exact])
    nodes = np.concatenate([each.view(np.uint8) for each in exact]).view(exact[0].dtype)
    leaf = nodes["is_leaf"].astype(bool)
    check_nodes(
        offsets=np.concatenate([[0], np.cumsum(sizes)]),
        left=np.where(leaf, -1, nodes["left"].astype(np.int64)),
        right=np.where(leaf, -1, nodes["right"].astype(np.int64)),
        feature=nodes["feature_idx"],
        threshold=np.zeros(len(nodes)),
        n_features=width,
    )
    sets = ~leaf & nodes["is_categorical"].astype(bool)
    known = [_category_sets(predictor) for predictor in predictors]
    good = (nodes["bitset_idx"][sets] < np.repeat(known, sizes)[sets]).all()
    good = good and categorical[nodes["feature_idx"][sets]].all()
    _demand(good, boosting, "its category sets do not fit its nodes")


def _exact_nodes(predictor: Any) -> Any:
    """Give a predictor its nodes in the very layout that compiled code takes for granted."""
    from sklearn.ensemble._hist_gradient_boosting.common import (
        PREDICTOR_RECORD_DTYPE as RECORD,
    )

    nodes = predictor.nodes
    names = nodes.dtype.names
    _demand(names == RECORD.names and nodes.ndim == 1, predictor, "its nodes are of another kind")
    if nodes.dtype != RECORD or not nodes.flags.c_contiguous:
        exact: Any = np.zeros(len(nodes), dtype=RECORD)
        for name in RECORD.names:
            exact[name] = nodes[name]
        predictor.nodes = exact
    return predictor.nodes


def _category_sets(predictor: Any) -> int:
    known = predictor.raw_left_cat_bitsets
    good = known.ndim == 2 and known.shape[1:] == (8,) and known.dtype == np.uint32
    _demand(good, predictor, "its category sets do not fit its nodes")
    return len(known)


def _histogram_columns(boosting: Any) -> None:
    if vars(boosting).get("_preprocessor") is None or "_predictors" not in vars(boosting):
        return
    from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

    # Each of the two gives as many columns as it takes; together they must give all.
    kinds = {"encoder": OrdinalEncoder, "numerical": FunctionTransformer}
    steps = [step for step in boosting._preprocessor.transformers_ if step[0] != "remainder"]
    known = all(isinstance(step, kinds.get(name, ())) for name, step, _ in steps)
    _demand(known, boosting, "its encoder of categories is of another kind")
    width = sum(int(np.asarray(columns, dtype=bool).sum()) for *_, columns in steps)
    _demand(width == boosting.n_features_in_, boosting, "its encoder gives other columns")


def _support_vectors(machine: Any) -> None:
    if "support_" not in vars(machine):
        return
    _demand("_impl" not in vars(machine), machine, "it claims another kind of machine")
    vectors, support, n_support = machine.support_vectors_, machine.support_, machine._n_support
    n = len(support)
    good = support.dtype == np.int32 and support.shape == (n,) and n_support.dtype == np.int32
    _demand(good, machine, "its support is not one")
    inside = ((support >= 0) & (support < machine.shape_fit_[0])).all()
    _demand(inside, machine, "its support lies outside the training rows")
    kernel = machine.kernel
    _demand(isinstance(kernel, str) or callable(kernel), machine, "its kernel is not one")
    by_kernel = kernel == "precomputed" or callable(kernel)
    good = by_kernel or vectors.shape == (n, machine.n_features_in_)
    _demand(good, machine, "its support vectors do not fit")
    is_classifier = machine._impl in ("c_svc", "nu_svc")
    n_classes = len(machine.classes_) if is_classifier else 2
    pairs = n_classes * (n_classes - 1) // 2
    good = n_support.shape == (n_classes,) and (n_support >= 0).all()
    good = good and (n_support.sum() == n or not is_classifier)
    _demand(good, machine, "its counts of support vectors do not add up")
    dual = machine._dual_coef_
    values = dual.data if machine._sparse else dual
    good = values.size == (n_classes - 1) * n and machine._intercept_.shape == (pairs,)
    _demand(good and values.dtype == np.float64, machine, "its coefficients do not fit")
    sizes = {machine._probA.shape, machine._probB.shape}
    _demand(sizes <= {(0,), (pairs,)} and len(sizes) == 1, machine, "its calibration does not fit")


def _neighbours(model: Any) -> None:
    state = vars(model)
    rows = state.get("_fit_X")
    if rows is None:
        return
    metric = state.get("effective_metric_")
    precomputed = isinstance(metric, str) and metric == "precomputed"
    good = rows.ndim == 2 and rows.shape[0] == model.n_samples_fit_
    good = good and (precomputed or rows.shape[1] == model.n_features_in_)
    _demand(good, model, "its training rows do not fit")
    if "classes_" in state:
        many = isinstance(model.classes_, list)
        codes = np.asarray(model._y).reshape(len(model._y), -1)
        sizes = [len(c) for c in model.classes_] if many else [len(model.classes_)]
        good = codes.shape == (rows.shape[0], len(sizes)) and codes.dtype.kind == "i"
        good = good and ((codes >= 0) & (codes < np.array(sizes))).all()
        _demand(good, model, "its labels do not fit its classes")


def _clusters(model: Any) -> None:
    centers = vars(model).get("cluster_centers_")
    if centers is not None:
        good = centers.ndim == 2 and centers.shape[1] == model.n_features_in_ and len(centers)
        _demand(good, model, "its centres do not fit its number of features")


def _bisected_clusters(model: Any) -> None:
    todo = [vars(model).get("_bisecting_tree")]
    n_nodes = 0
    while todo:
        node = todo.pop()
        if node is None:
            continue
        n_nodes += 1
        good = np.shape(node.center) == (model.n_features_in_,) and n_nodes < 10**6
        _demand(good, model, "its tree of centres does not fit")
        todo += [node.left, node.right]


def _one_hot(encoder: Any) -> None:
    if "categories_" not in vars(encoder):
        return
    _demand(len(encoder.categories_) == encoder.n_features_in_, encoder, "it lacks categories")
    mappings = vars(encoder).get("_default_to_infrequent_mappings")
    mappings = [None] * encoder.n_features_in_ if mappings is None else mappings
    infrequent = vars(encoder).get("_infrequent_indices") or [None] * encoder.n_features_in_
    for known, mapping, rare in zip(encoder.categories_, mappings, infrequent, strict=True):
        # Codes index the columns of the result; no code may lie beyond the last column.
        n = len(known) - (0 if rare is None else max(len(rare) - 1, 0))
        good = mapping is None or (
            len(mapping) == len(known) and 0 <= min(mapping) <= max(mapping) < n
        )
        _demand(good, encoder, "its infrequent categories do not fit")
    expected = encoder._compute_n_features_outs()
    _demand(encoder._n_features_outs == expected, encoder, "its columns do not add up")


def _vocabulary(vectorizer: Any) -> None:
    words = vars(vectorizer).get("vocabulary_")
    if words is not None:
        places = sorted(int(i) for i in words.values())
        good = places == list(range(len(words)))
        _demand(good, vectorizer, "the places in its vocabulary are not 0, 1, 2, …")


def _hasher(vectorizer: Any) -> None:
    n = vars(vectorizer).get("n_features")
    _demand(isinstance(n, int) and 1 <= n < 2**31, vectorizer, "n_features is impossible")


def _isotonic(model: Any) -> None:
    if "X_thresholds_" in vars(model):
        model._build_f(model.X_thresholds_, model.y_thresholds_)


_GUARDS: Mapping[str, Callable[[Any], None]] = MappingProxyType(
    {
        "sklearn.cluster._bisect_k_means.BisectingKMeans": _bisected_clusters,
        "sklearn.cluster._kmeans._BaseKMeans": _clusters,
        "sklearn.ensemble._forest.BaseForest": _forest,
        "sklearn.ensemble._gb.BaseGradientBoosting": _boosting,
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.BaseHistGradientBoosting": _histogram_boosting,
        "sklearn.ensemble._iforest.IsolationForest": _isolation_forest,
        "sklearn.feature_extraction._dict_vectorizer.DictVectorizer": _vocabulary,
        "sklearn.feature_extraction._hash.FeatureHasher": _hasher,
        "sklearn.feature_extraction.text.CountVectorizer": _vocabulary,
        "sklearn.feature_extraction.text.HashingVectorizer": _hasher,
        "sklearn.neighbors._base.NeighborsBase": _neighbours,
        "sklearn.preprocessing._encoders.OneHotEncoder": _one_hot,
        "sklearn.svm._base.BaseLibSVM": _support_vectors,
        "sklearn.tree._classes.BaseDecisionTree": _tree,
    }
)

_RUNNING_GUARDS: Mapping[str, Callable[[Any], None]] = MappingProxyType(
    {
        "sklearn.ensemble._gb.BaseGradientBoosting": _boosting_start,
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.BaseHistGradientBoosting": _histogram_columns,
        "sklearn.isotonic.IsotonicRegression": _isotonic,
    }
)
