"""The state of a loop as its journal tells it: when it last ran, and who is at it now.

A runner holds a lease: an event with an end. While it lasts nobody else may begin; a runner that
crashed leaves one that ends by itself. Ends are compared with the clock of whoever asks, so clocks
of several hosts should not stand further apart than a lease is long.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import attrs

from prodml.errors import ConflictError
from prodml.journal import Draft, Event, Journal
from prodml.ports.clock import Clock

__all__ = ["Lease", "LoopState"]


class LoopState:
    """Folds the events of a loop into first check, last run and current lease."""

    version = 1

    def initial(self) -> dict[str, Any]:
        """Return the state before the first event."""
        return {"first_check": None, "last_run": None, "lease": None, "n_runs": 0}

    def apply(self, state: dict[str, Any], event: Event) -> dict[str, Any]:
        """Return the state after `event`."""
        payload = event.payload
        if event.type == "checked":
            state["first_check"] = state["first_check"] or payload["at"]
        elif event.type in ("lease_taken", "lease_renewed"):
            state["lease"] = dict(payload)
        elif event.type in ("run_finished", "run_failed") and _holds(state, payload["run_id"]):
            # A run that crashed never comes here: it is due again as soon as its lease has ended.
            state["last_run"] = state["lease"]["started"]
            state["lease"] = None
            state["n_runs"] += 1
        return state


@attrs.frozen
class Lease:
    """The right to run, until it ends.

    Parameters
    ----------
    journal : Journal
        Of the loop, with a `LoopState` fold.
    run_id : str
        Of the run that holds it.
    length : timedelta
        How long it lasts, from each renewal on.
    clock : callable
        Tells the time.
    """

    journal: Journal
    run_id: str
    length: timedelta
    clock: Clock

    def take(self) -> None:
        """Take the lease.

        Raises
        ------
        ConflictError
            If another run holds it.
        """
        self.journal.commit(self._taken)

    def renew(self) -> None:
        """Move its end.

        Raises
        ------
        ConflictError
            If it ended and another run took it: that one goes on, this one must stop.
        """
        self.journal.commit(self._renewed)

    def _taken(self, state: dict[str, Any]) -> Draft:
        now, held = self.clock(), state["lease"]
        if held is not None and datetime.fromisoformat(held["expires"]) > now:
            raise ConflictError(f"run {held['run_id']} is at it until {held['expires']}")
        return Draft("lease_taken", self._payload(now, now.isoformat()))

    def _renewed(self, state: dict[str, Any]) -> Draft:
        if not _holds(state, self.run_id):
            raise ConflictError(
                f"run {self.run_id} took longer than its lease of {self.length}, and another run "
                "has taken over. Give the loop a longer lease"
            )
        return Draft("lease_renewed", self._payload(self.clock(), state["lease"]["started"]))

    def _payload(self, now: datetime, started: str) -> dict[str, Any]:
        expires = (now + self.length).isoformat()
        return {"run_id": self.run_id, "started": started, "expires": expires}


def _holds(state: dict[str, Any], run_id: str) -> bool:
    return state["lease"] is not None and state["lease"]["run_id"] == run_id
