"""FolderStorage: objects as files, created whole or not at all, and durable when acknowledged."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from prodml.errors import AlreadyExistsError, AmbiguousWriteError, ConfigError, StorageError
from prodml.ports import ObjectMeta, Settling, StorageCaps
from prodml.ports.storage import Data
from prodml.storage import layout
from prodml.storage.checks import check_data, check_limit, check_range
from prodml.storage.failures import failed, foreign, unread
from prodml.storage.files import placed, read, write
from prodml.storage.folders import Folders, make_root
from prodml.storage.keys import check_key, check_prefix
from prodml.storage.settling import FolderSettling
from prodml.storage.temporary import Temporaries

__all__ = ["FolderStorage"]

_READ = os.O_RDONLY | os.O_NOFOLLOW
_TRIES = 3


class FolderStorage:
    """Keeps objects as files in a folder.

    An object is written to a temporary file, flushed to disk, and linked to its name; the link fails if the name
    is taken, so of many writers exactly one wins and no reader ever sees a part. Then the folder
    is flushed, and only then the write is acknowledged: it survives a power cut.

    Parameters
    ----------
    path : str or Path
        The folder; made if it is not there. The one above it must exist.
    durability : {"full", "process"}, default "full"
        "process" leaves out the flushing: acknowledged writes survive the death of the process, not of
        the machine.

    Raises
    ------
    StorageError
        If the folder cannot be made.

    Notes
    -----
    The file system must have hard links, as every local one on Linux and macOS does. Symbolic links
    below the folder are never followed. Files and folders that are not objects are left alone
    and never listed.

    Examples
    --------
    >>> import tempfile
    >>> store = FolderStorage(tempfile.mkdtemp())
    >>> store.put("notes/1", b"hello", if_absent=True).size_bytes
    5
    >>> [meta.key for meta in store.list("notes/")]
    ['notes/1']
    """

    def __init__(
        self, path: str | Path, *, durability: Literal["full", "process"] = "full"
    ) -> None:
        if durability not in ("full", "process"):
            raise ConfigError(f'durability must be "full" or "process", got {durability!r}.')
        if not isinstance(path, str | os.PathLike):
            raise ConfigError(f"path must be a text or a Path, got a {type(path).__name__}.")
        is_synced = durability == "full"
        self._root = os.path.realpath(path)
        self._durability: Literal["full", "process"] = durability
        self._caps = StorageCaps(
            f"file://{quote(self._root)}", "fsync" if is_synced else "none", local_paths=True
        )
        make_root(self._root, is_synced=is_synced)
        self._folders = Folders(self._root, is_synced=is_synced)
        self._temporaries = Temporaries(self._root)
        self._temporaries.sweep()
        self._settling = (
            FolderSettling(self._root, self._folders, self._put_soon) if is_synced else None
        )

    @property
    def caps(self) -> StorageCaps:
        """What this backend promises."""
        return self._caps

    @property
    def settling(self) -> Settling | None:
        """Flushes what many writers created together; None where nothing is flushed."""
        return self._settling

    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        """Store `data` as a read-only file."""
        return self._put(key, data, if_absent=if_absent, is_soon=False)

    def _put(self, key: str, data: Data, *, if_absent: bool, is_soon: bool) -> ObjectMeta:
        path = self._path(key)
        plain = check_data(data)
        if if_absent and os.path.lexists(path):
            raise self._taken(key)
        gone: OSError | None = None
        for _ in range(_TRIES):
            try:
                return self._commit(key, plain, if_absent=if_absent, is_soon=is_soon)
            except StorageError:
                raise
            except FileNotFoundError as exc:
                gone = exc  # somebody tidied up a folder or the temporary file: write it again
            except OSError as exc:
                raise failed(self._root, "write", key, exc) from exc
        assert gone is not None  # noqa: S101 - the loop ended without an answer
        raise failed(self._root, "write", key, gone) from gone

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes ``[start:end]``."""
        check_range(start, end)
        path = self._path(key)
        try:
            handle = os.open(path, _READ)
            try:
                data = read(handle, start, end)
            finally:
                os.close(handle)
        except OSError as exc:
            raise unread(self._root, key, exc) from exc
        self._check_real(key, path)
        return data

    def fetch(self, key: str, dest: Path | None = None) -> Path:
        """Return the stored file itself; copy it if `dest` is given."""
        self.head(key)
        path = self._path(key)
        if dest is None:
            return Path(path)
        with placed(Path(dest)) as part:
            shutil.copyfile(path, part)
        return dest

    def head(self, key: str) -> ObjectMeta:
        """Return size and time without the bytes."""
        path = self._path(key)
        try:
            found = os.lstat(path)
        except OSError as exc:
            raise unread(self._root, key, exc) from exc
        if not stat.S_ISREG(found.st_mode):
            raise foreign(self._root, key)
        self._check_real(key, path)
        return _meta(key, found)

    def list(
        self, prefix: str = "", *, after: str | None = None, limit: int | None = None
    ) -> Iterator[ObjectMeta]:
        """Yield the objects below `prefix` in byte order of their keys; one folder is read at a time."""
        check_prefix(prefix)
        check_limit(limit)
        return self._listed(prefix, after or "", limit)

    def delete(self, key: str) -> None:
        """Forget the object, if it is there."""
        *names, name = layout.parts(check_key(key))
        try:
            with self._folders.entered(names, make=False) as folder:
                os.unlink(name, dir_fd=folder)
                self._folders.sync(folder)
        except FileNotFoundError:
            return
        except OSError as exc:
            raise failed(self._root, "delete", key, exc) from exc

    def _path(self, key: str) -> str:
        return f"{self._root}/{layout.place(check_key(key))}"

    # --- writing ------------------------------------------------------------------------------

    def _commit(
        self, key: str, data: memoryview | Path, *, if_absent: bool, is_soon: bool
    ) -> ObjectMeta:
        *names, name = layout.parts(key)
        with self._temporaries.file() as (temporary, handle):
            write(handle, data)
            if not is_soon:
                self._folders.prepare(names)  # committed along with the file
                self._folders.sync(handle)
            meta = _meta(key, os.fstat(handle))
            with self._folders.entered(names, make=True, is_soon=is_soon) as folder:
                if if_absent:
                    self._link(key, temporary, handle, name, folder)
                else:
                    os.replace(temporary, name, dst_dir_fd=folder)
                if not is_soon:
                    self._acknowledge(key, folder)
        return meta

    def _link(self, key: str, temporary: str, handle: int, name: str, folder: int) -> None:
        try:
            os.link(temporary, name, dst_dir_fd=folder)
        except FileExistsError:
            # A network file system whose answer was lost asks again, and meets its own link.
            if os.fstat(handle).st_nlink < 2:
                raise self._taken(key) from None
        except OSError as exc:
            if exc.errno in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS) and not _links(temporary):
                raise StorageError(
                    f"{self._root} is on a file system without hard links, where a file cannot be created "
                    "whole or not at all. Choose another folder.",
                    key=key,
                ) from exc
            raise

    def _acknowledge(self, key: str, folder: int) -> None:
        try:
            self._folders.sync(folder)
        except OSError as exc:
            raise AmbiguousWriteError(
                f"{key} was written to {self._root}, but the folder could not be flushed ({exc.strerror}): "
                "a power cut may undo it. Read the key back.",
                key=key,
            ) from exc

    def _put_soon(self, key: str, data: bytes) -> None:
        self._put(key, data, if_absent=True, is_soon=True)

    # --- listing ------------------------------------------------------------------------------

    def _listed(self, prefix: str, after: str, limit: int | None) -> Iterator[ObjectMeta]:
        n_left = sys.maxsize if limit is None else limit
        folder = self._path(f"{prefix}x")[:-2]
        rows = self._walk(folder, prefix, after)
        while n_left:
            row = next(rows, None)
            if row is None:
                return
            try:
                meta = _meta(row[0], row[1].stat(follow_symlinks=False))
            except FileNotFoundError:
                continue  # deleted meanwhile
            yield meta
            n_left -= 1

    def _walk(self, folder: str, prefix: str, after: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        try:
            rows = layout.children(folder)
        except (FileNotFoundError, NotADirectoryError) as exc:
            if folder == self._root:
                raise failed(self._root, "list", "what is", exc) from exc
            return
        except OSError as exc:
            raise failed(self._root, "list", prefix, exc) from exc
        self._check_real(prefix, f"{folder}/")
        for name, entry in rows:
            key = prefix + name
            if not name.endswith("/"):
                if key > after:
                    yield key, entry
            elif key > after or after.startswith(key):
                yield from self._walk(entry.path, key, after)

    def _check_real(self, key: str, path: str) -> None:
        """Refuse what was found through a symbolic link."""
        if not self._folders.is_real(path[: path.rindex("/")]):
            raise foreign(self._root, key)

    def _taken(self, key: str) -> StorageError:
        with contextlib.suppress(OSError):  # it may be gone again
            if not stat.S_ISREG(os.lstat(self._path(key)).st_mode):
                return foreign(self._root, key)
        return AlreadyExistsError(f"{key} holds a value already and is write-once.", key=key)

    def __reduce__(self) -> tuple[object, ...]:
        return _reopened, (self._root, self._durability)

    def __repr__(self) -> str:
        return f"FolderStorage({self._root!r})"


def _reopened(root: str, durability: Literal["full", "process"]) -> FolderStorage:
    return FolderStorage(root, durability=durability)


def _links(temporary: str) -> bool:
    """Say whether a file can have a second name here; EPERM alone may be a lack of permission."""
    try:
        os.link(temporary, f"{temporary}-2")
        os.unlink(f"{temporary}-2")  # noqa: PTH108
    except OSError:
        return False
    return True


def _meta(key: str, found: os.stat_result) -> ObjectMeta:
    return ObjectMeta(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))
