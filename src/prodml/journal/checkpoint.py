"""Shortcuts to the newest state: snapshots and a hint. Both are derived, neither is believed.

A checkpoint counts only if its own checksum holds, the same fold wrote it, and the event it was
made at is stored with the digest it names. The hint only says where to look first.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any

import attrs

from prodml.errors import (
    AlreadyExistsError,
    AmbiguousWriteError,
    IntegrityError,
    KeyNotFoundError,
    ProdmlWarning,
    UntrustedModelError,
)
from prodml.journal.envelope import open_envelope, seal
from prodml.journal.event import Head
from prodml.journal.log import Log
from prodml.journal.vouching import Vouching, dumped

__all__ = ["Checkpoint", "Checkpoints", "Hint"]


@attrs.frozen
class Hint:
    """Where the newest event was when somebody last said.

    Parameters
    ----------
    seq : int, default 0
        Number of an event.
    checkpoint : int, default 0
        Number of the event at which there is a checkpoint.
    """

    seq: int = 0
    checkpoint: int = 0


@attrs.frozen
class Checkpoint:
    """A state as it was after an event.

    Parameters
    ----------
    head : Head
        The event.
    fold : str
        Which fold made the state.
    state : dict
        The state.
    signature : str or None, default None
        Of whoever vouches for it.
    """

    head: Head
    fold: str
    state: dict[str, Any] = attrs.field(hash=False)
    signature: str | None = None


@attrs.frozen
class Checkpoints:
    """The objects ``<stream>/ckpt/<seq>.json`` and ``<stream>/head``.

    Parameters
    ----------
    log : Log
        The events they are derived from.
    vouching : Vouching
        Signs checkpoints, and says which may be started from.
    """

    log: Log
    vouching: Vouching = attrs.field(factory=Vouching)

    def key(self, seq: int) -> str:
        """Return the key of the checkpoint at an event."""
        return f"{self.log.stream}/ckpt/{seq:020d}.json"

    def newest(self, fold: str, hint: Hint) -> Checkpoint | None:
        """Return the newest checkpoint that this fold may start from, or None."""
        if hint.checkpoint:
            found = self._usable(hint.checkpoint, fold)
            if found is not None:
                return found
        for seq in reversed(self.numbers()):
            found = self._usable(seq, fold)
            if found is not None:
                return found
        return None

    def numbers(self) -> list[int]:
        """Return at which events there are checkpoints, rising."""
        return list(self._numbers())

    def read(self, seq: int) -> Checkpoint:
        """Return the checkpoint at an event, compared with that event.

        Raises
        ------
        IntegrityError
            If it is damaged, or the event is not what it was.
        """
        where = f'checkpoint {seq} of journal "{self.log.stream}"'
        body = open_envelope(self.log.storage.get(self.key(seq)), where=where)
        found = _parse(body)
        if found is None or found.head.seq != seq:
            raise IntegrityError(f"{where} is not a checkpoint of this place")
        head = self.log.head_at(seq)
        if head is None or head != found.head:
            raise IntegrityError(f"{where} was made of another event {seq} than the stored one")
        return attrs.evolve(found, head=head)  # with its generation

    def write(self, checkpoint: Checkpoint) -> None:
        """Store a checkpoint, unless there is one; failing costs time later, nothing else."""
        body = _body(checkpoint)
        signature = self.vouching.sign(self.log.stream, body)
        data = seal(dumped(body if signature is None else {**body, "signature": signature}))
        key = self.key(checkpoint.head.seq)
        try:
            self.log.storage.put(key, data, if_absent=True)
        except (AlreadyExistsError, AmbiguousWriteError):
            return

    def hint(self) -> Hint:
        """Return the stored hint; an empty one if there is none that can be read."""
        try:
            body = json.loads(self.log.storage.get(self._hint_key))
            seq, checkpoint = body["seq"], body["checkpoint"]
        except (KeyNotFoundError, ValueError, KeyError, TypeError, RecursionError):
            return Hint()
        if type(seq) is not int or type(checkpoint) is not int or not 0 <= checkpoint <= seq:
            return Hint()
        return Hint(seq, checkpoint) if seq < 10**19 else Hint()

    def write_hint(self, hint: Hint) -> None:
        """Store a hint over the one before."""
        data = json.dumps(attrs.asdict(hint), separators=(",", ":")).encode()
        self.log.storage.put(self._hint_key, data)

    @property
    def _hint_key(self) -> str:
        return f"{self.log.stream}/head"

    def _accepts(self, found: Checkpoint) -> bool:
        return self.vouching.accepts(self.log.stream, _body(found), found.signature)

    def _usable(self, seq: int, fold: str) -> Checkpoint | None:
        try:
            found = self.read(seq)
            if found.fold != fold or not self._accepts(found):
                return None
        except KeyNotFoundError:
            return None
        except (IntegrityError, UntrustedModelError) as exc:
            warnings.warn(
                f'checkpoint {seq} of journal "{self.log.stream}" is not used, the events are: {exc}. '
                "Journal.verify() tells whether they hold.",
                ProdmlWarning,
                stacklevel=2,
            )
            return None
        return found

    def _numbers(self) -> Iterator[int]:
        prefix = f"{self.log.stream}/ckpt/"
        for meta in self.log.storage.list(prefix):
            digits = meta.key.removeprefix(prefix).removesuffix(".json")
            if digits.isascii() and digits.isdigit():
                yield int(digits)


def _parse(body: dict[str, Any]) -> Checkpoint | None:
    members, signature = set(body) - {"signature"}, body.get("signature")
    if members != {"v", "seq", "digest", "fold", "state"} or body["v"] != 1:
        return None
    if type(body["seq"]) is not int or not isinstance(body["state"], dict):
        return None
    if not isinstance(body["digest"], str) or not isinstance(body["fold"], str):
        return None
    if signature is not None and not isinstance(signature, str):
        return None
    return Checkpoint(Head(body["seq"], body["digest"]), body["fold"], body["state"], signature)


def _body(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "v": 1,
        "seq": checkpoint.head.seq,
        "digest": checkpoint.head.digest,
        "fold": checkpoint.fold,
        "state": checkpoint.state,
    }
