"""What one look at the triggers came to."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

from prodml import display
from prodml.gate import GateDecision
from prodml.retraining.context import Reason

__all__ = ["RetrainOutcome", "Status"]

Status: TypeAlias = Literal["not due", "busy", "dry run", "promoted", "kept"]


@attrs.frozen(repr=False)
class RetrainOutcome:
    """What one call of `RetrainLoop.run_once` came to.

    Parameters
    ----------
    name : str
        The model.
    status : {"not due", "busy", "dry run", "promoted", "kept"}
        ``"busy"``: another runner was at it. ``"kept"``: the new version is registered, and the
        champion stays.
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
        return plain

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
        if self.seconds is not None:
            rows.append(["took", display.duration(self.seconds)])
        return rows
