"""The state of a loop as its journal tells it: who is at it, what is half done, what came of the last run."""

from __future__ import annotations

from typing import Any

from prodml.journal import Event

__all__ = ["MAX_TRIES", "LoopState", "holds"]

MAX_TRIES = 5
"""How often a notice is handed to a notifier that fails."""

_STEPS = ("data_fetched", "trained", "registered", "decided")
_ENDS = ("run_finished", "run_failed")


class LoopState:
    """Folds the events of a loop.

    A step counts only if the lease was its writer's when it was written. ``lease`` is who is at it;
    ``witness`` when somebody else first saw that lease as it is; ``run`` a run that has not ended, with the
    steps it has behind it; ``last`` what came of the last one; ``outbox`` the notices that have
    not been delivered.
    """

    version = 2

    def initial(self) -> dict[str, Any]:
        """Return the state before the first event."""
        return {
            "first_check": None,
            "last_check": None,
            "last_run": None,
            "n_runs": 0,
            "lease": None,
            "witness": None,
            "run": None,
            "last": None,
            "n_labels_used": 0,
            "request": None,
            "outbox": [],
        }

    def apply(self, state: dict[str, Any], event: Event) -> dict[str, Any]:
        """Return the state after `event`; types from the future change nothing."""
        name = "_step" if event.type in _STEPS else f"_{event.type}"
        name = "_ended" if event.type in _ENDS else name
        change = getattr(self, name, None)
        if change is not None:
            change(state, event)
        return state

    def _checked(self, state: dict[str, Any], event: Event) -> None:
        at = event.payload["at"]
        state["first_check"] = state["first_check"] or at
        message, due = event.payload["message"], event.payload["due"]
        state["last_check"] = {"at": at, "message": message, "due": due}

    def _requested(self, state: dict[str, Any], event: Event) -> None:
        state["request"] = {"reason": event.reason, "actor": event.actor}

    def _lease_taken(self, state: dict[str, Any], event: Event) -> None:
        lease = dict(event.payload)
        begun = lease.pop("begun", None)
        state["lease"], state["witness"] = lease, None
        if begun is not None:
            state["run"] = {**begun, "run_id": lease["run_id"], "attempts": 0, "steps": {}}
            state["request"] = None
        if state["run"] is not None:
            state["run"]["attempts"] += 1

    def _lease_renewed(self, state: dict[str, Any], event: Event) -> None:
        if holds(state, event.payload["holder"]):
            state["lease"]["expires"] = event.payload["expires"]
            state["witness"] = None

    def _lease_released(self, state: dict[str, Any], event: Event) -> None:
        if not holds(state, event.payload["holder"]):
            return
        state["lease"] = state["witness"] = None
        if state["run"] is not None:  # it was stopped, which is no crash
            state["run"]["attempts"] -= 1

    def _lease_broken(self, state: dict[str, Any], event: Event) -> None:
        if holds(state, event.payload["holder"]):
            state["lease"] = state["witness"] = None

    def _skipped(self, state: dict[str, Any], event: Event) -> None:
        if holds(state, event.payload["holder"]) and state["witness"] is None:
            state["witness"] = event.payload["at"]

    def _step(self, state: dict[str, Any], event: Event) -> None:
        if not holds(state, event.payload["holder"]) or state["run"] is None:
            return
        self._lease_renewed(state, event)
        facts = {k: v for k, v in event.payload.items() if k not in ("holder", "expires")}
        state["run"]["steps"][event.type] = facts

    def _ended(self, state: dict[str, Any], event: Event) -> None:
        run = state["run"]
        if not holds(state, event.payload["holder"]) or run is None:
            return
        self._lease_renewed(state, event)
        last = {k: v for k, v in event.payload.items() if k not in ("holder", "expires", "notice")}
        state["last"] = {**last, "started": run["started"], "reasons": run["reasons"]}
        state["last_run"], state["run"] = run["started"], None
        state["n_runs"] += 1
        if event.type == "run_finished" and run["n_labels"] is not None:
            state["n_labels_used"] = run["n_labels"]
        if event.payload.get("notice") is not None:
            state["outbox"].append({"notice": event.payload["notice"], "told": [], "tries": 0})

    def _notified(self, state: dict[str, Any], event: Event) -> None:
        for entry in list(state["outbox"]):
            if entry["notice"]["id"] != event.payload["id"]:
                continue
            entry["told"] += event.payload["told"]
            entry["tries"] += 1
            if not event.payload["failed"] or entry["tries"] >= MAX_TRIES:
                state["outbox"].remove(entry)


def holds(state: dict[str, Any], holder: str) -> bool:
    """Say whether the lease is this one's."""
    return state["lease"] is not None and state["lease"]["holder"] == holder
