"""MemoryStorage: a dict behind a lock, for tests, notebooks and caches."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from prodml.errors import AlreadyExistsError, ConfigError, KeyNotFoundError
from prodml.ports import Clock, ObjectMeta, StorageCaps, utc_now
from prodml.ports.storage import Data
from prodml.storage.checks import check_data, check_limit, check_range
from prodml.storage.files import contents, placed
from prodml.storage.keys import check_key, check_prefix

__all__ = ["MemoryStorage"]


class MemoryStorage:
    """Keeps objects in this process, and forgets them with it.

    Parameters
    ----------
    clock : Clock, default `prodml.ports.utc_now`
        Stamps objects.

    Examples
    --------
    >>> store = MemoryStorage()
    >>> store.put("notes/1", b"hello", if_absent=True).size_bytes
    5
    >>> store.get("notes/1", start=1, end=3)
    b'el'
    """

    def __init__(self, *, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._objects: dict[str, tuple[bytes, datetime]] = {}
        self._keys: list[str] = []  # sorted
        self._caps = StorageCaps("memory://", "none")

    @property
    def caps(self) -> StorageCaps:
        """What this backend promises."""
        return self._caps

    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        """Store a copy of `data`."""
        check_key(key)
        kept = contents(check_data(data))
        now = self._clock()
        with self._lock:
            if key not in self._objects:
                insort(self._keys, key)
            elif if_absent:
                raise AlreadyExistsError(f"{key} holds a value already and is write-once.", key=key)
            self._objects[key] = (kept, now)
        return ObjectMeta(key, len(kept), now)

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes ``[start:end]``."""
        check_range(start, end)
        return self._found(key)[0][start:end]

    def fetch(self, key: str, dest: Path | None = None) -> Path:
        """Write the object to `dest`, which this backend needs, and return it."""
        data = self._found(key)[0]
        if dest is None:
            raise ConfigError(
                "memory has no files of its own: pass fetch(key, dest) a path to write to."
            )
        with placed(dest) as part:
            part.write_bytes(data)
        return dest

    def head(self, key: str) -> ObjectMeta:
        """Return size and time without the bytes."""
        data, modified = self._found(key)
        return ObjectMeta(key, len(data), modified)

    def list(
        self, prefix: str = "", *, after: str | None = None, limit: int | None = None
    ) -> Iterator[ObjectMeta]:
        """Yield the objects below `prefix` as they are now, in byte order of their keys."""
        check_prefix(prefix)
        check_limit(limit)
        with self._lock:
            first = bisect_left(self._keys, prefix)
            if after is not None:
                first = max(first, bisect_right(self._keys, after))
            # "/" is followed by "0" in ASCII, so this is the first key that is no longer below the prefix.
            last = bisect_left(self._keys, prefix[:-1] + "0") if prefix else len(self._keys)
            stop = last if limit is None else min(last, first + limit)
            rows = [(key, *self._objects[key]) for key in self._keys[first:stop]]
        return iter([ObjectMeta(key, len(data), at) for key, data, at in rows])

    def delete(self, key: str) -> None:
        """Forget the object, if it is there."""
        check_key(key)
        with self._lock:
            if self._objects.pop(key, None) is not None:
                del self._keys[bisect_left(self._keys, key)]

    def _found(self, key: str) -> tuple[bytes, datetime]:
        found = self._objects.get(check_key(key))
        if found is None:
            raise KeyNotFoundError(f"nothing is stored under {key} in memory.", key=key)
        return found

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError(
            "MemoryStorage lives in one process and cannot be pickled; share a FolderStorage instead."
        )

    def __repr__(self) -> str:
        return f"MemoryStorage({len(self._keys)} objects)"
