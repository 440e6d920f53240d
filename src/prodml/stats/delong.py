"""Two areas under the ROC curve on the same rows: DeLong's test, O(n log n), one sort per model.

Where rows come in groups (patients, sessions), `groups=` takes Obuchowski's variance in place of DeLong's.
"""

from __future__ import annotations

import math

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from prodml.errors import ConfigError
from prodml.stats._aligned import Numbers, encode, labels, numbers, same_rows
from prodml.stats.paired import PairedComparison
from prodml.stats.resampling import group_codes

__all__ = ["Areas", "delong", "delong_covariance"]


@attrs.frozen(eq=False)
class Areas:
    """Areas under the ROC curve with their covariance.

    Parameters
    ----------
    areas : ndarray of shape (k,)
        One area per set of scores.
    covariance : ndarray of shape (k, k)
        Of the areas.
    n_positive, n_negative : int
        Rows of each class.
    """

    areas: Numbers
    covariance: Numbers
    n_positive: int
    n_negative: int


def delong_covariance(
    positive: ArrayLike, scores: ArrayLike, *, groups: ArrayLike | None = None
) -> Areas:
    """Return the areas of several scores of the same rows, with their covariance.

    Parameters
    ----------
    positive : array-like of shape (n,)
        True or 1 for positive rows.
    scores : array-like of shape (k, n)
        One line of scores per model; ties count half.
    groups : array-like of shape (n,), optional
        Unit each row belongs to; rows of a unit may depend on each other.

    Returns
    -------
    Areas

    Raises
    ------
    ConfigError
        With fewer than two rows (or groups with rows) of either class, different lengths, or NaN.

    Notes
    -----
    Source: Sun & Xu 2014, "Fast implementation of DeLong's algorithm for comparing the areas
    under correlated receiver operating characteristic curves"; DeLong, DeLong & Clarke-Pearson
    1988; with groups Obuchowski 1997, "Nonparametric analysis of clustered ROC curve data".

    Examples
    --------
    >>> found = delong_covariance([0, 0, 1, 1], [[0.1, 0.4, 0.35, 0.8], [0.1, 0.2, 0.3, 0.4]])
    >>> found.areas.tolist()
    [0.75, 1.0]
    """
    truth = np.asarray(positive).astype(bool)
    lines = numbers(scores, name="scores", ndim=(2,))
    same_rows(truth, lines.T, names="positive and scores")
    m, n = int(truth.sum()), int((~truth).sum())
    if min(m, n) < 2:
        raise ConfigError(f"delong needs two rows of each class, got {m} positive and {n} negative")
    placed = [_placements(truth, line) for line in lines]
    v10, v01 = (np.stack(parts) for parts in zip(*placed, strict=True))
    if groups is None:
        covariance = np.atleast_2d(np.cov(v10)) / m + np.atleast_2d(np.cov(v01)) / n
    else:
        units, _ = group_codes(groups, len(truth))
        covariance = _clustered(v10, v01, units[truth], units[~truth])
    return Areas(v10.mean(axis=1), covariance, m, n)


def delong(
    y_true: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    null: float = 0.0,
    level: float = 0.9,
    classes: ArrayLike | None = None,
    groups: ArrayLike | None = None,
) -> PairedComparison:
    """Compare the areas under the ROC curve of two models.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels of two classes; the last of the sorted ones is positive.
    first, second : array-like of shape (n,)
        Scores of the positive class.
    null : float, default 0.0
        Difference of the areas to test against, in (-1, 1).
    level : float, default 0.9
        Of the interval, in (0, 1).
    classes : array-like, optional
        Both classes, sorted.
    groups : array-like of shape (n,), optional
        Unit each row belongs to, as in `delong_covariance`.

    Returns
    -------
    PairedComparison
        With ``test="delong"``, or ``"obuchowski"`` where there are groups. Scores that order the rows alike have difference and standard
        error 0, and every p-value against ``null=0`` is 1.

    Raises
    ------
    ConfigError
        With fewer than two rows of either class, different lengths, or NaN.

    Examples
    --------
    >>> y = [0, 0, 0, 1, 1, 1]
    >>> result = delong(y, [1, 2, 5, 3, 4, 6], [1, 2, 3, 4, 5, 6])
    >>> round(result.difference, 4), round(result.p_value, 4)
    (0.2222, 0.3711)
    """
    if not 0.0 < level < 1.0 or not -1.0 < null < 1.0:
        raise ConfigError(f"level must lie in (0, 1) and null in (-1, 1), got {level} and {null}")
    (codes,), known = encode(labels(y_true, name="y_true"), classes=classes)
    if len(known) != 2:
        raise ConfigError(f"delong compares models of two classes, found {len(known)}")
    one, two = numbers(first, name="first"), numbers(second, name="second")
    same_rows(one, two, names="first and second")
    found = delong_covariance(codes == 1, np.stack([one, two]), groups=groups)
    difference = float(found.areas[1] - found.areas[0])
    error = _standard_error(found.covariance)
    z = _z(difference - null, error)
    greater, less = (1.0, 1.0) if z is None else (float(ndtr(-z)), float(ndtr(z)))
    reach = float(ndtri((1.0 + level) / 2.0)) * error
    return PairedComparison(
        test="delong" if groups is None else "obuchowski",
        first=float(found.areas[0]),
        second=float(found.areas[1]),
        difference=difference,
        low=max(difference - reach, -1.0),
        high=min(difference + reach, 1.0),
        p_greater=greater,
        p_less=less,
        p_value=min(1.0, 2.0 * min(greater, less)),
        standard_error=error,
        n_rows=len(codes),
        null=null,
        level=level,
    )


def _placements(truth: NDArray[np.bool_], scores: Numbers) -> tuple[Numbers, Numbers]:
    """Share of negatives below each positive, and of positives above each negative (ties half)."""
    # One sort will do: a midrank in the pool less that in the own class counts the other class.
    order = np.argsort(scores)
    ordered, hits = scores[order], truth[order]
    last = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])
    positives = np.cumsum(hits)[last]
    negatives = last + 1 - positives
    m, n = int(positives[-1]), int(negatives[-1])
    sizes = np.diff(last, prepend=-1)
    below = (negatives + np.r_[0, negatives[:-1]]) / (2.0 * n)
    above = 1.0 - (positives + np.r_[0, positives[:-1]]) / (2.0 * m)
    placed = np.empty(len(scores))
    placed[order] = np.where(hits, np.repeat(below, sizes), np.repeat(above, sizes))
    return placed[truth], placed[~truth]


def _clustered(
    v10: Numbers, v01: Numbers, positive: NDArray[np.intp], negative: NDArray[np.intp]
) -> Numbers:
    """Covariance of the areas where rows come in groups (Obuchowski 1997, section 2)."""
    m, n = v10.shape[1], v01.shape[1]
    n_units = int(max(positive.max(), negative.max())) + 1
    areas = v10.mean(axis=1, keepdims=True)
    ups = np.stack([np.bincount(positive, line, n_units) for line in v10 - areas])
    downs = np.stack([np.bincount(negative, line, n_units) for line in v01 - areas])
    i10, i01 = len(np.unique(positive)), len(np.unique(negative))
    if min(i10, i01) < 2:
        raise ConfigError(f"delong needs two groups with rows of each class, got {min(i10, i01)}")
    crossed = n_units / (n_units - 1.0) * (ups @ downs.T) / (m * n)
    own = i10 / (i10 - 1.0) * (ups @ ups.T) / m**2 + i01 / (i01 - 1.0) * (downs @ downs.T) / n**2
    covariance: Numbers = own + crossed + crossed.T
    return covariance


def _standard_error(covariance: Numbers) -> float:
    variance = float(covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1])
    # Subtracting equal numbers leaves dust of the size of rounding, of either sign.
    dust = 1e-14 * float(covariance[0, 0] + covariance[1, 1])
    return math.sqrt(variance) if variance > dust else 0.0


def _z(shift: float, error: float) -> float | None:
    if error > 0.0:
        return shift / error
    return None if abs(shift) <= 1e-12 else math.copysign(math.inf, shift)
