"""Whether to predict classes or numbers, and the target as an array that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from prodml.errors import ConfigError, SchemaError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Task", "target_values", "task_of"]

Task: TypeAlias = Literal["classification", "regression"]

_MOST_CLASSES = 20  # of whole numbers, where the estimator does not say what it is


def target_values(series: pd.Series) -> NDArray[np.generic]:
    """Return the target as a plain array: booleans, integers, floats, or text as objects.

    Parameters
    ----------
    series : pandas.Series
        The target column.

    Returns
    -------
    ndarray of shape (n,)
        In the same order; a copy.

    Raises
    ------
    SchemaError
        If values are missing, if there are none, or if they are times.

    Examples
    --------
    >>> import pandas as pd
    >>> target_values(pd.Series([1, 0], dtype="Int64")).dtype
    dtype('int64')
    """
    import numpy as np

    from prodml.tables import kind_of

    name = str(series.name)
    n_missing = int(series.isna().sum())
    if n_missing:
        raise SchemaError(
            f'the target "{name}" is missing in {n_missing} of {len(series)} rows. Drop them first: '
            f'frame.dropna(subset=["{name}"])',
            column=name,
        )
    kind = kind_of(series)
    if kind == "time":
        raise SchemaError(
            f'the target "{name}" holds times; predict a number, such as days until then',
            column=name,
        )
    if kind == "category":
        return np.array(series.tolist())
    dtype = {"number": np.float64, "integer": np.int64, "boolean": np.bool_, "text": object}[kind]
    return np.array(series.to_numpy(dtype=dtype), copy=True)


def task_of(estimator: object, target: NDArray[np.generic], *, name: str) -> Task:
    """Return what the estimator is for, or what the target looks like where it does not say.

    Parameters
    ----------
    estimator : object
        scikit-learn's tags, or ``_estimator_type``, are asked first.
    target : ndarray of shape (n,)
        As `target_values` returns it.
    name : str
        The target's name, for messages.

    Returns
    -------
    {"classification", "regression"}
        For an estimator that does not say: regression if the numbers have fractions or are whole
        with more than 20 values, else classification.

    Raises
    ------
    ConfigError
        If the estimator predicts neither, or cannot predict such a target.

    Examples
    --------
    >>> import numpy as np
    >>> task_of(object(), np.array(["yes", "no"], dtype=object), name="churned")
    'classification'
    """
    said = _estimator_kind(estimator)
    own = type(estimator).__name__
    if said is None:
        return _looks_like(target)
    if said not in ("classifier", "regressor"):
        raise ConfigError(f"a Trainer needs a classifier or a regressor, {own} is a {said}")
    if said == "classifier" and _has_fractions(target):
        raise ConfigError(
            f'the target "{name}" holds numbers with fractions, but {own} is a classifier. '
            "Use a regressor, or cut the target into classes"
        )
    if said == "regressor" and target.dtype.kind == "O":
        raise ConfigError(f'the target "{name}" holds text, but {own} is a regressor')
    return "classification" if said == "classifier" else "regression"


def _estimator_kind(estimator: object) -> str | None:
    tags = getattr(estimator, "__sklearn_tags__", None)
    if tags is not None:
        try:
            kind = tags().estimator_type
        except AttributeError:  # an estimator of an older kind below a newer base class
            kind = None
        if kind is not None:
            return str(kind)
    kind = getattr(estimator, "_estimator_type", None)
    return None if kind is None else str(kind)


def _looks_like(target: NDArray[np.generic]) -> Task:
    import numpy as np

    if target.dtype.kind not in "iuf":
        return "classification"
    many = len(np.unique(target)) > _MOST_CLASSES
    return "regression" if many or _has_fractions(target) else "classification"


def _has_fractions(target: NDArray[np.generic]) -> bool:
    import numpy as np

    return target.dtype.kind == "f" and bool(np.any(target != np.floor(target)))
