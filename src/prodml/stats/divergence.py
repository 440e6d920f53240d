"""How far apart two samples are: distances between shares of bins, and between numbers."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import rel_entr

from prodml.errors import ConfigError

__all__ = [
    "bin_counts",
    "hellinger",
    "jensen_shannon",
    "psi",
    "quantile_edges",
    "total_variation",
    "total_variation_interval",
    "wasserstein",
]

Array: TypeAlias = NDArray[np.float64]


def quantile_edges(reference: ArrayLike, n_bins: int = 10) -> Array:
    """Inner edges that cut the reference into bins of about equal size.

    Edges come from the reference alone and the outer bins are open. Were they to span both samples,
    one far value in the current one would squeeze everything else into a single bin and hide any
    drift.

    Parameters
    ----------
    reference : array_like, shape (n,)
        Finite numbers, in any order, at least one.
    n_bins : int, default 10
        At least 2.

    Returns
    -------
    ndarray of float64
        At most ``n_bins - 1`` rising edges; fewer where many values are equal.

    Raises
    ------
    ConfigError
        If the reference is empty or not finite, or `n_bins` is less than 2.

    Examples
    --------
    >>> quantile_edges([1, 2, 3, 4, 5, 6, 7, 8], 4).tolist()
    [2.0, 4.0, 6.0]
    """
    values = np.sort(_finite(reference, "reference"))
    if n_bins < 2:
        raise ConfigError(f"n_bins must be at least 2, got {n_bins}.")
    ranks = np.ceil(np.arange(1, n_bins) * len(values) / n_bins).astype(np.int64) - 1
    edges = np.unique(values[np.maximum(ranks, 0)])
    return edges if len(edges) == 1 else edges[edges < values[-1]]


def bin_counts(values: ArrayLike, edges: ArrayLike) -> NDArray[np.int64]:
    """Count values between edges; an edge belongs to the bin on its left, the outer bins are open.

    Parameters
    ----------
    values : array_like, shape (n,)
        No NaN; infinities fall into the outer bins.
    edges : array_like, shape (k,)
        Rising.

    Returns
    -------
    ndarray of int64, shape (k + 1,)
        O(n log k).

    Examples
    --------
    >>> bin_counts([0, 2, 2.5, 1e9], [2.0, 4.0]).tolist()
    [2, 1, 1]
    """
    cuts = np.asarray(edges, dtype=np.float64)
    where = np.searchsorted(cuts, np.asarray(values, dtype=np.float64), "left")
    return np.bincount(where, minlength=len(cuts) + 1).astype(np.int64)


def psi(reference: ArrayLike, current: ArrayLike, *, debias: bool = False) -> float:
    """Population stability index of two rows of counts.

    Empty bins are no special case: half a row is added to every bin (Jeffreys' prior), which moves
    no score once a bin holds a handful of rows.

    Parameters
    ----------
    reference, current : array_like of int, shape (k,)
        Rows in each bin.
    debias : bool, default False
        Take off what chance alone gives on average, (k - 1)(1/n + 1/m); the result may be negative.

    Returns
    -------
    float
        At least 0 unless `debias`. By an old rule of thumb 0.1 is worth a look, 0.25 a lot.

    Source
    ------
    Yurdakul & Naranjo 2020, "Statistical properties of the population stability index".

    Examples
    --------
    >>> round(psi([100, 100, 100], [50, 100, 150]), 3)
    0.181
    """
    r, c = _counts(reference, current)
    p, q = (r + 0.5) / (r.sum() + len(r) / 2), (c + 0.5) / (c.sum() + len(c) / 2)
    index = float(np.sum((p - q) * np.log(p / q)))
    return index - (len(r) - 1) * (1 / r.sum() + 1 / c.sum()) if debias else index


def jensen_shannon(reference: ArrayLike, current: ArrayLike) -> float:
    """Jensen-Shannon distance: the root of the divergence in bits.

    Parameters
    ----------
    reference, current : array_like of int, shape (k,)
        Rows in each bin.

    Returns
    -------
    float
        In [0, 1]; a metric.

    Source
    ------
    Lin 1991, "Divergence measures based on the Shannon entropy"; Endres & Schindelin 2003.

    Examples
    --------
    >>> jensen_shannon([1, 0], [0, 1])
    1.0
    """
    p, q = _shares(reference, current)
    middle = (p + q) / 2
    bits = float(np.sum(rel_entr(p, middle) + rel_entr(q, middle))) / (2 * math.log(2))
    return math.sqrt(min(1.0, max(0.0, bits)))


def hellinger(reference: ArrayLike, current: ArrayLike) -> float:
    """Hellinger distance of two rows of counts.

    Parameters
    ----------
    reference, current : array_like of int, shape (k,)
        Rows in each bin.

    Returns
    -------
    float
        In [0, 1]; a metric.

    Examples
    --------
    >>> round(hellinger([1, 1], [1, 3]), 4)
    0.1846
    """
    p, q = _shares(reference, current)
    return min(1.0, math.sqrt(float(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2)) / 2))


def total_variation(reference: ArrayLike, current: ArrayLike) -> float:
    """Share of rows that would have to change their bin.

    Parameters
    ----------
    reference, current : array_like of int, shape (k,)
        Rows in each bin.

    Returns
    -------
    float
        In [0, 1]; a metric.

    Examples
    --------
    >>> total_variation([75, 25], [25, 75])
    0.5
    """
    p, q = _shares(reference, current)
    return min(1.0, float(np.abs(p - q).sum()) / 2)


def total_variation_interval(
    reference: ArrayLike, current: ArrayLike, *, alpha: float = 0.05
) -> tuple[float, float]:
    """Interval of the true total variation between the distributions behind two rows of counts.

    Parameters
    ----------
    reference, current : array_like of int, shape (k,)
        Rows in each bin.
    alpha : float in (0, 1), default 0.05
        One minus the coverage.

    Returns
    -------
    tuple of float
        In [0, 1]. What is observed exceeds the truth on average, by more the more bins there are;
        the lower limit makes up for it.

    Source
    ------
    One row more or less moves the distance by 1/n or 1/m, so it strays from its mean by more than
    sqrt(ln(2/alpha) (1/n + 1/m) / 2) with probability at most alpha (McDiarmid 1989). Its mean
    exceeds the truth by at most half the sum of the standard deviations of the differences
    (Jensen), which are estimated here.

    Examples
    --------
    >>> low, high = total_variation_interval([500, 500], [800, 200])
    >>> round(low, 3), round(high, 3)
    (0.219, 0.361)
    """
    if not 0 < alpha < 1:
        raise ConfigError(f"alpha must lie in (0, 1), got {alpha}.")
    r, c = _counts(reference, current)
    n, m = r.sum(), c.sum()
    p, q = r / n, c / m
    distance = float(np.abs(p - q).sum()) / 2
    reach = math.sqrt(math.log(2 / alpha) * (1 / n + 1 / m) / 2)
    excess = float(np.sqrt(p * (1 - p) / n + q * (1 - q) / m).sum()) / 2
    return max(0.0, distance - excess - reach), min(1.0, distance + reach)


def wasserstein(
    reference: ArrayLike, current: ArrayLike, *, clip: float | None = 0.005, normalise: bool = True
) -> float:
    """Earth mover's distance of two samples, in units of the reference's own spread.

    Parameters
    ----------
    reference : array_like, shape (n,)
        Finite numbers, in any order.
    current : array_like, shape (m,)
        Likewise.
    clip : float in (0, 0.5) or None, default 0.005
        Both samples are first clipped to the reference's quantiles `clip` and ``1 - clip``, so that
        one far value cannot make the distance by itself. None leaves them alone.
    normalise : bool, default True
        Divide by the reference's interquartile range (its standard deviation, then 1, where that is
        zero).

    Returns
    -------
    float
        At least 0. O((n + m) log(n + m)).

    Raises
    ------
    ConfigError
        If a sample is empty or not finite, or `clip` is outside (0, 0.5).

    Source
    ------
    Vallender 1974: the area between the two distribution functions.

    Examples
    --------
    >>> wasserstein([0, 1, 2, 3], [1, 2, 3, 4], clip=None, normalise=False)
    1.0
    """
    r = np.sort(_finite(reference, "reference"))
    c = np.sort(_finite(current, "current"))
    scale = _spread(r) if normalise else 1.0
    if clip is not None:
        if not 0 < clip < 0.5:
            raise ConfigError(f"clip must lie in (0, 0.5), got {clip}.")
        low, high = np.quantile(r, [clip, 1 - clip], method="inverted_cdf")
        r, c = np.clip(r, low, high), np.clip(c, low, high)
    every = np.sort(np.concatenate([r, c]))
    f = np.searchsorted(r, every[:-1], "right") / len(r)
    g = np.searchsorted(c, every[:-1], "right") / len(c)
    return float(np.sum(np.abs(f - g) * np.diff(every))) / scale


def _spread(ordered: Array) -> float:
    low, high = np.quantile(ordered, [0.25, 0.75])
    return float(high - low) or float(ordered.std()) or 1.0


def _finite(values: ArrayLike, name: str) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not len(array) or not bool(np.isfinite(array).all()):
        raise ConfigError(f"{name} must be a one-dimensional array of finite numbers, not empty.")
    return array


def _counts(reference: ArrayLike, current: ArrayLike) -> tuple[Array, Array]:
    r, c = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    if r.ndim != 1 or r.shape != c.shape:
        raise ConfigError(f"counts must be two rows of one length, got {r.shape} and {c.shape}.")
    if not bool(((r >= 0) & (c >= 0)).all()) or not r.sum() > 0 or not c.sum() > 0:
        raise ConfigError("counts must be at least 0, with a row in each sample.")
    return r, c


def _shares(reference: ArrayLike, current: ArrayLike) -> tuple[Array, Array]:
    r, c = _counts(reference, current)
    return r / r.sum(), c / c.sum()
