"""Many tests at once: p-values adjusted so that each may be compared with one alpha."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prodml.errors import ConfigError

__all__ = ["CORRECTIONS", "benjamini_hochberg", "benjamini_yekutieli", "bonferroni", "holm"]

Array = NDArray[np.float64]


def benjamini_hochberg(p_values: ArrayLike) -> Array:
    """Adjust for the false discovery rate under independence or positive dependence.

    If nothing at all differs, the probability of any rejection is at most alpha as well.

    Parameters
    ----------
    p_values : array_like, shape (k,)
        Each in [0, 1]; none is fine.

    Returns
    -------
    ndarray of float64, shape (k,)
        In the order they came; reject where at most alpha. O(k log k).

    Raises
    ------
    ConfigError
        If a p-value is NaN or lies outside [0, 1].

    Source
    ------
    Benjamini & Hochberg 1995, "Controlling the false discovery rate".

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03, 0.5]).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    p = _checked(p_values)
    return _step_up(p, len(p) / np.arange(len(p), 0, -1))


def benjamini_yekutieli(p_values: ArrayLike) -> Array:
    """Adjust for the false discovery rate under any dependence between the tests.

    Parameters
    ----------
    p_values : array_like, shape (k,)
        Each in [0, 1]; none is fine.

    Returns
    -------
    ndarray of float64, shape (k,)
        In the order they came; reject where at most alpha.

    Source
    ------
    Benjamini & Yekutieli 2001, "The control of the false discovery rate in multiple testing under
    dependency", theorem 1.3.

    Examples
    --------
    >>> benjamini_yekutieli([0.001, 0.04, 0.03, 0.5]).round(4).tolist()
    [0.0083, 0.1111, 0.1111, 1.0]
    """
    p = _checked(p_values)
    harmonic = (1 / np.arange(1, len(p) + 1)).sum()
    return _step_up(p, harmonic * len(p) / np.arange(len(p), 0, -1))


def holm(p_values: ArrayLike) -> Array:
    """Adjust so that the probability of any false rejection is at most alpha, step by step.

    Parameters
    ----------
    p_values : array_like, shape (k,)
        Each in [0, 1]; none is fine. Any dependence.

    Returns
    -------
    ndarray of float64, shape (k,)
        In the order they came; nowhere above `bonferroni`.

    Source
    ------
    Holm 1979, "A simple sequentially rejective multiple test procedure".

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03, 0.005]).round(4).tolist()
    [0.03, 0.06, 0.06, 0.02]
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * np.arange(len(p), 0, -1)
    return _back(np.maximum.accumulate(scaled), order)


def bonferroni(p_values: ArrayLike) -> Array:
    """Adjust so that the probability of any false rejection is at most alpha, in one step.

    Parameters
    ----------
    p_values : array_like, shape (k,)
        Each in [0, 1]; none is fine. Any dependence.

    Returns
    -------
    ndarray of float64, shape (k,)
        In the order they came.

    Examples
    --------
    >>> bonferroni([0.01, 0.04, 0.5]).round(4).tolist()
    [0.03, 0.12, 1.0]
    """
    p = _checked(p_values)
    return np.minimum(p * len(p), 1.0)


def _unadjusted(p_values: ArrayLike) -> Array:
    return _checked(p_values)


CORRECTIONS: Mapping[str, Callable[[ArrayLike], Array]] = {
    "bh": benjamini_hochberg,
    "by": benjamini_yekutieli,
    "holm": holm,
    "bonferroni": bonferroni,
    "none": _unadjusted,
}
"""The corrections by the name that arguments use."""


def _checked(p_values: ArrayLike) -> Array:
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1:
        raise ConfigError(f"p-values must be one-dimensional, got shape {p.shape}.")
    wrong = np.flatnonzero(~((p >= 0) & (p <= 1)))
    if len(wrong):
        raise ConfigError(f"p-values must lie in [0, 1], got {p[wrong[0]]} at position {wrong[0]}.")
    return p


def _step_up(p: Array, factors: Array) -> Array:
    """Scale from the largest p-value down, and let none exceed the one above it."""
    falling = np.argsort(-p, kind="stable")
    return _back(np.minimum.accumulate(p[falling] * factors), falling)


def _back(ordered: Array, order: NDArray[np.intp]) -> Array:
    adjusted = np.empty_like(ordered)
    adjusted[order] = np.minimum(ordered, 1.0)
    return adjusted
