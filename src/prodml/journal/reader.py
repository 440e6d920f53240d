"""What one process knows of a journal: the newest state, and the furthest it has ever seen."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from typing import Any

from prodml.errors import IntegrityError, ProdmlWarning
from prodml.journal.checkpoint import Checkpoint, Checkpoints, Hint
from prodml.journal.event import Event, Head, Verification, genesis
from prodml.journal.fold import Fold, Nothing, fold_name, freeze
from prodml.journal.heads import HeadMemory
from prodml.journal.log import UNSETTLED, Log
from prodml.journal.segment import FEW, Segments
from prodml.journal.verification import verify
from prodml.journal.vouching import Vouching

__all__ = ["Reader"]


class Reader:
    """Reads events as they come, folds each exactly once, and refuses to go back.

    Parameters
    ----------
    log : Log
        The events.
    fold : Fold or None
        What they mean.
    heads : HeadMemory or None
        What processes before this one have seen.
    vouching : Vouching
        Which checkpoints it may start from.
    """

    def __init__(
        self, log: Log, fold: Fold | None, heads: HeadMemory | None, vouching: Vouching
    ) -> None:
        self._heads = heads
        self._remembered = -1  # up to which event; -1: not asked yet
        self._log = log
        self._fold: Fold = Nothing() if fold is None else fold
        self._fold_name = fold_name(self._fold)
        self._checkpoints = Checkpoints(log, vouching)
        self._segments = Segments(log)
        self._lock = threading.RLock()  # guards what is below; never held while the storage works
        self._highest = genesis(log.stream)
        self._tail: Head | None = None  # None: nothing read yet
        self._state: dict[str, Any] = {}
        self._view: dict[str, Any] | None = None
        self._hinted = 0  # up to where somebody said the events go; looked into once
        self._checkpointed = 0  # the newest checkpoint known

    def look(self) -> tuple[Head, dict[str, Any]]:
        """Return the newest head, and the state there, read-only."""
        while True:
            self.catch_up()
            with self._lock:
                if self._tail is not None:
                    return self._tail, self._frozen()

    @property
    def generation(self) -> int:
        """How many collections of blobs were seen."""
        if self._tail is None:
            self.catch_up()
        return self._highest.generation

    def catch_up(self) -> Head:
        """Read what is new, fold it, and return the head."""
        while True:
            tail = self._tail or self._start()
            found = self._log.next(tail)
            if found is not None:
                self.absorb(found, tail)
            elif self._is_end(tail.seq):
                break
        if self._hinted > tail.seq:
            self._explain_hint(tail)
        self.remember(tail)
        return tail

    def remember(self, head: Head) -> None:
        """See to it that later processes miss this event if it goes."""
        if self._heads is None or head.seq <= self._remembered:
            return
        self._log.settle(max(self._remembered, head.seq - UNSETTLED), head.seq)
        self._heads.remember(self._log.storage.caps.url, self._log.stream, head)
        self._remembered = head.seq

    def absorb(self, event: Event, after: Head) -> None:
        """Fold the event that follows `after`, unless another thread has done so."""
        with self._lock:
            if self._tail != after:
                return
            head = event.head
            self._saw(head)
            self._tail, self._view = None, None  # a fold that fails leaves nothing half done
            self._state = self._fold.apply(self._state, event)
            self._tail = head

    def check_still_there(self, tail: Head) -> None:
        """Raise if the newest event is gone: writing behind it would bury the hole."""
        if tail.seq and self._log.digest_at(tail.seq) != tail.digest:
            raise self._gone_back(tail)

    def events(self, after: int) -> Iterator[Event]:
        """Yield the events that come after one, each checked against the one before."""
        self._recall()
        head = self._log.head_at(after)
        if head is None:
            self._is_end(after - 1)
            return
        while True:
            for found in self._segments.follow(head):
                head = found.head
                self._saw(head)
                yield found
            if self._is_end(head.seq):
                return

    def verify(self, expect: Head | None) -> Verification:
        """Compare everything with everything, and with what was seen before."""
        self._recall()
        seen = [self._highest] if expect is None else [self._highest, expect]
        found = verify(self._checkpoints, self._segments, self._fold, self._fold_name, seen)
        self._saw(found.head)
        self.remember(found.head)
        return found

    def checkpoint(self, head: Head) -> None:
        """Store the state at `head`, if that is where this reader is."""
        with self._lock:
            if self._tail != head or isinstance(self._fold, Nothing):
                return
            state = self._frozen()
        self._checkpoints.write(Checkpoint(head, self._fold_name, state))
        self._checkpointed = head.seq

    def pack(self, head: Head, size: int) -> None:
        """Store the newest `size` events together for those who read all; they must be durable."""
        self._segments.pack(head.seq, size)

    def leave_hint(self, head: Head) -> None:
        """Tell later readers where to look first."""
        self._checkpoints.write_hint(Hint(head.seq, self._checkpointed))

    def _frozen(self) -> dict[str, Any]:
        # One copy per change of the state, shared by all readers; none per read.
        view = freeze(self._state) if self._view is None else self._view
        self._view = view
        return view

    def _recall(self) -> None:
        """Ask once what was seen before this process, and miss it if it is not there."""
        if self._heads is None or self._remembered >= 0:
            return
        seen = self._heads.recall(self._log.storage.caps.url, self._log.stream)
        if seen is not None:
            found = self._log.head_at(seen.seq)
            if found is None or found != seen:
                raise self._gone_back(seen)
            self._saw(found)
        self._remembered = 0 if seen is None else seen.seq

    def _start(self) -> Head:
        self._recall()
        hint = self._checkpoints.hint()
        head, state, checkpointed = self._load(hint)
        with self._lock:
            if self._tail is None:
                self._saw(head)
                self._tail, self._state, self._view = head, state, None
                self._hinted, self._checkpointed = hint.seq, checkpointed
            return self._tail

    def _load(self, hint: Hint) -> tuple[Head, dict[str, Any], int]:
        if isinstance(self._fold, Nothing):
            return self._log.newest(hint.seq), {}, hint.checkpoint
        found = self._checkpoints.newest(self._fold_name, hint)
        if found is None:
            return *self._replayed(hint), 0
        return found.head, found.state, found.head.seq

    def _replayed(self, hint: Hint) -> tuple[Head, dict[str, Any]]:
        """Fold from the first event on, as far as pays before others look at the state."""
        head, state = genesis(self._log.stream), self._fold.initial()
        if hint.seq > FEW:
            for event in self._segments.follow(head):
                head, state = event.head, self._fold.apply(state, event)
        return head, state

    def _saw(self, head: Head) -> None:
        with self._lock:
            if head.seq == self._highest.seq and head != self._highest:
                raise self._gone_back(self._highest)
            if head.seq >= self._highest.seq:
                self._highest = head

    def _is_end(self, seq: int) -> bool:
        """Say if nothing follows where nothing was found a moment ago."""
        if self._highest.seq <= seq:
            return True
        # Another thread has seen more since, or it is gone.
        if self._log.bytes_at(seq + 1) is None:
            raise self._gone_back(self._highest)
        return False

    def _gone_back(self, seen: Head) -> IntegrityError:
        return IntegrityError(
            f"{self._log.where(seen.seq)} was there before, and is gone or another by now: the "
            "journal was cut off or written anew. Restore it, or begin a new stream"
        )

    def _explain_hint(self, tail: Head) -> None:
        """Say what it means that somebody saw an event beyond the end."""
        if self._log.bytes_at(self._hinted) is None:
            hinted, self._hinted = self._hinted, 0
            warnings.warn(
                f'the hint of journal "{self._log.stream}" speaks of event {hinted}, but the '
                f"events end at {tail.seq}. If they were not cut off, it will set itself right.",
                ProdmlWarning,
                stacklevel=4,
            )
        elif self._log.bytes_at(tail.seq + 1) is None:
            raise IntegrityError(f"{self._log.where(tail.seq + 1)} is missing")
