"""Files on their way to becoming objects, and the sweeping of those whose writer died."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
from collections.abc import Iterator

__all__ = ["Temporaries"]

_NAME = ".tmp~"  # no key holds a "~", so no object can be in the way
_SILENT_S = 24 * 3600.0


class Temporaries:
    """A folder of files that nobody reads yet.

    A name says in which world (one boot of one machine, one process namespace of it) its writer lives, its process
    id, and when that process began. A file is swept if its writer is in our world and no longer
    there; of a writer in another world nobody here can know, so its file is swept when it was not
    touched for a day by the file system's own clock. A writer that lives on all the same finds its
    file gone when it links it, and writes it again.

    Parameters
    ----------
    root : str
        Folder of the storage.
    """

    def __init__(self, root: str) -> None:
        self._folder = f"{root}/{_NAME}"
        self._world = _world()
        self._token = os.urandom(6).hex()
        self._numbers = itertools.count()
        self._writer = (0, "")

    @contextlib.contextmanager
    def file(self) -> Iterator[tuple[str, int]]:
        """Open a new file, read-only for others; yields path and descriptor, and leaves nothing behind."""
        path = f"{self._folder}/{self._name()}"
        handle = self._open(path)
        try:
            yield path, handle
        finally:
            os.close(handle)
            with contextlib.suppress(FileNotFoundError):  # it was moved to its final name
                os.unlink(path)  # noqa: PTH108 - plain strings are a third of the cost

    def sweep(self) -> int:
        """Remove the files of dead writers; return how many."""
        swept = 0
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in list(entries):
                with contextlib.suppress(OSError, OverflowError):
                    if self._is_abandoned(entry):
                        os.unlink(entry.path)  # noqa: PTH108
                        swept += 1
        return swept

    def _name(self) -> str:
        pid = os.getpid()
        if self._writer[0] != pid:  # the first time, and again after a fork
            self._writer = (pid, f"{self._world}-{pid}-{_start(pid)}-{self._token}")
        return f"{self._writer[1]}-{next(self._numbers)}"

    def _open(self, path: str) -> int:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
        try:
            return os.open(path, flags, 0o444)
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):
                os.mkdir(self._folder)  # noqa: PTH102 - not makedirs: a root that is gone stays gone
            return os.open(path, flags, 0o444)

    def _is_abandoned(self, entry: os.DirEntry[str]) -> bool:
        world, pid, start, *_ = [*entry.name.split("-"), "", ""]
        if world == self._world and pid.isdecimal():
            return not _is_alive(int(pid), start)
        return self._now() - entry.stat(follow_symlinks=False).st_mtime > _SILENT_S

    def _now(self) -> float:
        """Time by the file system's clock, which stamps the files; ours may stand elsewhere."""
        with self.file() as (_, handle):
            return os.fstat(handle).st_mtime


def _world() -> str:
    """Digest of what makes a process id unique; a random one where that cannot be known."""
    try:
        parts = [os.uname().nodename, _text("/proc/sys/kernel/random/boot_id")]
        parts.append(os.readlink("/proc/self/ns/pid"))  # noqa: PTH115
    except OSError:
        return os.urandom(6).hex()
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _is_alive(pid: int, start: str) -> bool:
    """Say whether the process of this id that began then may still be there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is there, and somebody else's
    return _start(pid) in ("", start)


def _start(pid: int) -> str:
    """When a process began, in ticks since boot; "" if that cannot be known, "dead" for a zombie."""
    try:
        # The name of the program stands in brackets and may hold anything.
        state, *fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    except (OSError, ValueError):
        return ""
    return "dead" if state in "ZX" else fields[18]


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        return file.read()
