"""Two models on the same rows by resampling the rows: for any score, with BCa intervals.

One set of resampled rows serves both models, so what they share cancels out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from prodml.errors import ConfigError
from prodml.stats._aligned import Numbers, numbers
from prodml.stats.paired import PairedComparison

__all__ = ["bca_interval", "bootstrap_means", "bootstrap_paired"]

Statistic: TypeAlias = Callable[[NDArray[np.intp]], tuple[float, float]]

_FEW_VALUES = 64  # distinct differences up to which their counts are resampled, not the rows
_BLOCKS = 200  # groups of the jackknife behind the acceleration
_CELLS = 4_000_000  # indices drawn at a time


def bootstrap_paired(
    statistic: Statistic,
    n_rows: int,
    *,
    null: float = 0.0,
    level: float = 0.9,
    n_resamples: int = 2000,
    rng: np.random.Generator | int = 0,
) -> PairedComparison:
    """Compare two models by any score.

    Parameters
    ----------
    statistic : callable
        ``statistic(rows) -> (first, second)``: the score of both models on these row numbers,
        an integer array of shape (n,) that may repeat rows. It may raise `ConfigError` where a
        resample leaves the score undefined (a class without rows); such resamples are left out.
    n_rows : int
        Number of rows, at least 2.
    null : float, default 0.0
        Difference to test against.
    level : float, default 0.9
        Of the interval, in (0, 1).
    n_resamples : int, default 2000
        At least 100.
    rng : numpy.random.Generator or int, default 0
        Source of randomness, or its seed.

    Returns
    -------
    PairedComparison
        With ``test="bootstrap"``.

    Raises
    ------
    ConfigError
        If the score is undefined on the rows themselves or on more than a tenth of the resamples.

    Notes
    -----
    Calls `statistic` about ``n_resamples + 200`` times. Source: Efron 1987, "Better bootstrap
    confidence intervals"; the p-values invert the same interval.

    Examples
    --------
    >>> errors = np.random.default_rng(1).normal(size=(2, 200)) ** 2
    >>> errors[1] *= 0.5
    >>> rmse = lambda rows: (errors[0][rows].mean() ** 0.5, errors[1][rows].mean() ** 0.5)
    >>> result = bootstrap_paired(rmse, 200)
    >>> result.p_less < 0.01
    True
    """
    _check(n_rows, level, n_resamples)
    generator = np.random.default_rng(rng)
    first, second = statistic(np.arange(n_rows))
    draws = np.full(n_resamples, np.nan)
    for start, rows in _row_blocks(n_rows, n_resamples, generator):
        draws[start : start + len(rows)] = [_difference(statistic, line) for line in rows]
    kept = draws[np.isfinite(draws)]
    if len(kept) < 0.9 * n_resamples:
        missed = n_resamples - len(kept)
        raise ConfigError(
            f"the score is undefined on {missed} of {n_resamples} resamples; "
            f"{n_rows} rows are too few for it, or a class is too rare"
        )
    return _comparison(
        first, second, kept, _jackknife(statistic, n_rows), n_rows, null=null, level=level
    )


def bootstrap_means(
    first: ArrayLike,
    second: ArrayLike,
    *,
    null: float = 0.0,
    level: float = 0.9,
    n_resamples: int = 2000,
    rng: np.random.Generator | int = 0,
) -> PairedComparison:
    """Compare two models by a score that is a mean over rows.

    Parameters
    ----------
    first, second : array-like of shape (n,)
        Each row's part of the score, such as 0/1 losses or squared errors.
    null, level, n_resamples, rng
        As in `bootstrap_paired`.

    Returns
    -------
    PairedComparison
        With ``test="bootstrap"``.

    Notes
    -----
    Differences of few distinct values (0/1 losses have three) are resampled as counts: O(B) in
    place of O(nB), and the same distribution.

    Examples
    --------
    >>> result = bootstrap_means([1, 0, 1, 1, 0, 1] * 20, [0, 0, 1, 1, 0, 1] * 20)
    >>> round(result.difference, 4), result.high < 0
    (-0.1667, True)
    """
    one, two = numbers(first, name="first"), numbers(second, name="second")
    if len(one) != len(two):
        raise ConfigError(
            f"first and second must have the same rows, got {len(one)} and {len(two)}"
        )
    n_rows = len(one)
    _check(n_rows, level, n_resamples)
    gaps = two - one
    draws = _mean_draws(gaps, n_resamples, np.random.default_rng(rng))
    # Leaving row i out moves the mean to (n * mean - gap_i) / (n - 1): exact, no blocks needed.
    left_out = (gaps.sum() - gaps) / (n_rows - 1)
    return _comparison(
        float(one.mean()), float(two.mean()), draws, left_out, n_rows, null=null, level=level
    )


def bca_interval(
    estimate: float, draws: Numbers, left_out: Numbers, *, level: float = 0.9
) -> tuple[float, float]:
    """Return the bias-corrected and accelerated bootstrap interval.

    Parameters
    ----------
    estimate : float
        The statistic on the rows themselves.
    draws : ndarray of shape (B,)
        The statistic on each resample.
    left_out : ndarray of shape (k,)
        The statistic with each row, or block of rows, left out.
    level : float, default 0.9
        In (0, 1).

    Returns
    -------
    tuple of float
        Lower and upper bound; both the estimate if every draw equals it.

    Notes
    -----
    Source: Efron 1987, eq. 2.3 and 6.6.

    Examples
    --------
    >>> draws = np.linspace(-1, 1, 2001)
    >>> low, high = bca_interval(0.0, draws, np.array([-1.0, 0.0, 1.0]), level=0.9)
    >>> round(low, 2), round(high, 2)
    (-0.9, 0.9)
    """
    bias, acceleration = _bias(estimate, draws), _acceleration(left_out)
    tails = ndtri(np.array([(1.0 - level) / 2.0, (1.0 + level) / 2.0])) + bias
    shares = ndtr(bias + tails / (1.0 - acceleration * tails))
    low, high = np.quantile(draws, shares)
    return float(low), float(high)


def _check(n_rows: int, level: float, n_resamples: int) -> None:
    if n_rows < 2:
        raise ConfigError(f"the bootstrap needs at least 2 rows, got {n_rows}")
    if not 0.0 < level < 1.0:
        raise ConfigError(f"level must lie in (0, 1), got {level}")
    if n_resamples < 100:
        raise ConfigError(f"n_resamples must be at least 100, got {n_resamples}")


def _row_blocks(
    n_rows: int, n_resamples: int, rng: np.random.Generator
) -> Iterator[tuple[int, NDArray[np.intp]]]:
    at_once = max(1, _CELLS // n_rows)
    for start in range(0, n_resamples, at_once):
        size = (min(at_once, n_resamples - start), n_rows)
        yield start, rng.integers(0, n_rows, size=size, dtype=np.intp)


def _difference(statistic: Statistic, rows: NDArray[np.intp]) -> float:
    try:
        first, second = statistic(rows)
    except ConfigError:
        return math.nan
    return second - first


def _jackknife(statistic: Statistic, n_rows: int) -> Numbers:
    """Leave out one row at a time, or one of 200 blocks of neighbours where there are more rows."""
    rows = np.arange(n_rows)
    edges = np.linspace(0, n_rows, min(n_rows, _BLOCKS) + 1).astype(np.intp)
    left_out = [
        _difference(statistic, np.r_[rows[:start], rows[end:]])
        for start, end in itertools.pairwise(edges)
    ]
    found = np.array(left_out, dtype=np.float64)
    kept: Numbers = found[np.isfinite(found)]
    return kept


def _mean_draws(gaps: Numbers, n_resamples: int, rng: np.random.Generator) -> Numbers:
    n_rows = len(gaps)
    values, counts = np.unique(gaps, return_counts=True)
    if len(values) <= _FEW_VALUES:
        drawn = rng.multinomial(n_rows, counts / n_rows, size=n_resamples)
        means: Numbers = (drawn @ values) / n_rows
        return means
    blocks = _row_blocks(n_rows, n_resamples, rng)
    return np.concatenate([np.asarray(gaps[rows].mean(axis=1)) for _, rows in blocks])


def _comparison(
    first: float,
    second: float,
    draws: Numbers,
    left_out: Numbers,
    n_rows: int,
    *,
    null: float,
    level: float,
) -> PairedComparison:
    difference = second - first
    low, high = bca_interval(difference, draws, left_out, level=level)
    greater, less = _p_values(difference, draws, left_out, null)
    return PairedComparison(
        test="bootstrap",
        first=first,
        second=second,
        difference=difference,
        low=low,
        high=high,
        p_greater=greater,
        p_less=less,
        p_value=min(1.0, 2.0 * min(greater, less)),
        standard_error=float(draws.std(ddof=1)),
        n_rows=n_rows,
        null=null,
        level=level,
    )


def _p_values(
    estimate: float, draws: Numbers, left_out: Numbers, null: float
) -> tuple[float, float]:
    """Return the tail beyond which the BCa bound passes `null`, on each side."""
    if np.ptp(draws) == 0.0:
        return _sure(estimate - null)
    bias, acceleration = _bias(estimate, draws), _acceleration(left_out)
    shift = float(ndtri(_share_below(null, draws))) - bias
    z = shift / max(1.0 + acceleration * shift, 1e-9) - bias
    return float(ndtr(z)), float(ndtr(-z))


def _sure(shift: float) -> tuple[float, float]:
    if abs(shift) <= 1e-12:
        return 1.0, 1.0
    return (0.0, 1.0) if shift > 0 else (1.0, 0.0)


def _bias(estimate: float, draws: Numbers) -> float:
    return float(ndtri(_share_below(estimate, draws)))


def _share_below(value: float, draws: Numbers) -> float:
    """Share of draws below, ties half; never 0 or 1, which B draws cannot show."""
    below = float((draws < value).sum()) + 0.5 * float((draws == value).sum())
    return (below + 0.5) / (len(draws) + 1.0)


def _acceleration(left_out: Numbers) -> float:
    # Efron 1987, eq. 6.6 with the jackknife's influence values.
    influence = left_out.mean() - left_out
    spread = float((influence**2).sum())
    return float((influence**3).sum() / (6.0 * spread**1.5)) if spread > 0.0 else 0.0
