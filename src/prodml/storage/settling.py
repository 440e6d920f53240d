"""Files that are visible before they are flushed, and flushed together."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence

from prodml.errors import AmbiguousWriteError, StorageError
from prodml.storage import layout
from prodml.storage.failures import failed
from prodml.storage.folders import Folders
from prodml.storage.keys import check_key

__all__ = ["FolderSettling"]

_READ = os.O_RDONLY | os.O_NOFOLLOW


class FolderSettling:
    """The `prodml.ports.Settling` of a folder.

    A flush costs milliseconds on many disks, and a file system commits all that wait for one at
    once. A chain of events, each of which can only be written when the one before is known, would
    pay them one after another; visible first and flushed later, it pays for many at a time.

    Parameters
    ----------
    root : str
        Folder of the storage.
    folders : Folders
        The way to the folder of an object.
    put : callable
        Creates a file under a key without flushing it.
    """

    def __init__(self, root: str, folders: Folders, put: Callable[[str, bytes], None]) -> None:
        self._root = root
        self._folders = folders
        self._put = put

    def put_soon(self, key: str, data: bytes) -> None:
        """Create a file that is visible at once, and durable when it was settled."""
        self._put(key, data)

    def settle(self, keys: Sequence[str]) -> None:
        """Flush the files of these keys, then the folders that hold them.

        Raises
        ------
        AmbiguousWriteError
            If the disk will not say that it has them.
        """
        last = keys[-1] if keys else ""
        try:
            for names, files in _by_folder(keys).items():
                with self._folders.entered(names, make=False) as folder:
                    for name in files:
                        _flush(name, folder)
                    os.fsync(folder)
        except OSError as exc:
            raise AmbiguousWriteError(
                f"{last} was written to {self._root}, but not all of it could be flushed "
                f"({exc.strerror}): a power cut may undo it. Read the key back.",
                key=last,
            ) from exc

    def drop_empty(self, key: str) -> None:
        """Unlink a file without bytes, as a power cut may leave one.

        Under a lock, so that of two who saw it empty the slower one looks again: while the empty file
        is there nobody can create another in its place.
        """
        *names, name = layout.parts(check_key(key))
        try:
            with self._folders.entered(names, make=False) as folder, _locked(folder):
                if os.stat(name, dir_fd=folder, follow_symlinks=False).st_size == 0:
                    os.unlink(name, dir_fd=folder)
                    os.fsync(folder)
        except FileNotFoundError:
            return
        except OSError as exc:
            raise failed(self._root, "delete", key, exc) from exc


def _by_folder(keys: Sequence[str]) -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for key in keys:
        *names, name = layout.parts(check_key(key))
        found.setdefault(tuple(names), []).append(name)
    return found


def _flush(name: str, folder: int) -> None:
    handle = os.open(name, _READ, dir_fd=folder)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _locked(folder: int) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:
        raise StorageError("files can only be locked on Linux and macOS") from None
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(folder, fcntl.LOCK_UN)
