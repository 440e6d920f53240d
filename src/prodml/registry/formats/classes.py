"""Which classes, functions and types a stored model may name. Everything else is refused.

Names are looked up in scikit-learn, numpy and scipy only, never in a package the file chooses. What
is found there must be an estimator of scikit-learn or stand in a list below.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from types import MappingProxyType

from prodml.errors import UntrustedModelError

__all__ = [
    "class_name",
    "class_named",
    "function_name",
    "function_named",
    "type_name",
    "type_named",
]

_PATH = re.compile(r"sklearn(\.[A-Za-z_][A-Za-z0-9_]*)+", re.ASCII)

# Parts of scikit-learn that hold no models, or switch something on when imported.
_CLOSED = frozenset(
    {"tests", "conftest", "externals", "datasets", "experimental", "_build_utils", "callback"}
)

# Not estimators by inheritance, but what fitted estimators are made of.
_PARTS = frozenset(
    {
        "sklearn._loss.link.Interval",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.cluster._birch._CFNode",
        "sklearn.cluster._birch._CFSubcluster",
        "sklearn.cluster._bisect_k_means._BisectingTree",
        "sklearn.compose._column_transformer._RemainderColsList",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.metrics._scorer._CurveScorer",
        "sklearn.metrics._scorer._PassthroughScorer",
        "sklearn.metrics._scorer._Scorer",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.utils._metadata_requests.MetadataRequest",
        "sklearn.utils._metadata_requests.MethodMetadataRequest",
    }
)

# Every class of these modules that inherits from the root given here.
_FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "sklearn._loss.link": "BaseLink",
        "sklearn._loss.loss": "BaseLoss",
        "sklearn.gaussian_process.kernels": "Kernel",
        "sklearn.model_selection._split": "_MetadataRequester",
    }
)

# Estimators whose compiled code trusts arrays that no check here covers.
_UNCHECKED = frozenset({"sklearn.cluster._hdbscan.hdbscan.HDBSCAN"})

_FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "numpy": "abs absolute arcsinh arctan cbrt cos cumsum exp expm1 floor ceil log log10 log1p "
        "log2 max mean median min nan_to_num negative reciprocal rint sign sin sqrt square std sum "
        "tan tanh",
        "scipy.special": "expit logit",
        "sklearn.cluster._kmeans": "_kmeans_single_elkan _kmeans_single_lloyd",
        "sklearn.feature_selection": "chi2 f_classif f_oneway f_regression mutual_info_classif "
        "mutual_info_regression r_regression",
        "sklearn.metrics": "accuracy_score average_precision_score balanced_accuracy_score "
        "brier_score_loss explained_variance_score f1_score fbeta_score log_loss "
        "matthews_corrcoef max_error mean_absolute_error mean_absolute_percentage_error "
        "mean_squared_error median_absolute_error precision_score r2_score recall_score "
        "roc_auc_score root_mean_squared_error",
        "sklearn.metrics.pairwise": "chi2_kernel cosine_distances euclidean_distances "
        "haversine_distances laplacian_kernel linear_kernel manhattan_distances polynomial_kernel "
        "rbf_kernel sigmoid_kernel",
        "sklearn.utils.validation": "check_array",
    }
)

_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "builtins": "bool bytes float int object str",
        "numpy": "bool_ float16 float32 float64 int8 int16 int32 int64 object_ str_ uint8 uint16 "
        "uint32 uint64",
    }
)


@lru_cache(maxsize=4096)
def class_name(cls: type) -> str | None:
    """Return the name a class is stored under, or None if it may not be stored."""
    name = f"{cls.__module__}.{cls.__qualname__}"
    if not _PATH.fullmatch(name):
        return None
    try:
        return name if class_named(name) is cls else None
    except UntrustedModelError:
        return None


@lru_cache(maxsize=4096)
def class_named(name: str) -> type:
    """Return the class of this name.

    Raises
    ------
    UntrustedModelError
        If it is not one that a stored model may name.
    """
    module, _, attribute = name.rpartition(".")
    if not _PATH.fullmatch(name) or _CLOSED & set(name.split(".")) or name in _UNCHECKED:
        raise _refused("class", name)
    try:
        cls = vars(import_module(module)).get(attribute)
    except ImportError as exc:
        raise _refused("class", name) from exc
    # Defined there, not merely imported there: one class has one name.
    if not isinstance(cls, type) or cls.__module__ != module or not _is_model_part(name, cls):
        raise _refused("class", name)
    return cls


def _is_model_part(name: str, cls: type) -> bool:
    from sklearn.base import BaseEstimator

    if issubclass(cls, BaseEstimator) or name in _PARTS:
        return True
    root = vars(import_module(cls.__module__)).get(_FAMILIES.get(cls.__module__, ""))
    return isinstance(root, type) and issubclass(cls, root)


def function_name(function: object) -> str | None:
    """Return the name a function is stored under, or None if it may not be stored."""
    for module, names in _FUNCTIONS.items():
        known = vars(import_module(module))
        for name in names.split():
            if known.get(name) is function:
                return f"{module}.{name}"
    return None


def function_named(name: str) -> object:
    """Return the function of this name; `UntrustedModelError` if it is not in the list."""
    return _listed("function", name, _FUNCTIONS)


def type_name(value: type) -> str | None:
    """Return the name a scalar type is stored under, or None."""
    name = f"{value.__module__}.{value.__qualname__}"
    name = {"numpy.bool": "numpy.bool_"}.get(name, name)
    module, _, attribute = name.rpartition(".")
    return name if attribute in _TYPES.get(module, "").split() else None


def type_named(name: str) -> type:
    """Return the scalar type of this name; `UntrustedModelError` if it is not in the list."""
    found = _listed("type", name, _TYPES)
    assert isinstance(found, type)  # noqa: S101  (the list holds types only)
    return found


def _listed(kind: str, name: str, table: Mapping[str, str]) -> object:
    module, _, attribute = name.rpartition(".")
    listed = attribute in table.get(module, "").split()
    found = vars(import_module(module)).get(attribute) if listed else None
    if found is None:  # not in the list, or not in this version of the package
        raise _refused(kind, name)
    return found


def _refused(kind: str, name: str) -> UntrustedModelError:
    return UntrustedModelError(
        f"the file names the {kind} {name!r:.120}, which is not one that a stored model may be made of"
    )
