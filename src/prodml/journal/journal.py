"""An append-only, hash-chained log of small events, folded into a state."""

from __future__ import annotations

import os
import random
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from prodml.errors import ConfigError, ConflictError, ProdmlWarning
from prodml.journal.event import Draft, Event, Head, Verification, encode
from prodml.journal.fold import Fold
from prodml.journal.heads import HeadMemory
from prodml.journal.log import UNSETTLED, Log
from prodml.journal.reader import Reader
from prodml.journal.turns import Turns
from prodml.journal.vouching import Signs, Verifies, Vouching
from prodml.ports.clock import Clock, utc_now
from prodml.ports.duck import check_methods
from prodml.ports.storage import Storage

__all__ = ["Journal"]

_HINT_EVERY = 16
_MAX_TRIES = 200


class Journal:
    """An append-only log that many writers share, and the state that its events add up to.

    Every event is one object that is created and never changed; it carries the digest of the one
    before. Two writers who want the same place cannot both get it: the loser reads what the winner
    wrote, decides anew and takes the next place. One object may be used by many threads.

    Parameters
    ----------
    storage : Storage
        Where the events are kept.
    stream : str
        Which journal, such as ``"models/churn"``.
    actor : str, default ""
        Who appends, unless a call says otherwise.
    clock : Clock, default utc_now
        Gives the events their time, which is informative only.
    fold : Fold or None, default None
        What the events mean; without one the state stays empty.
    checkpoint_every : int, default 64
        After how many events a snapshot of the state is stored, so that a cold start reads few.
    segment_every : int, default 1024
        After how many events they are stored once more, together, so that reading all takes few reads.
    heads : HeadMemory or None, default None
        Remembers how far the journal was seen to go, so that a later process notices if the newest
        events were cut off, or all of it was written anew.
    signer : Signs or None, default None
        Signs the checkpoints; a `prodml.crypto.Signer`. Goes with a verifier only.
    verifier : Verifies or None, default None
        Checks them; a `prodml.crypto.Verifier`. A cold start then uses only checkpoints that
        somebody signed whom it trusts, or else reads all events.
    sleep : callable, default time.sleep
        Pauses around lost races; takes seconds.
    rng : random.Random or None, default None
        Spreads these pauses; None for Python's own.
    new_id : callable or None, default None
        Makes the random id of an append; None for 128 bits of the system's randomness.

    Raises
    ------
    ConfigError
        If the stream's name would not do as a key, or a number is out of range.

    Notes
    -----
    A chain of digests shows that an event was changed, put in or taken out. It cannot show by
    itself that the newest events were cut off, or that all of it was written anew by somebody who
    may write. Keep `head` somewhere else and hand it to `verify`.

    Examples
    --------
    >>> from prodml.storage import MemoryStorage
    >>> journal = Journal(MemoryStorage(), "models/churn", actor="ops")
    >>> journal.append("note", {"text": "first"}).seq
    1
    >>> [event.payload["text"] for event in journal.events()]
    ['first']
    >>> journal.verify().n_events
    1
    """

    def __init__(
        self,
        storage: Storage,
        stream: str,
        *,
        actor: str = "",
        clock: Clock = utc_now,
        fold: Fold | None = None,
        checkpoint_every: int = 64,
        segment_every: int = 1024,
        heads: HeadMemory | None = None,
        signer: Signs | None = None,
        verifier: Verifies | None = None,
        sleep: Callable[[float], object] = time.sleep,
        rng: random.Random | None = None,
        new_id: Callable[[], str] | None = None,
    ) -> None:
        check_methods(
            storage, "get", "put", "list", what="storage", such_as='open_storage("./store")'
        )
        _check_every("checkpoint_every", checkpoint_every)
        _check_every("segment_every", segment_every)
        if heads is not None:
            check_methods(
                heads,
                "recall",
                "remember",
                what="heads",
                such_as='HeadMemory(open_storage("./heads"))',
            )
        self._log = Log(storage, stream)
        self._reader = Reader(self._log, fold, heads, Vouching(signer, verifier))
        self._actor = _check_actor(actor)
        self._clock = clock
        self._checkpoint_every = checkpoint_every
        self._segment_every = segment_every
        self._turns = Turns(sleep, random.uniform if rng is None else rng.uniform)
        self._new_id = _random_id if new_id is None else new_id
        self._settled = 0  # up to where the events are known to be durable
        self._writing = threading.RLock()  # writers of one process queue here, not at the storage

    @property
    def stream(self) -> str:
        """Which journal this is."""
        return self._log.stream

    def __repr__(self) -> str:
        return f'Journal("{self.stream}", {self._log.storage.caps.url})'

    def append(
        self,
        type: str,  # noqa: A002
        payload: dict[str, Any] | None = None,
        *,
        reason: str = "",
        actor: str | None = None,
    ) -> Event:
        """Append an event at the end, wherever that is by then.

        Parameters
        ----------
        type : str
            What happened; 1 to 100 characters.
        payload : dict or None, default None
            The details, as JSON could hold them; None for none.
        reason : str, default ""
            Why.
        actor : str or None, default None
            Who; None for the journal's own actor.

        Returns
        -------
        Event
            As every later reader will see it. When this has returned, the event is stored.

        Raises
        ------
        ConfigError
            If the payload is not JSON-able, or the event is above 64 KiB.
        IntegrityError
            If what this object has seen of the journal is no longer there.
        AmbiguousWriteError
            If the storage would not say whether the event was written.
        """
        draft = Draft(type, {} if payload is None else payload, reason)
        return self._commit(lambda: (self._reader.catch_up(), draft), actor)

    def commit(
        self, decide: Callable[[dict[str, Any]], Draft], *, actor: str | None = None
    ) -> Event:
        """Append what `decide` makes of the newest state: a transaction.

        Parameters
        ----------
        decide : callable
            Is given the state after the newest event, read-only, and returns a `Draft`, or raises
            if the state does not allow it. It is called again after a lost race, so it should do
            nothing else.
        actor : str or None, default None
            Who; None for the journal's own actor.

        Returns
        -------
        Event
            The event; the state that `decide` saw last is the one just before it.

        Raises
        ------
        ConflictError
            If others were faster 200 times in a row.
        Exception
            What `decide` raises, and what `append` raises.
        """
        if not callable(decide):
            raise ConfigError(
                f"decide must be a function of the state, got a {type(decide).__name__}"
            )

        def look_and_decide() -> tuple[Head, Draft]:
            tail, state = self._reader.look()
            draft = decide(state)
            if isinstance(draft, Draft):
                return tail, draft
            raise ConfigError(f"decide must return a Draft or raise, got a {type(draft).__name__}")

        return self._commit(look_and_decide, actor)

    def events(self, *, after: int = 0) -> Iterator[Event]:
        """Yield the events in order, each checked against the one before.

        Parameters
        ----------
        after : int, default 0
            Leave out the events up to this number.

        Yields
        ------
        Event
            Up to the newest there is when the iterator comes to the end.

        Raises
        ------
        IntegrityError
            At the first event that is not what was written; its number is in the message.
        """
        if type(after) is not int or after < 0:
            raise ConfigError(f"after must be 0 or the number of an event, got {after!r}")
        return self._reader.events(after)

    def state(self) -> dict[str, Any]:
        """Return the newest state; costs one look at the storage if nothing has happened.

        Returns
        -------
        dict
            Read-only and shared; ``copy.deepcopy`` gives one to change.
        """
        return self._reader.look()[1]

    def look(self) -> tuple[Head, dict[str, Any]]:
        """Return the newest head and the state there; neither is newer than the other."""
        return self._reader.look()

    @property
    def generation(self) -> int:
        """How many collections of blobs this object has seen; new blobs belong to this generation.

        While `decide` runs in `commit`, it is that of the state `decide` was given, or newer in
        which case the event finds its place taken and `decide` is asked again.
        """
        return self._reader.generation

    def head(self) -> Head:
        """Return number and digest of the newest event, to be kept elsewhere for `verify`."""
        return self._reader.catch_up()

    def settle(self) -> Head:
        """Return the newest head when it is durable, for those who act on it for good.

        A folder shows an event to readers a moment before it is flushed. What `append` and `commit`
        have returned is durable in any case.
        """
        head = self.head()
        with self._writing:
            self._settle(head.seq)
        return head

    def verify(self, *, expect: Head | None = None) -> Verification:
        """Read every event and compare: the chain, checkpoints, segments, what was seen before.

        Parameters
        ----------
        expect : Head or None, default None
            An earlier `head`. Shows what the chain alone cannot: that newer events were cut off,
            or that the journal was written anew.

        Returns
        -------
        Verification
            How many events, and the head.

        Raises
        ------
        IntegrityError
            That names the first event that is not what it was.
        """
        if expect is not None and not isinstance(expect, Head):
            raise ConfigError(
                f"expect must be a Head, as head() gives it, got a {type(expect).__name__}"
            )
        return self._reader.verify(expect)

    def _commit(self, plan: Callable[[], tuple[Head, Draft]], actor: str | None) -> Event:
        actor = self._actor if actor is None else _check_actor(actor)
        with self._writing:
            self._turns.queue()
            for _ in range(_MAX_TRIES):
                self._turns.start()
                tail, draft = plan()
                data = self._try(draft, tail, actor)
                if data is not None:
                    self._turns.won()
                    return self._acknowledged(data, tail)
                self._turns.lost()
        raise ConflictError(
            f'others wrote to journal "{self.stream}" first, {_MAX_TRIES} times in a row'
        )

    def _try(self, draft: Draft, tail: Head, actor: str) -> bytes | None:
        self._reader.check_still_there(tail)
        at, txid = self._clock(), self._new_id()
        data = encode(draft, after=tail, at=at, actor=actor, txid=txid)
        return data if self._log.put(tail.seq + 1, data) else None

    def _acknowledged(self, data: bytes, tail: Head) -> Event:
        self._settle(tail.seq + 1)
        # Read twice: a fold may keep the payload it is given, and the caller may change his.
        self._follow(self._log.read(data, tail), tail)
        return self._log.read(data, tail)

    def _settle(self, seq: int) -> None:
        # Events may be visible before they are durable: what is built on must be durable as well.
        self._log.settle(max(self._settled, seq - UNSETTLED), seq)
        self._settled = max(self._settled, seq)

    def _follow(self, event: Event, tail: Head) -> None:
        try:
            self._reader.absorb(event, tail)
            self._leave_traces(event.head)
            self._reader.remember(event.head)
        except Exception as exc:  # noqa: BLE001  (the event is stored; it must not look as if not)
            warnings.warn(
                f"{self._log.where(event.seq)} is stored, but what follows failed: {exc}",
                ProdmlWarning,
                stacklevel=5,
            )

    def _leave_traces(self, head: Head) -> None:
        is_checkpoint = head.seq % self._checkpoint_every == 0
        if is_checkpoint:
            self._reader.checkpoint(head)
        if is_checkpoint or head.seq % _HINT_EVERY == 0:
            self._reader.leave_hint(head)
        if head.seq % self._segment_every == 0:
            self._reader.pack(head, self._segment_every)


def _check_every(name: str, n_events: object) -> None:
    if type(n_events) is not int or n_events < 1:
        raise ConfigError(f"{name} must be 1 or more, got {n_events!r}")


def _check_actor(actor: str) -> str:
    if isinstance(actor, str):
        return actor
    raise ConfigError(f"an actor is named by a string, got a {type(actor).__name__}")


def _random_id() -> str:
    return os.urandom(16).hex()
