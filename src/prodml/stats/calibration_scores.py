"""Whether probabilities mean what they say: reliability curve, calibration error, parts of the Brier score.

Each function takes what happened (0 or 1) and the probability that was given to it, of one class, or
of the class that a model of many classes chose.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from prodml.errors import ConfigError
from prodml.stats._aligned import Numbers, numbers, same_rows

__all__ = [
    "BrierParts",
    "CalibrationError",
    "Reliability",
    "brier_parts",
    "calibration_error",
    "reliability",
]

Bins: TypeAlias = Literal["mass", "width"]


@attrs.frozen(eq=False)
class Reliability:
    """The reliability curve: one point per bin that has rows.

    Parameters
    ----------
    n_rows : ndarray of int
        Rows in each bin.
    predicted : ndarray of float
        Their mean probability.
    happened : ndarray of float
        How often it happened.
    low, high : ndarray of float
        Wilson's 95 % interval of `happened`.
    """

    n_rows: NDArray[np.intp]
    predicted: Numbers
    happened: Numbers
    low: Numbers
    high: Numbers

    def to_dict(self) -> dict[str, list[float]]:
        """Return the columns as lists."""
        return {name: getattr(self, name).tolist() for name in attrs.fields_dict(type(self))}


@attrs.frozen
class CalibrationError:
    """How far probabilities are from what happens, on average over the rows.

    Parameters
    ----------
    value : float
        Mean distance between bins' probability and share, weighted by rows.
    low, high : float
        Interval; its lower end is 0 where chance alone explains the distance.
    by_chance : float
        What probabilities that are exactly right would show with so many rows in such bins.
    """

    value: float
    low: float
    high: float
    by_chance: float


@attrs.frozen
class BrierParts:
    """The Brier score as ``reliability - resolution + uncertainty + within``.

    Parameters
    ----------
    brier : float
        The score itself.
    reliability : float
        Distance of the bins' probabilities from what happened in them; 0 is best.
    resolution : float
        Distance of what happened in the bins from the overall share; more is better.
    uncertainty : float
        Of the outcome itself; no model moves it.
    within : float
        What bins hide: how probabilities vary inside them.
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float


def reliability(
    happened: ArrayLike, probability: ArrayLike, *, n_bins: int = 10, bins: Bins = "mass"
) -> Reliability:
    """Return how often things happened, by the probability that was given to them.

    Parameters
    ----------
    happened : array-like of shape (n,)
        1 where it happened, 0 where not.
    probability : array-like of shape (n,)
        In [0, 1].
    n_bins : int, default 10
        At most so many bins.
    bins : {"mass", "width"}, default "mass"
        Of equally many rows, or of equal width; equal probabilities share a bin.

    Returns
    -------
    Reliability

    Raises
    ------
    ConfigError
        If the arrays do not fit together or a value is outside its range.

    Examples
    --------
    >>> curve = reliability([0, 0, 1, 1], [0.1, 0.1, 0.9, 0.9], n_bins=2)
    >>> curve.predicted.tolist(), curve.happened.tolist()
    ([0.1, 0.9], [0.0, 1.0])
    """
    truth, given = _pair(happened, probability)
    n, total, hits = _binned(truth, given, n_bins, bins)
    share = hits / n
    low, high = _wilson(hits, n)
    return Reliability(n.astype(np.intp), total / n, share, low, high)


def calibration_error(
    happened: ArrayLike,
    probability: ArrayLike,
    *,
    n_bins: int = 15,
    bins: Bins = "mass",
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int = 0,
) -> CalibrationError:
    """Return the expected calibration error with an interval.

    Parameters
    ----------
    happened, probability, n_bins, bins
        As in `reliability`. ``"width"`` is the ECE of the literature, ``"mass"`` the adaptive one.
    level : float, default 0.95
        Of the interval, in (0, 1).
    n_resamples : int, default 1000
        At least 100.
    seed : int, default 0
        Of the resampling.

    Returns
    -------
    CalibrationError

    Raises
    ------
    ConfigError
        As `reliability`.

    Notes
    -----
    The distance of noisy shares is never 0, so small samples look worse calibrated than they are:
    the interval is reflected about the estimate, which takes this bias out, and `by_chance` shows it.
    Bins are resampled, not rows: O(n + B * bins). Source: Naeini, Cooper & Hauskrecht 2015 (ECE);
    Nixon et al. 2019 (adaptive bins); Efron & Tibshirani 1993, section 13.4 (reflection).

    Examples
    --------
    >>> found = calibration_error([0, 1] * 50, [0.5] * 100)
    >>> found.value, found.low
    (0.0, 0.0)
    """
    truth, given = _pair(happened, probability)
    n, total, hits = _binned(truth, given, n_bins, bins)
    gaps = (hits - total) / n
    weights = n / n.sum()
    value = float(np.sum(weights * np.abs(gaps)))
    rng = np.random.default_rng(seed)
    share = (hits + 0.5) / (n + 1.0)  # a bin where nothing happened still has a spread
    noise = np.sqrt(share * (1.0 - share) / n)
    drawn = gaps + noise * rng.standard_normal((max(n_resamples, 100), len(n)))
    draws = np.sum(weights * np.abs(drawn), axis=1)
    low, high = np.quantile(draws, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    mean = total / n
    # The mean of |N(0, s)| is s * sqrt(2 / pi).
    chance = np.sum(weights * np.sqrt(2.0 / np.pi * mean * (1.0 - mean) / n))
    bounds = (max(0.0, 2.0 * value - float(high)), max(0.0, 2.0 * value - float(low)))
    return CalibrationError(value, *bounds, float(chance))


def brier_parts(
    happened: ArrayLike, probability: ArrayLike, *, n_bins: int = 10, bins: Bins = "mass"
) -> BrierParts:
    """Take the Brier score apart; parameters as in `reliability`.

    Returns
    -------
    BrierParts
        The parts add up to the score exactly, whatever the bins.

    Notes
    -----
    Source: Murphy 1973, "A new vector partition of the probability score"; Stephenson, Coelho &
    Jolliffe 2008 for what is left within bins.

    Examples
    --------
    >>> parts = brier_parts([0, 0, 0, 1], [0.25, 0.25, 0.25, 0.25])
    >>> parts.brier == parts.uncertainty, parts.resolution
    (True, 0.0)
    """
    truth, given = _pair(happened, probability)
    n, total, hits = _binned(truth, given, n_bins, bins)
    weights, share, base = n / n.sum(), hits / n, float(truth.mean())
    off = float(np.sum(weights * (total / n - share) ** 2))
    resolved = float(np.sum(weights * (share - base) ** 2))
    unsure = base * (1.0 - base)
    score = float(np.mean((given - truth) ** 2))
    return BrierParts(score, off, resolved, unsure, score - (off - resolved + unsure))


def _pair(happened: ArrayLike, probability: ArrayLike) -> tuple[Numbers, Numbers]:
    truth = numbers(happened, name="happened")
    given = numbers(probability, name="probability")
    same_rows(truth, given, names="happened and probability")
    if not np.isin(truth, (0.0, 1.0)).all():
        raise ConfigError("happened must hold 0 and 1 only")
    if given.min() < 0.0 or given.max() > 1.0:
        raise ConfigError("probabilities must lie in [0, 1]; these are scores of another kind")
    return truth, given


def _binned(
    truth: Numbers, given: Numbers, n_bins: int, bins: Bins
) -> tuple[Numbers, Numbers, Numbers]:
    """Return rows, summed probability and summed outcomes of each bin with rows."""
    if isinstance(n_bins, bool) or not isinstance(n_bins, int) or n_bins < 1:
        raise ConfigError(f"n_bins must be a whole number of at least 1, got {n_bins!r}")
    if bins not in ("mass", "width"):
        raise ConfigError(f'bins must be "mass" or "width", got {bins!r}')
    inner = np.linspace(0.0, 1.0, n_bins + 1)[1:-1]
    edges = np.unique(np.quantile(given, inner)) if bins == "mass" else inner
    place = np.searchsorted(edges, given, side="right" if bins == "width" else "left")
    counts = np.bincount(place, minlength=len(edges) + 1).astype(np.float64)
    sums = (np.bincount(place, weights=w, minlength=len(counts)) for w in (given, truth))
    total, hits = (np.asarray(s, dtype=np.float64)[counts > 0] for s in sums)
    return counts[counts > 0], total, hits


def _wilson(hits: Numbers, n: Numbers, alpha: float = 0.05) -> tuple[Numbers, Numbers]:
    # Wilson 1927, for all bins at once.
    z = float(ndtri(1.0 - alpha / 2.0))
    share = hits / n
    middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n)
    half = z / (1.0 + z * z / n) * np.sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n))
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
