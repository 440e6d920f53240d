"""One look at a loop: what is known, and what was decided from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from prodml.gate import GateDecision
from prodml.retraining.context import Context, Reason, Request
from prodml.retraining.decision import Decision
from prodml.retraining.facts import Facts
from prodml.retraining.results import RetrainOutcome, Status

__all__ = ["Look", "context_of", "resumed", "time_of"]


@attrs.frozen
class Look:
    """What is known, and what was decided from it.

    Parameters
    ----------
    name : str
        The model.
    state : mapping
        Of the loop's journal.
    context : Context
        What the triggers saw.
    facts : Facts
        What the loop found out by itself.
    decision : Decision
        What came of it.
    """

    name: str
    state: Mapping[str, Any]
    context: Context
    facts: Facts
    decision: Decision

    def checked(self) -> dict[str, Any]:
        """Return what the journal keeps of it."""
        context, drift = self.context, self.context.drift
        scores = context.performance
        told = {
            "n_new_labels": context.n_new_labels,
            "drift_share": None if drift is None else float(drift.share),
            "scores": None if not scores else {k: _plain(v) for k, v in scores.items()},
            "coverage": None if scores is None else scores.coverage,
            "notes": list(self.facts.notes) or None,
        }
        known = {k: v for k, v in told.items() if v is not None}
        return {"at": context.now.isoformat(), **self.decision.to_dict(), "facts": known}

    def begun(self) -> dict[str, Any] | None:
        """Return what is written of a run that begins now; None if none is due."""
        if not self.decision.due:
            return None
        plain = self.decision.to_dict()
        return {
            "started": self.context.now.isoformat(),
            "reasons": plain["reasons"],
            "message": plain["message"],
            "n_labels": self.facts.n_labels,
        }

    def outcome(
        self,
        status: Status,
        message: str = "",
        *,
        version: int | None = None,
        decision: GateDecision | None = None,
        seconds: float | None = None,
        run_id: str = "",
        attempt: int = 0,
        verdict_message: str = "",
    ) -> RetrainOutcome:
        """Return what it came to."""
        return RetrainOutcome(
            name=self.name,
            status=status,
            triggered=self.decision.due,
            reasons=self.decision.reasons,
            message=message or self.decision.message,
            version=version,
            decision=decision,
            promoted=status == "promoted",
            seconds=seconds,
            run_id=run_id,
            at=self.context.now,
            attempt=attempt,
            verdict_message=verdict_message,
            notes=self.facts.notes,
        )


def context_of(state: Mapping[str, Any], now: datetime) -> Context:
    """Return what the journal and the clock alone say."""
    last, asked = state["last"] or {}, state["request"]
    wanted = None
    if last.get("verdict") == "inconclusive" and last.get("n_needed") is not None:
        wanted = max(1, last["n_needed"] - last["n_rows"])
    return Context(
        now,
        last_run=time_of(state["last_run"]),
        first_check=time_of(state["first_check"]),
        n_labels_wanted=wanted,
        request=None if asked is None else Request(asked["reason"], asked["actor"]),
    )


def resumed(run: Mapping[str, Any]) -> Decision:
    """Return the decision about a run that is half done: go on."""
    reasons = tuple(Reason(r["trigger"], r["message"]) for r in run["reasons"])
    told = f"goes on with run {run['run_id']}, begun because of {run['message']}"
    return Decision(due=True, reasons=reasons, message=told)


def time_of(text: str | None) -> datetime | None:
    """Read a time of the journal."""
    return None if text is None else datetime.fromisoformat(text)


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
