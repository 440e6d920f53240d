"""What is too large for an event, kept under the digest of its content."""

from __future__ import annotations

import weakref
from pathlib import Path

from prodml.errors import (
    AlreadyExistsError,
    AmbiguousWriteError,
    ConfigError,
    IntegrityError,
    KeyNotFoundError,
)
from prodml.fingerprint.digest import check_digest, sha256, sha256_file
from prodml.ports.duck import check_methods
from prodml.ports.storage import Storage

__all__ = ["Blobs"]

_TRIES = 5


class Blobs:
    """Content-addressed bytes: the same content is stored once, and checked whenever it is read.

    Parameters
    ----------
    storage : Storage
        Where the blobs are kept.
    prefix : str
        Below which key; ``<prefix>/sha256/<first two digits>/<digest>``.

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

    def put(self, data: bytes | bytearray | memoryview | Path) -> str:
        """Store some bytes, unless they are stored already.

        Parameters
        ----------
        data : bytes, bytearray, memoryview or Path
            A `Path` is read from disk piece by piece; it must not change meanwhile.

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
        _check_data(data)
        digest = sha256_file(data) if isinstance(data, Path) else sha256(data)
        size = data.stat().st_size if isinstance(data, Path) else memoryview(data).nbytes
        if not self._has(digest, size):
            self._write(digest, data, size)
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes of this digest.

        Parameters
        ----------
        digest : str
            What `put` returned.

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
        data = self._storage.get(self._key(digest))
        self._check(digest, sha256(data))
        return data

    def path(self, digest: str, *, verify: bool = True) -> Path:
        """Return a file that holds the bytes of this digest, to read or memory-map.

        Parameters
        ----------
        digest : str
            What `put` returned.
        verify : bool, default True
            Whether to compare the file with the digest; False for one that was compared already.

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
        path = self._fetch(self._key(digest))
        if verify:
            self._check(digest, sha256_file(path))
        return path

    def exists(self, digest: str) -> bool:
        """Say whether there is a blob of this digest, without reading it."""
        try:
            self._storage.head(self._key(digest))
        except KeyNotFoundError:
            return False
        return True

    def _key(self, digest: str) -> str:
        hexdigits = check_digest(digest).removeprefix("sha256:")
        return f"{self._prefix}/sha256/{hexdigits[:2]}/{hexdigits}"

    def _has(self, digest: str, size: int) -> bool:
        try:
            found = self._storage.head(self._key(digest)).size_bytes
        except KeyNotFoundError:
            return False
        if found != size:
            raise IntegrityError(
                f"blob {digest} has {size} bytes, but {found} are stored under "
                f'"{self._key(digest)}": delete that object and store the blob again'
            )
        return True

    def _write(self, digest: str, data: bytes | bytearray | memoryview | Path, size: int) -> None:
        key = self._key(digest)
        for _ in range(_TRIES):
            try:
                self._storage.put(key, data, if_absent=True)
            except (AlreadyExistsError, AmbiguousWriteError):
                if self._has(digest, size):
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

    def _check(self, digest: str, found: str) -> None:
        if found != digest:
            raise IntegrityError(
                f'blob {digest} is damaged: what is stored under "{self._key(digest)}" has the '
                f"digest {found}"
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
