"""Many old events in one object, so that reading them all takes few reads. Derived; none is believed.

A segment holds the exact bytes of events that are stored one by one as well, a line each. It counts
only if the chain holds from the event before it over every line, and its last line is the very event
that is stored under that number: the digest of that one stands for all others.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Generator, Iterable, Iterator

import attrs

from prodml.errors import (
    AlreadyExistsError,
    AmbiguousWriteError,
    IntegrityError,
    KeyNotFoundError,
    ProdmlWarning,
)
from prodml.fingerprint.digest import sha256
from prodml.journal.event import Event, Head
from prodml.journal.log import Log

__all__ = ["FEW", "Segment", "Segments"]

FEW = 32
"""So many events are read one by one before anybody asks for segments."""

_MAX_BYTES = 16 * 1024 * 1024  # larger events gain nothing from being read together
_AT_ONCE = 16
_NAME = re.compile(r"([0-9]{20})-([0-9]{20})\.jsonl")


@attrs.frozen
class Segment:
    """Which events lie in one object.

    Parameters
    ----------
    first, last : int
        Their numbers.
    """

    first: int
    last: int


@attrs.frozen
class Segments:
    """The objects ``<stream>/seg/<first>-<last>.jsonl``.

    Parameters
    ----------
    log : Log
        The events they are derived from.
    """

    log: Log

    def key(self, segment: Segment) -> str:
        """Return the key of a segment."""
        return f"{self.log.stream}/seg/{segment.first:020d}-{segment.last:020d}.jsonl"

    def where(self, segment: Segment) -> str:
        """Return how messages name a segment."""
        return f'segment {segment.first}-{segment.last} of journal "{self.log.stream}"'

    def stored(self) -> list[Segment]:
        """Return which segments there are, in the order of their events."""
        return list(self._stored())

    def follow(self, head: Head) -> Iterator[Event]:
        """Yield all events after `head`, each checked against the one before.

        The first few are read one by one, and so is what lies in no segment, or in a damaged one.
        """
        enough = head.seq + FEW
        head = yield from self._singly(head, enough)
        if head.seq < enough:
            return
        for segment in self.stored():
            if head.seq < segment.last:
                head = yield from self._singly(head, segment.first - 1)
                head = yield from self._together(head, segment)
        yield from self._singly(head, None)

    def lines(self, segment: Segment) -> list[bytes]:
        """Return the stored bytes of each event of a segment, as the segment has them.

        Raises
        ------
        IntegrityError
            If there are not as many as its name says.
        KeyNotFoundError
            If it is gone.
        """
        lines = self.log.storage.get(self.key(segment)).split(b"\n")
        if len(lines) != segment.last - segment.first + 1:
            raise IntegrityError(f"{self.where(segment)} is damaged: it has {len(lines)} lines")
        return lines

    def pack(self, last: int, size: int) -> None:
        """Store the segment of `size` events that ends at `last`, and the oldest that is missing.

        So what a writer left undone, who was killed or knew no segments, is made up for by and by.
        All these events must be durable. Failing costs time later, nothing else.
        """
        stored = set(self.stored())
        ends = range(size, last + 1, size)
        missing = [found for end in ends if (found := Segment(end - size + 1, end)) not in stored]
        for segment in dict.fromkeys(missing[-1:] + missing[:1]):
            self._write(segment)

    def _write(self, segment: Segment) -> None:
        lines = list(self._checked_bytes(segment))
        n_bytes = sum(map(len, lines)) + len(lines)
        most = self.log.storage.caps.max_object_bytes or _MAX_BYTES
        if n_bytes > min(most, _MAX_BYTES) or any(b"\n" in line for line in lines):
            return
        try:
            self.log.storage.put(self.key(segment), b"\n".join(lines), if_absent=True)
        except (AlreadyExistsError, AmbiguousWriteError):
            return

    def _checked_bytes(self, segment: Segment) -> Iterator[bytes]:
        head = self.log.head_at(segment.first - 1)
        for seq, data in enumerate(self._singles(segment), segment.first):
            if head is None or data is None:
                raise IntegrityError(f"{self.log.where(seq)} is missing, or the one before it")
            head = self.log.read(data, head).head
            yield data

    def _singles(self, segment: Segment) -> Iterable[bytes | None]:
        numbers = range(segment.first, segment.last + 1)
        if self.log.storage.caps.durable != "service":
            return map(self.log.bytes_at, numbers)
        from concurrent.futures import ThreadPoolExecutor

        # A commit waits for this: over a network, a thousand answers one after another take long.
        with ThreadPoolExecutor(_AT_ONCE, "prodml-pack") as pool:
            return list(pool.map(self.log.bytes_at, numbers))

    def _singly(self, head: Head, until: int | None) -> Generator[Event, None, Head]:
        while until is None or head.seq < until:
            found = self.log.next(head)
            if found is None:
                break
            yield found
            head = found.head
        return head

    def _together(self, head: Head, segment: Segment) -> Generator[Event, None, Head]:
        for event in self._usable(head, segment):
            yield event
            head = event.head
        return head

    def _usable(self, head: Head, segment: Segment) -> list[Event]:
        if not segment.first <= head.seq + 1 <= segment.last:
            return []  # the events end before it: whoever asked will see
        try:
            return self._read(head, segment)
        except KeyNotFoundError:  # deleted since it was listed; nobody needs it
            return []
        except IntegrityError as exc:
            warnings.warn(
                f"{self.where(segment)} is not used, the events are ({exc}). Journal.verify() "
                "tells whether they hold.",
                ProdmlWarning,
                stacklevel=2,
            )
            return []

    def _read(self, head: Head, segment: Segment) -> list[Event]:
        lines = self.lines(segment)
        if self.log.digest_at(segment.last) != sha256(lines[-1]):
            raise IntegrityError(f"it ends in another {self.log.where(segment.last)}")
        events = []
        for data in lines[head.seq + 1 - segment.first :]:
            events.append(self.log.read(data, head))
            head = events[-1].head
        return events

    def _stored(self) -> Iterator[Segment]:
        prefix = f"{self.log.stream}/seg/"
        for meta in self.log.storage.list(prefix):
            found = _NAME.fullmatch(meta.key.removeprefix(prefix))
            if found is not None and 1 <= int(found[1]) <= int(found[2]):
                yield Segment(int(found[1]), int(found[2]))
