"""Scores of many weighted copies of the same rows at once, for resampling.

A bootstrap that calls a score two thousand times sorts and counts the same rows two thousand times. Here
the rows are sorted or counted once, and a matrix of weights (how often each row is drawn) goes through as
one product. What a score gives on drawn rows and what it gives here on their weights is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from prodml.errors import ConfigError
from prodml.stats._aligned import Numbers
from prodml.stats.ece import ECE, chosen_class, ece_weighted
from prodml.stats.scores import SCORES, Score

__all__ = ["Weighted", "weighted"]

Weighted: TypeAlias = Callable[[Numbers], Numbers]
Column: TypeAlias = NDArray[np.generic]

_MOST_CELLS = 100  # of a confusion table, above which counting rows one draw at a time is cheaper


def weighted(
    score: Score, y_true: Column, y_pred: Column, classes: Column | None
) -> Weighted | None:
    """Return the score as a function of weights, or None if it has no such form.

    Parameters
    ----------
    score : Score
        Any; those of `SCORES` and plain means over rows have the form.
    y_true, y_pred : ndarray
        As the score takes them; labels as codes from 0 where `classes` are given.
    classes : ndarray or None
        All classes.

    Returns
    -------
    callable or None
        Weights of shape (b, n) to scores of shape (b,); NaN where the score is undefined.

    Examples
    --------
    >>> right = weighted(SCORES["accuracy"], np.array([0, 1]), np.array([0, 0]), None)
    >>> right(np.array([[1.0, 1.0], [2.0, 0.0]])).tolist()
    [0.5, 1.0]
    """
    rows = score.per_row(y_true, y_pred, classes=classes)
    if rows is not None:
        return _mean(rows)
    is_known = score is ECE or SCORES.get(score.name) is score
    if not is_known or (classes is None and score.task != "regression"):
        return None
    if classes is None:
        return _REGRESSION[score.name](y_true.astype(np.float64), y_pred.astype(np.float64))
    if score.needs == "scores":
        return _of_scores(score, y_true.astype(np.intp), y_pred.astype(np.float64), classes)
    return _of_labels(score.name, y_true.astype(np.intp), y_pred.astype(np.intp), len(classes))


def _mean(rows: Numbers) -> Weighted:
    return lambda w: (w @ rows) / w.sum(axis=1)


def _rmse(true: Numbers, pred: Numbers) -> Weighted:
    mean = _mean((true - pred) ** 2)
    return lambda w: np.sqrt(mean(w))


def _r2(true: Numbers, pred: Numbers) -> Weighted:
    # Around the mean of the rows, so that the squares do not cancel.
    centred = true - true.mean()
    parts = np.column_stack([(true - pred) ** 2, centred, centred**2])

    def score(w: Numbers) -> Numbers:
        error, first, second = ((w @ parts) / w.sum(axis=1, keepdims=True)).T
        return 1.0 - _share(error, second - first**2)

    return score


def _median_ae(true: Numbers, pred: Numbers) -> Weighted:
    errors = np.abs(true - pred)
    order = np.argsort(errors)
    ordered = errors[order]

    def score(w: Numbers) -> Numbers:
        reached = np.cumsum(w[:, order], axis=1)
        total = reached[:, -1:]
        middle = [np.argmax(reached > k, axis=1) for k in ((total - 1) // 2, total // 2)]
        found: Numbers = (ordered[middle[0]] + ordered[middle[1]]) / 2.0
        return found

    return score


_REGRESSION: dict[str, Callable[[Numbers, Numbers], Weighted]] = {
    "rmse": _rmse,
    "r2": _r2,
    "median_ae": _median_ae,
}


def _of_scores(
    score: Score, codes: NDArray[np.intp], scores: Numbers, classes: Column
) -> Weighted | None:
    if score is ECE:
        happened, given = chosen_class(codes, scores, classes)
        return lambda w: ece_weighted(happened, given, w)
    positive = scores if scores.ndim == 1 else scores[:, -1]
    if score.name == "average_precision":
        return _average_precision(codes == 1, positive)
    if score.name != "roc_auc":
        return None
    if scores.ndim == 1 or scores.shape[1] == 2:
        return _auc(codes == 1, positive)
    each = [_auc(codes == k, scores[:, k]) for k in range(scores.shape[1])]
    return lambda w: np.mean([area(w) for area in each], axis=0)


def _auc(positive: NDArray[np.bool_], scores: Numbers) -> Weighted:
    order = np.argsort(scores)
    last = _last_of_ties(scores[order])
    hits = positive[order]

    def score(w: Numbers) -> Numbers:
        drawn = w[:, order]
        up = _steps(drawn * hits, last)
        down = _steps(drawn * ~hits, last)
        below = np.cumsum(down, axis=1) - down / 2.0
        return _share((up * below).sum(axis=1), up.sum(axis=1) * down.sum(axis=1))

    return score


def _average_precision(positive: NDArray[np.bool_], scores: Numbers) -> Weighted:
    order = np.argsort(-scores)
    last = _last_of_ties(scores[order])
    hits = positive[order]

    def score(w: Numbers) -> Numbers:
        drawn = w[:, order]
        up = _steps(drawn * hits, last)
        found = np.cumsum(up, axis=1)
        seen = np.cumsum(drawn, axis=1)[:, last]
        precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
        return _share((up * precision).sum(axis=1), found[:, -1])

    return score


def _of_labels(
    name: str, true: NDArray[np.intp], pred: NDArray[np.intp], k: int
) -> Weighted | None:
    head, _, average = name.partition("_")
    finish = _OF_TABLES.get(name) or _averaged(_PER_CLASS.get(head), average or "binary")
    if finish is None or k * k > _MOST_CELLS:
        return None
    if not average and head in _PER_CLASS and k != 2:
        raise ConfigError(
            f'{name} needs two classes, found {k}. Use "{name}_macro" or "{name}_weighted"'
        )
    member = np.zeros((len(true), k * k))
    member[np.arange(len(true)), true * k + pred] = 1.0
    return lambda w: finish((w @ member).reshape(len(w), k, k))


def _balanced_accuracy(tables: Numbers) -> Numbers:
    support = tables.sum(axis=2)
    found = np.divide(_diagonal(tables), support, out=np.zeros_like(support), where=support > 0)
    return _share(found.sum(axis=1), (support > 0).sum(axis=1).astype(np.float64))


def _matthews(tables: Numbers) -> Numbers:
    n, true, pred = tables.sum(axis=(1, 2)), tables.sum(axis=2), tables.sum(axis=1)
    covariance = _diagonal(tables).sum(axis=1) * n - (true * pred).sum(axis=1)
    spread = np.sqrt((n * n - (pred**2).sum(axis=1)) * (n * n - (true**2).sum(axis=1)))
    found: Numbers = np.divide(covariance, spread, out=np.zeros_like(spread), where=spread > 0)
    return found


_OF_TABLES: dict[str, Callable[[Numbers], Numbers]] = {
    "balanced_accuracy": _balanced_accuracy,
    "matthews": _matthews,
}
# Per class: right ones, over what is predicted, what is true, or both.
_PER_CLASS: dict[str, tuple[float, float, float]] = {
    "precision": (1.0, 1.0, 0.0),
    "recall": (1.0, 0.0, 1.0),
    "f1": (2.0, 1.0, 1.0),
}


def _averaged(
    parts: tuple[float, float, float] | None, average: str
) -> Callable[[Numbers], Numbers] | None:
    if parts is None:
        return None
    factor, of_predicted, of_true = parts

    def finish(tables: Numbers) -> Numbers:
        support, predicted = tables.sum(axis=2), tables.sum(axis=1)
        whole = of_predicted * predicted + of_true * support
        right = factor * _diagonal(tables)
        per_class = np.divide(right, whole, out=np.zeros_like(whole), where=whole > 0)
        if average == "binary":
            of_positive: Numbers = per_class[:, 1]
            return of_positive
        weights = support if average == "weighted" else (support + predicted > 0).astype(np.float64)
        return _share((per_class * weights).sum(axis=1), weights.sum(axis=1))

    return finish


def _diagonal(tables: Numbers) -> Numbers:
    return np.diagonal(tables, axis1=1, axis2=2)


def _last_of_ties(ordered: Numbers) -> NDArray[np.intp]:
    return np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])


def _steps(values: Numbers, last: NDArray[np.intp]) -> Numbers:
    """Sums over each run of ties."""
    if len(last) == values.shape[1]:
        return values
    sums: Numbers = np.add.reduceat(values, np.r_[0, last[:-1] + 1], axis=1)
    return sums


def _share(part: Numbers, whole: Numbers) -> Numbers:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
