"""What the events of a model add up to: its versions, and the trail of every alias."""

from __future__ import annotations

from typing import Any

from prodml.errors import IntegrityError
from prodml.journal import Event
from prodml.journal.fold import freeze

__all__ = ["ModelFold", "current", "is_known", "notes_of", "pointer", "way_back"]

_LONGEST_TRAIL = 100


class ModelFold:
    """Folds the journal of one model.

    The state stays small, however many versions there are, since every reader's first look and
    every checkpoint carries it: what a version is stands in the event that registered it, and the
    state only says which event that is. It holds

    - ``versions``: at place ``n - 1`` the `pointer` to the event that registered version `n`,
    - ``aliases``: for each the versions that a rollback would walk back along, the current one last,
    - ``notes``: by version what was said of it since: ``deprecated``, ``deleted``, ``tags``,
    - ``approvals``: by version and alias, who approves,
    - ``holdouts``: how often each holdout has decided,
    - ``once``: what was registered under a name of its own, and as which version,
    - ``about``: what the owner says of the model,
    - ``deleted``: why the whole model was deleted, if it was.

    Members are replaced, never changed in place, so that a new view shares what stayed the same.
    """

    version = 3

    def initial(self) -> dict[str, Any]:
        """Return the state of a model of which nothing is known yet."""
        lists: dict[str, Any] = {"versions": [], "deleted": None}
        dicts = ("aliases", "notes", "approvals", "holdouts", "about", "once")
        return lists | {name: {} for name in dicts}

    def apply(self, state: dict[str, Any], event: Event) -> dict[str, Any]:
        """Return the state after an event; types from the future change nothing."""
        step = getattr(self, f"_{event.type}", None)
        if step is None:
            return state
        state = {name: freeze(member) for name, member in state.items()}
        step(state, event)
        return state

    def _version_registered(self, state: dict[str, Any], event: Event) -> None:
        number = len(state["versions"]) + 1
        if event.payload["version"] != number:
            raise IntegrityError(
                f"event {event.seq} registers version {event.payload['version']}, expected {number}"
            )
        state["versions"] = freeze([*state["versions"], pointer(event)])
        state["deleted"] = None
        if "once" in event.payload:
            _put(state, "once", event.payload["once"], number)

    def _alias_set(self, state: dict[str, Any], event: Event) -> None:
        alias, number = event.payload["alias"], event.payload["to"]
        trail = list(state["aliases"].get(alias, ()))
        if event.payload["kind"] == "rollback":
            self._withdraw(state, event.payload["from"], alias)
            trail.pop()
            while trail and trail[-1] != number:
                trail.pop()
            trail = trail[:-1]
        _put(state, "aliases", alias, [*trail, number][-_LONGEST_TRAIL:])

    def _alias_removed(self, state: dict[str, Any], event: Event) -> None:
        _put(state, "aliases", event.payload["alias"], None)

    def _gate_decided(self, state: dict[str, Any], event: Event) -> None:
        digest = event.payload["holdout"]
        if digest:
            _put(state, "holdouts", digest, state["holdouts"].get(digest, 0) + 1)

    def _version_deprecated(self, state: dict[str, Any], event: Event) -> None:
        self._note(state, event, "deprecated", event.reason)

    def _version_deleted(self, state: dict[str, Any], event: Event) -> None:
        # Its number stays taken; from here on nothing refers to its blobs.
        self._note(state, event, "deleted", event.reason)

    def _version_tagged(self, state: dict[str, Any], event: Event) -> None:
        before = notes_of(state, event.payload["version"]).get("tags", {})
        self._note(state, event, "tags", {**before, **event.payload["tags"]})

    def _model_described(self, state: dict[str, Any], event: Event) -> None:
        for field, text in event.payload["about"].items():
            _put(state, "about", field, text or None)

    def _model_deleted(self, state: dict[str, Any], event: Event) -> None:
        gone = {"deleted": event.reason}
        numbers = range(1, len(state["versions"]) + 1)
        state["notes"] = freeze({str(n): {**notes_of(state, n), **gone} for n in numbers})
        state["approvals"], state["about"] = freeze({}), freeze({})
        state["deleted"] = event.reason

    def _version_approved(self, state: dict[str, Any], event: Event) -> None:
        number, alias = str(event.payload["version"]), event.payload["alias"]
        given = state["approvals"].get(number, {})
        others = [name for name in given.get(alias, ()) if name != event.actor]
        _put(state, "approvals", number, {**given, alias: [*others, event.actor]})

    def _approval_withdrawn(self, state: dict[str, Any], event: Event) -> None:
        number, alias = str(event.payload["version"]), event.payload["alias"]
        given = state["approvals"].get(number, {})
        others = [name for name in given.get(alias, ()) if name != event.actor]
        _put(state, "approvals", number, {**given, alias: others})

    def _note(self, state: dict[str, Any], event: Event, what: str, value: Any) -> None:
        number = event.payload["version"]
        _put(state, "notes", str(number), {**notes_of(state, number), what: value})
        # Whoever approved had other facts before them.
        _put(state, "approvals", str(number), None)

    def _withdraw(self, state: dict[str, Any], number: int, alias: str) -> None:
        given = dict(state["approvals"].get(str(number), {}))
        given.pop(alias, None)
        _put(state, "approvals", str(number), given or None)


def _put(state: dict[str, Any], member: str, name: str, value: Any) -> None:
    """Put one thing into a member of the state; None takes it out."""
    others = {k: v for k, v in state[member].items() if k != name}
    state[member] = freeze(others if value is None else {**others, name: value})


def pointer(event: Event) -> str:
    """Return what finds an event again and proves that it is the one."""
    return f"{event.seq}:{event.digest}"


def is_known(state: dict[str, Any]) -> bool:
    """Say whether there is such a model: something was registered, and it was not deleted since."""
    return bool(state["versions"]) and state["deleted"] is None


def notes_of(state: dict[str, Any], number: int) -> dict[str, Any]:
    """Return what was said of a version since it was registered."""
    notes: dict[str, Any] = state["notes"].get(str(number), {})
    return notes


def current(state: dict[str, Any], alias: str) -> int | None:
    """Return the version an alias points at, or None."""
    trail = state["aliases"].get(alias)
    return trail[-1] if trail else None


def way_back(state: dict[str, Any], alias: str) -> list[int]:
    """Return the trail an alias would have after one rollback; empty if there is no way back.

    What has been deprecated or deleted meanwhile is passed over: a rollback should not land on a
    version that somebody has warned against.
    """
    trail: list[int]
    *trail, here = state["aliases"].get(alias, [0])
    while trail and (trail[-1] == here or _is_warned_against(state, trail[-1])):
        trail.pop()
    return trail


def _is_warned_against(state: dict[str, Any], number: int) -> bool:
    return bool(notes_of(state, number).keys() & {"deprecated", "deleted"})
