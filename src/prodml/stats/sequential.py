"""Conclusions that stay valid however often one looks.

A test at p < 0.05 that is looked at every day rejects a true null far more often than one time in twenty.
What is here holds at every moment at once, so anybody may look at any time and stop for any reason.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import chdtrc, gammaln

from prodml.errors import ConfigError

__all__ = ["best_rho2", "mixture_margin", "mixture_p", "sample_ratio", "sample_ratio_sequential"]


def best_rho2(n: float, *, alpha: float = 0.05) -> float:
    """Return the mixture's tuning constant that makes `mixture_margin` narrowest at `n` units.

    Parameters
    ----------
    n : float
        Number of units at which the interval should be narrowest; it is valid everywhere.
    alpha : float in (0, 1), default 0.05
        One minus the coverage.

    Returns
    -------
    float
        ``rho**2``, positive.

    References
    ----------
    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2021, "Time-uniform central limit theory and
    asymptotic confidence sequences", eq. 92.
    """
    if n <= 0:
        raise ConfigError(f"n must be positive, got {n}.")
    # Without it a wide interval late is bought with nothing early.
    return (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / n


def mixture_margin(variance: float, n: float, *, rho2: float, alpha: float = 0.05) -> float:
    """Half-width of a confidence sequence for a mean or a difference of means.

    Parameters
    ----------
    variance : float
        Squared standard error of the estimate now.
    n : float
        Number of units now, over all arms.
    rho2 : float
        Tuning constant, fixed beforehand; see `best_rho2`.
    alpha : float in (0, 1), default 0.05
        Chance that the sequence ever misses the truth.

    Returns
    -------
    float
        The estimate plus and minus this covers the truth at all times together with probability
        1 - alpha, in the limit of many units. Start looking after some 100 units an arm.

    References
    ----------
    Robbins 1970, "Statistical methods related to the law of the iterated logarithm"; in this form
    Waudby-Smith et al. 2021, theorem 2.2.
    """
    k = n * rho2
    return math.sqrt(variance * 2 * (k + 1) / k * math.log(math.sqrt(k + 1) / alpha))


def mixture_p(difference: float, variance: float, n: float, *, rho2: float) -> float:
    """Return the p-value that belongs to `mixture_margin`: the smallest alpha whose interval excludes 0.

    Parameters
    ----------
    difference : float
        The estimate.
    variance, n, rho2 : float
        As in `mixture_margin`.

    Returns
    -------
    float
        In (0, 1]; valid at any stopping time.
    """
    k = n * rho2
    if variance == 0:
        return 1.0 if difference == 0 else math.ulp(0.0)
    log_p = 0.5 * math.log(k + 1) - difference**2 * k / (2 * variance * (k + 1))
    return min(1.0, max(math.exp(min(log_p, 0.0)), math.ulp(0.0)))


def sample_ratio(counts: Sequence[float], weights: Sequence[float]) -> float:
    """Chi-square p-value of arm counts against the weights traffic was meant to have; for one look.

    Parameters
    ----------
    counts : sequence of float
        Units per arm.
    weights : sequence of float
        Intended shares, positive, summing to 1.

    Returns
    -------
    float
        In [0, 1]; 1 without any unit.
    """
    n = _checked(counts, weights)
    if n == 0 or len(counts) < 2:
        return 1.0
    pairs = zip(counts, weights, strict=True)
    statistic = sum((c - n * w) ** 2 / (n * w) for c, w in pairs)
    return float(chdtrc(len(counts) - 1, statistic))


def sample_ratio_sequential(
    counts: Sequence[float], weights: Sequence[float], *, concentration: float = 1000.0
) -> float:
    """p-value of a sample-ratio mismatch, valid however often it is looked at.

    Parameters
    ----------
    counts, weights : sequence of float
        As in `sample_ratio`.
    concentration : float, default 1000
        Of the Dirichlet prior around the weights; larger looks for smaller mismatches.

    Returns
    -------
    float
        In (0, 1]: one over the Bayes factor, at most 1.

    References
    ----------
    Lindon and Malek 2022, "Anytime-valid inference for multinomial count data", eq. 11.
    """
    n = _checked(counts, weights)
    log_bf = float(gammaln(concentration) - gammaln(concentration + n))
    for count, weight in zip(counts, weights, strict=True):
        prior = concentration * weight
        log_bf += float(gammaln(prior + count) - gammaln(prior)) - count * math.log(weight)
    return min(1.0, math.exp(-max(log_bf, 0.0)))


def _checked(counts: Sequence[float], weights: Sequence[float]) -> float:
    if len(counts) != len(weights):
        raise ConfigError(
            f"one weight an arm: got {len(counts)} counts and {len(weights)} weights."
        )
    if min(weights, default=1) <= 0 or abs(sum(weights) - 1) > 1e-9:
        raise ConfigError(f"weights must be positive and sum to 1, got a sum of {sum(weights):g}.")
    if min(counts, default=0) < 0:
        raise ConfigError("counts must not be negative.")
    return sum(counts)
