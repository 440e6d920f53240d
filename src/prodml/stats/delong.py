"""Two areas under the ROC curve on the same rows: DeLong's test by midranks, O(n log n)."""

from __future__ import annotations

import math

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from prodml.errors import ConfigError
from prodml.stats._aligned import Numbers, encode, labels, numbers, same_rows
from prodml.stats.paired import PairedComparison
from prodml.stats.probability_scores import midranks

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


def delong_covariance(positive: ArrayLike, scores: ArrayLike) -> Areas:
    """Return the areas of several scores of the same rows, with their covariance.

    Parameters
    ----------
    positive : array-like of shape (n,)
        True or 1 for positive rows.
    scores : array-like of shape (k, n)
        One line of scores per model; ties count half.

    Returns
    -------
    Areas

    Raises
    ------
    ConfigError
        With fewer than two rows of either class, different lengths, or NaN.

    Notes
    -----
    Source: Sun & Xu 2014, "Fast implementation of DeLong's algorithm for comparing the areas
    under correlated receiver operating characteristic curves"; DeLong, DeLong & Clarke-Pearson
    1988.

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
    v10, v01 = zip(*(_components(truth, line) for line in lines), strict=True)
    covariance = np.atleast_2d(np.cov(v10)) / m + np.atleast_2d(np.cov(v01)) / n
    return Areas(np.array([v.mean() for v in v10]), covariance, m, n)


def delong(
    y_true: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    null: float = 0.0,
    level: float = 0.9,
    classes: ArrayLike | None = None,
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

    Returns
    -------
    PairedComparison
        With ``test="delong"``. Scores that order the rows alike have difference and standard
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
    found = delong_covariance(codes == 1, np.stack([one, two]))
    difference = float(found.areas[1] - found.areas[0])
    error = _standard_error(found.covariance)
    z = _z(difference - null, error)
    greater, less = (1.0, 1.0) if z is None else (float(ndtr(-z)), float(ndtr(z)))
    reach = float(ndtri((1.0 + level) / 2.0)) * error
    return PairedComparison(
        test="delong",
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


def _components(truth: NDArray[np.bool_], scores: Numbers) -> tuple[Numbers, Numbers]:
    """Share of negatives below each positive, and of positives above each negative (ties half)."""
    pooled = midranks(scores)
    positive, negative = scores[truth], scores[~truth]
    v10 = (pooled[truth] - midranks(positive)) / len(negative)
    v01 = 1.0 - (pooled[~truth] - midranks(negative)) / len(positive)
    return v10, v01


def _standard_error(covariance: Numbers) -> float:
    variance = float(covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1])
    # Subtracting equal numbers leaves dust of the size of rounding, of either sign.
    dust = 1e-14 * float(covariance[0, 0] + covariance[1, 1])
    return math.sqrt(variance) if variance > dust else 0.0


def _z(shift: float, error: float) -> float | None:
    if error > 0.0:
        return shift / error
    return None if abs(shift) <= 1e-12 else math.copysign(math.inf, shift)
