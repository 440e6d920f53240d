"""The gate's answer in one sentence for people."""

from __future__ import annotations

from collections.abc import Sequence

from prodml import display
from prodml.gate.decision import Check, Comparison, SliceComparison, Verdict

__all__ = ["sentence"]


def sentence(
    verdict: Verdict,
    every: Sequence[Comparison],
    slices: Sequence[SliceComparison],
    checks: Sequence[Check],
    *,
    why_undecided: str,
    n_rows: int,
    n_needed: int | None,
) -> str:
    """Return what decided, with its numbers."""
    check = next((c for c in checks if c.verdict == verdict), None)
    telling = next((c for c in every if c.verdict == verdict), None)
    if verdict == "promote":
        said = f"The challenger is {_shown(every[0])}{_held(every, slices)}."
    elif verdict == "reject":
        said = _against(telling, slices, check, every[0].metric)
    elif why_undecided:
        said = why_undecided
    elif telling is not None:
        said = f"{n_rows:,} rows cannot tell whether it is {_shown(telling)}; {_more(n_needed)}."
    elif check is not None:
        said = f"The challenger's {check.name} {check.detail}."
    else:
        open_ = sum(s.verdict == "undecided" for s in slices)
        said = f"It cannot be told in {open_} of {len(slices)} slices; this gate asks for all."
    return said


def _against(
    telling: Comparison | None, slices: Sequence[SliceComparison], check: Check | None, metric: str
) -> str:
    if telling is not None:
        return f"The challenger is not {_asked(telling)} in {telling.metric}: {_bounds(telling)}."
    worse = [s for s in slices if s.verdict == "worse"]
    if worse:
        return f"The challenger is worse where {_where(worse, metric)}."
    bound = "" if check is None else f"{check.name} breaks its bound: {check.detail}"
    return f"The challenger's {bound}."


def _held(every: Sequence[Comparison], slices: Sequence[SliceComparison]) -> str:
    held = "; every guardrail holds" if len(every) > 1 else ""
    open_ = sum(s.verdict == "undecided" for s in slices)
    if not slices:
        return held
    undecided = f", {open_} of {len(slices)} undecided" if open_ else ""
    return f"{held}; no slice is shown worse{undecided}"


def _where(worse: Sequence[SliceComparison], metric: str) -> str:
    first = worse[0]
    gap = "" if first.difference is None else display.number(first.difference)
    more = f" and in {len(worse) - 1} more" if len(worse) > 1 else ""
    return f"{first.column} is {first.value}{more}: {metric} differs by {gap}"


def _asked(c: Comparison) -> str:
    if c.require == "superior":
        return "better"
    return f"at most {display.number(c.margin)} worse" if c.margin > 0 else "no worse"


def _bounds(c: Comparison) -> str:
    low, high = display.number(c.low), display.number(c.high)
    return f"the difference is {display.number(c.difference)} ({low} to {high})"


def _shown(c: Comparison) -> str:
    return f"{_asked(c)} in {c.metric}: {_bounds(c)}, p = {display.number(c.p_value, 2)}"


def _more(n_needed: int | None) -> str:
    if n_needed is None:
        return "more rows like these would not either"
    return f"about {n_needed:,} would"
