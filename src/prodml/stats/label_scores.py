"""How good predicted labels are: accuracy and what the confusion table gives.

A score of two classes takes the last of the sorted classes as the positive one (1, True, "yes"
after "no"). ``average="macro"`` is the plain mean over the classes that occur in the truth or the
predictions, ``"weighted"`` weighs each by its number of true rows. A share of nothing is 0.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from prodml.errors import ConfigError
from prodml.stats._aligned import Labels, Numbers, encode, labels, same_rows

__all__ = [
    "Average",
    "accuracy",
    "accuracy_rows",
    "balanced_accuracy",
    "f1",
    "matthews",
    "precision",
    "recall",
]

Average: TypeAlias = Literal["binary", "macro", "weighted"]


def accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the share of rows whose label is right.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels, of one kind.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ConfigError
        On no rows, different lengths, missing values.

    Examples
    --------
    >>> accuracy([0, 1, 1, 0], [0, 1, 0, 0])
    0.75
    """
    return float(accuracy_rows(y_true, y_pred).mean())


def accuracy_rows(y_true: ArrayLike, y_pred: ArrayLike) -> Numbers:
    """Return 1.0 for each row whose label is right, else 0.0; the mean is `accuracy`.

    Examples
    --------
    >>> accuracy_rows(["a", "b"], ["a", "a"]).tolist()
    [1.0, 0.0]
    """
    true, pred = _pair(y_true, y_pred)
    (t, p), _ = encode(true, pred)
    right: Numbers = (t == p).astype(np.float64)
    return right


def balanced_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, *, classes: ArrayLike | None = None
) -> float:
    """Return the mean over the true classes of the share found.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels. Classes that never occur in `y_true` do not count.
    classes : array-like, optional
        All classes, sorted.

    Returns
    -------
    float
        Between 0 and 1; one over the number of classes for a constant prediction.

    Examples
    --------
    >>> balanced_accuracy([0, 0, 0, 1], [0, 0, 0, 0])
    0.5
    """
    table = _confusion(y_true, y_pred, classes)
    support = table.sum(axis=1)
    there = support > 0
    return float((np.diag(table)[there] / support[there]).mean())


def precision(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    average: Average = "binary",
    classes: ArrayLike | None = None,
) -> float:
    """Return the share of predicted positives that are positive.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels.
    average : {"binary", "macro", "weighted"}, default "binary"
        See the module.
    classes : array-like, optional
        All classes, sorted.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ConfigError
        With ``average="binary"`` on one class or more than two.

    Examples
    --------
    >>> precision([0, 1, 1, 0], [1, 1, 0, 0])
    0.5
    """
    table = _confusion(y_true, y_pred, classes)
    return _averaged(_share(np.diag(table), table.sum(axis=0)), table, average)


def recall(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    average: Average = "binary",
    classes: ArrayLike | None = None,
) -> float:
    """Return the share of positives that were found; parameters as in `precision`.

    Examples
    --------
    >>> recall([0, 1, 1, 1], [1, 1, 0, 1])
    0.6666666666666666
    """
    table = _confusion(y_true, y_pred, classes)
    return _averaged(_share(np.diag(table), table.sum(axis=1)), table, average)


def f1(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    average: Average = "binary",
    classes: ArrayLike | None = None,
) -> float:
    """Return the harmonic mean of precision and recall; parameters as in `precision`.

    Examples
    --------
    >>> f1([0, 1, 1, 1], [1, 1, 0, 1])
    0.6666666666666666
    """
    table = _confusion(y_true, y_pred, classes)
    per_class = _share(2 * np.diag(table), table.sum(axis=0) + table.sum(axis=1))
    return _averaged(per_class, table, average)


def matthews(y_true: ArrayLike, y_pred: ArrayLike, *, classes: ArrayLike | None = None) -> float:
    """Return the correlation of truth and prediction over the confusion table.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels.
    classes : array-like, optional
        All classes, sorted.

    Returns
    -------
    float
        Between -1 and 1; 0 if either side is constant.

    Notes
    -----
    Source: Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation
    coefficient".

    Examples
    --------
    >>> matthews([0, 1, 0, 1], [0, 1, 0, 1])
    1.0
    """
    table = _confusion(y_true, y_pred, classes)
    n, true, pred = table.sum(), table.sum(axis=1), table.sum(axis=0)
    covariance = np.trace(table) * n - true @ pred
    spread = np.sqrt((n * n - pred @ pred) * (n * n - true @ true))
    return float(covariance / spread) if spread > 0 else 0.0


def _pair(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Labels, Labels]:
    true, pred = labels(y_true, name="y_true"), labels(y_pred, name="y_pred")
    same_rows(true, pred, names="y_true and y_pred")
    return true, pred


def _confusion(y_true: ArrayLike, y_pred: ArrayLike, classes: ArrayLike | None) -> Numbers:
    true, pred = _pair(y_true, y_pred)
    (t, p), known = encode(true, pred, classes=classes)
    k = len(known)
    return np.bincount(t * k + p, minlength=k * k).reshape(k, k).astype(np.float64)


def _share(part: Numbers, whole: Numbers) -> Numbers:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _averaged(per_class: Numbers, table: Numbers, average: Average) -> float:
    support = table.sum(axis=1)
    if average == "weighted":
        return float(per_class @ support / support.sum())
    if average == "macro":
        return float(per_class[(support + table.sum(axis=0)) > 0].mean())
    if average != "binary":
        raise ConfigError(f'average must be "binary", "macro" or "weighted", got {average!r}')
    if len(per_class) != 2:
        raise ConfigError(
            f'average="binary" needs two classes, found {len(per_class)}. '
            'Use average="macro" or "weighted", or say classes=.'
        )
    return float(per_class[1])
