"""How good predicted scores and probabilities are.

Scores of two classes come as one column, for the positive class (the last of the sorted classes),
or as two; scores of k classes as k columns in the order of the sorted classes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from prodml.errors import ConfigError
from prodml.stats._aligned import Codes, Numbers, encode, labels, numbers, same_rows

__all__ = [
    "average_precision",
    "brier",
    "brier_rows",
    "log_loss",
    "log_loss_rows",
    "midranks",
    "roc_auc",
]

_SMALLEST = float(np.finfo(np.float64).eps)


def roc_auc(y_true: ArrayLike, y_score: ArrayLike, *, classes: ArrayLike | None = None) -> float:
    """Return the chance that a positive row scores above a negative one; ties count half.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels.
    y_score : array-like of shape (n,) or (n, k)
        Any finite scores. With more than two classes the result is the plain mean of each class
        against the rest.
    classes : array-like, optional
        All classes, sorted; default those in `y_true`.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ConfigError
        If a class has no row, or the columns are not one per class.

    Notes
    -----
    By midranks in O(n log n). Source: Mann & Whitney 1947.

    Examples
    --------
    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    codes, scores = _per_class(y_true, y_score, classes)
    counts = np.bincount(codes, minlength=scores.shape[1])
    if np.any(counts == 0):
        raise ConfigError("roc_auc needs rows of every class; y_true lacks at least one")
    if scores.shape[1] == 2:
        return _auc(codes == 1, scores[:, 1])
    return float(np.mean([_auc(codes == k, scores[:, k]) for k in range(scores.shape[1])]))


def midranks(values: Numbers) -> Numbers:
    """Return ranks from 1, ties sharing the mean of theirs.

    Examples
    --------
    >>> midranks(np.array([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    ends = np.r_[starts[1:], len(values)]
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + ends + 1) / 2.0, ends - starts)
    return ranks


def average_precision(
    y_true: ArrayLike, y_score: ArrayLike, *, classes: ArrayLike | None = None
) -> float:
    """Return the precision averaged over the steps of recall, of two classes.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels of two classes.
    y_score : array-like of shape (n,) or (n, 2)
        Any finite scores.
    classes : array-like, optional
        Both classes, sorted.

    Returns
    -------
    float
        Between 0 and 1; rows that tie enter together.

    Examples
    --------
    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    codes, scores = _per_class(y_true, y_score, classes)
    if scores.shape[1] != 2:
        raise ConfigError(f"average_precision needs two classes, found {scores.shape[1]}")
    positive = codes == 1
    if not positive.any():
        raise ConfigError("average_precision needs rows of the positive class; y_true has none")
    order = np.argsort(-scores[:, 1], kind="stable")
    ordered, hits = scores[order, 1], np.cumsum(positive[order])
    last = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])
    steps = np.diff(np.r_[0, hits[last]]) / hits[-1]
    return float(np.sum(steps * hits[last] / (last + 1)))


def log_loss(y_true: ArrayLike, y_score: ArrayLike, *, classes: ArrayLike | None = None) -> float:
    """Return the mean of minus the logarithm of the probability given to the true class.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels.
    y_score : array-like of shape (n,) or (n, k)
        Probabilities; rows of k columns sum to 1. They are clipped to [eps, 1 - eps] with
        eps = 2.2e-16, so a sure and wrong row costs 36 and not infinity.
    classes : array-like, optional
        All classes, sorted; needed where `y_true` may lack one.

    Returns
    -------
    float
        At least 0.

    Examples
    --------
    >>> round(log_loss([0, 1], [0.1, 0.8]), 4)
    0.1643
    """
    return float(log_loss_rows(y_true, y_score, classes=classes).mean())


def log_loss_rows(
    y_true: ArrayLike, y_score: ArrayLike, *, classes: ArrayLike | None = None
) -> Numbers:
    """Return each row's part of `log_loss`, whose mean it is; parameters as there.

    Examples
    --------
    >>> log_loss_rows([0, 1], [0.5, 1.0]).round(4).tolist()
    [0.6931, 0.0]
    """
    codes, probabilities = class_probabilities(y_true, y_score, classes)
    given = probabilities[np.arange(len(codes)), codes]
    return -np.log(np.clip(given, _SMALLEST, 1.0 - _SMALLEST))


def brier(y_true: ArrayLike, y_score: ArrayLike, *, classes: ArrayLike | None = None) -> float:
    """Return the mean squared distance of the probabilities from what happened.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels.
    y_score : array-like of shape (n,) or (n, k)
        Probabilities; rows of k columns sum to 1.
    classes : array-like, optional
        All classes, sorted; needed where `y_true` may lack one.

    Returns
    -------
    float
        Of two classes the distance of the positive one only, in [0, 1]; of more the sum over
        the classes, in [0, 2].

    Notes
    -----
    Source: Brier 1950, "Verification of forecasts expressed in terms of probability".

    Examples
    --------
    >>> round(brier([0, 1], [0.1, 0.8]), 4)
    0.025
    """
    return float(brier_rows(y_true, y_score, classes=classes).mean())


def brier_rows(
    y_true: ArrayLike, y_score: ArrayLike, *, classes: ArrayLike | None = None
) -> Numbers:
    """Return each row's part of `brier`, whose mean it is; parameters as there.

    Examples
    --------
    >>> brier_rows([0, 1], [0.5, 1.0]).tolist()
    [0.25, 0.0]
    """
    codes, probabilities = class_probabilities(y_true, y_score, classes)
    happened = np.zeros_like(probabilities)
    happened[np.arange(len(codes)), codes] = 1.0
    squares: Numbers = ((probabilities - happened) ** 2).sum(axis=1)
    return squares / 2.0 if probabilities.shape[1] == 2 else squares


def _auc(positive: np.ndarray[tuple[int], np.dtype[np.bool_]], scores: Numbers) -> float:
    m = int(positive.sum())
    n = len(positive) - m
    return float((midranks(scores)[positive].sum() - m * (m + 1) / 2.0) / (m * n))


def _per_class(
    y_true: ArrayLike, y_score: ArrayLike, classes: ArrayLike | None
) -> tuple[Codes, Numbers]:
    true = labels(y_true, name="y_true")
    scores = numbers(y_score, name="y_score", ndim=(1, 2))
    same_rows(true, scores, names="y_true and y_score")
    (codes,), known = encode(true, classes=classes)
    if scores.ndim == 1:
        scores = np.column_stack([1.0 - scores, scores])
    if len(known) != scores.shape[1] or len(known) < 2:
        raise ConfigError(
            f"y_score speaks of {scores.shape[1]} classes, y_true has {len(known)}. "
            "Say classes= if the rows lack some, and give one column per class."
        )
    return codes, scores


def class_probabilities(
    y_true: ArrayLike, y_score: ArrayLike, classes: ArrayLike | None
) -> tuple[Codes, Numbers]:
    """Return each row's class as a position, and a column of probabilities per class."""
    codes, probabilities = _per_class(y_true, y_score, classes)
    if probabilities.min() < 0.0 or probabilities.max() > 1.0:
        raise ConfigError("probabilities must lie in [0, 1]; these are scores of another kind")
    if np.abs(probabilities.sum(axis=1) - 1.0).max() > 1e-4:
        raise ConfigError("probabilities of a row must sum to 1")
    return codes, probabilities
