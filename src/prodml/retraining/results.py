"""What one look at the triggers came to."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import attrs

from prodml import display
from prodml.gate import GateDecision
from prodml.retraining.context import Reason

__all__ = ["RetrainOutcome", "Status"]

Status: TypeAlias = Literal["not due", "busy", "dry run", "stopped", "promoted", "kept"]


@attrs.frozen(repr=False)
class RetrainOutcome:
    """What one call of `RetrainLoop.run_once` came to.

    Parameters
    ----------
    name : str
        The model.
    status : {"not due", "busy", "dry run", "stopped", "promoted", "kept"}
        ``"busy"``: another runner was at it. ``"kept"``: the new version is registered, and the
        champion stays. ``"stopped"``: somebody asked to stop; the next call goes on from there.
    triggered : bool
        Whether a run was due.
    reasons : tuple of Reason
        Why.
    message : str
        One sentence.
    version : int or None
        The new version, if one was trained.
    decision : GateDecision or None
        The gate's evidence, if it was asked.
    promoted : bool
        Whether the alias points at the new version now.
    seconds : float or None
        How long the run took by the loop's clock.
    run_id : str
        Of the run in the journal; empty if there was none.
    at : datetime or None
        When the triggers were asked.
    attempt : int
        1, or more if earlier attempts at this run were killed; 0 if there was no run.
    verdict_message : str
        Why it was promoted or kept; empty if there was no run.
    notes : tuple of str
        What the loop could not find out by itself, and why.
    """

    name: str
    status: Status
    triggered: bool
    reasons: tuple[Reason, ...]
    message: str
    version: int | None = None
    decision: GateDecision | None = None
    promoted: bool = False
    seconds: float | None = None
    run_id: str = ""
    at: datetime | None = None
    attempt: int = 0
    verdict_message: str = ""
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str | None:
        """What the gate said: promote, reject or inconclusive; None if it was not asked."""
        return None if self.decision is None else self.decision.verdict

    def to_dict(self) -> dict[str, object]:
        """Return the outcome as plain values.

        Returns
        -------
        dict
            JSON-able.
        """
        plain = attrs.asdict(self, recurse=False)
        plain["reasons"] = [attrs.asdict(r) for r in self.reasons]
        plain["decision"] = None if self.decision is None else self.decision.to_dict()
        plain["at"] = None if self.at is None else self.at.isoformat()
        return {**plain, "notes": list(self.notes), "verdict": self.verdict}

    def line(self) -> str:
        """Return the outcome as one line, for logs."""
        when = "" if self.at is None else f"{self.at:%Y-%m-%dT%H:%M:%SZ} "
        what = self.name if self.version is None else f"{self.name}/{self.version}"
        told = (self.verdict_message, self.message, *self.notes)
        why = "; ".join(part.rstrip(".") for part in told if part)
        return f"{when}{what} {self.status}: {' '.join(why.split())}"

    def __repr__(self) -> str:
        table = display.text_table(self._rows(), self._headers())
        return table if self.decision is None else f"{table}\n\n{self.decision!r}"

    def _repr_html_(self) -> str:
        table = display.html_table(self._rows(), self._headers())
        return table if self.decision is None else table + self.decision._repr_html_()

    def _headers(self) -> tuple[str, str]:
        return (f"Retraining of {self.name}", self.status)

    def _rows(self) -> list[list[str]]:
        rows = [["why", self.message]]
        if self.version is not None:
            rows.append(["version", f"{self.name}/{self.version}"])
        if self.verdict_message and self.decision is None:
            rows.append([self.status, self.verdict_message])
        if self.attempt > 1:
            rows.append(["attempt", str(self.attempt)])
        if self.seconds is not None:
            rows.append(["took", display.duration(self.seconds)])
        return rows + [["note", note] for note in self.notes]
