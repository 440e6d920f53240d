"""Rules that choose from which probability on to say yes.

Each is a small value with one method, ``choose(is_positive, scores) -> float``; anything with such a
method is a rule.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import attrs

from prodml.errors import ConfigError
from prodml.ports.duck import is_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from prodml.stats.threshold_scores import Cutoffs

__all__ = ["AtCapacity", "AtPrecision", "AtRecall", "ByCost", "ByFBeta", "ThresholdRule"]


@runtime_checkable
class ThresholdRule(Protocol):
    """Anything that chooses a threshold."""

    def choose(self, is_positive: NDArray[np.bool_], scores: NDArray[np.float64], /) -> float:
        """Return the threshold; rows at or above it are said to be positive."""
        ...


def _share(_: object, field: attrs.Attribute[float], value: object) -> None:
    if not is_number(value) or not 0.0 < value <= 1.0:  # type: ignore[operator]
        raise ConfigError(f"{field.name} must lie in (0, 1], got {value!r:.60}")


def _finite(_: object, field: attrs.Attribute[float], value: object) -> None:
    if not is_number(value) or not math.isfinite(value):  # type: ignore[arg-type]
        raise ConfigError(f"{field.name} must be a finite number, got {value!r:.60}")


def _positive(_: object, field: attrs.Attribute[float], value: object) -> None:
    if not is_number(value) or not 0.0 < value < math.inf:  # type: ignore[operator]
        raise ConfigError(f"{field.name} must be a number above 0, got {value!r:.60}")


@attrs.frozen
class ByCost:
    """The threshold of the least total cost.

    Parameters
    ----------
    false_positive, false_negative : float
        What a wrong yes and a wrong no cost.
    true_positive, true_negative : float, default 0.0
        What right answers cost; a gain is negative.

    Examples
    --------
    >>> import numpy as np
    >>> rule = ByCost(false_positive=1, false_negative=10)
    >>> round(rule.choose(np.array([False, True, False, True]), np.array([0.1, 0.3, 0.6, 0.9])), 2)
    0.2
    """

    false_positive: float = attrs.field(validator=_finite)
    false_negative: float = attrs.field(validator=_finite)
    true_positive: float = attrs.field(default=0.0, validator=_finite, kw_only=True)
    true_negative: float = attrs.field(default=0.0, validator=_finite, kw_only=True)

    def choose(self, is_positive: NDArray[np.bool_], scores: NDArray[np.float64], /) -> float:
        """Return the threshold; of several as good the highest."""
        cut = _cutoffs(is_positive, scores)
        cost = self.false_positive * cut.false_positive + self.false_negative * cut.false_negative
        cost = cost + self.true_positive * cut.true_positive
        cost = cost + self.true_negative * cut.true_negative
        return float(cut.threshold[cost.argmin()])


@attrs.frozen
class ByFBeta:
    """The threshold of the best F score.

    Parameters
    ----------
    beta : float, default 1.0
        How much more recall weighs than precision; above 0.
    """

    beta: float = attrs.field(default=1.0, validator=_positive)

    def choose(self, is_positive: NDArray[np.bool_], scores: NDArray[np.float64], /) -> float:
        """Return the threshold; of several as good the highest."""
        cut = _cutoffs(is_positive, scores)
        return float(cut.threshold[cut.f_beta(self.beta).argmax()])


@attrs.frozen
class AtPrecision:
    """The most recall while precision is at least so high.

    Parameters
    ----------
    least : float
        In (0, 1].
    """

    least: float = attrs.field(validator=_share)

    def choose(self, is_positive: NDArray[np.bool_], scores: NDArray[np.float64], /) -> float:
        """Return the threshold.

        Raises
        ------
        ConfigError
            If no threshold that says yes to anything reaches it.
        """
        cut = _cutoffs(is_positive, scores)
        reaches = cut.precision >= self.least
        reaches[0] = False  # saying yes to nothing is no answer
        if not reaches.any():
            raise ConfigError(
                f"no threshold reaches a precision of {self.least:g}; the best is "
                f"{cut.precision[1:].max():.4g}"
            )
        return float(cut.threshold[reaches.nonzero()[0][-1]])


@attrs.frozen
class AtRecall:
    """The highest threshold that still finds at least such a share of the positive rows.

    Parameters
    ----------
    least : float
        In (0, 1].
    """

    least: float = attrs.field(validator=_share)

    def choose(self, is_positive: NDArray[np.bool_], scores: NDArray[np.float64], /) -> float:
        """Return the threshold."""
        cut = _cutoffs(is_positive, scores)
        return float(cut.threshold[(cut.recall >= self.least).argmax()])


@attrs.frozen
class AtCapacity:
    """As many rows as can be handled, the likeliest first.

    Parameters
    ----------
    share : float
        Of all rows, in (0, 1]; rows that tie stay out together if they would be too many.
    """

    share: float = attrs.field(validator=_share)

    def choose(self, is_positive: NDArray[np.bool_], scores: NDArray[np.float64], /) -> float:
        """Return the threshold."""
        cut = _cutoffs(is_positive, scores)
        return float(cut.threshold[(cut.share <= self.share).nonzero()[0][-1]])


def _cutoffs(is_positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> Cutoffs:
    from prodml.stats.threshold_scores import cutoffs

    return cutoffs(is_positive, scores)
