"""What a journal holds, and how an event is written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs

from prodml.errors import ConfigError, IntegrityError
from prodml.fingerprint.canonical import canonical_json
from prodml.fingerprint.digest import sha256
from prodml.journal.envelope import open_envelope, seal
from prodml.ports.clock import check_aware

__all__ = [
    "MAX_EVENT_BYTES",
    "TOMBSTONE",
    "Draft",
    "Event",
    "Head",
    "Verification",
    "decode",
    "decode_alone",
    "encode",
    "genesis",
]

MAX_EVENT_BYTES = 64 * 1024
"""Largest stored event; what is larger belongs into `Blobs`, its digest into the event."""

TOMBSTONE = "gc_tombstone"
"""Type of the event that begins a new generation of blobs; see `prodml.journal.collect`."""

_MEMBERS = {"v", "seq", "prev", "txid", "at", "actor", "type", "payload", "reason", "generation"}


@attrs.frozen
class Head:
    """The newest event of a journal: its number and digest. Small enough to export anywhere.

    Parameters
    ----------
    seq : int
        Number of events; 0 for an empty journal.
    digest : str
        Digest of the newest event's bytes; it stands for every event before as well.
    generation : int, default 0
        How many collections of blobs the events up to here tell of. The digest stands for it, so
        heads are compared without it.
    """

    seq: int
    digest: str
    generation: int = attrs.field(default=0, eq=False, repr=False)


def _check_type(_: object, __: object, value: str) -> None:
    if not isinstance(value, str) or not 1 <= len(value) <= 100:
        raise ConfigError(
            f"the type of an event is a text of 1 to 100 characters, got {value!r:.60}"
        )


def _check_payload(_: object, __: object, value: object) -> None:
    if not isinstance(value, dict):
        raise ConfigError(f"the payload of an event is a dict, got a {type(value).__name__}")


def _check_reason(_: object, __: object, value: object) -> None:
    if not isinstance(value, str):
        raise ConfigError(f"the reason of an event is a text, got a {type(value).__name__}")


@attrs.frozen
class Draft:
    """An event that somebody wants to append.

    Parameters
    ----------
    type : str
        What happened, such as ``"alias_set"``; 1 to 100 characters.
    payload : dict, default empty
        Anything JSON can hold.
    reason : str, default ""
        Why, in the words of whoever did it.
    """

    type: str = attrs.field(validator=_check_type)
    payload: dict[str, Any] = attrs.field(factory=dict, hash=False, validator=_check_payload)
    reason: str = attrs.field(default="", validator=_check_reason)


@attrs.frozen
class Event:
    """Something that happened and will not change.

    Parameters
    ----------
    seq : int
        Its place in the journal, from 1 without a gap; the only order there is.
    type : str
        What happened.
    payload : dict
        The details.
    at : datetime
        When, by the writer's clock, in UTC; informative only.
    actor : str
        Who did it, as far as the writer said.
    reason : str
        Why, as far as the writer said.
    txid : str
        Random id of this append.
    prev : str
        Digest of the event before; of the stream's name for the first.
    digest : str
        Digest of this event's stored bytes.
    generation : int, default 0
        How many collections of blobs came before this event, itself included.
    """

    seq: int
    type: str
    payload: dict[str, Any] = attrs.field(hash=False)
    at: datetime
    actor: str
    reason: str
    txid: str
    prev: str
    digest: str
    generation: int = 0

    @property
    def head(self) -> Head:
        """The head of the journal when this was its newest event."""
        return Head(self.seq, self.digest, self.generation)


@attrs.frozen
class Verification:
    """What `Journal.verify` found; it raises when it finds something wrong.

    Parameters
    ----------
    n_events : int
        How many events were read.
    head : Head
        The newest of them.
    n_checkpoints : int
        How many checkpoints were compared with them.
    ok : bool
        True.
    n_segments : int
        How many segments were compared with the events.
    """

    n_events: int
    head: Head
    n_checkpoints: int = 0
    ok: bool = True
    n_segments: int = 0


def genesis(stream: str) -> Head:
    """Return the head of an empty journal; it differs by stream, so logs cannot be swapped.

    Parameters
    ----------
    stream : str
        Name of the stream.

    Returns
    -------
    Head
        With ``seq`` 0.
    """
    return Head(0, sha256(canonical_json({"stream": stream})))


def encode(draft: Draft, *, after: Head, at: datetime, actor: str, txid: str) -> bytes:
    """Write the event that comes after `after`.

    Parameters
    ----------
    draft : Draft
        What happened.
    after : Head
        The event before.
    at : datetime
        When; aware.
    actor, txid : str
        Who, and the random id of this append.

    Returns
    -------
    bytes
        Canonical JSON with its own checksum.

    Raises
    ------
    ConfigError
        If the payload is not JSON (the message names the member), or the event is too large.
    """
    body = {
        "v": 1,
        "seq": after.seq + 1,
        "prev": after.digest,
        "txid": txid,
        "at": _rfc3339(at),
        "actor": actor,
        "type": draft.type,
        "payload": draft.payload,
        "reason": draft.reason,
    }
    generation = after.generation + (draft.type == TOMBSTONE)
    if generation:
        # Left out before the first collection. A prodml that knows no generations refuses the
        # event, and so cannot refer to blobs that a collection takes.
        body["generation"] = generation
    data = seal(canonical_json(body))
    if len(data) > MAX_EVENT_BYTES:
        raise ConfigError(
            f'the event "{draft.type}" takes {len(data)} bytes, more than {MAX_EVENT_BYTES}: put '
            "what is large into a blob (prodml.journal.Blobs) and its digest into the payload"
        )
    return data


def decode(data: bytes, *, after: Head, where: str) -> Event:
    """Read an event, and check that it is the one that follows `after`.

    Parameters
    ----------
    data : bytes
        What `encode` wrote.
    after : Head
        The event before.
    where : str
        Names the event in messages.

    Returns
    -------
    Event
        The event.

    Raises
    ------
    IntegrityError
        If the bytes are not an event, are damaged, or belong to another place.
    """
    event = decode_alone(data, where=where)
    if event.seq != after.seq + 1:
        raise IntegrityError(f"{where} says that it is event {event.seq}")
    if event.prev != after.digest:
        raise IntegrityError(
            f"{where} does not follow event {after.seq} as it is stored: one of the two was changed"
        )
    if event.generation != after.generation + (event.type == TOMBSTONE):
        raise IntegrityError(
            f"{where} tells of {event.generation} collections, event {after.seq} of "
            f"{after.generation}"
        )
    return event


def decode_alone(data: bytes, *, where: str) -> Event:
    """Read an event without asking what it follows; see `decode`.

    Parameters
    ----------
    data : bytes
        What `encode` wrote.
    where : str
        Names the event in messages.

    Returns
    -------
    Event
        The event.

    Raises
    ------
    IntegrityError
        If the bytes are not an event, or are damaged.
    """
    body = open_envelope(data, where=where)
    body.setdefault("generation", 0)
    if set(body) != _MEMBERS or body["v"] != 1:
        raise IntegrityError(f"{where} is not an event that this version of prodml can read")
    texts = [body[name] for name in ("prev", "txid", "at", "actor", "type", "reason")]
    if not all(isinstance(text, str) for text in texts):
        raise IntegrityError(f"{where} has a member that is not text")
    numbers = (body["seq"], body["generation"])
    if any(type(n) is not int for n in numbers) or not isinstance(body["payload"], dict):
        raise IntegrityError(f"{where} has a member of the wrong type")
    del body["v"]
    return Event(**{**body, "at": _parse_time(body["at"], where)}, digest=sha256(data))


def _rfc3339(at: datetime) -> str:
    check_aware(at, "what the clock of a journal returns")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _parse_time(text: str, where: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise IntegrityError(f"{where} has a time that cannot be read") from None
