"""One aspect of one column, compared: from counts to a test that is not yet corrected."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from prodml.drift.results import Aspect, Bins, DriftTest, Status
from prodml.drift.rules import Rules
from prodml.stats.contingency import compare_counts
from prodml.stats.divergence import total_variation, total_variation_interval
from prodml.stats.intervals import newcombe, wilson
from prodml.stats.ks import ks_from_ranks, ks_interval, ks_pvalue
from prodml.stats.unseen import unseen_pvalue

__all__ = ["Finding", "Ranks", "compare_levels", "compare_ranks", "compare_rates", "compare_unseen"]

Counts = NDArray[np.int64]


@attrs.frozen
class Finding:
    """What comparing one column gave, before p-values are adjusted over the frame."""

    status: Status
    tests: tuple[DriftTest, ...]
    psi: float | None = None
    bins: Bins | None = None


@attrs.frozen(eq=False)
class Ranks:
    """Rows less than, and at most, each of some values; `n` rows in all."""

    below: Counts
    at_most: Counts
    n: int


def compare_ranks(
    aspect: Aspect, reference: Ranks, current: Ranks, rules: Rules, *, slack: float = 0.0
) -> DriftTest:
    """Compare numbers by Kolmogorov and Smirnov; `slack` is what thinning may have hidden."""
    n, m = reference.n, current.n
    statistic = ks_from_ranks(
        reference.below, reference.at_most, current.below, current.at_most,
        n_reference=n, n_current=m,
    )  # fmt: skip
    low, high = ks_interval(statistic, n, m, alpha=rules.alpha)
    return DriftTest(
        aspect, "ks", statistic, ks_pvalue(statistic, n, m), statistic, low, min(1.0, high + slack),
        rules.min_effect, n, m,
    )  # fmt: skip


def compare_levels(reference: Counts, current: Counts, rules: Rules) -> DriftTest:
    """Compare counts of the same levels; the effect is the share of rows that moved."""
    result = compare_counts(reference, current, rng=rules.random_state)
    low, high = _moved_interval(reference, current, rules.alpha)
    return DriftTest(
        "distribution", result.method, result.statistic, result.p_value,
        total_variation(reference, current), low, high,
        rules.min_effect, int(reference.sum()), int(current.sum()),
    )  # fmt: skip


def _moved_interval(reference: Counts, current: Counts, alpha: float) -> tuple[float, float]:
    some = np.flatnonzero(reference + current)
    if len(some) != 2:
        return total_variation_interval(reference, current, alpha=alpha)
    # Two levels are one share, and there is a sharper interval for that.
    n, m = int(reference.sum()), int(current.sum())
    return _rate_interval((int(reference[some[0]]), n), (int(current[some[0]]), m), alpha)


def compare_rates(
    aspect: Aspect, reference: tuple[int, int], current: tuple[int, int], rules: Rules
) -> list[DriftTest]:
    """Compare two shares, each given as (rows that have it, rows); nothing where neither has any."""
    (a, n), (b, m) = reference, current
    # Decided by both samples together, so that leaving the test out cannot favour either verdict.
    if a + b in (0, n + m):
        return []
    result = compare_counts([a, n - a], [b, m - b])
    low, high = _rate_interval((a, n), (b, m), rules.alpha)
    threshold = rules.min_effect if aspect == "vocabulary" else rules.min_rate
    return [
        DriftTest(
            aspect, result.method, result.statistic, result.p_value, abs(a / n - b / m), low, high,
            threshold, n, m,
        )
    ]  # fmt: skip


def _rate_interval(
    reference: tuple[int, int], current: tuple[int, int], alpha: float
) -> tuple[float, float]:
    """Interval of the difference of two shares, taken without its sign."""
    (a, n), (b, m) = sorted((reference, current), key=lambda s: s[0] / s[1])
    low, high = newcombe((a, b), (n, m), alpha=alpha)
    return max(0.0, low), min(1.0, high)


def compare_unseen(known: Counts, current: Counts, new: Counts, rules: Rules) -> list[DriftTest]:
    """Judge the share of current rows whose level the reference lacks; nothing if there is none."""
    unseen = int(new.sum())
    if not unseen:
        return []
    n, m = int(known.sum()), int(current.sum()) + unseen
    totals = np.concatenate([known + current, new])
    p_value = unseen_pvalue(totals, n, m, unseen=unseen)
    low, high = wilson(unseen, m, alpha=rules.alpha)
    return [
        DriftTest(
            "unseen", "chernoff", float(unseen), p_value, unseen / m, low, high,
            rules.min_rate, n, m,
        )
    ]  # fmt: skip
