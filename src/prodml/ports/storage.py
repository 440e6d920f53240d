"""Where things are kept: bytes under keys, written once.

What prodml remembers is created with ``put(key, data, if_absent=True)`` and never changes; it can
only be deleted. That one rule gives crash safety, free caching and the same meaning on a folder, a
SQL table, Redis and an object store. A plain overwriting `put` serves only for hints that are never
trusted.

The contract, which `prodml.testing.StorageContract` checks rule by rule:

* Keys are segments of ``[a-z0-9._=@-]`` joined by ``/``; no segment is empty, ``.`` or ``..``; a key
  has at most 512 characters. Anything else is `InvalidKeyError`, before anything is touched.
* `put` is all or nothing: a reader never sees a part of the bytes. Empty bytes are bytes.
* With ``if_absent=True`` exactly one of many concurrent writers wins; the others get
  `AlreadyExistsError`.
* A write whose answer was lost is `AmbiguousWriteError`; the caller reads the key back.
* When `put` has returned, every later `get`, `head` and `list` sees it, in every process.
* `get`, `head` and `fetch` of a missing key are `KeyNotFoundError`; `delete` of one is fine.
* `list` yields in byte order of the keys, `after` is exclusive, a prefix is empty or ends in ``/``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import attrs

__all__ = ["Data", "ObjectMeta", "Settling", "Storage", "StorageCaps", "settling_of"]

Data: TypeAlias = bytes | bytearray | memoryview | Path


@attrs.frozen
class ObjectMeta:
    """What a backend knows about a stored object without reading it.

    Parameters
    ----------
    key : str
        Where it is stored.
    size_bytes : int
        Its length.
    modified : datetime or None
        When it was written by the backend's own clock; informative only.
    """

    key: str
    size_bytes: int
    modified: datetime | None = None


@attrs.frozen
class StorageCaps:
    """What a backend promises.

    Parameters
    ----------
    url : str
        Where it is, without credentials; names the location in messages.
    durable : {"fsync", "service", "none"}
        What an acknowledged write survives: a power cut, whatever the service survives, or
        nothing beyond this process.
    local_paths : bool
        Whether `fetch` hands out the stored file itself, so that it can be memory-mapped.
    max_object_bytes : int or None
        Largest object; None if there is no limit worth naming.
    """

    url: str
    durable: Literal["fsync", "service", "none"]
    local_paths: bool = False
    max_object_bytes: int | None = None


class Storage(Protocol):
    """Bytes under keys, written once. The module's docstring holds the contract."""

    @property
    def caps(self) -> StorageCaps:
        """What this backend promises."""
        ...

    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        """Store `data`; a `Path` is read from disk.

        Raises
        ------
        AlreadyExistsError
            If ``if_absent`` and the key holds a value.
        AmbiguousWriteError
            If the answer was lost.
        """
        ...

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes ``[start:end]``, cut to the object's length.

        Raises
        ------
        KeyNotFoundError
            If nothing is stored there.
        """
        ...

    def fetch(self, key: str, dest: Path | None = None) -> Path:
        """Return a local path that holds the object; read-only for the caller.

        Without `dest`, a backend with ``caps.local_paths`` returns its own file; others need `dest`
        and raise `ConfigError` without it.
        """
        ...

    def head(self, key: str) -> ObjectMeta:
        """Return what is known about the object without reading it."""
        ...

    def list(
        self, prefix: str = "", *, after: str | None = None, limit: int | None = None
    ) -> Iterator[ObjectMeta]:
        """Yield the objects below `prefix` in byte order of their keys, those after `after` only."""
        ...

    def delete(self, key: str) -> None:
        """Forget the object. Deleting what is not there is fine."""
        ...


class Settling(Protocol):
    """Objects that are visible at once and durable later, where flushing one by one is slow.

    Optional: a storage that has it offers it as an attribute ``settling``, and a wrapper of storages
    hands on what it wraps. A journal that finds it links its events first and flushes them together
    with those of other writers. What it acknowledges is durable all the same.

    After a power cut, an object that was not settled may be gone, or be there without its bytes; an object that
    was settled is there whole.
    """

    def put_soon(self, key: str, data: bytes) -> None:
        """Create an object, all or nothing for every reader, as `Storage.put` with ``if_absent``.

        Raises
        ------
        AlreadyExistsError
            If the key holds a value.
        """
        ...

    def settle(self, keys: Sequence[str]) -> None:
        """Return when these objects are durable, whoever put them."""
        ...

    def drop_empty(self, key: str) -> None:
        """Forget an object if it has lost its bytes; whatever holds a byte stays, whoever races."""
        ...


def settling_of(storage: Storage) -> Settling | None:
    """Return how a storage settles objects, or None if it does not.

    Parameters
    ----------
    storage : Storage
        Any.
    """
    found: Settling | None = getattr(storage, "settling", None)
    return found
