"""Folders below a root: entered one by one, never through a symbolic link, and flushed when new."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence

from prodml.errors import StorageError
from prodml.storage.failures import advice

__all__ = ["Folders", "make_root"]

_ENTER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Folders:
    """The way from a root to the folder of an object.

    Parameters
    ----------
    root : str
        Absolute path without symbolic links.
    is_synced : bool
        Whether a new folder is flushed into the one above before anything is put into it.
    """

    def __init__(self, root: str, *, is_synced: bool) -> None:
        self._root = root
        self._is_synced = is_synced
        self._flushed: set[tuple[str, ...]] = set()
        self._real: set[str] = set()

    @contextlib.contextmanager
    def entered(self, names: Sequence[str], *, make: bool, is_soon: bool = False) -> Iterator[int]:
        """Yield a descriptor of the folder; it stays the same folder whatever happens to the path.

        Parameters
        ----------
        names : sequence of str
            Folder names from the root downwards.
        make : bool
            Whether to make what is missing; otherwise FileNotFoundError.
        is_soon : bool, default False
            Whether new folders may wait to be flushed until somebody enters who does not say so.
        """
        handle = os.open(self._root, _ENTER)
        try:
            for depth, name in enumerate(names, start=1):
                below = self._enter(handle, name, make=make)
                handle, above = below, handle
                self._leave(above, None if is_soon else tuple(names[:depth]))
            yield handle
        finally:
            os.close(handle)

    def prepare(self, names: Sequence[str]) -> None:
        """Make what is missing, flushing nothing: who enters later does.

        A file system with a journal commits whatever was changed before a flush along with it: the
        first flush, that of the file that is to go there, then pays for all new folders on the way.
        """
        if self._is_synced and tuple(names) not in self._flushed:
            with self.entered(names, make=True, is_soon=True):
                pass

    def is_real(self, folder: str) -> bool:
        """Say whether no part of a folder's path is a symbolic link; looked up once."""
        if folder in self._real:
            return True
        if os.path.realpath(folder) != folder:
            return False
        self._real.add(folder)
        return True

    def sync(self, handle: int) -> None:
        """Flush a folder, so that the names in it survive a power cut."""
        if self._is_synced:
            os.fsync(handle)

    def _enter(self, above: int, name: str, *, make: bool) -> int:
        try:
            return os.open(name, _ENTER, dir_fd=above)
        except FileNotFoundError:
            if not make:
                raise
        with contextlib.suppress(FileExistsError):  # somebody else was quicker
            os.mkdir(name, dir_fd=above)
        return os.open(name, _ENTER, dir_fd=above)

    def _leave(self, above: int, names: tuple[str, ...] | None) -> None:
        """Close a folder; flush the name in it that was not seen before, unless that may wait.

        Also of one that exists: whoever made it may have died before it was flushed.
        """
        try:
            if names is not None and names not in self._flushed:
                self.sync(above)
                self._flushed.add(names)
        finally:
            os.close(above)


def make_root(root: str, *, is_synced: bool) -> None:
    """Make the folder of a storage, unless it is there; the one above must exist.

    Raises
    ------
    StorageError
        If it cannot be made. A missing folder above is not made: the disk it is on may not be mounted.
    """
    if os.path.isdir(root):  # noqa: PTH112
        return
    above = os.path.dirname(root)  # noqa: PTH120
    try:
        os.mkdir(root)  # noqa: PTH102
        if is_synced:
            with Folders(above, is_synced=True).entered([], make=False) as handle:
                os.fsync(handle)
    except FileExistsError:
        if os.path.isdir(root):  # noqa: PTH112 - somebody else was quicker
            return
        raise StorageError(f"{root} is a file; a storage needs a folder.") from None
    except FileNotFoundError:
        raise StorageError(
            f"cannot make {root}: the folder above it does not exist. Make {above} first, or mount "
            "the disk that should be there."
        ) from None
    except OSError as exc:
        raise StorageError(f"cannot make the folder {root}: {advice(exc)}") from exc
