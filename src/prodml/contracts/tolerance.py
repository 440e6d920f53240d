"""How many rows may break a rule before the rule counts as broken."""

from __future__ import annotations

import math
from typing import TypeAlias

import attrs

from prodml.errors import ConfigError

__all__ = ["FreshDraw", "Mostly", "n_allowed"]


@attrs.frozen
class FreshDraw:
    """Tolerate what a fresh draw from the reference's distribution would do by chance.

    The range of `rows` reference rows is left by some rows of every honest new batch: with as many
    new rows as old ones, the odds that at least one lies above the old maximum are even. This
    tolerance grows with the batch so that a batch from the same distribution breaks the rule with
    probability `alpha` at most, whatever the distribution is.

    Parameters
    ----------
    rows : int
        How many reference rows the rule was learned from, at least 1.
    alpha : float
        Probability of a false alarm per batch, in (0, 1).
    bad : int, default 0
        How many reference rows break the rule. For a range learned from the rows themselves, the
        number of its open ends less one: 0 for one end, 1 for two.

    Source
    ------
    Gumbel and von Schelling 1950, "The distribution of the number of exceedances"; two ends of a range
    are two of Tukey's statistically equivalent blocks, so that they exceed like the second largest
    value alone. With `bad` fixed in advance it is Fisher's exact test, one-sided.

    Examples
    --------
    >>> tolerance = FreshDraw(rows=500, alpha=0.001, bad=1)
    >>> [tolerance.allowed(n) for n in (1, 100, 500, 5000)]
    [1, 4, 12, 95]
    """

    rows: int = attrs.field(validator=attrs.validators.ge(1))
    alpha: float = attrs.field()
    bad: int = attrs.field(default=0, validator=attrs.validators.ge(0))

    def __attrs_post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ConfigError(f"alpha must lie in (0, 1), got {self.alpha}")
        if self.bad > self.rows:
            raise ConfigError(f"bad must be at most rows ({self.rows}), got {self.bad}")

    def allowed(self, n_rows: int) -> int:
        """Return how many of `n_rows` new rows may break the rule.

        Parameters
        ----------
        n_rows : int
            Size of the batch.

        Returns
        -------
        int
            Largest count that is not yet evidence against the same distribution.
            Costs O(sqrt(`bad`) log `n_rows`).
        """
        low, high = 0, n_rows
        while low < high:
            middle = (low + high + 1) // 2
            if self.tail(middle, n_rows) > self.alpha:
                low = middle
            else:
                high = middle - 1
        return low

    def tail(self, n_bad: int, n_rows: int) -> float:
        """Return the probability of at least `n_bad` breaches among `n_rows` new rows.

        Given how many breaches there are in both samples together, their places are a random
        choice; so this is the chance that at most `bad` of them fell to the reference.

        Parameters
        ----------
        n_bad : int
            Breaches in the batch, in [0, `n_rows`].
        n_rows : int
            Size of the batch.

        Returns
        -------
        float
            In [0, 1].
        """
        if n_bad <= 0:
            return 1.0
        total = self.bad + n_bad
        mode = (total + 1) * (self.rows + 1) // (self.rows + n_rows + 2)
        if self.bad < mode:
            return min(1.0, self._sum(self.bad, -1, total, n_rows))
        return max(0.0, 1.0 - self._sum(self.bad + 1, 1, total, n_rows))

    def _sum(self, start: int, step: int, total: int, n_rows: int) -> float:
        """Add the chances of `start`, `start + step`, ... of `total` breaches being the reference's.

        Away from the mode they only fall, so that the sum ends after some multiple of a standard
        deviation and not after `bad` terms.
        """
        low, high = max(0, total - n_rows), min(total, self.rows)
        if not low <= start <= high:
            return 0.0
        term = math.exp(
            _log_choose(self.rows, start)
            + _log_choose(n_rows, total - start)
            - _log_choose(self.rows + n_rows, total)
        )
        found, j = 0.0, start
        while term > found * 1e-17:
            found += term
            if j == (low if step < 0 else high):
                break
            if step < 0:
                term *= j * (n_rows - total + j) / ((self.rows - j + 1) * (total - j + 1))
            else:
                term *= (self.rows - j) * (total - j) / ((j + 1) * (n_rows - total + j + 1))
            j += step
        return found


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


Mostly: TypeAlias = float | FreshDraw


def n_allowed(mostly: Mostly, n_rows: int) -> int:
    """Return how many of `n_rows` may break a rule.

    Parameters
    ----------
    mostly : float or FreshDraw
        Share of rows that must keep it, in (0, 1], or a tolerance that follows the batch's size.
    n_rows : int
        Size of the batch.

    Examples
    --------
    >>> n_allowed(0.99, 250), n_allowed(1.0, 250)
    (2, 0)
    """
    if isinstance(mostly, FreshDraw):
        return mostly.allowed(n_rows)
    # 0.9 of 10 rows must be 9 although 1 - 0.9 is a little more than 0.1 in binary.
    return math.floor((1 - mostly) * n_rows + 1e-9)
