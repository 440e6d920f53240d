"""Fitting a clone of somebody's estimator, and saying in plain words why it would not."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Protocol, cast

from prodml.errors import ConfigError, SchemaError
from prodml.training.params import HasParameters

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Estimator", "fit_estimator", "fresh_copy"]

# What numpy and scikit-learn say when a value is no number; the rest of their message is the value.
_NO_NUMBER = (
    "could not convert",
    "could not be promoted",
    "float() argument",
    "int() argument",
    "invalid literal",
    "has dtype object",
    "dtype='numeric'",
)


class Estimator(Protocol):
    """What a Trainer needs of an estimator."""

    def fit(self, inputs: pd.DataFrame, target: NDArray[np.generic], /) -> object:
        """Learn in place."""
        ...

    def predict(self, rows: pd.DataFrame, /) -> ArrayLike:
        """Return one label or number per row."""
        ...


def fresh_copy(estimator: object) -> Estimator:
    """Return an unfitted clone; the estimator itself is never touched.

    Parameters
    ----------
    estimator : object
        With `get_params`, or anything that can be copied.

    Raises
    ------
    ConfigError
        If it has no `fit` and `predict`, or is a class and not an object.
    """
    if isinstance(estimator, type):
        raise ConfigError(f"estimator must be an object: {estimator.__name__}(), not the class")
    lacking = [m for m in ("fit", "predict") if not callable(getattr(estimator, m, None))]
    if lacking:
        raise ConfigError(
            f"an estimator needs fit and predict, {type(estimator).__name__} lacks {lacking[0]}"
        )
    if not isinstance(estimator, HasParameters):
        return cast("Estimator", copy.deepcopy(estimator))
    from sklearn.base import clone

    return cast("Estimator", clone(estimator))


def fit_estimator(estimator: Estimator, inputs: pd.DataFrame, target: NDArray[np.generic]) -> None:
    """Fit in place.

    Raises
    ------
    SchemaError
        If columns are of a kind, or lack values, that the estimator cannot take; they are named.
    Exception
        Whatever else the estimator raises.
    """
    try:
        estimator.fit(inputs, target)
    except (TypeError, ValueError) as exc:
        error = _explained(exc, type(estimator).__name__, inputs)
        if error is None:
            raise
        # Not chained: the original message quotes a cell.
        raise error from None


def _explained(exc: Exception, name: str, inputs: pd.DataFrame) -> SchemaError | None:
    message = str(exc)
    if any(words in message for words in _NO_NUMBER):
        return _not_numeric(name, inputs)
    if "NaN" in message or "missing values" in message:
        return _with_gaps(name, inputs)
    if "infinity" in message:
        return _infinite(name, inputs)
    return None


def _not_numeric(name: str, inputs: pd.DataFrame) -> SchemaError | None:
    from prodml.tables import kind_of

    kinds = {str(c): kind_of(inputs[c]) for c in inputs.columns}
    odd = {c: kind for c, kind in kinds.items() if kind in ("text", "category", "time")}
    if not odd:
        return None
    listed = ", ".join(f'"{c}" ({kind})' for c, kind in odd.items())
    return SchemaError(
        f"{name} takes numbers only, and these columns are not: {listed}. Encode them in front of "
        "it, for example with make_pipeline(make_column_transformer((OneHotEncoder(), [...]), "
        f'remainder="passthrough"), {name}()), or leave them out',
        column=next(iter(odd)),
    )


def _infinite(name: str, inputs: pd.DataFrame) -> SchemaError | None:
    import numpy as np

    numbers = inputs.select_dtypes("number")
    counts = {str(c): int(np.isinf(numbers[c].to_numpy(float)).sum()) for c in numbers.columns}
    listed = ", ".join(f'"{c}" ({n} of {len(inputs)} rows)' for c, n in counts.items() if n)
    if not listed:
        return None
    return SchemaError(
        f"{name} takes finite numbers only, and these columns hold infinity: {listed}. "
        "Clip them, or leave these rows out",
        column=next(c for c, n in counts.items() if n),
    )


def _with_gaps(name: str, inputs: pd.DataFrame) -> SchemaError | None:
    counts = inputs.isna().sum()
    gaps = {str(c): int(n) for c, n in counts.items() if n}
    if not gaps:
        return None
    listed = ", ".join(f'"{c}" ({n} of {len(inputs)} rows)' for c, n in gaps.items())
    return SchemaError(
        f"{name} takes no missing values, and these columns have some: {listed}. Fill them in front "
        f"of it, for example with make_pipeline(SimpleImputer(), {name}())",
        column=next(iter(gaps)),
    )
