"""SplitStorage: large blobs in one storage, everything small in another."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from prodml.ports import ObjectMeta, Settling, Storage, StorageCaps
from prodml.ports.storage import Data, settling_of
from prodml.storage.checks import check_limit, check_storage
from prodml.storage.keys import check_key, check_prefix

__all__ = ["SplitStorage"]

_DURABLE: tuple[Literal["none", "service", "fsync"], ...] = ("none", "service", "fsync")


class SplitStorage:
    """Keeps blobs in one storage and all other objects in another.

    Journals, which are many small objects that writers compete for, can so be in a database while models are in a bucket.

    Parameters
    ----------
    meta : Storage
        For every key without a segment ``blobs``.
    blobs : Storage
        For keys that have the segment ``blobs`` before their last one, such as ``models/churn/blobs/sha256/...``.

    Notes
    -----
    Open both with `open_storage`, which tries each of them out. What the other storage holds under a key that is
    not its business is never seen.

    Examples
    --------
    >>> from prodml.storage import MemoryStorage
    >>> meta, blobs = MemoryStorage(), MemoryStorage()
    >>> store = SplitStorage(meta=meta, blobs=blobs)
    >>> _ = store.put("models/churn/log/1", b"{}")
    >>> _ = store.put("models/churn/blobs/sha256/00/00aa", b"weights")
    >>> [found.key for found in blobs.list()]
    ['models/churn/blobs/sha256/00/00aa']
    """

    def __init__(self, *, meta: Storage, blobs: Storage) -> None:
        check_storage(meta, "meta")
        check_storage(blobs, "blobs")
        self._meta, self._blobs = meta, blobs

    @property
    def caps(self) -> StorageCaps:
        """What both promise: the weaker durability, and the size that the one for blobs takes."""
        meta, blobs = self._meta.caps, self._blobs.caps
        return StorageCaps(
            f"{meta.url}#blobs={quote(blobs.url, safe='')}",
            next(promise for promise in _DURABLE if promise in (meta.durable, blobs.durable)),
            local_paths=meta.local_paths and blobs.local_paths,
            max_object_bytes=blobs.max_object_bytes,
        )

    @property
    def settling(self) -> Settling | None:
        """How the storage for all but blobs settles what it keeps."""
        return settling_of(self._meta)

    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        """Store `data` where its key belongs."""
        return self._of(key).put(key, data, if_absent=if_absent)

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes ``[start:end]``."""
        return self._of(key).get(key, start=start, end=end)

    def fetch(self, key: str, dest: Path | None = None) -> Path:
        """Return a local path that holds the object."""
        return self._of(key).fetch(key, dest)

    def head(self, key: str) -> ObjectMeta:
        """Return what is known about the object without reading it."""
        return self._of(key).head(key)

    def list(
        self, prefix: str = "", *, after: str | None = None, limit: int | None = None
    ) -> Iterator[ObjectMeta]:
        """Yield the objects of both, merged in byte order of their keys."""
        check_prefix(prefix)
        check_limit(limit)
        if _is_blob(f"{prefix}x"):
            return self._blobs.list(prefix, after=after, limit=limit)
        both = (self._own(store, prefix, after, limit) for store in (self._meta, self._blobs))
        return itertools.islice(heapq.merge(*both, key=attrgetter("key")), limit)

    def delete(self, key: str) -> None:
        """Forget the object, if it is there."""
        self._of(key).delete(key)

    def _of(self, key: str) -> Storage:
        return self._blobs if _is_blob(check_key(key)) else self._meta

    def _own(
        self, storage: Storage, prefix: str, after: str | None, limit: int | None
    ) -> Iterator[ObjectMeta]:
        """Yield what belongs into this storage, as many as are asked for."""
        while limit != 0:
            n_seen = n_own = 0
            for meta in storage.list(prefix, after=after, limit=limit):
                n_seen, after = n_seen + 1, meta.key
                if self._of(meta.key) is storage:
                    n_own += 1
                    yield meta
            if limit is None or n_seen < limit:
                return
            limit -= n_own

    def __repr__(self) -> str:
        return f"SplitStorage(meta={self._meta!r}, blobs={self._blobs!r})"


def _is_blob(key: str) -> bool:
    return "/blobs/" in f"/{key}"
