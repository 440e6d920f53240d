"""What the events of a run add up to.

A run that writes has a lease, an event with an end that is renewed while it lives. One whose process
was killed does not renew: after the end of its lease it is said to have died. No clock decides
anything else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias

import attrs

from prodml import display
from prodml.journal import Event

__all__ = ["MetricPoint", "RunFold", "RunStatus", "RunSummary"]

RunStatus: TypeAlias = Literal["running", "finished", "failed", "died"]


class RunFold:
    """Folds the events of one run."""

    version = 1

    def initial(self) -> dict[str, Any]:
        """Return the state before the first event."""
        return {
            "status": None,
            "name": "",
            "actor": "",
            "started": None,
            "ended": None,
            "expires": None,
            "params": {},
            "tags": {},
            "metrics": {},
            "artifacts": {},
            "n_points": 0,
            "error": None,
            "record": None,
        }

    def apply(self, state: dict[str, Any], event: Event) -> dict[str, Any]:
        """Return the state after `event`."""
        payload, at = event.payload, event.at.isoformat()
        state["started"] = state["started"] or at
        if event.type == "run_started":
            # A Trainer's log= begins a stream with less; it is listed all the same.
            facts = {name: payload.get(name, state[name]) for name in ("name", "tags", "params")}
            state |= {"status": "running", "actor": event.actor, **facts}
        elif event.type == "params":
            state["params"] = {**state["params"], **payload["params"]}
        elif event.type == "artifact":
            state["artifacts"] = {**state["artifacts"], payload["name"]: payload["digest"]}
        elif event.type in ("run_finished", "run_failed"):
            status = "finished" if event.type == "run_finished" else "failed"
            state |= {"status": status, "ended": at, "error": payload.get("error")}
            state["record"] = payload.get("record")
            state["metrics"] = state["metrics"] | payload.get("metrics", {})
        points = payload.get("points", ())  # in events of their own, and the last in the end's
        state["n_points"] += len(points)
        state["metrics"] = state["metrics"] | {point[0]: point[1] for point in points}
        state["expires"] = payload.get("expires", state["expires"])
        return state


@attrs.frozen
class MetricPoint:
    """One value of a metric.

    Parameters
    ----------
    value : float
        The value.
    step : int or None
        Of the training, as the caller counts.
    at : datetime
        When it was logged, in UTC.
    """

    value: float
    step: int | None
    at: datetime


@attrs.frozen(repr=False)
class RunSummary:
    """What is known of a run without reading its history.

    Parameters
    ----------
    run_id : str
        Unique.
    name : str
        As given; need not be unique.
    status : {"running", "finished", "failed", "died"}
        A run has died if it neither finished nor renewed its lease.
    started : datetime
        In UTC.
    ended : datetime or None
        None while it is running, and if it died.
    params, tags : dict
        As logged.
    metrics : dict of str to float
        The newest value of each.
    artifacts : dict of str to str
        Digest of what was kept, by name.
    n_points : int
        Values logged in all.
    error : str or None
        Class of the exception of a run that failed.
    record : str or None
        Digest of the full record, which `RunLog.record` reads.
    actor : str
        Who ran it, as far as was said.
    """

    run_id: str
    name: str
    status: RunStatus
    started: datetime
    ended: datetime | None
    params: dict[str, Any]
    tags: dict[str, str]
    metrics: dict[str, float]
    artifacts: dict[str, str]
    n_points: int
    error: str | None
    record: str | None
    actor: str

    @classmethod
    def of(cls, run_id: str, state: dict[str, Any], now: datetime) -> RunSummary:
        """Read a state as it is at this time."""
        status = state["status"]
        expires = state["expires"]
        if status == "running" and expires and datetime.fromisoformat(expires) < now:
            status = "died"
        return cls(
            run_id=run_id,
            name=state["name"],
            status=status,
            started=datetime.fromisoformat(state["started"]),
            ended=None if state["ended"] is None else datetime.fromisoformat(state["ended"]),
            params=dict(state["params"]),
            tags=dict(state["tags"]),
            metrics={name: float(value) for name, value in state["metrics"].items()},
            artifacts=dict(state["artifacts"]),
            n_points=state["n_points"],
            error=state["error"],
            record=state["record"],
            actor=state["actor"],
        )

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it is running, and if it died."""
        return None if self.ended is None else (self.ended - self.started).total_seconds()

    def to_dict(self) -> dict[str, object]:
        """Return the summary as plain values."""
        plain = attrs.asdict(self)
        times = {"started": self.started.isoformat(), "ended": None}
        if self.ended is not None:
            times["ended"] = self.ended.isoformat()
        return {**plain, **times}

    def __repr__(self) -> str:
        return display.text_table(self._rows(), ["", ""], title=self._title())

    def _repr_html_(self) -> str:
        return display.html_table(self._rows(), ["", ""], title=self._title())

    def _title(self) -> str:
        return f"run {self.run_id}" + (f" ({self.name})" if self.name else "")

    def _rows(self) -> list[list[str]]:
        took = "" if self.seconds is None else display.duration(self.seconds)
        facts = [["status", self.status + (f": {self.error}" if self.error else "")]]
        facts += [["started", f"{self.started:%Y-%m-%d %H:%M:%S} UTC"], ["took", took]]
        facts += [[f"metric {name}", display.number(v)] for name, v in self.metrics.items()]
        facts += [[f"param {name}", str(v)] for name, v in self.params.items()]
        return facts + [[f"tag {name}", v] for name, v in self.tags.items()]
