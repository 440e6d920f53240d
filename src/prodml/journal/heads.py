"""What a journal had come to when somebody last looked, kept where its writers cannot reach."""

from __future__ import annotations

from typing import Any

from prodml.errors import AlreadyExistsError, AmbiguousWriteError, IntegrityError, KeyNotFoundError
from prodml.fingerprint.canonical import canonical_json
from prodml.fingerprint.digest import sha256
from prodml.journal.envelope import open_envelope, seal
from prodml.journal.event import Head
from prodml.ports.duck import check_methods
from prodml.ports.storage import Storage

__all__ = ["HeadMemory"]


class HeadMemory:
    """Remembers the furthest head of every journal that was looked at, across processes.

    A chain of digests cannot show that its newest events were cut off, or that all of it was written
    anew. A journal that is given a memory refuses both: what was seen once has to be there.

    Parameters
    ----------
    storage : Storage
        Where heads are kept: a folder of your own will do. Whoever can write to the journal should
        not be able to write here. Nothing is kept anywhere else.

    Examples
    --------
    >>> from prodml.journal import Journal
    >>> from prodml.storage import MemoryStorage
    >>> store, memory = MemoryStorage(), HeadMemory(MemoryStorage())
    >>> _ = Journal(store, "notes", heads=memory).append("note")
    >>> memory.recall(store.caps.url, "notes").seq
    1
    """

    def __init__(self, storage: Storage) -> None:
        check_methods(
            storage,
            "get",
            "put",
            "list",
            "delete",
            what="storage",
            such_as='open_storage("./heads")',
        )
        self._storage = storage

    def __repr__(self) -> str:
        return f"HeadMemory({self._storage.caps.url})"

    def recall(self, url: str, stream: str) -> Head | None:
        """Return the furthest head that was remembered, or None.

        Parameters
        ----------
        url : str
            ``storage.caps.url`` of the journal.
        stream : str
            Its name.

        Raises
        ------
        IntegrityError
            If what is kept here is damaged.
        """
        prefix = _prefix(url, stream)
        for key in reversed([meta.key for meta in self._storage.list(prefix)]):
            try:
                return _parse(self._storage.get(key), key, stream)
            except KeyNotFoundError:  # another process remembers a further one by now
                continue
        return None

    def remember(self, url: str, stream: str, head: Head) -> None:
        """Remember a head, and forget those before it.

        Raises
        ------
        IntegrityError
            If another event of this number is remembered.
        """
        prefix = _prefix(url, stream)
        key = f"{prefix}{head.seq:020d}.json"
        body = {"v": 1, "url": url, "stream": stream, "seq": head.seq, "digest": head.digest}
        try:
            self._storage.put(key, seal(canonical_json(body)), if_absent=True)
        except (AlreadyExistsError, AmbiguousWriteError):
            self._check_same(key, stream, head)
        for meta in list(self._storage.list(prefix)):
            if meta.key < key:
                self._storage.delete(meta.key)

    def _check_same(self, key: str, stream: str, head: Head) -> None:
        try:
            found = _parse(self._storage.get(key), key, stream)
        except KeyNotFoundError:  # a further one is remembered, or the next look remembers this one
            return
        if found != head:
            raise IntegrityError(
                f'event {head.seq} of journal "{stream}" is not the one that is remembered: it was '
                f"{found.digest}, now {head.digest}. The journal was written anew"
            )


def _prefix(url: str, stream: str) -> str:
    return f"heads/{sha256(canonical_json([url, stream])).removeprefix('sha256:')}/"


def _parse(data: bytes, key: str, stream: str) -> Head:
    body: dict[str, Any] = open_envelope(data, where=f'the remembered head "{key}"')
    if body.get("v") != 1 or body.get("stream") != stream:
        raise IntegrityError(f'"{key}" is not a head of journal "{stream}"')
    return Head(int(body["seq"]), str(body["digest"]))
