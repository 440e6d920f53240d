"""Two models on the same rows: is the difference real, how large may it be, how many rows decide it.

Every test returns a `PairedComparison` of the *second* against the *first*. `null` is the
difference that has to be beaten: 0 asks "is the second better", -margin asks "is it at most
margin worse" (non-inferiority).
"""

from __future__ import annotations

import math

import attrs
import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, bdtrc, ndtr, ndtri

from prodml.errors import ConfigError
from prodml.stats._aligned import numbers, same_rows

__all__ = ["PairedComparison", "mcnemar", "mcnemar_counts", "rows_needed"]


@attrs.frozen
class PairedComparison:
    """How the second model differs from the first on the same rows.

    Parameters
    ----------
    test : {"mcnemar", "delong", "obuchowski", "bootstrap"}
        How it was found.
    first, second : float
        The score of each.
    difference : float
        Second minus first.
    low, high : float
        Bounds of the two-sided interval of `level`.
    p_greater : float
        One-sided p-value against "the difference is at most `null`".
    p_less : float
        One-sided p-value against "the difference is at least `null`".
    p_value : float
        Two-sided p-value against "the difference is `null`".
    standard_error : float
        Of the difference.
    n_rows : int
        Rows compared.
    null : float, default 0
        The difference tested against.
    level : float, default 0.9
        Of the interval.
    unit : {"row", "group", "block"}, default "row"
        What counts as independent.
    n_units : int, default 0
        How many of them; 0 where it is not said.
    """

    test: str
    first: float
    second: float
    difference: float
    low: float
    high: float
    p_greater: float
    p_less: float
    p_value: float
    standard_error: float
    n_rows: int
    null: float = 0.0
    level: float = 0.9
    unit: str = "row"
    n_units: int = 0


def mcnemar(
    first_right: ArrayLike, second_right: ArrayLike, *, null: float = 0.0, level: float = 0.9
) -> PairedComparison:
    """Compare the accuracy of two models by the rows on which exactly one is right.

    Parameters
    ----------
    first_right, second_right : array-like of shape (n,)
        1 or True where the model is right on the row, else 0.
    null : float, default 0.0
        Difference of the accuracies to test against, in (-1, 1).
    level : float, default 0.9
        Of the interval, in (0, 1).

    Returns
    -------
    PairedComparison
        See `mcnemar_counts`.

    Raises
    ------
    ConfigError
        On no rows, different lengths, or anything but 0 and 1.

    Examples
    --------
    >>> result = mcnemar([1, 1, 1, 0, 0], [1, 1, 1, 1, 1])
    >>> result.difference, result.p_greater
    (0.4, 0.125)
    """
    first, second = (
        numbers(first_right, name="first_right"),
        numbers(second_right, name="second_right"),
    )
    same_rows(first, second, names="first_right and second_right")
    if not (np.isin(first, (0.0, 1.0)).all() and np.isin(second, (0.0, 1.0)).all()):
        raise ConfigError("mcnemar takes 1 where a model is right and 0 where it is wrong")
    gained = int(((second == 1.0) & (first == 0.0)).sum())
    lost = int(((second == 0.0) & (first == 1.0)).sum())
    both = int(((second == 1.0) & (first == 1.0)).sum())
    return mcnemar_counts(gained, lost, n_rows=len(first), n_both=both, null=null, level=level)


def mcnemar_counts(
    gained: int, lost: int, *, n_rows: int, n_both: int = 0, null: float = 0.0, level: float = 0.9
) -> PairedComparison:
    """Compare two accuracies from the four counts alone.

    Against ``null=0`` the p-values are McNemar's exact mid-p; against any other difference those of
    Tango's score statistic, which is McNemar's at 0. What is shown against 0 is shown against every
    lower difference as well, so no p-value lies on the wrong side of that at 0. The interval inverts
    exactly these tests: its bounds are Tango's, and never on another side of 0 than the mid-p.

    Parameters
    ----------
    gained : int
        Rows that only the second model has right.
    lost : int
        Rows that only the first model has right.
    n_rows : int
        All rows.
    n_both : int, default 0
        Rows that both have right; moves `first` and `second`, not the test.
    null : float, default 0.0
        Difference to test against, in (-1, 1).
    level : float, default 0.9
        Of the interval, in (0, 1).

    Returns
    -------
    PairedComparison
        With ``test="mcnemar"``. With no discordant row the two-sided p-value is 1.

    Notes
    -----
    Source: Fagerland, Lydersen & Laake 2013, "The McNemar test for binary matched-pairs data:
    mid-p and asymptotic are better than exact conditional"; Tango 1998, "Equivalence test and
    confidence interval for the difference in proportions for the paired-sample design".

    Examples
    --------
    >>> round(mcnemar_counts(12, 2, n_rows=50).p_value, 4)
    0.0074
    """
    if min(gained, lost, n_both) < 0 or n_rows < 1 or gained + lost + n_both > n_rows:
        raise ConfigError("counts must be at least 0 and add up to at most n_rows, at least 1")
    _check(null, level)
    n, b, c = n_rows, gained, lost
    better, worse = _mid_p(b, b + c), _mid_p(c, b + c)
    greater, less = _p_above(b, c, n, null, better), _p_above(c, b, n, -null, worse)
    bound = float(ndtri((1.0 + level) / 2.0))
    return PairedComparison(
        test="mcnemar",
        first=(n_both + c) / n,
        second=(n_both + b) / n,
        difference=(b - c) / n,
        low=_low(b, c, n, bound, is_above=better <= (1.0 - level) / 2.0),
        high=-_low(c, b, n, bound, is_above=worse <= (1.0 - level) / 2.0),
        p_greater=greater,
        p_less=less,
        p_value=min(1.0, 2.0 * min(greater, less)),
        standard_error=math.sqrt(max(b + c - (b - c) ** 2 / n, 0.0)) / n,
        n_rows=n,
        null=null,
        level=level,
    )


def rows_needed(
    difference: float,
    standard_error: float,
    n_rows: int,
    *,
    null: float = 0.0,
    alpha: float = 0.05,
    power: float = 0.8,
) -> int | None:
    """Return how many rows would decide, were the observed difference the true one.

    Parameters
    ----------
    difference : float
        Observed difference.
    standard_error : float
        Its standard error on `n_rows` rows; shrinks with the root of their number.
    n_rows : int
        Rows observed.
    null : float, default 0.0
        The difference to tell it from.
    alpha : float, default 0.05
        One-sided level of the test.
    power : float, default 0.8
        Wanted chance to decide.

    Returns
    -------
    int or None
        None if no number of rows would do, because the difference equals `null`.

    Examples
    --------
    >>> rows_needed(0.01, 0.012, 500)
    4452
    """
    distance = abs(difference - null)
    if distance <= 1e-12:
        return None
    reach = float(ndtri(1.0 - alpha) + ndtri(power))
    return max(1, math.ceil(n_rows * (reach * standard_error / distance) ** 2))


def _check(null: float, level: float) -> None:
    if not -1.0 < null < 1.0:
        raise ConfigError(f"null must lie in (-1, 1), got {null}")
    if not 0.0 < level < 1.0:
        raise ConfigError(f"level must lie in (0, 1), got {level}")


def _mid_p(successes: int, trials: int) -> float:
    """P(X > successes) + P(X = successes) / 2 for X ~ Bin(trials, 1/2)."""
    at_most = float(bdtr(successes, trials, 0.5))
    below = float(bdtr(successes - 1, trials, 0.5)) if successes > 0 else 0.0
    above = float(bdtrc(successes, trials, 0.5)) if successes < trials else 0.0
    return min(1.0, above + (at_most - below) / 2.0)


def _tango_z(b: int, c: int, n: int, null: float) -> float:
    # Tango 1998, eq. 4 and 5: p21 is the restricted estimate of the share of `lost` under `null`.
    linear = -(b + c) + (2 * n - b + c) * null
    p21 = (math.sqrt(max(linear**2 + 8 * n * c * null * (1 - null), 0.0)) - linear) / (4 * n)
    variance = n * (2 * p21 + null * (1 - null))
    shift = b - c - n * null
    if variance <= 1e-12:
        return 0.0 if abs(shift) <= 1e-12 else math.copysign(math.inf, shift)
    return shift / math.sqrt(variance)


def _p_above(b: int, c: int, n: int, null: float, at_zero: float) -> float:
    """One-sided p-value against "at most `null`", on the same side of `at_zero` as null is of 0."""
    if null == 0.0:
        return at_zero
    score = float(ndtr(-_tango_z(b, c, n, null)))
    return min(score, at_zero) if null < 0.0 else max(score, at_zero)


def _low(b: int, c: int, n: int, bound: float, *, is_above: bool) -> float:
    """Lower bound: where the score statistic reaches `bound`, on the side of 0 that the mid-p says."""
    low, high = -1.0, (b - c) / n
    for _ in range(60):
        middle = (low + high) / 2.0
        if _tango_z(b, c, n, middle) > bound:
            low = middle
        else:
            high = middle
    return max(high, 0.0) if is_above else min(high, 0.0)
