"""CachedStorage: blobs that were read once are read again from nearby."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from prodml.errors import ConfigError, StorageError
from prodml.ports import ObjectMeta, Settling, Storage, StorageCaps
from prodml.ports.storage import Data, settling_of
from prodml.storage.checks import check_range, check_storage
from prodml.storage.files import placed
from prodml.storage.folder import FolderStorage
from prodml.storage.keys import check_key

__all__ = ["CachedStorage"]

_DIGEST = re.compile(r"(?:.*/)?sha256/([0-9a-f]{2})/\1[0-9a-f]{62}(?:\.[0-9]+)?\Z")
_SEAL = 32  # bytes of SHA-256 behind each copy


class CachedStorage:
    """Reads blobs through a cache, and everything else from where it is kept.

    Only a key that names the digest of its content, as those of models do, can never hold anything else: it is kept for good, until it is deleted
    through this object or has to make room. An event that was deleted may be written anew, a hint is replaced, and what is missing may come, so none of these is ever
    answered from the cache.

    Parameters
    ----------
    inner : Storage
        Where things are kept.
    cache : Storage or path
        Where copies are kept: a folder of this machine, which any number of processes may share, or any storage.
    max_bytes : int, default 10 GiB
        Up to how much is kept; beyond it, what was not used for longest goes first.

    Notes
    -----
    Copies carry a checksum. A copy that does not match is thrown away and read anew, and an ailing cache, such as a full disk, costs time
    and nothing else. Another process that deletes a blob does not empty this cache: where a deleted model must not be
    readable any more, encrypt it and forget its key, or delete the folder.

    Examples
    --------
    >>> from prodml.storage import MemoryStorage
    >>> store = CachedStorage(MemoryStorage(), MemoryStorage(), max_bytes=1_000_000)
    >>> store.put("notes/1", b"hello").size_bytes
    5
    """

    def __init__(
        self, inner: Storage, cache: Storage | str | Path, *, max_bytes: int = 10 * 2**30
    ) -> None:
        check_storage(inner, "inner")
        if not isinstance(max_bytes, int) or max_bytes < 1:
            raise ConfigError(
                f"max_bytes is a positive number of bytes to keep, got {max_bytes!r:.40}."
            )
        if isinstance(cache, str | Path):
            cache = FolderStorage(cache, durability="process")  # a lost copy is read again
        check_storage(cache, "cache")
        self._inner, self._cache, self._max_bytes = inner, cache, max_bytes
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[str, None] = {}  # keys in the order of their last use here
        self._n_bytes: int | None = None  # in the cache, as far as this process knows

    @property
    def caps(self) -> StorageCaps:
        """What the inner storage promises."""
        return self._inner.caps

    @property
    def settling(self) -> Settling | None:
        """How the inner storage settles what it keeps."""
        return settling_of(self._inner)

    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        """Store `data` in the inner storage."""
        try:
            return self._inner.put(key, data, if_absent=if_absent)
        finally:
            if not if_absent:
                self._forget(key)

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes ``[start:end]``; a blob that is not cached yet is read whole, and kept."""
        check_range(start, end)
        if not _names_its_digest(check_key(key)):
            return self._inner.get(key, start=start, end=end)
        if start == 0 and end is None:
            return self._whole(key)
        found = self._cut(key, start, end)
        return self._inner.get(key, start=start, end=end) if found is None else found

    def fetch(self, key: str, dest: Path | None = None) -> Path:
        """Return a local path that holds the object."""
        if dest is None or self._inner.caps.local_paths or not _names_its_digest(check_key(key)):
            return self._inner.fetch(key, dest)
        data = self._whole(key)
        with placed(Path(dest)) as part:
            part.write_bytes(data)
        return dest

    def head(self, key: str) -> ObjectMeta:
        """Ask the inner storage, which knows whether the object is still there."""
        return self._inner.head(key)

    def list(
        self, prefix: str = "", *, after: str | None = None, limit: int | None = None
    ) -> Iterator[ObjectMeta]:
        """List the inner storage."""
        return self._inner.list(prefix, after=after, limit=limit)

    def delete(self, key: str) -> None:
        """Forget the object in both."""
        try:
            self._inner.delete(key)
        finally:
            self._forget(key)

    def _whole(self, key: str) -> bytes:
        kept = self._copy(key)
        if kept is not None:
            return kept
        data = self._inner.get(key)
        self._keep(key, data)
        return data

    def _copy(self, key: str) -> bytes | None:
        try:
            sealed = self._cache.get(key)
        except StorageError:
            return None
        data, seal = sealed[:-_SEAL], sealed[-_SEAL:]
        if hashlib.sha256(data).digest() != seal:
            self._forget(key)
            return None
        self._touch(key)
        return data

    def _cut(self, key: str, start: int, end: int | None) -> bytes | None:
        try:
            size = max(self._cache.head(key).size_bytes - _SEAL, 0)
            stop = size if end is None else min(end, size)
            data = self._cache.get(key, start=start, end=max(stop, start)) if start < stop else b""
        except StorageError:
            return None
        self._touch(key)
        return data

    def _keep(self, key: str, data: bytes) -> None:
        size = len(data) + _SEAL
        if size > self._max_bytes:
            return
        with contextlib.suppress(StorageError):
            self._cache.put(key, data + hashlib.sha256(data).digest(), if_absent=True)
            self._touch(key)
            self._make_room(size)

    def _touch(self, key: str) -> None:
        with self._lock:
            self._used.pop(key, None)
            self._used[key] = None

    def _forget(self, key: str) -> None:
        if not _names_its_digest(key):
            return
        with contextlib.suppress(StorageError):
            self._cache.delete(key)
        with self._lock:
            self._used.pop(key, None)

    def _make_room(self, size: int) -> None:
        """Count what was added; look, and remove the least used, when that seems too much."""
        with self._lock:
            if self._n_bytes is not None:
                self._n_bytes += size
                if self._n_bytes <= self._max_bytes:
                    return
            self._n_bytes = self._trimmed()

    def _trimmed(self) -> int:
        """Remove what was not used for longest until nine tenths are left; return how much is there."""
        copies = [meta for meta in self._cache.list() if _names_its_digest(meta.key)]
        n_bytes = sum(meta.size_bytes for meta in copies)
        if n_bytes <= self._max_bytes:
            return n_bytes
        order = {key: place for place, key in enumerate(self._used, start=1)}
        for meta in sorted(copies, key=lambda m: (order.get(m.key, 0), str(m.modified))):
            if n_bytes <= 0.9 * self._max_bytes:
                break
            self._cache.delete(meta.key)
            self._used.pop(meta.key, None)
            n_bytes -= meta.size_bytes
        return n_bytes

    def __getstate__(self) -> tuple[Storage, Storage, int]:
        return self._inner, self._cache, self._max_bytes

    def __setstate__(self, state: tuple[Storage, Storage, int]) -> None:
        self._inner, self._cache, self._max_bytes = state
        self._begin()

    def __repr__(self) -> str:
        return f"CachedStorage({self._inner!r}, {self._cache!r})"


def _names_its_digest(key: object) -> bool:
    return isinstance(key, str) and _DIGEST.match(key) is not None
