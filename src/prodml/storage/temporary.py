"""Files on their way to becoming objects, and the sweeping of those whose writer died."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator

__all__ = ["Temporaries"]

_NAME = ".tmp~"  # no key holds a "~", so no object can be in the way


class Temporaries:
    """A folder of files that nobody reads yet.

    A name says which process writes the file, and in which boot and process namespace that process lives; only
    files whose writer is known to be dead are swept.

    Parameters
    ----------
    root : str
        Folder of the storage.
    """

    def __init__(self, root: str) -> None:
        self._folder = f"{root}/{_NAME}"
        self._world = _world()

    @contextlib.contextmanager
    def file(self) -> Iterator[tuple[str, int]]:
        """Open a new file; yields path and handle, and leaves nothing behind."""
        path = f"{self._folder}/{self._world}-{os.getpid()}-{os.urandom(8).hex()}"
        handle = self._open(path)
        try:
            yield path, handle
        finally:
            os.close(handle)
            with contextlib.suppress(FileNotFoundError):  # it was moved to its final name
                os.unlink(path)  # noqa: PTH108

    def sweep(self) -> int:
        """Remove the files of dead writers; return how many."""
        swept = 0
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in list(entries):
                if self._is_abandoned(entry.name):
                    with contextlib.suppress(OSError):
                        os.unlink(entry.path)  # noqa: PTH108
                        swept += 1
        return swept

    def _open(self, path: str) -> int:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
        try:
            return os.open(path, flags, 0o600)
        except FileNotFoundError:
            os.makedirs(self._folder, exist_ok=True)  # noqa: PTH103
            return os.open(path, flags, 0o600)

    def _is_abandoned(self, name: str) -> bool:
        world, _, rest = name.partition("-")
        pid = rest.partition("-")[0]
        # Of a writer in another boot, container or machine we cannot know whether it lives.
        if world != self._world or not pid.isdecimal():
            return False
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False


def _world() -> str:
    """Digest of what makes a process id unique: this boot of this machine, and this namespace of it."""
    parts = [os.uname().nodename]
    for path, read in (
        ("/proc/sys/kernel/random/boot_id", _text),
        ("/proc/self/ns/pid", os.readlink),
    ):
        with contextlib.suppress(OSError):
            parts.append(read(path))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _text(path: str) -> str:
    with open(path, encoding="ascii") as file:  # noqa: PTH123
        return file.read()
