"""How far predicted numbers are from the truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from prodml.errors import ConfigError
from prodml.stats._aligned import Numbers, numbers, same_rows

__all__ = ["mae", "mae_rows", "median_ae", "mse", "mse_rows", "r2", "rmse"]


def mae(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the mean absolute error, in the unit of the target.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Finite numbers.

    Returns
    -------
    float
        At least 0.

    Raises
    ------
    ConfigError
        On no rows, different lengths, NaN or infinity.

    Examples
    --------
    >>> mae([1.0, 2.0], [1.0, 4.0])
    1.0
    """
    return float(mae_rows(y_true, y_pred).mean())


def mae_rows(y_true: ArrayLike, y_pred: ArrayLike) -> Numbers:
    """Return each row's absolute error; the mean is `mae`.

    Examples
    --------
    >>> mae_rows([1.0, 2.0], [1.0, 4.0]).tolist()
    [0.0, 2.0]
    """
    return np.abs(_errors(y_true, y_pred))


def median_ae(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the median absolute error; parameters as in `mae`.

    Examples
    --------
    >>> median_ae([1.0, 2.0, 3.0], [1.0, 4.0, 4.0])
    1.0
    """
    return float(np.median(mae_rows(y_true, y_pred)))


def mse(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the mean squared error; parameters as in `mae`.

    Examples
    --------
    >>> mse([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    return float(mse_rows(y_true, y_pred).mean())


def mse_rows(y_true: ArrayLike, y_pred: ArrayLike) -> Numbers:
    """Return each row's squared error; the mean is `mse`.

    Examples
    --------
    >>> mse_rows([1.0, 2.0], [1.0, 4.0]).tolist()
    [0.0, 4.0]
    """
    errors = _errors(y_true, y_pred)
    return errors * errors


def rmse(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the root of the mean squared error; parameters as in `mae`.

    Examples
    --------
    >>> rmse([1.0, 2.0], [4.0, 6.0])
    3.5355339059327378
    """
    return float(np.sqrt(mse(y_true, y_pred)))


def r2(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the share of the target's variance that the predictions explain.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Finite numbers.

    Returns
    -------
    float
        At most 1; 0 for predicting the mean, negative for worse than that.

    Raises
    ------
    ConfigError
        If `y_true` is constant: there is no variance to explain.

    Examples
    --------
    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """
    residual = mse_rows(y_true, y_pred).sum()
    true = numbers(y_true, name="y_true")
    total = ((true - true.mean()) ** 2).sum()
    if total == 0.0:
        raise ConfigError("r2 needs a target that varies; y_true is constant. Use mae or rmse")
    return float(1.0 - residual / total)


def _errors(y_true: ArrayLike, y_pred: ArrayLike) -> Numbers:
    true, pred = numbers(y_true, name="y_true"), numbers(y_pred, name="y_pred")
    same_rows(true, pred, names="y_true and y_pred")
    return pred - true
