"""From what each part shows to one answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from prodml.gate.decision import Check, Comparison, SliceComparison, Verdict

if TYPE_CHECKING:
    from prodml.gate._rows import Rows

__all__ = ["FEWEST_OF_A_CLASS", "is_by_area", "joint", "rows_wanted", "too_few", "verdict_of"]

FEWEST_OF_A_CLASS = 10  # below it the normal approximation of DeLong's test promises nothing


def is_by_area(test: str) -> bool:
    """Whether a test rests on enough rows of each class."""
    return test in ("delong", "obuchowski")


def too_few(rows: Rows, every: Sequence[Comparison], min_rows: int) -> str:
    """Say which rows are too few to be asked; empty if none."""
    if len(rows) < min_rows:
        return f"{len(rows)} rows are fewer than the {min_rows} that this gate asks for."
    telling = next((c for c in every if c.verdict == "inconclusive"), None)
    if telling is not None and is_by_area(telling.test) and rows.n_rarest < FEWEST_OF_A_CLASS:
        return f"The rarer class has {rows.n_rarest} rows, fewer than {FEWEST_OF_A_CLASS}."
    return ""


def rows_wanted(verdict: Verdict, every: Sequence[Comparison]) -> int | None:
    """Return how many rows would decide everything that is open; None if no number would."""
    open_ = [c.n_needed for c in every if c.verdict == "inconclusive"]
    known = [n for n in open_ if n is not None]
    if verdict != "inconclusive" or not known or len(known) < len(open_):
        return None
    return max(known)


def verdict_of(better: float, worse: float, alpha: float) -> Verdict:
    """Return what two one-sided p-values say at a level."""
    if better <= alpha:
        return "promote"
    return "reject" if worse <= alpha else "inconclusive"


def joint(
    every: Sequence[Comparison | Check], slices: Sequence[SliceComparison], *, hold: bool
) -> Verdict:
    """Return the one answer of all parts."""
    verdicts = {c.verdict for c in every}
    found = {s.verdict for s in slices}
    if "reject" in verdicts or "worse" in found:
        return "reject"
    is_open = "inconclusive" in verdicts or (hold and "undecided" in found)
    return "inconclusive" if is_open else "promote"
