"""Two samples of levels: is every level as frequent in one as in the other.

The null is that both samples are draws from one distribution, so both rows of the table vary; a
goodness-of-fit test against a scaled reference would treat the reference as exact and reject far
too often.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, gammaln, xlogy

from prodml.errors import ConfigError
from prodml.stats.ks import TINY

__all__ = [
    "ContingencyResult",
    "chi_square",
    "compare_counts",
    "fisher",
    "g_test",
    "permutation",
    "pool_rare",
]

Counts: TypeAlias = NDArray[np.int64]
Method: TypeAlias = Literal["chi2", "g", "fisher", "permutation", "none"]

_FISHER_BELOW = 100  # expected rows; above it chi-square and the exact test agree in the tail
_MOST_LEVELS = 50  # of a permutation test; rarer ones are pooled first


@attrs.frozen
class ContingencyResult:
    """Outcome of a test on two rows of counts.

    Parameters
    ----------
    method : {"chi2", "g", "fisher", "permutation", "none"}
        How the p-value was found; ``"none"`` if there was but one level, and nothing to test.
    statistic : float
        Chi-square or G; for ``"fisher"`` the chi-square of the same table.
    p_value : float
        In [1e-300, 1].
    dof : int
        Levels compared, less one.
    """

    method: Method
    statistic: float
    p_value: float
    dof: int


def compare_counts(
    reference: ArrayLike,
    current: ArrayLike,
    *,
    method: Literal["chi2", "g"] = "chi2",
    n_permutations: int = 9_999,
    rng: np.random.Generator | int = 0,
) -> ContingencyResult:
    """Test whether two samples have the same distribution over levels, sparse tables included.

    Two levels are compared exactly while one is rare. More are compared by chi-square (or G) once
    rare ones are pooled, and by permutation where pooling leaves one level only.

    Parameters
    ----------
    reference, current : array_like of int, shape (k,)
        Rows of each level, the same levels in the same order; levels with no row at all may be
        among them.
    method : {"chi2", "g"}, default "chi2"
        Statistic of tables that are not sparse.
    n_permutations : int, default 9999
        Of a sparse table.
    rng : Generator or int, default 0
        Source of the permutations, or its seed.

    Returns
    -------
    ContingencyResult
        p-value 1 and method ``"none"`` if there is one level at most.

    Raises
    ------
    ConfigError
        If counts are negative or differ in length, or a sample has no rows.

    Source
    ------
    Cochran 1954, "Some methods for strengthening the common chi-square tests": rare levels
    are pooled, here up to an expected count of 10.

    Examples
    --------
    >>> result = compare_counts([60, 30, 10], [40, 35, 25])
    >>> result.method, round(result.statistic, 3), round(result.p_value, 4)
    ('chi2', 10.813, 0.0045)
    """
    r, c = _present(*_checked(reference, current))
    if len(r) < 2:
        return ContingencyResult("none", 0.0, 1.0, 0)
    if len(r) == 2:
        return _compare_two(r, c, method)
    pooled = pool_rare(r, c)
    if len(pooled[0]) == 2:
        return _compare_two(*pooled, method)
    if len(pooled[0]) > 2:
        return _ASYMPTOTIC[method](*pooled)
    r, c = _keep_most(r, c)
    if len(r) < 2:
        return ContingencyResult("none", 0.0, 1.0, 0)
    return permutation(r, c, n_permutations=n_permutations, rng=rng)


def _checked(reference: ArrayLike, current: ArrayLike) -> tuple[Counts, Counts]:
    r, c = np.asarray(reference), np.asarray(current)
    if r.ndim != 1 or r.shape != c.shape:
        raise ConfigError(f"counts must be two rows of one length, got {r.shape} and {c.shape}.")
    if (
        r.dtype.kind not in "iu"
        or c.dtype.kind not in "iu"
        or min(r.min(initial=0), c.min(initial=0)) < 0
    ):
        raise ConfigError("counts must be integers of at least 0.")
    if not r.sum() or not c.sum():
        raise ConfigError("both samples need at least one row.")
    return r.astype(np.int64), c.astype(np.int64)


def _present(r: Counts, c: Counts) -> tuple[Counts, Counts]:
    some = (r + c) > 0
    return r[some], c[some]


def _compare_two(r: Counts, c: Counts, method: Literal["chi2", "g"]) -> ContingencyResult:
    return fisher(r, c) if _expected(r, c).min() < _FISHER_BELOW else _ASYMPTOTIC[method](r, c)


def _keep_most(r: Counts, c: Counts) -> tuple[Counts, Counts]:
    """Pool all but the most frequent levels, so that a permutation costs the same for any table.

    Levels of one total stay together: their order may tell which sample they come from.
    """
    if len(r) <= _MOST_LEVELS:
        return r, c
    totals = r + c
    head = totals > np.sort(totals)[-_MOST_LEVELS]
    return np.append(r[head], r[~head].sum()), np.append(c[head], c[~head].sum())


def _expected(r: Counts, c: Counts) -> NDArray[np.float64]:
    totals = np.array([r.sum(), c.sum()], dtype=np.float64)
    expected: NDArray[np.float64] = totals[:, None] * ((r + c) / totals.sum())
    return expected


def pool_rare(
    reference: ArrayLike, current: ArrayLike, *, min_expected: float = 10.0
) -> tuple[Counts, Counts]:
    """Pool the rarest levels into one until every expected count is large enough.

    Which levels are pooled depends on the counts of both samples together only, so a test of the
    pooled table stays valid.

    Parameters
    ----------
    reference, current : array_like of int, shape (k,)
        Rows of each level.
    min_expected : float, default 10.0
        Least expected count of a level in the smaller sample. Cochran's 5 is enough where p-values
        are compared with 0.05; corrections for many columns judge further out in the tail.

    Returns
    -------
    tuple of ndarray of int64
        Both rows, the frequent levels in their order, then the pooled one if there is any.

    Examples
    --------
    >>> pooled = pool_rare([50, 40, 10, 9, 2], [45, 50, 9, 10, 1])
    >>> [row.tolist() for row in pooled]
    [[50, 40, 21], [45, 50, 20]]
    """
    r, c = _present(*_checked(reference, current))
    least = _expected(r, c).min(axis=0)
    rare = least < min_expected
    if not rare.any():
        return r, c
    if least[rare].sum() < min_expected and not rare.all():
        # The pool is too small for itself: the rarest of the others join it, all of one count.
        rare |= least == least[~rare].min()
    return np.append(r[~rare], r[rare].sum()), np.append(c[~rare], c[rare].sum())


def chi_square(reference: ArrayLike, current: ArrayLike) -> ContingencyResult:
    """Pearson's chi-square of a table of two rows, without a continuity correction.

    Parameters
    ----------
    reference, current : array_like of int, shape (k,)
        Rows of each level. The p-value is trustworthy where expected counts are at least 5.

    Returns
    -------
    ContingencyResult
        Method ``"chi2"``.

    Examples
    --------
    >>> round(chi_square([60, 40], [45, 55]).statistic, 4)
    4.5113
    """
    r, c = _present(*_checked(reference, current))
    return _asymptotic("chi2", _pearson(r, c), len(r) - 1)


def g_test(reference: ArrayLike, current: ArrayLike) -> ContingencyResult:
    """Likelihood-ratio statistic G of a table of two rows.

    Parameters
    ----------
    reference, current : array_like of int, shape (k,)
        Rows of each level.

    Returns
    -------
    ContingencyResult
        Method ``"g"``.

    Examples
    --------
    >>> round(g_test([60, 40], [45, 55]).statistic, 4)
    4.5286
    """
    r, c = _present(*_checked(reference, current))
    table = np.stack([r, c])
    return _asymptotic("g", float(2 * xlogy(table, table / _expected(r, c)).sum()), len(r) - 1)


def _pearson(r: Counts, c: Counts) -> float:
    # With two rows every deviation occurs twice, of opposite sign.
    n, m = int(r.sum()), int(c.sum())
    return float(np.sum((r * (m / n) ** 0.5 - c * (n / m) ** 0.5) ** 2 / (r + c)))


def _asymptotic(method: Literal["chi2", "g"], statistic: float, dof: int) -> ContingencyResult:
    if dof < 1:
        return ContingencyResult("none", 0.0, 1.0, 0)
    statistic = max(0.0, statistic)
    return ContingencyResult(method, statistic, max(float(chdtrc(dof, statistic)), TINY), dof)


_ASYMPTOTIC = {"chi2": chi_square, "g": g_test}


def fisher(reference: ArrayLike, current: ArrayLike) -> ContingencyResult:
    """Fisher's exact test of a table of two rows and two levels, two-sided.

    Parameters
    ----------
    reference, current : array_like of int, shape (2,)
        Rows of each level.

    Returns
    -------
    ContingencyResult
        The p-value sums the probabilities of all tables with these margins that are no likelier
        than the one seen. O(size of the smallest margin).

    Raises
    ------
    ConfigError
        If there are not two levels.

    Examples
    --------
    >>> round(fisher([8, 2], [1, 5]).p_value, 6)
    0.034965
    """
    r, c = _checked(reference, current)
    if len(r) != 2:
        raise ConfigError(f"Fisher's test compares two levels, got {len(r)}.")
    n, m, rare = int(r.sum()), int(c.sum()), int(min(r + c))
    which = int(np.argmin(r + c))
    hits = np.arange(max(0, rare - m), min(rare, n) + 1)
    logs = _log_choose(n, hits) + _log_choose(m, rare - hits)
    logs -= _log_choose(n + m, np.array([rare]))
    seen = logs[int(r[which]) - hits[0]]
    # Tables of equal probability differ in the last digits of their logarithms.
    p = float(np.exp(logs[logs <= seen + 1e-9]).sum())
    statistic = _pearson(*_present(r, c)) if rare else 0.0
    return ContingencyResult("fisher", statistic, min(1.0, max(p, TINY)), 1)


def _log_choose(n: int, k: NDArray[np.int64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return result


def permutation(
    reference: ArrayLike,
    current: ArrayLike,
    *,
    n_permutations: int = 9_999,
    rng: np.random.Generator | int = 0,
) -> ContingencyResult:
    """Chi-square of a table of two rows, judged by tables with the same margins drawn at random.

    Parameters
    ----------
    reference, current : array_like of int, shape (k,)
        Rows of each level, as sparse as may be.
    n_permutations : int, default 9999
        At least 1.
    rng : Generator or int, default 0
        Source of randomness, or its seed.

    Returns
    -------
    ContingencyResult
        The p-value is (1 + b) / (1 + n), with b of n random tables as extreme as the one seen: never
        0, and valid for any n. O(n k).

    Source
    ------
    Phipson & Smyth 2010, "Permutation p-values should never be zero".

    Examples
    --------
    >>> permutation([3, 0, 0, 4], [0, 4, 3, 0]).p_value < 0.01
    True
    """
    r, c = _present(*_checked(reference, current))
    if n_permutations < 1:
        raise ConfigError(f"n_permutations must be at least 1, got {n_permutations}.")
    generator = np.random.default_rng(rng)
    totals = r + c
    # The current row of a random table; at fixed margins only the squares of it move chi-square.
    drawn = generator.multivariate_hypergeometric(
        totals, int(c.sum()), size=n_permutations, method="marginals"
    )
    seen = float(np.sum(c**2 / totals))
    extreme = int((np.sum(drawn**2 / totals, axis=1) >= seen * (1 - 1e-12)).sum())
    p = (1 + extreme) / (1 + n_permutations)
    return ContingencyResult("permutation", _pearson(r, c), p, len(r) - 1)
