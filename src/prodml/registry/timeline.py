"""Versions along time, and which alias pointed where from when to when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from prodml import display
from prodml.display.charts.spans import Lane, Mark, Shape, Span
from prodml.registry.history import History, Move, evidence_of
from prodml.registry.lineage import Served, served_of
from prodml.registry.results import when

__all__ = ["Registered", "Timeline"]

_DRAWN = 60

_SHAPES: dict[str, tuple[Shape, str]] = {
    "first": ("ring", "first or free move"),
    "free": ("ring", "first or free move"),
    "gate": ("dot", "promoted by the gate"),
    "forced": ("diamond", "forced"),
    "rollback": ("back", "rolled back"),
    "refused": ("cross", "refused"),
    "removed": ("end", "alias removed"),
}

_DONE = {
    "first": "first promotion",
    "free": "moved without a gate",
    "gate": "promoted by the gate",
    "forced": "forced",
    "rollback": "rolled back",
    "refused": "refused by the gate",
    "removed": "alias removed",
    "approved": "approved",
    "withdrawn": "approval withdrawn",
}


@attrs.frozen
class Registered:
    """A version on a timeline.

    Parameters
    ----------
    version : int
        Its number.
    at : datetime
        When it was registered.
    actor : str
        Who registered it.
    reason : str
        Why.
    """

    version: int
    at: datetime
    actor: str = ""
    reason: str = ""


@attrs.frozen(repr=False)
class Timeline:
    """What became of the versions of a model, along time.

    Parameters
    ----------
    name : str
        The model.
    versions : tuple of Registered
        In the order in which they were registered; deleted ones are left out.
    history : History
        Every move of every alias.
    now : datetime
        When it was drawn up.
    """

    name: str
    versions: tuple[Registered, ...]
    history: History
    now: datetime

    @property
    def served(self) -> tuple[Served, ...]:
        """Which alias pointed where from when to when, in the order in which it began."""
        return served_of(self.history)

    def at(self, moment: datetime, *, alias: str = "champion") -> int | None:
        """Return which version an alias pointed at, at a moment; None for none.

        Parameters
        ----------
        moment : datetime
            Aware.
        alias : str, default "champion"
            The alias.
        """
        spans = (s for s in self.served if s.alias == alias and s.covers(moment))
        return next((s.version for s in spans), None)

    def plot(self) -> str:
        """Draw the timeline as SVG; of long ones the newest 60 versions and moves.

        Returns
        -------
        str
            An ``<svg>`` element.
        """
        marks = [move for move in self.history if move.kind in _SHAPES][-_DRAWN:]
        versions = self.versions[-_DRAWN:]
        n_left_out = len(self.versions) - len(versions)
        lanes = [_version_lane(versions), *self._alias_lanes(marks)]
        return display.span_chart(
            lanes,
            title=f"{self.name}: which version was what, when",
            unit=f"{n_left_out} earlier versions are not drawn" if n_left_out else "",
            now=self.now,
            legend=list(dict.fromkeys(_SHAPES[move.kind] for move in marks)),
        )

    def __repr__(self) -> str:
        return display.text_table(self._rows(), _HEADERS, title=f"Timeline of {self.name}")

    def _repr_html_(self) -> str:
        table = display.html_table(self._rows(), _HEADERS, title=f"Timeline of {self.name}")
        return self.plot() + table

    def to_dict(self) -> dict[str, object]:
        """Return the timeline as plain values."""
        versions = [{**attrs.asdict(v), "at": v.at.isoformat()} for v in self.versions]
        return {
            "name": self.name,
            "now": self.now.isoformat(),
            "versions": versions,
            "moves": self.history.to_dict()["moves"],
        }

    def _rows(self) -> list[list[str]]:
        events = [
            (v.at, "registered", str(v.version), "", v.actor, v.reason) for v in self.versions
        ]
        events += [
            (m.at, _DONE[m.kind], m.change, m.alias, m.actor, m.reason) for m in self.history
        ]
        return [[when(at), *rest] for at, *rest in sorted(events, key=lambda event: event[0])]

    def _alias_lanes(self, marks: Sequence[Move]) -> list[Lane]:
        begin = marks[0].at if marks else self.now
        spans = [s for s in self.served if s.until is None or s.until > begin]
        aliases = dict.fromkeys(("champion", *(m.alias for m in self.history)))
        lanes = [_alias_lane(alias, spans, marks, begin) for alias in aliases]
        return [lane for lane in lanes if lane.spans or lane.marks]


_HEADERS = ("at", "what", "version", "alias", "who", "why")


def _version_lane(versions: Sequence[Registered]) -> Lane:
    marks = [
        Mark(v.at, "dot", _sentence(f"Version {v.version} registered", v.at, v), str(v.version))
        for v in versions
    ]
    return Lane("versions", (), marks)


def _alias_lane(
    alias: str, spans: Sequence[Served], marks: Sequence[Move], begin: datetime
) -> Lane:
    return Lane(
        alias,
        [
            Span(str(s.version), max(s.since, begin), s.until, _told(s))
            for s in spans
            if s.alias == alias
        ],
        [
            Mark(m.at, _SHAPES[m.kind][0], _sentence(_happened(m), m.at, m))
            for m in marks
            if m.alias == alias
        ],
    )


def _told(served: Served) -> str:
    end = "still" if served.until is None else f"until {when(served.until)}"
    return f"{served.alias} was version {served.version} from {when(served.since)}, {end}"


def _happened(move: Move) -> str:
    evidence = evidence_of(move.decision)
    return f"{move.alias} {move.change}, {_DONE[move.kind]}" + (
        f" ({evidence})" if evidence else ""
    )


def _sentence(what: str, at: datetime, told: Registered | Move) -> str:
    by = f" by {told.actor}" if told.actor else ""
    why = f": {told.reason}" if told.reason else ""
    return f"{what}, {when(at)}{by}{why}"
