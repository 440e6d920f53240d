"""FolderStorage: objects as files, created whole or not at all, and durable when acknowledged."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from prodml.errors import (
    AlreadyExistsError,
    AmbiguousWriteError,
    ConfigError,
    KeyNotFoundError,
    StorageError,
)
from prodml.ports import ObjectMeta, StorageCaps
from prodml.ports.storage import Data
from prodml.storage.checks import check_data, check_limit, check_range
from prodml.storage.keys import check_key, check_prefix, is_segment
from prodml.storage.temporary import Temporaries

__all__ = ["FolderStorage"]

# Folders carry a mark that no key can hold, so "a" and "a/b" live side by side as on any other backend.
_MARK = "+"


class FolderStorage:
    """Keeps objects as files in a folder.

    An object is written to a temporary file, flushed to disk, and linked to its name; the link fails if the name
    is taken, so of many writers exactly one wins and no reader ever sees a part. Then the folder
    is flushed, and only then the write is acknowledged: it survives a power cut.

    Parameters
    ----------
    path : str or Path
        The folder; made if it is not there.
    durability : {"full", "process"}, default "full"
        "process" leaves out the flushing: acknowledged writes survive the death of the process, not of
        the machine.

    Raises
    ------
    StorageError
        If the folder cannot be made or written to.

    Notes
    -----
    The file system must have hard links, as every local one on Linux and macOS does.

    Examples
    --------
    >>> import tempfile
    >>> store = FolderStorage(tempfile.mkdtemp())
    >>> store.put("notes/1", b"hello", if_absent=True).size_bytes
    5
    """

    def __init__(
        self, path: str | Path, *, durability: Literal["full", "process"] = "full"
    ) -> None:
        if durability not in ("full", "process"):
            raise ConfigError(f'durability must be "full" or "process", got {durability!r}.')
        self._root = os.path.abspath(path)  # noqa: PTH100 - plain strings are a third of the cost
        self._is_synced = durability == "full"
        self._known: set[str] = set()  # folders that are on disk already
        url = f"file://{self._root}"
        self._caps = StorageCaps(url, "fsync" if self._is_synced else "none", local_paths=True)
        try:
            self._make_folder(self._root)
        except OSError as exc:
            raise self._failed("make the folder", self._root, exc) from exc
        self._temporaries = Temporaries(self._root)
        self._temporaries.sweep()

    @property
    def caps(self) -> StorageCaps:
        """What this backend promises."""
        return self._caps

    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        """Store `data` as a read-only file."""
        check_key(key)
        data = check_data(data)
        final = self._path(key)
        if if_absent and os.path.exists(final):  # noqa: PTH110
            raise _taken(key)
        try:
            return self._commit(key, data, final, if_absent=if_absent)
        except FileExistsError:
            raise _taken(key) from None
        except OSError as exc:
            if isinstance(exc, StorageError):
                raise
            raise self._failed("write", key, exc) from exc

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes ``[start:end]``."""
        check_range(start, end)
        handle = self._open(key)
        try:
            size = os.fstat(handle).st_size
            stop = size if end is None else min(end, size)
            return _read(handle, start, stop)
        except OSError as exc:
            raise self._failed("read", key, exc) from exc
        finally:
            os.close(handle)

    def fetch(self, key: str, dest: Path | None = None) -> Path:
        """Return the stored file itself; copy it if `dest` is given."""
        path = Path(self._path(check_key(key)))
        if not path.is_file():
            raise self._missing(key)
        if dest is None:
            return path
        return Path(shutil.copyfile(path, dest))

    def head(self, key: str) -> ObjectMeta:
        """Return size and time without the bytes."""
        path = self._path(check_key(key))
        try:
            return _meta(key, os.stat(path))  # noqa: PTH116
        except (FileNotFoundError, NotADirectoryError):
            raise self._missing(key) from None
        except OSError as exc:
            raise self._failed("read", key, exc) from exc

    def list(
        self, prefix: str = "", *, after: str | None = None, limit: int | None = None
    ) -> Iterator[ObjectMeta]:
        """Yield the objects below `prefix` in byte order of their keys; one folder is read at a time."""
        check_prefix(prefix)
        check_limit(limit)
        return self._listed(prefix, after or "", limit)

    def delete(self, key: str) -> None:
        """Forget the object, if it is there."""
        path = self._path(check_key(key))
        try:
            os.unlink(path)  # noqa: PTH108
            self._sync_folder(os.path.dirname(path))  # noqa: PTH120
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as exc:
            raise self._failed("delete", key, exc) from exc

    def _path(self, key: str) -> str:
        *folders, name = key.split("/")
        return "/".join((self._root, *(folder + _MARK for folder in folders), name))

    def _commit(self, key: str, data: Data, final: str, *, if_absent: bool) -> ObjectMeta:
        folder = os.path.dirname(final)  # noqa: PTH120
        self._make_folder(folder)
        with self._temporaries.file() as (temporary, handle):
            _write(handle, data)
            os.fchmod(handle, 0o444)
            if self._is_synced:
                os.fsync(handle)
            meta = _meta(key, os.fstat(handle))
            if if_absent:
                self._link(temporary, final)
            else:
                os.replace(temporary, final)  # noqa: PTH105
        try:
            self._sync_folder(folder)
        except OSError as exc:
            raise AmbiguousWriteError(
                f"{key} is written in {self._root}, but the disk would not confirm it: {exc.strerror}. "
                "Read it back before you write again.",
                key=key,
            ) from exc
        return meta

    def _link(self, temporary: str, final: str) -> None:
        try:
            os.link(temporary, final)
        except OSError as exc:
            if exc.errno not in (
                errno.EPERM,
                errno.ENOTSUP,
                errno.EMLINK,
                errno.EXDEV,
                errno.ENOSYS,
            ):
                raise
            raise StorageError(
                f"{self._root} is on a file system without hard links, where a file cannot be created "
                "whole or not at all. Choose another folder."
            ) from exc

    def _make_folder(self, folder: str) -> None:
        """Make a folder with its parents, each flushed into the one above, so that none is lost."""
        if folder in self._known:
            return
        missing = [folder]
        while not os.path.isdir(missing[-1]) and missing[-1] != os.path.dirname(missing[-1]):  # noqa: PTH112, PTH120
            missing.append(os.path.dirname(missing[-1]))  # noqa: PTH120
        for path in reversed(missing[:-1]):
            os.makedirs(path, exist_ok=True)  # noqa: PTH103
            self._sync_folder(os.path.dirname(path))  # noqa: PTH120
        self._known.add(folder)

    def _sync_folder(self, folder: str) -> None:
        if not self._is_synced:
            return
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _open(self, key: str) -> int:
        path = self._path(check_key(key))
        try:
            return os.open(path, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            raise self._missing(key) from None
        except OSError as exc:
            raise self._failed("read", key, exc) from exc

    def _listed(self, prefix: str, after: str, limit: int | None) -> Iterator[ObjectMeta]:
        left = limit
        for key, entry in self._walk(prefix, after):
            if left is not None and left <= 0:
                return
            try:
                meta = _meta(key, entry.stat(follow_symlinks=False))
            except FileNotFoundError:
                continue  # deleted meanwhile
            yield meta
            left = None if left is None else left - 1

    def _walk(self, prefix: str, after: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        folder = self._path(prefix + "x")[:-2]
        try:
            with os.scandir(folder) as entries:
                found = [(_segment(e), e) for e in entries]
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as exc:
            raise self._failed("list", prefix, exc) from exc
        # Sorted with the "/" that ends a folder, names come out in byte order of whole keys.
        for name, entry in sorted((n, e) for n, e in found if n is not None):
            key = prefix + name
            if name.endswith("/"):
                if key > after or after.startswith(key):
                    yield from self._walk(key, after)
            elif key > after:
                yield key, entry

    def _missing(self, key: str) -> KeyNotFoundError:
        return KeyNotFoundError(f"nothing is stored under {key} in {self._root}.", key=key)

    def _failed(self, what: str, key: str, exc: OSError) -> StorageError:
        advice = {
            errno.ENOSPC: " Free some space; nothing was half-written.",
            errno.EDQUOT: " The quota is used up; nothing was half-written.",
            errno.EROFS: " The file system is read-only.",
            errno.EACCES: " This user has no permission.",
            errno.EPERM: " This user has no permission.",
            errno.ENOTDIR: " A part of the path is a file.",
            errno.EEXIST: " A file is in the way.",
        }.get(exc.errno or 0, "")
        return StorageError(
            f"cannot {what} {key} in {self._root}: {exc.strerror}.{advice}", key=key
        )

    def __repr__(self) -> str:
        return f"FolderStorage({self._root!r})"


def _taken(key: str) -> AlreadyExistsError:
    return AlreadyExistsError(f"{key} holds a value already and is write-once.", key=key)


def _segment(entry: os.DirEntry[str]) -> str | None:
    """Name of an object, or name and "/" of a folder of objects; None for what is not ours."""
    if entry.is_file(follow_symlinks=False):
        return entry.name if is_segment(entry.name) else None
    is_ours = entry.name.endswith(_MARK) and is_segment(entry.name[:-1])
    return entry.name[:-1] + "/" if is_ours else None


def _meta(key: str, stat: os.stat_result) -> ObjectMeta:
    return ObjectMeta(key, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))


def _write(handle: int, data: Data) -> None:
    if isinstance(data, Path):
        with data.open("rb") as source:
            while chunk := source.read(1 << 20):
                _write(handle, chunk)
        return
    view = memoryview(data).cast("B")
    while view:
        view = view[os.write(handle, view) :]


def _read(handle: int, start: int, stop: int) -> bytes:
    chunks = []
    while start < stop:
        chunk = os.pread(handle, stop - start, start)
        if not chunk:
            break
        chunks.append(chunk)
        start += len(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
