"""Intervals of proportions, means and their differences."""

from __future__ import annotations

import math

from scipy.special import ndtri, stdtr, stdtrit

from prodml.errors import ConfigError

__all__ = ["newcombe", "welch", "wilson"]


def wilson(successes: float, n: float, *, alpha: float = 0.05) -> tuple[float, float]:
    """Interval of a proportion that keeps its coverage near 0 and 1 and in small samples.

    Parameters
    ----------
    successes : float
        Number of successes, in [0, n].
    n : float
        Number of trials; 0 gives the whole range.
    alpha : float in (0, 1), default 0.05
        One minus the coverage.

    Returns
    -------
    tuple of float
        Lower and upper limit in [0, 1].

    Raises
    ------
    ConfigError
        If `successes` lies outside [0, n] or `alpha` outside (0, 1).

    References
    ----------
    Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    Examples
    --------
    >>> low, high = wilson(8, 10)
    >>> round(low, 4), round(high, 4)
    (0.4902, 0.9433)
    """
    if not 0 < alpha < 1:
        raise ConfigError(f"alpha must lie in (0, 1), got {alpha}.")
    if not 0 <= successes <= n:
        raise ConfigError(f"successes must lie in [0, n], got {successes} of {n}.")
    if n == 0:
        return 0.0, 1.0
    z = float(ndtri(1 - alpha / 2))
    p = successes / n
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # The exact limits at the ends are 0 and 1; rounding must not move them.
    low = 0.0 if successes == 0 else (centre - half) / scale
    high = 1.0 if successes == n else (centre + half) / scale
    return low, high


def newcombe(
    successes: tuple[float, float], n: tuple[float, float], *, alpha: float = 0.05
) -> tuple[float, float]:
    """Interval of the difference of two independent proportions, second minus first.

    Parameters
    ----------
    successes : tuple of float
        Successes of the first and the second sample.
    n : tuple of float
        Trials of each.
    alpha : float in (0, 1), default 0.05
        One minus the coverage.

    Returns
    -------
    tuple of float
        Lower and upper limit in [-1, 1]; the whole range if a sample is empty.

    References
    ----------
    Newcombe 1998, "Interval estimation for the difference between independent proportions",
    method 10.

    Examples
    --------
    >>> low, high = newcombe((48, 56), (80, 70))  # Newcombe 1998, table II (a), signs swapped
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    if 0 in n:
        return -1.0, 1.0
    first, second = successes[0] / n[0], successes[1] / n[1]
    l1, u1 = wilson(successes[0], n[0], alpha=alpha)
    l2, u2 = wilson(successes[1], n[1], alpha=alpha)
    difference = second - first
    low = difference - math.hypot(second - l2, u1 - first)
    high = difference + math.hypot(u2 - second, first - l1)
    return low, high


def welch(
    means: tuple[float, float],
    variances: tuple[float, float],
    n: tuple[int, int],
    *,
    alpha: float = 0.05,
) -> tuple[float, float, float]:
    """Interval and two-sided p-value of the difference of two means, second minus first.

    Parameters
    ----------
    means, variances : tuple of float
        Of each sample; variances with divisor n - 1.
    n : tuple of int
        Sizes, at least 2 each.
    alpha : float in (0, 1), default 0.05
        One minus the coverage.

    Returns
    -------
    tuple of float
        Lower limit, upper limit, p-value. Two constant samples have no width; their p-value is 1 if
        they are equal, else the smallest positive number.

    Raises
    ------
    ConfigError
        If a sample has fewer than 2 values.

    References
    ----------
    Welch 1947, "The generalization of Student's problem when several different population variances
    are involved".
    """
    if min(n) < 2:
        raise ConfigError(
            f"a variance needs at least 2 values in each sample, got {n[0]} and {n[1]}."
        )
    difference = means[1] - means[0]
    parts = (variances[0] / n[0], variances[1] / n[1])
    total = sum(parts)
    if total == 0:
        return difference, difference, 1.0 if difference == 0 else math.ulp(0.0)
    df = total**2 / sum(v * v / (k - 1) for v, k in zip(parts, n, strict=True))
    half = float(stdtrit(df, 1 - alpha / 2)) * math.sqrt(total)
    p = 2 * float(stdtr(df, -abs(difference) / math.sqrt(total)))
    return difference - half, difference + half, max(p, math.ulp(0.0))
