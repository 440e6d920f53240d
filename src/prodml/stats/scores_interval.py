"""A score of one model with its uncertainty, whatever the score."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from prodml.errors import ConfigError
from prodml.stats.bootstrap import bootstrap_means
from prodml.stats.delong import delong_covariance
from prodml.stats.intervals import wilson
from prodml.stats.scores import Score

__all__ = ["ScoreInterval", "score_interval"]

_MANY = 1000  # rows from which on a mean is as good as normal
_DRAWN = 2000  # rows at a time of scores that are no mean


class ScoreInterval(NamedTuple):
    """A score and what it may be.

    Parameters
    ----------
    value : float
        The score on the rows.
    low, high : float
        Interval; NaN where the rows are too few for one.
    """

    value: float
    low: float
    high: float


def score_interval(
    score: Score,
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    classes: ArrayLike | None = None,
    level: float = 0.95,
    n_resamples: int = 200,
    seed: int = 0,
) -> ScoreInterval:
    """Return a score with an interval.

    Parameters
    ----------
    score : Score
        Any.
    y_true, y_pred : array-like of shape (n,), or (n, k) for probabilities
        As the score takes them.
    classes : array-like, optional
        All classes, sorted.
    level : float, default 0.95
        Of the interval, in (0, 1).
    n_resamples : int, default 200
        For scores that are no mean over rows.
    seed : int, default 0
        Of the resampling.

    Returns
    -------
    ScoreInterval

    Raises
    ------
    ConfigError
        If the score itself cannot be taken.

    Notes
    -----
    Accuracy by Wilson 1927; means over rows by the t-like normal interval from 1,000 rows on and by
    the BCa bootstrap below; the area of two classes by DeLong 1988; anything else by resampling
    2,000 rows at a time and scaling to n (Politis & Romano 1994), so the cost does not grow with n.

    Examples
    --------
    >>> from prodml.stats.scores import SCORES
    >>> found = score_interval(SCORES["accuracy"], [0, 1] * 50, [0, 1] * 45 + [1, 0] * 5)
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (0.9, 0.826, 0.945)
    """
    true, said = np.asarray(y_true), np.asarray(y_pred)
    value = score(true, said, classes=classes)
    if len(true) < 2:
        return ScoreInterval(value, math.nan, math.nan)
    bounds = _known_bounds(score, value, true, said, classes=classes, level=level, seed=seed)
    if bounds is None:
        tails = np.array([(1.0 - level) / 2.0, (1.0 + level) / 2.0])
        bounds = _resampled(
            lambda rows: score(true[rows], said[rows], classes=classes) - value,
            len(true),
            tails,
            np.random.default_rng(seed),
            n_resamples,
        )
        bounds = value + bounds[0], value + bounds[1]
    return ScoreInterval(value, *bounds)


def _known_bounds(
    score: Score,
    value: float,
    true: NDArray[np.generic],
    said: NDArray[np.generic],
    *,
    classes: ArrayLike | None,
    level: float,
    seed: int,
) -> tuple[float, float] | None:
    n = len(true)
    if score.name == "accuracy":
        return wilson(value * n, n, alpha=1.0 - level)
    parts = score.per_row(true, said, classes=classes)
    if parts is not None:
        return _of_mean(np.asarray(parts, dtype=np.float64), level, seed)
    if score.name == "roc_auc" and said.ndim == 1:
        return _of_area(true, said, classes, level)
    return None


def _of_mean(parts: NDArray[np.float64], level: float, seed: int) -> tuple[float, float]:
    if len(parts) < _MANY:
        found = bootstrap_means(
            np.zeros(len(parts)), parts, level=level, n_resamples=1000, rng=seed
        )
        return found.low, found.high
    half = float(ndtri((1.0 + level) / 2.0) * parts.std(ddof=1) / math.sqrt(len(parts)))
    return float(parts.mean()) - half, float(parts.mean()) + half


def _of_area(
    true: NDArray[np.generic], said: NDArray[np.generic], classes: ArrayLike | None, level: float
) -> tuple[float, float]:
    known = np.unique(true) if classes is None else np.asarray(classes)
    try:
        areas = delong_covariance(true == known[-1], said[np.newaxis, :])
    except ConfigError:
        return math.nan, math.nan  # one row of a class has no spread
    value, error = float(areas.areas[0]), math.sqrt(max(float(areas.covariance[0, 0]), 0.0))
    half = float(ndtri((1.0 + level) / 2.0)) * error
    return max(value - half, 0.0), min(value + half, 1.0)


def _resampled(
    shift: Callable[[NDArray[np.intp]], float],
    n: int,
    tails: NDArray[np.float64],
    rng: np.random.Generator,
    n_resamples: int,
) -> tuple[float, float]:
    size = min(n, _DRAWN)
    draws = np.array([_draw(shift, rng.integers(0, n, size)) for _ in range(n_resamples)])
    kept = draws[np.isfinite(draws)]
    if len(kept) < 0.9 * n_resamples:
        return math.nan, math.nan
    low, high = np.quantile(kept, tails) * math.sqrt(size / n)
    return float(low), float(high)


def _draw(statistic: Callable[[NDArray[np.intp]], float], rows: NDArray[np.intp]) -> float:
    try:
        return statistic(rows)
    except ConfigError:
        return math.nan
