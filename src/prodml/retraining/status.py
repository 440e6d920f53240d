"""How a loop stands, and how it came to: for people who look after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, overload

import attrs

from prodml import display
from prodml.journal import Event

__all__ = ["LoopHistory", "LoopStatus", "status_of"]


@attrs.frozen(repr=False)
class LoopStatus:
    """How a loop stands.

    Parameters
    ----------
    name : str
        The model.
    now : datetime
        When this was asked.
    last_check : datetime or None
        When the triggers were last asked.
    last_decision : str
        What they said.
    last_run : datetime or None
        When the last run that ended was started.
    last_status : {"promoted", "kept", "failed"} or None
        What came of it.
    last_version : int or None
        The version it registered.
    why : str
        Why it was promoted, kept, or what failed.
    verdict : str or None
        The gate's, if it was asked.
    n_needed : int or None
        If it was inconclusive: about how many rows would decide.
    next_tick : datetime or None
        The next time a schedule names; None if no trigger is a schedule.
    holder : str or None
        Who has the lease; None for nobody.
    holder_until : datetime or None
        When it ends unless it is renewed.
    is_silent : bool
        Whether it has ended, so that the next runner may take over.
    running : str or None
        Id of a run that has not ended.
    step : str or None
        The last step it has behind it.
    attempts : int
        How many runners have tried it.
    n_undelivered : int
        Notices that a notifier has not taken yet.
    n_runs : int
        Runs that ended.
    """

    name: str
    now: datetime
    last_check: datetime | None
    last_decision: str
    last_run: datetime | None
    last_status: str | None
    last_version: int | None
    why: str
    verdict: str | None
    n_needed: int | None
    next_tick: datetime | None
    holder: str | None
    holder_until: datetime | None
    is_silent: bool
    running: str | None
    step: str | None
    attempts: int
    n_undelivered: int
    n_runs: int

    def to_dict(self) -> dict[str, object]:
        """Return the status as plain values, times as text."""
        plain = attrs.asdict(self)
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in plain.items()}

    def __repr__(self) -> str:
        return display.text_table(self._rows(), self._headers())

    def _repr_html_(self) -> str:
        return display.html_table(self._rows(), self._headers())

    def _headers(self) -> tuple[str, str]:
        return (f"Retraining of {self.name}", _when(self.now))

    def _rows(self) -> list[list[str]]:
        rows = [["last asked", _sentence(_when(self.last_check), self.last_decision)]]
        rows.append(["last run", self._last()])
        if self.why:
            rows.append(["because", self.why])
        if self.n_needed is not None:
            rows.append(["would decide", f"about {self.n_needed:,} rows"])
        rows.append(["next tick", _when(self.next_tick) if self.next_tick else "no schedule"])
        rows.append(["at it now", self._holder()])
        if self.running is not None:
            step = self.step or "nothing yet"
            rows.append(["unfinished", f"{self.running}, attempt {self.attempts}, done: {step}"])
        if self.n_undelivered:
            rows.append(["notices undelivered", f"{self.n_undelivered:,}"])
        rows.append(["runs so far", f"{self.n_runs:,}"])
        return rows

    def _last(self) -> str:
        if self.last_status is None:
            return "none yet"
        version = "" if self.last_version is None else f" {self.name}/{self.last_version}"
        verdict = "" if self.verdict is None else f" ({self.verdict})"
        return f"{_when(self.last_run)}: {self.last_status}{version}{verdict}"

    def _holder(self) -> str:
        if self.holder is None:
            return "nobody"
        until = _when(self.holder_until)
        silent = ": silent, the next runner takes over" if self.is_silent else ""
        return f"{self.holder} until {until}{silent}"


def status_of(
    name: str, state: Mapping[str, Any], *, now: datetime, next_tick: datetime | None, silent: bool
) -> LoopStatus:
    """Read a status out of the state of a `LoopState`."""
    last, lease, run = state["last"] or {}, state["lease"] or {}, state["run"] or {}
    check = state["last_check"] or {}
    return LoopStatus(
        name=name,
        now=now,
        last_check=_time(check.get("at")),
        last_decision=check.get("message", ""),
        last_run=_time(state["last_run"]),
        last_status=last.get("status"),
        last_version=last.get("version"),
        why=last.get("message", ""),
        verdict=last.get("verdict"),
        n_needed=last.get("n_needed"),
        next_tick=next_tick,
        holder=lease.get("by"),
        holder_until=_time(lease.get("expires")),
        is_silent=bool(lease) and silent,
        running=run.get("run_id"),
        step=list(run["steps"])[-1] if run.get("steps") else None,
        attempts=run.get("attempts", 0),
        n_undelivered=len(state["outbox"]),
        n_runs=state["n_runs"],
    )


class LoopHistory(Sequence[Event]):
    """Every event of a loop, the oldest first; prints as a table.

    Parameters
    ----------
    name : str
        The model.
    events : sequence of Event
        As the journal has them.
    """

    def __init__(self, name: str, events: Sequence[Event]) -> None:
        self.name = name
        self.events = tuple(events)

    def __len__(self) -> int:
        return len(self.events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    @overload
    def __getitem__(self, at: int) -> Event: ...
    @overload
    def __getitem__(self, at: slice) -> LoopHistory: ...
    def __getitem__(self, at: int | slice) -> Event | LoopHistory:
        if isinstance(at, slice):
            return LoopHistory(self.name, self.events[at])
        return self.events[at]

    def to_dict(self) -> dict[str, object]:
        """Return the events as plain values."""
        rows = [
            {"seq": e.seq, "at": e.at.isoformat(), "type": e.type, "actor": e.actor}
            | {"reason": e.reason, "payload": dict(e.payload)}
            for e in self.events
        ]
        return {"name": self.name, "events": rows}

    def __repr__(self) -> str:
        return display.text_table(self._rows(), _HEADERS, title=f"Retraining of {self.name}")

    def _repr_html_(self) -> str:
        return display.html_table(self._rows(), _HEADERS, title=f"Retraining of {self.name}")

    def _rows(self) -> list[list[str]]:
        return [[_when(e.at), e.type.replace("_", " "), _told(e), e.actor] for e in self.events]


_HEADERS = ("at", "what", "details", "who")


def _told(event: Event) -> str:
    """Say what an event says, in words."""
    facts = event.payload
    parts = [event.reason, str(facts.get("message") or facts.get("why") or "")]
    if event.type == "lease_taken":
        until = _when(_time(facts["expires"]))
        parts = [f"{facts['by']} for run {facts['run_id']}, until {until}"]
    if facts.get("version") is not None:
        parts.insert(0, f"version {facts['version']}")
    if facts.get("status") is not None:
        parts.insert(0, str(facts["status"]))
    if facts.get("n_rows") is not None and event.type == "data_fetched":
        parts.append(f"{facts['n_rows']:,} rows")
    if event.type == "notified":
        told, failed = facts["told"], [f"{f['to']} failed ({f['error']})" for f in facts["failed"]]
        parts = [", ".join([*told, *failed])]
    return ", ".join(filter(None, parts))


def _sentence(when: str, what: str) -> str:
    return f"{when}: {what}" if what else when


def _when(at: datetime | None) -> str:
    return "never" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
