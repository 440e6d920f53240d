"""What is left of a holdout that has decided before."""

from __future__ import annotations

import math
import warnings
from typing import Literal, TypeAlias

from prodml.errors import ProdmlWarning

__all__ = ["Reuse", "level_left", "spent"]

Reuse: TypeAlias = Literal["count", "alpha-spending"]


def level_left(reuse: Reuse, alpha: float, uses: int, *, warn_after: int) -> float:
    """Return the level of the next decision; warn where nothing pays for those before it."""
    if reuse == "alpha-spending":
        return spent(alpha, uses)
    if uses >= warn_after:
        warnings.warn(
            f"these rows have decided {uses} times before, and each decision is one more chance "
            'for luck. Take fresh rows, or let Gate(reuse="alpha-spending") pay for it',
            ProdmlWarning,
            stacklevel=3,
        )
    return alpha


def spent(alpha: float, uses: int) -> float:
    """Return the level of the next decision, so that all there will ever be share `alpha`.

    Parameters
    ----------
    alpha : float
        The chance that any challenger that is no better is ever let in by these rows.
    uses : int
        How often they have decided before.

    Returns
    -------
    float
        ``alpha * 6 / (pi * (uses + 1))**2``, which sums to `alpha` over all uses.

    Notes
    -----
    By the union bound, and for challengers that depend on earlier answers as well, as long as nothing
    but "not promoted" came back: up to the first promotion that answer is always the same, so the
    k-th challenger is the same whatever the rows hold. Whoever reads the scores of refused
    challengers learns more than that. Source: the argument of Blum & Hardt 2015, "The Ladder: a
    reliable leaderboard for machine learning competitions"; spending of Foster & Stine 2008.

    Examples
    --------
    >>> [round(spent(0.05, k), 4) for k in range(3)]
    [0.0304, 0.0076, 0.0034]
    """
    return alpha * 6.0 / (math.pi * (uses + 1)) ** 2
