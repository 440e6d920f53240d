"""What the events of a model add up to: its versions, and the trail of every alias."""

from __future__ import annotations

from typing import Any

from prodml.errors import IntegrityError
from prodml.journal import Event

__all__ = ["ModelFold", "current", "way_back"]


class ModelFold:
    """Folds the journal of one model.

    The state holds ``versions``, a list in which version `n` stands at place ``n - 1``; ``aliases``,
    for each the trail of versions that a rollback would walk back along, the current one last; and
    ``holdouts``, how often each holdout has decided.
    """

    version = 2

    def initial(self) -> dict[str, Any]:
        """Return the state of a model of which nothing is known yet."""
        return {"versions": [], "aliases": {}, "holdouts": {}}

    def apply(self, state: dict[str, Any], event: Event) -> dict[str, Any]:
        """Return the state after an event; types from the future change nothing."""
        step = getattr(self, f"_{event.type}", None)
        if step is not None:
            step(state, event)
        return state

    def _version_registered(self, state: dict[str, Any], event: Event) -> None:
        number = len(state["versions"]) + 1
        if event.payload["version"] != number:
            raise IntegrityError(
                f"event {event.seq} registers version {event.payload['version']}, expected {number}"
            )
        facts = {"at": event.at.isoformat(), "actor": event.actor, "reason": event.reason}
        state["versions"].append({**event.payload, **facts, "deprecated": None, "deleted": None})

    def _alias_set(self, state: dict[str, Any], event: Event) -> None:
        state["aliases"][event.payload["alias"]] = list(event.payload["trail"])

    def _gate_decided(self, state: dict[str, Any], event: Event) -> None:
        digest = event.payload["holdout"]
        if digest:
            state["holdouts"][digest] = state["holdouts"].get(digest, 0) + 1

    def _version_deprecated(self, state: dict[str, Any], event: Event) -> None:
        state["versions"][event.payload["version"] - 1]["deprecated"] = event.reason

    def _version_deleted(self, state: dict[str, Any], event: Event) -> None:
        # Its number stays taken; from here on nothing refers to its blobs.
        state["versions"][event.payload["version"] - 1]["deleted"] = event.reason


def current(state: dict[str, Any], alias: str) -> int | None:
    """Return the version an alias points at, or None."""
    trail = state["aliases"].get(alias)
    return trail[-1] if trail else None


def way_back(state: dict[str, Any], alias: str) -> list[int]:
    """Return the trail an alias would have after one rollback; empty if there is no way back.

    What has been deprecated meanwhile is passed over: a rollback should not land on a version that
    somebody has warned against.
    """
    trail = list(state["aliases"].get(alias, []))[:-1]
    while trail and state["versions"][trail[-1] - 1]["deprecated"] is not None:
        trail.pop()
    return trail
