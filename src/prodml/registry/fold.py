"""What the events of a model add up to: its versions, and the trail of every alias."""

from __future__ import annotations

import json
import zlib
from typing import Any

from prodml.errors import IntegrityError
from prodml.journal import Event
from prodml.journal.fold import freeze

__all__ = [
    "ModelFold",
    "current",
    "is_known",
    "n_versions",
    "pointer",
    "pointer_to",
    "said_of",
    "tags_of",
    "way_back",
]

_LONGEST_TRAIL = 100
_PAGE = 64
_SHARDS = 64


class ModelFold:
    """Folds the journal of one model.

    The state stays small, however many versions there are, since every reader's first look and
    every checkpoint carries it: what a version is stands in the event that registered it, and the
    state only says which event that is. It holds

    - ``versions``: in pages of 64, the `pointer` to the event that registered each,
    - ``aliases``: for each the versions that a rollback would walk back along, the current one last,
    - ``deprecated``, ``deleted``, ``tags``, ``approvals``: what was said of a version since,
    - ``holdouts``: how often each holdout has decided,
    - ``once``: what was registered under a name of its own, and as which version,
    - ``wrapped``: by version the key it is encrypted with, where it was wrapped anew,
    - ``needed``: how many must approve, by alias,
    - ``about``: what the owner says of the model,
    - ``gone``: why the whole model was deleted, if it was.

    What grows with the versions is kept in shards that are replaced, never changed in place: a new
    view shares all but the one that changed. Read it with the functions below, `said_of` first.
    """

    version = 6

    def initial(self) -> dict[str, Any]:
        """Return the state of a model of which nothing is known yet."""
        dicts = ("aliases", "about", "needed", *_SHARDED)
        return {"versions": [], "gone": None, **{name: {} for name in dicts}}

    def apply(self, state: dict[str, Any], event: Event) -> dict[str, Any]:
        """Return the state after an event; types from the future change nothing."""
        step = getattr(self, f"_{event.type}", None)
        if step is None:
            return state
        state = {name: freeze(member) for name, member in state.items()}
        step(state, event)
        return state

    def _version_registered(self, state: dict[str, Any], event: Event) -> None:
        number = n_versions(state) + 1
        if event.payload["version"] != number:
            raise IntegrityError(
                f"event {event.seq} registers version {event.payload['version']}, expected {number}"
            )
        *full, page = state["versions"] or [[]]
        pages = (
            [*full, [*page, pointer(event)]]
            if len(page) < _PAGE
            else [*full, page, [pointer(event)]]
        )
        state["versions"], state["gone"] = freeze(pages), None
        if "once" in event.payload:
            _say(state, "once", event.payload["once"], number)

    def _alias_set(self, state: dict[str, Any], event: Event) -> None:
        alias, number = event.payload["alias"], event.payload["to"]
        trail = list(state["aliases"].get(alias, ()))
        if event.payload["kind"] == "rollback":
            self._withdraw(state, event.payload["from"], alias)
            trail.pop()
            while trail and trail[-1] != number:
                trail.pop()
            trail = trail[:-1]
        trail = [*trail, number][-_LONGEST_TRAIL:]
        state["aliases"] = freeze({**state["aliases"], alias: trail})

    def _alias_removed(self, state: dict[str, Any], event: Event) -> None:
        gone = event.payload["alias"]
        state["aliases"] = freeze({k: v for k, v in state["aliases"].items() if k != gone})

    def _gate_decided(self, state: dict[str, Any], event: Event) -> None:
        digest = event.payload["holdout"]
        if digest:
            _say(state, "holdouts", digest, (said_of(state, "holdouts", digest) or 0) + 1)

    def _version_deprecated(self, state: dict[str, Any], event: Event) -> None:
        self._note(state, event.payload["version"], "deprecated", event.reason)

    def _version_deleted(self, state: dict[str, Any], event: Event) -> None:
        # Its number stays taken; from here on nothing refers to its blobs.
        self._note(state, event.payload["version"], "deleted", event.reason)

    def _version_tagged(self, state: dict[str, Any], event: Event) -> None:
        number = event.payload["version"]
        tags = {**tags_of(state, number), **event.payload["tags"]}
        self._note(state, number, "tags", json.dumps(tags))

    def _key_rewrapped(self, state: dict[str, Any], event: Event) -> None:
        for number, wrapped in event.payload["wrapped"].items():
            _say(state, "wrapped", number, wrapped)

    def _model_described(self, state: dict[str, Any], event: Event) -> None:
        about = {**state["about"], **event.payload["about"]}
        state["about"] = freeze({k: v for k, v in about.items() if v})

    def _approvals_required(self, state: dict[str, Any], event: Event) -> None:
        needed = {**state["needed"], **event.payload["needed"]}
        state["needed"] = freeze({alias: n for alias, n in needed.items() if n})

    def _model_deleted(self, state: dict[str, Any], event: Event) -> None:
        for number in range(1, n_versions(state) + 1):
            if said_of(state, "deleted", number) is None:
                _say(state, "deleted", number, event.reason)
        state["approvals"], state["about"], state["gone"] = freeze({}), freeze({}), event.reason

    def _version_approved(self, state: dict[str, Any], event: Event) -> None:
        self._approve(state, event, [event.actor])

    def _approval_withdrawn(self, state: dict[str, Any], event: Event) -> None:
        self._approve(state, event, [])

    def _approve(self, state: dict[str, Any], event: Event, word: list[str]) -> None:
        number, alias = event.payload["version"], event.payload["alias"]
        given = said_of(state, "approvals", number) or {}
        others = [name for name in given.get(alias, ()) if name != event.actor]
        _say(state, "approvals", number, {**given, alias: [*others, *word]})

    def _note(self, state: dict[str, Any], number: int, what: str, value: str) -> None:
        _say(state, what, number, value)
        # Whoever approved had other facts before them.
        _say(state, "approvals", number, None)

    def _withdraw(self, state: dict[str, Any], number: int, alias: str) -> None:
        given = said_of(state, "approvals", number) or {}
        _say(state, "approvals", number, {k: v for k, v in given.items() if k != alias} or None)


_SHARDED = ("deprecated", "deleted", "tags", "approvals", "holdouts", "once", "wrapped")


def _say(state: dict[str, Any], what: str, of: str | int, value: Any) -> None:
    """Put one thing into a sharded member of the state; None takes it out."""
    shard, name = _shard(of), str(of)
    others = {k: v for k, v in state[what].get(shard, {}).items() if k != name}
    state[what] = freeze(
        {**state[what], shard: others if value is None else {**others, name: value}}
    )


def _shard(of: str | int) -> str:
    return str(zlib.crc32(str(of).encode()) % _SHARDS)


def said_of(state: dict[str, Any], what: str, of: str | int) -> Any:
    """Return what the state says of a version, a holdout or a name; None if nothing.

    Parameters
    ----------
    state : dict
        Of the model.
    what : {"deprecated", "deleted", "tags", "approvals", "holdouts", "once", "wrapped"}
        See `ModelFold`.
    of : str or int
        Number of the version, digest of the holdout, or the name.
    """
    return state[what].get(_shard(of), {}).get(str(of))


def tags_of(state: dict[str, Any], number: int) -> dict[str, str | None]:
    """Return the tags of a version that were changed since; None for one that was taken away."""
    found: dict[str, str | None] = json.loads(said_of(state, "tags", number) or "{}")
    return found


def n_versions(state: dict[str, Any]) -> int:
    """Return how many versions were ever registered."""
    pages = state["versions"]
    return (len(pages) - 1) * _PAGE + len(pages[-1]) if pages else 0


def pointer(event: Event) -> str:
    """Return what finds an event again and proves that it is the one."""
    return f"{event.seq}:{event.digest.removeprefix('sha256:')}"


def pointer_to(state: dict[str, Any], number: int) -> str:
    """Return the pointer to the event that registered a version."""
    page, place = divmod(number - 1, _PAGE)
    found: str = state["versions"][page][place]
    return found


def is_known(state: dict[str, Any]) -> bool:
    """Say whether there is such a model: something was registered, and it was not deleted since."""
    return bool(state["versions"]) and state["gone"] is None


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
    return any(said_of(state, what, number) is not None for what in ("deprecated", "deleted"))
