"""From which score on to say yes: the cutoffs of a set of rows, and what each of them would do."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import ArrayLike

from prodml.errors import ConfigError
from prodml.stats._aligned import Numbers, numbers, same_rows

__all__ = ["Cutoffs", "cutoffs"]


@attrs.frozen(eq=False)
class Cutoffs:
    """Every way to cut the rows in two: those at or above a score are said to be positive.

    Parameters
    ----------
    threshold : ndarray of shape (k,)
        Falling. The first is above every score (nothing is positive); each of the others lies in
        the middle of two neighbouring scores, the last at the lowest score.
    true_positive, false_positive, false_negative, true_negative : ndarray of shape (k,)
        Rows of each kind.
    """

    threshold: Numbers
    true_positive: Numbers
    false_positive: Numbers
    false_negative: Numbers
    true_negative: Numbers

    @property
    def precision(self) -> Numbers:
        """Share of true ones among those said to be positive; 1 where there are none."""
        said = self.true_positive + self.false_positive
        return np.where(said > 0, self.true_positive / np.maximum(said, 1.0), 1.0)

    @property
    def recall(self) -> Numbers:
        """Share of the positive rows that are found."""
        found: Numbers = self.true_positive / (self.true_positive + self.false_negative)
        return found

    @property
    def share(self) -> Numbers:
        """Share of all rows said to be positive."""
        n = self.true_positive[0] + self.false_positive[0]
        n = n + self.false_negative[0] + self.true_negative[0]
        found: Numbers = (self.true_positive + self.false_positive) / n
        return found

    def f_beta(self, beta: float) -> Numbers:
        """Return the F score of each, recall weighing `beta` times as much as precision."""
        weight = beta * beta
        hits = (1.0 + weight) * self.true_positive
        found: Numbers = hits / (hits + weight * self.false_negative + self.false_positive)
        return found


def cutoffs(is_positive: ArrayLike, scores: ArrayLike) -> Cutoffs:
    """Return all cutoffs of some rows, in O(n log n).

    Parameters
    ----------
    is_positive : array-like of shape (n,)
        True or 1 for positive rows; at least one is.
    scores : array-like of shape (n,)
        Finite; rows that tie are never cut apart.

    Returns
    -------
    Cutoffs

    Raises
    ------
    ConfigError
        If the arrays do not fit together, or no row is positive.

    Examples
    --------
    >>> found = cutoffs([0, 1, 1], [0.2, 0.4, 0.8])
    >>> found.threshold.round(2).tolist()
    [1.8, 0.6, 0.3, 0.2]
    >>> found.recall.tolist()
    [0.0, 0.5, 1.0, 1.0]
    """
    truth = numbers(is_positive, name="is_positive")
    values = numbers(scores, name="scores")
    same_rows(truth, values, names="is_positive and scores")
    if not truth.any():
        raise ConfigError("a threshold needs rows of the positive class; there are none")
    order = np.argsort(-values, kind="stable")
    ordered, hits = values[order], np.cumsum(truth[order])
    last = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])
    levels = ordered[last]
    middles = np.r_[levels[0] + 1.0, (levels[:-1] + levels[1:]) / 2.0, levels[-1]]
    # The middle of two floats that are neighbours is one of them: keep the upper row inside.
    middles[1:-1] = np.minimum(
        np.maximum(middles[1:-1], np.nextafter(levels[1:], np.inf)), levels[:-1]
    )
    found = np.r_[0.0, hits[last]]
    said = np.r_[0.0, last + 1.0]
    missed = hits[-1] - found
    return Cutoffs(middles, found, said - found, missed, len(truth) - said - missed)
