"""Where the events of a stream lie in a storage, and how one is written exactly once."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from prodml.errors import (
    AlreadyExistsError,
    AmbiguousWriteError,
    ConfigError,
    IntegrityError,
    KeyNotFoundError,
    StorageError,
)
from prodml.fingerprint.digest import sha256
from prodml.journal.event import Event, Head, decode, decode_alone, genesis
from prodml.ports.storage import Storage, settling_of

__all__ = ["UNSETTLED", "Log"]

UNSETTLED = 256
"""Before this many events, nothing is on its way to the disk any more; so many writers may die at once."""

_STREAM = re.compile(r"[a-z0-9._=@-]+(/[a-z0-9._=@-]+)*")
_READ_BACKS = 5


def _check_stream(_: object, __: object, stream: str) -> None:
    if not isinstance(stream, str) or not _STREAM.fullmatch(stream) or len(stream) > 470:
        raise ConfigError(
            "a stream is named by segments of a-z, 0-9 and ._=@- joined by '/', at most 470 "
            f"characters, such as 'models/churn'; got {stream!r:.80}"
        )


@attrs.frozen
class Log:
    """The objects ``<stream>/log/<seq>.json``, one event each.

    Parameters
    ----------
    storage : Storage
        Where.
    stream : str
        Which.
    """

    storage: Storage
    stream: str = attrs.field(validator=_check_stream)

    def key(self, seq: int) -> str:
        """Return the key of an event; zero-padded, so that byte order is the events' order."""
        return f"{self.stream}/log/{seq:020d}.json"

    def where(self, seq: int) -> str:
        """Return how messages name an event."""
        return f'event {seq} of journal "{self.stream}"'

    def bytes_at(self, seq: int) -> bytes | None:
        """Return the stored bytes of an event, or None if there is none."""
        data = self._found(seq)
        if data == b"" and self._lost_its_bytes(seq):
            return None
        return data

    def next(self, after: Head) -> Event | None:
        """Return the event that follows `after`, checked; None at the end."""
        data = self.bytes_at(after.seq + 1)
        return None if data is None else self.read(data, after)

    def read(self, data: bytes, after: Head) -> Event:
        """Return the event that these bytes are, checked to follow `after`."""
        return decode(data, after=after, where=self.where(after.seq + 1))

    def head_at(self, seq: int) -> Head | None:
        """Return the head that the journal had at `seq`, from that one event; None if missing."""
        if seq == 0:
            return genesis(self.stream)
        data = self.bytes_at(seq)
        if data is None:
            return None
        event = decode_alone(data, where=self.where(seq))
        if event.seq != seq:
            raise IntegrityError(f"{self.where(seq)} says that it is event {event.seq}")
        return event.head

    def digest_at(self, seq: int) -> str | None:
        """Return the digest of the stored bytes of an event, whatever they say; None if missing."""
        data = self.bytes_at(seq)
        return None if data is None else sha256(data)

    def newest(self, hint: int) -> Head:
        """Return the newest head there is, or any before it that `hint` leads to."""
        found = self.head_at(hint) if hint else None
        if found is not None:
            return found
        n_events = self.count()
        found = self.head_at(n_events)
        if found is None:
            raise IntegrityError(f"{self.where(n_events)} is missing")
        return found

    def count(self) -> int:
        """Return how many events the storage lists; they must be there without a gap."""
        n_events = 0
        for seq in self.numbers():
            n_events += 1
            if seq != n_events:
                raise IntegrityError(f"{self.where(n_events)} is missing, event {seq} is there")
        return n_events

    def numbers(self) -> Iterator[int]:
        """Yield the numbers of the stored events, rising, as the storage lists them."""
        prefix = f"{self.stream}/log/"
        for meta in self.storage.list(prefix):
            if not meta.size_bytes and settling_of(self.storage) is not None:
                continue  # if it is not the last, the gap shows
            name = meta.key.removeprefix(prefix)
            if not re.fullmatch(r"[0-9]{20}\.json", name):
                raise IntegrityError(f'"{meta.key}" is no event, but lies among those of a journal')
            yield int(name[:20])

    def put(self, seq: int, data: bytes) -> bool:
        """Write an event once; say whether it was this one that took the place.

        A lost answer is settled by reading the key back: the random txid makes the bytes ours or
        not ours. As long as the key is empty, the same bytes are offered again, so that a request
        that still hangs somewhere can only ever create this very event.

        Raises
        ------
        AmbiguousWriteError
            If the storage would not say, again and again.
        """
        key, settling = self.key(seq), settling_of(self.storage)
        for _ in range(_READ_BACKS):
            try:
                if settling is None:
                    self.storage.put(key, data, if_absent=True)
                else:
                    settling.put_soon(key, data)
            except (AlreadyExistsError, AmbiguousWriteError) as lost:
                found = self._read_back(seq, lost)
                if found is not None:
                    return found == data
                if settling is not None:
                    settling.drop_empty(key)
            else:
                return True
        raise AmbiguousWriteError(f"{self.where(seq)} may have been written or not", key=key)

    def settle(self, after: int, seq: int) -> None:
        """Return when the events from the one after `after` up to `seq` are durable.

        Raises
        ------
        AmbiguousWriteError
            If the storage would not say so.
        """
        settling = settling_of(self.storage)
        if settling is not None and seq > after:
            settling.settle([self.key(n) for n in range(after + 1, seq + 1)])

    def _found(self, seq: int) -> bytes | None:
        try:
            return self.storage.get(self.key(seq))
        except KeyNotFoundError:
            return None

    def _lost_its_bytes(self, seq: int) -> bool:
        """Say if an empty event is one that a power cut met before it was acknowledged.

        Whoever builds on an event sees to it that it is durable first, so nothing follows it.
        """
        return settling_of(self.storage) is not None and self._found(seq + 1) is None

    def _read_back(self, seq: int, lost: StorageError) -> bytes | None:
        try:
            return self.bytes_at(seq)
        except StorageError as exc:
            raise AmbiguousWriteError(
                f"{self.where(seq)} may have been written or not: reading it back failed ({exc})",
                key=self.key(seq),
            ) from lost
