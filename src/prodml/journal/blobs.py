"""What is too large for an event, kept under the digest of its content."""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterator
from pathlib import Path

import attrs

from prodml.errors import (
    AlreadyExistsError,
    AmbiguousWriteError,
    ConfigError,
    IntegrityError,
    KeyNotFoundError,
)
from prodml.fingerprint.digest import check_digest, sha256, sha256_file
from prodml.ports.duck import check_methods
from prodml.ports.storage import Data, Storage

__all__ = ["Blobs", "StoredBlob"]

_TRIES = 5
_PLACE = re.compile(r"([0-9a-f]{2})/(\1[0-9a-f]{62})(?:\.([1-9][0-9]{0,8}))?")


@attrs.frozen
class StoredBlob:
    """A blob as it lies in the storage.

    Parameters
    ----------
    digest : str
        Digest of its content.
    generation : int
        After how many collections it was stored.
    size_bytes : int
        Its length.
    """

    digest: str
    generation: int
    size_bytes: int


class Blobs:
    """Content-addressed bytes: the same content is stored once, and checked whenever it is read.

    Parameters
    ----------
    storage : Storage
        Where the blobs are kept.
    prefix : str
        Below which key; ``<prefix>/sha256/<first two digits>/<digest>``, from the second generation
        on with ``.<generation>`` behind it.

    Notes
    -----
    Every method takes a ``generation``; it is 0 as long as nothing was ever collected. Those who
    write blobs where `collect` may run put them into a `Parcel`, which knows which to take.

    Examples
    --------
    >>> from prodml.storage import MemoryStorage
    >>> blobs = Blobs(MemoryStorage(), "models/churn/blobs")
    >>> digest = blobs.put(b"weights")
    >>> blobs.get(digest)
    b'weights'
    """

    def __init__(self, storage: Storage, prefix: str) -> None:
        check_methods(
            storage, "get", "put", "head", what="storage", such_as='open_storage("./store")'
        )
        self._storage = storage
        self._prefix = prefix
        self._copies: Path | None = None

    def __repr__(self) -> str:
        return f'Blobs("{self._prefix}", {self._storage.caps.url})'

    def put(self, data: Data, *, generation: int = 0) -> str:
        """Store some bytes, unless they are stored already.

        Parameters
        ----------
        data : bytes, bytearray, memoryview or Path
            A `Path` is read from disk piece by piece; it must not change meanwhile.
        generation : int, default 0
            Of the journal that will refer to it.

        Returns
        -------
        str
            The digest to find them by.

        Raises
        ------
        ConfigError
            If it is neither bytes nor an existing file.
        IntegrityError
            If something of another size lies where they belong.
        AmbiguousWriteError
            If the storage would not say whether they were written.
        """
        digest = self.digest(data)
        size = data.stat().st_size if isinstance(data, Path) else memoryview(data).nbytes
        key = self._key(digest, generation)
        if not self._has(key, digest, size):
            self._write(key, digest, data, size)
        return digest

    def get(self, digest: str, *, generation: int = 0) -> bytes:
        """Return the bytes of this digest.

        Parameters
        ----------
        digest : str
            What `put` returned.
        generation : int, default 0
            What `put` was given.

        Returns
        -------
        bytes
            Compared with the digest.

        Raises
        ------
        KeyNotFoundError
            If there is no such blob.
        IntegrityError
            If the stored bytes have another digest.
        ConfigError
            If `digest` is not written like one.
        """
        key = self._key(digest, generation)
        data = self._storage.get(key)
        _check(key, digest, sha256(data))
        return data

    def path(self, digest: str, *, verify: bool = True, generation: int = 0) -> Path:
        """Return a file that holds the bytes of this digest, to read or memory-map.

        Parameters
        ----------
        digest : str
            What `put` returned.
        verify : bool, default True
            Whether to compare the file with the digest; False for one that was compared already.
        generation : int, default 0
            What `put` was given.

        Returns
        -------
        Path
            The storage's own file where it has one, else a copy that lives as long as this object.
            Read-only for you.

        Raises
        ------
        KeyNotFoundError, IntegrityError, ConfigError
            As `get`.
        """
        key = self._key(digest, generation)
        path = self._fetch(key)
        if verify:
            _check(key, digest, sha256_file(path))
        return path

    @staticmethod
    def digest(data: Data) -> str:
        """Return the digest that `put` would return, storing nothing."""
        _check_data(data)
        return sha256_file(data) if isinstance(data, Path) else sha256(data)

    def exists(self, digest: str, *, generation: int = 0) -> bool:
        """Say whether there is a blob of this digest, without reading it."""
        try:
            self._storage.head(self._key(digest, generation))
        except KeyNotFoundError:
            return False
        return True

    def stored(self) -> Iterator[StoredBlob]:
        """Yield what is stored, by its place, without reading it.

        Raises
        ------
        IntegrityError
            If something lies there that is no blob.
        """
        prefix = f"{self._prefix}/sha256/"
        for meta in self._storage.list(f"{self._prefix}/"):
            place = _PLACE.fullmatch(meta.key.removeprefix(prefix))
            if place is None:
                raise IntegrityError(f'"{meta.key}" is no blob, but lies among blobs')
            yield StoredBlob(f"sha256:{place[2]}", int(place[3] or 0), meta.size_bytes)

    def delete(self, digest: str, *, generation: int = 0) -> None:
        """Forget the blob of this digest. Only `collect` knows when nothing refers to it."""
        self._storage.delete(self._key(digest, generation))

    def _key(self, digest: str, generation: int) -> str:
        hexdigits = check_digest(digest).removeprefix("sha256:")
        suffix = f".{generation}" if generation else ""
        return f"{self._prefix}/sha256/{hexdigits[:2]}/{hexdigits}{suffix}"

    def _has(self, key: str, digest: str, size: int) -> bool:
        try:
            found = self._storage.head(key).size_bytes
        except KeyNotFoundError:
            return False
        if found != size:
            raise IntegrityError(
                f"blob {digest} has {size} bytes, but {found} are stored under "
                f'"{key}": delete that object and store the blob again'
            )
        return True

    def _write(self, key: str, digest: str, data: Data, size: int) -> None:
        for _ in range(_TRIES):
            try:
                self._storage.put(key, data, if_absent=True)
            except (AlreadyExistsError, AmbiguousWriteError):
                if self._has(key, digest, size):
                    return
            else:
                return
        raise AmbiguousWriteError(f"blob {digest} may have been written or not", key=key)

    def _fetch(self, key: str) -> Path:
        if self._storage.caps.local_paths:
            return self._storage.fetch(key)
        if self._copies is None:
            import shutil
            import tempfile

            self._copies = Path(tempfile.mkdtemp(prefix="prodml-blobs-"))
            weakref.finalize(self, shutil.rmtree, self._copies, ignore_errors=True)
        dest = self._copies / key.rpartition("/")[2]
        return dest if dest.exists() else self._storage.fetch(key, dest)


def _check(key: str, digest: str, found: str) -> None:
    if found != digest:
        raise IntegrityError(
            f'blob {digest} is damaged: what is stored under "{key}" has the digest {found}'
        )


def _check_data(data: object) -> None:
    if isinstance(data, Path):
        if not data.is_file():
            raise ConfigError(f"there is no file {data} to store")
        return
    if not isinstance(data, bytes | bytearray | memoryview):
        raise ConfigError(
            f"a blob is bytes, a buffer or the Path of a file, got a {type(data).__name__}"
        )
