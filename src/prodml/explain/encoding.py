"""Pipelines: which raw column each encoded column comes from.

A game is played by raw columns. Where every encoded column depends on one raw column only, mixing
raw rows and encoding them is the same as mixing encoded rows, so the final model can be explained
exactly with groups of encoded columns as players. Where columns are mixed (PCA, products), nothing
is assumed and the caller explains the Pipeline as a whole.
"""

from __future__ import annotations

import copy
import re
from collections import UserList
from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["Encoding", "encoding_of", "unwrapped"]

# Transformers that work on each column for itself. A name is not proof of that (Normalizer also
# gives one column per column), so they are listed.
_BY_COLUMN = frozenset(
    {
        "Binarizer",
        "KBinsDiscretizer",
        "MaxAbsScaler",
        "MinMaxScaler",
        "OneHotEncoder",
        "OrdinalEncoder",
        "PowerTransformer",
        "QuantileTransformer",
        "RobustScaler",
        "SimpleImputer",
        "SplineTransformer",
        "StandardScaler",
        "TargetEncoder",
    }
)


@attrs.frozen
class Encoding:
    """The steps before a final model.

    Parameters
    ----------
    steps : tuple of transformers
        Fitted, in order.
    owners : ndarray of int, shape (n_encoded,)
        The raw column of each encoded one.
    """

    steps: tuple[Any, ...]
    owners: NDArray[np.intp]

    @property
    def is_grouped(self) -> bool:
        """Whether a raw column has several encoded ones."""
        return len(np.unique(self.owners)) < len(self.owners)

    def __call__(self, table: object) -> NDArray[np.float64]:
        """Return the encoded rows, dense."""
        encoded: Any = table
        for step in self.steps:
            encoded = step.transform(encoded)
        if hasattr(encoded, "toarray"):
            encoded = encoded.toarray()
        return np.asarray(encoded, dtype=np.float64)


def unwrapped(model: Any) -> Any:
    """Return the fitted model inside a search, such as GridSearchCV."""
    while hasattr(model, "best_estimator_"):
        model = model.best_estimator_
    return model


def encoding_of(model: object, n_columns: int) -> tuple[Encoding | None, object]:
    """Split a model into its encoding and its final estimator.

    Parameters
    ----------
    model : object
        A fitted model, perhaps a Pipeline.
    n_columns : int
        Raw columns.

    Returns
    -------
    tuple
        The encoding, None where columns are mixed, and the final estimator.
    """
    steps, final = _split(model)
    owners = _chained(steps, n_columns)
    return (None if owners is None else Encoding(tuple(steps), owners)), final


def _split(model: object) -> tuple[list[Any], object]:
    from sklearn.pipeline import Pipeline

    model = unwrapped(model)
    if not isinstance(model, Pipeline):
        return [], model
    *before, last = [step for _, step in model.steps]
    inner, final = _split(last)
    return [step for step in before if step not in (None, "passthrough")] + inner, final


def _chained(steps: Iterable[Any], n_columns: int) -> NDArray[np.intp] | None:
    owners = np.arange(n_columns)
    for step in steps:
        local = _owners(step, len(owners))
        if local is None or (len(local) and local.max() >= len(owners)):
            return None
        owners = owners[local]
    return owners


def _owners(step: Any, n_columns: int) -> NDArray[np.intp] | None:
    """Return the input column of each output column of one transformer; None if they are mixed."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    if step == "passthrough" or _is_identity(step):
        return np.arange(n_columns)
    if isinstance(step, Pipeline):
        return _chained([s for _, s in step.steps if s is not None], n_columns)
    if isinstance(step, ColumnTransformer):
        return _of_columns(step, n_columns)
    if hasattr(step, "get_support"):
        return np.flatnonzero(step.get_support())
    by_column = type(step).__name__ in _BY_COLUMN and type(step).__module__.startswith("sklearn.")
    if not by_column and n_columns > 1:
        return None
    return _by_names(step, n_columns)


def _is_identity(step: Any) -> bool:
    from sklearn.preprocessing import FunctionTransformer

    return isinstance(step, FunctionTransformer) and step.func is None


def _of_columns(step: Any, n_columns: int) -> NDArray[np.intp] | None:
    names = getattr(step, "feature_names_in_", None)
    owners = np.full(sum(s.stop - s.start for s in step.output_indices_.values()), -1)
    for name, transformer, spec in step.transformers_:
        place = step.output_indices_[name]
        width = place.stop - place.start
        if transformer == "drop" or not width:
            continue
        columns = _positions(spec, names, n_columns)
        if columns is None:
            return None
        # Of a single column everything is its own, whatever the transformer does with it.
        local = np.zeros(width, int) if len(columns) == 1 else _owners(transformer, len(columns))
        if local is None or len(local) != width:
            return None
        owners[place] = columns[local]
    return owners if (owners >= 0).all() else None


def _positions(spec: Any, names: Sequence[str] | None, n: int) -> NDArray[np.intp] | None:
    if isinstance(spec, slice) and any(isinstance(end, str) for end in (spec.start, spec.stop)):
        return None
    listed = [spec] if isinstance(spec, str | int) else spec
    if isinstance(listed, UserList):
        # scikit-learn 1.6 keeps the remainder's columns in a list that warns when it is read.
        listed = listed.data
    if not isinstance(listed, slice) and any(isinstance(column, str) for column in listed):
        known = [] if names is None else list(names)
        return np.array([known.index(str(column)) for column in listed])
    if not isinstance(listed, slice):
        listed = np.asarray(listed)
    return np.arange(n)[listed]


def _by_names(step: Any, n_columns: int) -> NDArray[np.intp] | None:
    # The transformer is asked to name its outputs after inputs that can be found again.
    if not hasattr(step, "get_feature_names_out"):
        return None
    blank = copy.copy(step)
    vars(blank).pop("feature_names_in_", None)
    names = blank.get_feature_names_out([f"\x00{i}\x01" for i in range(n_columns)])
    found = [set(re.findall("\x00(\\d+)\x01", str(name))) for name in names]
    if any(len(tokens) != 1 for tokens in found):
        return None
    return np.array([int(tokens.pop()) for tokens in found], dtype=np.intp)
