"""The right to run: one runner at a time, by events in the loop's journal.

A lease is an event with an end. While it lasts nobody else may begin; a runner that was killed leaves
one that ends by itself. Whatever a runner does under its lease is written on the condition that the
lease is still its own, so that one that slept past its end can change nothing any more: the journal
itself is the fence, whatever the clocks say.

Clocks decide only how soon another may take over. The end is compared with the clock of whoever asks,
with an allowance for clocks that differ. A holder whose clock is far ahead would keep others out for
as long; therefore somebody who finds the lease taken leaves a note of when, by the own clock, and a lease
that nobody renewed for its whole length since is over too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import attrs

from prodml.errors import ConflictError
from prodml.journal import Draft, Event, Journal
from prodml.ports.clock import Clock
from prodml.retraining.fold import holds

__all__ = ["Lease", "LeaseLostError", "is_over"]


class LeaseLostError(ConflictError):
    """Another runner has taken over; what this one was about to write was not written."""


def is_over(state: dict[str, Any], now: datetime, allowance: timedelta) -> bool:
    """Say whether a lease may be taken over.

    Parameters
    ----------
    state : dict
        Of a `LoopState`.
    now : datetime
        By the clock of whoever asks.
    allowance : timedelta
        By how much clocks may differ.

    Returns
    -------
    bool
        Also true if there is none.
    """
    lease, seen = state["lease"], state["witness"]
    if lease is None or now >= datetime.fromisoformat(lease["expires"]) + allowance:
        return True
    length = timedelta(seconds=lease["length_s"])
    return seen is not None and now >= datetime.fromisoformat(seen) + length + allowance


@attrs.frozen
class Lease:
    """One runner's lease.

    Parameters
    ----------
    journal : Journal
        Of the loop, with a `LoopState` fold.
    holder : str
        Random; no two leases share one.
    by : str
        Who that is, for people.
    length : timedelta
        How long it lasts, from each renewal on.
    allowance : timedelta
        By how much clocks may differ.
    clock : callable
        Tells the time.
    """

    journal: Journal
    holder: str
    by: str
    length: timedelta
    allowance: timedelta
    clock: Clock

    def take(self, *, n_runs: int, begun: dict[str, Any] | None, run_id: str) -> dict[str, Any]:
        """Take the lease, and with it the run that is half done; if there is none, begin one.

        Parameters
        ----------
        n_runs : int
            How many runs there were when this was decided.
        begun : dict or None
            What to begin if nothing is half done; None for nothing.
        run_id : str
            Its id.

        Returns
        -------
        dict
            The payload of the event.

        Raises
        ------
        ConflictError
            If another runner is at it, or has ended a run since this was decided.
        """

        def taken(state: dict[str, Any]) -> Draft:
            now = self.clock()
            if not is_over(state, now, self.allowance):
                raise ConflictError(_busy(state["lease"]))
            if state["n_runs"] != n_runs:
                raise ConflictError("another runner has just done it")
            run = state["run"]
            id_ = run_id if run is None else run["run_id"]
            payload = {"holder": self.holder, "by": self.by, "run_id": id_, **self._until(now)}
            if run is None and begun is not None:
                payload["begun"] = begun
            return Draft("lease_taken", payload)

        return self.journal.commit(taken).payload

    def renew(self) -> None:
        """Move its end.

        Raises
        ------
        LeaseLostError
            If another runner has taken over: that one goes on, this one must stop.
        """
        self.write("lease_renewed")

    def check(self) -> None:
        """Raise `LeaseLostError` unless the lease is still this runner's; writes nothing."""
        self._refuse_lost(self.journal.state())

    def write(self, type: str, **facts: object) -> Event:  # noqa: A002
        """Write an event on the condition that the lease is still this runner's, and renew it.

        Raises
        ------
        LeaseLostError
            If it is not; nothing is written then.
        """

        def draft(state: dict[str, Any]) -> Draft:
            self._refuse_lost(state)
            expires = self._until(self.clock())["expires"]
            return Draft(type, {"holder": self.holder, "expires": expires, **facts})

        return self.journal.commit(draft)

    def release(self) -> None:
        """Give it back."""
        self.write("lease_released")

    def _until(self, now: datetime) -> dict[str, Any]:
        length_s = self.length.total_seconds()
        return {
            "at": now.isoformat(),
            "expires": (now + self.length).isoformat(),
            "length_s": length_s,
        }

    def _refuse_lost(self, state: dict[str, Any]) -> None:
        if not holds(state, self.holder):
            raise LeaseLostError(
                f"{self.by} was silent for longer than its lease of {self.length}, or the lease was "
                "broken, and another runner may have taken over: this one stops. If that happens "
                "often, give the loop a longer lease"
            )


def _busy(lease: dict[str, Any]) -> str:
    return f"{lease['by']} is at it (run {lease['run_id']}) until {lease['expires']}"
