"""Levels that a reference lacks: how many are to be expected, and how many are too many."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from prodml.errors import ConfigError
from prodml.stats.ks import TINY

__all__ = ["unseen_pvalue"]


def unseen_pvalue(totals: ArrayLike, n_reference: int, n_current: int, *, unseen: int) -> float:
    """Bound the probability of so many current rows with a level that the reference has not.

    A finite reference does not hold every level, so unseen levels alone say little: among
    identifiers each row has one. Given how often each level occurs in both samples together, this
    asks how often chance would leave all rows of that many levels in the current sample.

    Parameters
    ----------
    totals : array_like of int, shape (k,)
        Rows of each level in both samples together, at least 1.
    n_reference, n_current : int
        Rows in each sample; they add up to the totals.
    unseen : int
        Current rows whose level the reference lacks.

    Returns
    -------
    float
        An upper bound of the p-value, in [1e-300, 1]; valid at every sample size.

    Raises
    ------
    ConfigError
        If the numbers do not add up.

    Source
    ------
    Chernoff's bound for weighted indicators under sampling without replacement, which are
    negatively associated: Joag-Dev & Proschan 1983, "Negative association of random variables",
    section 3.

    Examples
    --------
    One new level with ten rows is a surprise; ten identifiers among identifiers are none.

    >>> round(unseen_pvalue([95, 95, 10], 100, 100, unseen=10), 4)
    0.0008
    >>> unseen_pvalue([1] * 200, 100, 100, unseen=100)
    1.0
    """
    sizes, repeats = np.unique(np.asarray(totals, dtype=np.int64), return_counts=True)
    if int(np.sum(sizes * repeats)) != n_reference + n_current or not 0 <= unseen <= n_current:
        raise ConfigError(
            f"{int(np.sum(sizes * repeats))} rows in all levels, {unseen} of them unseen, do not fit "
            f"{n_reference} and {n_current} rows."
        )
    possible = sizes <= n_current
    sizes, repeats = sizes[possible], repeats[possible]
    absent = _log_choose(n_current, sizes) - _log_choose(n_reference + n_current, sizes)
    present = np.log1p(-np.exp(np.minimum(absent, -1e-15)))
    # Every tilt gives a valid bound; the least of a fine grid is close to the best one.
    tilt = np.geomspace(1e-6, 50.0, 400)[:, None]
    cumulants = repeats * np.logaddexp(present, absent + tilt * sizes)
    bound = float(np.min(cumulants.sum(axis=1) - tilt[:, 0] * unseen))
    return min(1.0, max(math.exp(min(bound, 0.0)), TINY))


def _log_choose(n: int, k: NDArray[np.int64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return result
