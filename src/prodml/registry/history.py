# ruff: noqa: RUF001 - the dash for nowhere is meant
"""What happened to the aliases of a model, as its journal tells it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import attrs

from prodml import display
from prodml.gate import GateDecision
from prodml.journal import Event
from prodml.registry.comparison import read_decision
from prodml.registry.results import WHY, Kind, when
from prodml.registry.shelf import Shelf

__all__ = ["NOWHERE", "History", "Move", "evidence_of", "history_of", "move_of"]

NOWHERE = "–"
_MOVED = ("first", "gate", "forced", "free", "rollback", "removed")


@attrs.frozen
class Move:
    """One line of a `History`: an alias moved, was to move, or somebody agreed that it may.

    Parameters
    ----------
    seq : int
        Number of the event in the model's journal.
    at : datetime
        When.
    alias : str
        Which alias.
    previous : int or None
        Where it pointed before; None for an approval, which moves nothing.
    version : int or None
        Where it was to point; None if the alias was removed.
    kind : {"first", "gate", "forced", "free", "rollback", "refused", "removed", "approved", "withdrawn"}
        What came of it, and by which right.
    actor, reason : str
        Who and why.
    decision : GateDecision or None
        The gate's evidence, where there was one.
    """

    seq: int
    at: datetime
    alias: str
    previous: int | None
    version: int | None
    kind: Kind
    actor: str = ""
    reason: str = ""
    decision: GateDecision | None = None

    @property
    def is_move(self) -> bool:
        """Whether the alias has pointed elsewhere since."""
        return self.kind in _MOVED

    @property
    def change(self) -> str:
        """What it was about, such as ``"1 → 2"``; an approval speaks of one version."""
        if self.kind in ("approved", "withdrawn"):
            return str(self.version)
        before, after = (NOWHERE if v is None else str(v) for v in (self.previous, self.version))
        return f"{before} → {after}"


@attrs.frozen(repr=False)
class History:
    """Who pointed which alias at which version, when and why; refused attempts and approvals too.

    Parameters
    ----------
    name : str
        The model.
    moves : tuple of Move
        The oldest first.
    """

    name: str
    moves: tuple[Move, ...]

    def __len__(self) -> int:
        return len(self.moves)

    def __iter__(self) -> Iterator[Move]:
        return iter(self.moves)

    def __repr__(self) -> str:
        return display.text_table(self._rows(), _HISTORY, title=f"History of {self.name}")

    def _repr_html_(self) -> str:
        return display.html_table(self._rows(), _HISTORY, title=f"History of {self.name}")

    def to_dict(self) -> dict[str, object]:
        """Return the history as plain values."""
        return {"name": self.name, "moves": [_plain_move(move) for move in self.moves]}

    def _rows(self) -> list[list[str]]:
        return [
            [
                when(move.at),
                move.alias,
                move.change,
                WHY[move.kind],
                evidence_of(move.decision),
                move.actor,
                move.reason,
            ]
            for move in self.moves
        ]


_HISTORY = ("at", "alias", "version", "by", "evidence", "who", "why")


def _plain_move(move: Move) -> dict[str, object]:
    decision = None if move.decision is None else move.decision.to_dict()
    return {**attrs.asdict(move, recurse=False), "at": move.at.isoformat(), "decision": decision}


def evidence_of(decision: GateDecision | None) -> str:
    """Return the gate's evidence in one line; nothing where there was none."""
    if decision is None:
        return ""
    champion, challenger = (
        display.number(x) for x in (decision.champion_score, decision.challenger_score)
    )
    p = display.number(decision.p_value, 2)
    return f"{decision.metric} {champion} → {challenger}, p {p}, {decision.n_rows:,} rows"


_SAID: dict[str, Kind] = {
    "alias_removed": "removed",
    "version_approved": "approved",
    "approval_withdrawn": "withdrawn",
}


def history_of(shelf: Shelf) -> History:
    """Read every move of every alias, and every approval, out of the journal."""
    moves = [move_of(event) for event in shelf.journal.events() if _is_move(event)]
    return History(shelf.name, tuple(moves))


def move_of(event: Event) -> Move:
    """Read a line of the history out of its event."""
    payload: dict[str, Any] = event.payload
    previous, version = _ends(event)
    return Move(
        seq=event.seq,
        at=event.at,
        alias=payload["alias"],
        previous=previous,
        version=version,
        kind=_SAID.get(event.type) or payload.get("kind", "refused"),
        actor=event.actor,
        reason=event.reason,
        decision=read_decision(payload.get("decision")),
    )


def _is_move(event: Event) -> bool:
    if event.type == "alias_set" or event.type in _SAID:
        return True
    payload = event.payload
    refused = event.type == "gate_decided" and payload["verdict"] != "promote"
    return refused and not payload["forced"]


def _ends(event: Event) -> tuple[int | None, int | None]:
    payload = event.payload
    if event.type == "gate_decided":
        return payload["champion"], payload["challenger"]
    return payload.get("from"), payload.get("to", payload.get("version"))
