"""Two models on the same rows by resampling: for any score, with BCa intervals.

One set of resampled rows serves both models, so what they share cancels out. What is resampled (rows,
groups of rows, stretches of time) is up to `prodml.stats.resampling`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from prodml.errors import ConfigError
from prodml.stats._aligned import Numbers, numbers
from prodml.stats.paired import PairedComparison
from prodml.stats.resampling import Cells, Groups, Rows, Units

__all__ = ["bca_interval", "bootstrap_means", "bootstrap_paired", "bootstrap_weighted"]

Statistic: TypeAlias = Callable[[NDArray[np.intp]], tuple[float, float]]
Weighing: TypeAlias = Callable[[Numbers], tuple[Numbers, Numbers]]

_FEW_VALUES = 64  # distinct differences up to which their counts are resampled, not the rows
_AT_ONCE = 50_000  # weights drawn at a time: what the second-level cache holds


def bootstrap_paired(
    statistic: Statistic,
    n_rows: int,
    *,
    null: float = 0.0,
    level: float = 0.9,
    n_resamples: int = 2000,
    rng: np.random.Generator | int = 0,
    units: Units | None = None,
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
    units : Units, optional
        What is resampled; rows if not given.

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
    confidence intervals", widened for few units as in Hesterberg 2015, "What teachers should know
    about the bootstrap"; the p-values invert the same interval.

    Examples
    --------
    >>> errors = np.random.default_rng(1).normal(size=(2, 200)) ** 2
    >>> errors[1] *= 0.5
    >>> rmse = lambda rows: (errors[0][rows].mean() ** 0.5, errors[1][rows].mean() ** 0.5)
    >>> result = bootstrap_paired(rmse, 200)
    >>> result.p_less < 0.01
    True
    """
    statistic(np.arange(n_rows))  # undefined on the rows themselves: let it say so in its own words

    def weighing(weights: Numbers) -> tuple[Numbers, Numbers]:
        found = np.array([_on_rows(statistic, line) for line in weights])
        return found[:, 0], found[:, 1]

    return bootstrap_weighted(
        weighing,
        Rows(n_rows) if units is None else units,
        null=null,
        level=level,
        n_resamples=n_resamples,
        rng=rng,
    )


def bootstrap_weighted(
    statistic: Weighing,
    units: Units,
    *,
    null: float = 0.0,
    level: float = 0.9,
    n_resamples: int = 2000,
    rng: np.random.Generator | int = 0,
) -> PairedComparison:
    """Compare two models by a score that takes the weights of many resamples at once.

    Parameters
    ----------
    statistic : callable
        ``statistic(weights) -> (first, second)``: weights of shape (b, n) to scores of shape (b,);
        NaN where the score is undefined.
    units : Units
        What is resampled.
    null, level, n_resamples, rng
        As in `bootstrap_paired`.

    Returns
    -------
    PairedComparison
        With ``test="bootstrap"``.

    Raises
    ------
    ConfigError
        As `bootstrap_paired`.

    Examples
    --------
    >>> errors = np.random.default_rng(1).normal(size=(2, 200)) ** 2
    >>> errors[1] *= 0.5
    >>> mse = lambda w: tuple(w @ error / w.sum(axis=1) for error in errors)
    >>> bootstrap_weighted(mse, Rows(200)).p_less < 0.01
    True
    """
    _check(units.n_units, level, n_resamples)
    generator = np.random.default_rng(rng)
    first, second = (float(s[0]) for s in statistic(units.whole()))
    draws = np.empty(n_resamples)
    at_once = max(1, _AT_ONCE // units.n_rows)
    for start in range(0, n_resamples, at_once):
        size = min(at_once, n_resamples - start)
        draws[start : start + size] = _gap(statistic, units.draw(size, generator))
    kept = draws[np.isfinite(draws)]
    if len(kept) < 0.9 * n_resamples or not math.isfinite(second - first):
        missed = n_resamples - len(kept)
        raise ConfigError(
            f"the score is undefined on {missed} of {n_resamples} resamples; {units.n_units} "
            f"{units.unit}s are too few for it, or a class is too rare"
        )
    weights, alike = units.left_out()
    left_out = np.concatenate(
        [_gap(statistic, weights[i : i + at_once]) for i in range(0, len(weights), at_once)]
    )
    there = np.isfinite(left_out)
    spread = _Spread.of(second - first, kept, left_out[there], alike[there], units.n_units)
    return _comparison(first, second, spread, units, null=null, level=level)


def bootstrap_means(
    first: ArrayLike,
    second: ArrayLike,
    *,
    null: float = 0.0,
    level: float = 0.9,
    n_resamples: int = 2000,
    rng: np.random.Generator | int = 0,
    units: Units | None = None,
) -> PairedComparison:
    """Compare two models by a score that is a mean over rows.

    Parameters
    ----------
    first, second : array-like of shape (n,)
        Each row's part of the score, such as 0/1 losses or squared errors.
    null, level, n_resamples, rng, units
        As in `bootstrap_paired`.

    Returns
    -------
    PairedComparison
        With ``test="bootstrap"``.

    Notes
    -----
    Differences of few distinct values (0/1 losses have three) are resampled as counts: O(B) in
    place of O(nB), and the same distribution; of groups only their sums are.

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
    drawn = Rows(len(one)) if units is None else units
    sums, sizes, alike = _summed(two - one, drawn)

    def gap(weights: Numbers) -> tuple[Numbers, Numbers]:
        means = (weights @ sums) / (weights @ sizes)
        return np.zeros_like(means), means

    found = bootstrap_weighted(gap, alike, null=null, level=level, n_resamples=n_resamples, rng=rng)
    return attrs.evolve(
        found, first=float(one.mean()), second=float(two.mean()), n_rows=len(one), unit=drawn.unit
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
    return _Spread.of(estimate, draws, left_out, np.ones(len(left_out)), None).interval(level)


@attrs.frozen(eq=False)
class _Spread:
    """How the difference varies over resamples, with one line through its distribution.

    Bounds and p-values read the same line (the share of draws below each value, ties half, straight
    in between), once in each direction: so a bound passes a value exactly where its p-value passes
    the level.
    """

    values: Numbers
    shares: Numbers
    bias: float
    acceleration: float
    error: float
    n_units: int | None

    @classmethod
    def of(
        cls, estimate: float, draws: Numbers, left_out: Numbers, alike: Numbers, n_units: int | None
    ) -> _Spread:
        values, counts = np.unique(draws, return_counts=True)
        # Never 0 or 1, which B draws cannot show.
        shares = (np.cumsum(counts) - counts / 2.0 + 0.5) / (len(draws) + 1.0)
        error = float(draws.std(ddof=1))
        bias = float(ndtri(np.interp(estimate, values, shares)))
        return cls(values, shares, bias, _acceleration(left_out, alike), error, n_units)

    def interval(self, level: float) -> tuple[float, float]:
        if len(self.values) == 1:
            return float(self.values[0]), float(self.values[0])
        reach = self._reach((1.0 + level) / 2.0)
        tails = np.array([-reach, reach]) + self.bias
        shares = ndtr(self.bias + tails / (1.0 - self.acceleration * tails))
        low, high = np.interp(shares, self.shares, self.values)
        return float(low), float(high)

    def p_values(self, shift: float, null: float) -> tuple[float, float]:
        """Return the level at which the bound reaches `null`, on each side."""
        if len(self.values) == 1:
            return _sure(shift)
        share = float(np.interp(null, self.values, self.shares))
        at = float(ndtri(share)) - self.bias
        z = at / max(1.0 + self.acceleration * at, 1e-9) - self.bias
        return self._tail(z), self._tail(-z)

    # Few units make the draws vary too little, and the normal quantile too small (Hesterberg 2015).
    def _reach(self, share: float) -> float:
        if self.n_units is None:
            return float(ndtri(share))
        free = self.n_units - 1.0
        return float(stdtrit(free, share)) * math.sqrt(self.n_units / free)

    def _tail(self, z: float) -> float:
        if self.n_units is None:
            return float(ndtr(z))
        free = self.n_units - 1.0
        return float(stdtr(free, z * math.sqrt(free / self.n_units)))


def _check(n_units: int, level: float, n_resamples: int) -> None:
    if n_units < 2:
        raise ConfigError(f"the bootstrap needs at least 2 rows, groups or blocks, got {n_units}")
    if not 0.0 < level < 1.0:
        raise ConfigError(f"level must lie in (0, 1), got {level}")
    if n_resamples < 100:
        raise ConfigError(f"n_resamples must be at least 100, got {n_resamples}")


def _on_rows(statistic: Statistic, weights: Numbers) -> tuple[float, float]:
    try:
        return statistic(np.repeat(np.arange(len(weights)), weights.astype(np.intp)))
    except ConfigError:
        return math.nan, math.nan


def _gap(statistic: Weighing, weights: Numbers) -> Numbers:
    first, second = statistic(weights)
    return second - first


def _summed(gaps: Numbers, units: Units) -> tuple[Numbers, Numbers, Units]:
    """Sums and sizes of what is drawn, alike ones once."""
    sums: Numbers
    sizes: Numbers
    if isinstance(units, Groups):
        sums = np.bincount(units.codes, gaps, units.n_units).astype(np.float64)
        sizes = np.bincount(units.codes, minlength=units.n_units).astype(np.float64)
    else:
        sums, sizes = gaps, np.ones(len(gaps))
    if not isinstance(units, (Rows, Groups)):
        return sums, sizes, units
    kinds, counts = np.unique(np.stack([sums, sizes]), axis=1, return_counts=True)
    if len(counts) > _FEW_VALUES:
        return sums, sizes, Rows(len(sums))
    return kinds[0], kinds[1], Cells(counts)


def _comparison(
    first: float, second: float, spread: _Spread, units: Units, *, null: float, level: float
) -> PairedComparison:
    low, high = spread.interval(level)
    greater, less = spread.p_values(second - first - null, null)
    return PairedComparison(
        test="bootstrap",
        first=first,
        second=second,
        difference=second - first,
        low=low,
        high=high,
        p_greater=greater,
        p_less=less,
        p_value=min(1.0, 2.0 * min(greater, less)),
        standard_error=spread.error,
        n_rows=int(units.whole().sum()),
        null=null,
        level=level,
        unit=units.unit,
        n_units=units.n_units,
    )


def _sure(shift: float) -> tuple[float, float]:
    if abs(shift) <= 1e-12:
        return 1.0, 1.0
    return (0.0, 1.0) if shift > 0 else (1.0, 0.0)


def _acceleration(left_out: Numbers, alike: Numbers) -> float:
    # Efron 1987, eq. 6.6 with the jackknife's influence values.
    if alike.sum() == 0.0:
        return 0.0
    influence = (alike @ left_out) / alike.sum() - left_out
    spread = float(alike @ influence**2)
    return float(alike @ influence**3 / (6.0 * spread**1.5)) if spread > 0.0 else 0.0
