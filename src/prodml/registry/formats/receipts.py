"""Which files were verified already: the digest of a large file is computed once, not once per worker."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import attrs

from prodml.errors import ConfigError
from prodml.fingerprint.canonical import canonical_json, parse_json

__all__ = ["Identity", "Receipts"]

# Clocks of file systems tick; what was written just now could change again within the same tick.
_SETTLED_NS = 2_000_000_000


@attrs.frozen
class Identity:
    """What tells whether a file is still the one that was read: every write changes one of these.

    Whoever may write to the file cannot set `changed_ns` back without setting the machine's clock.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, file: int | Path) -> Identity:
        """Return that of an open file or a path."""
        found = file.stat() if isinstance(file, Path) else os.fstat(file)
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class Receipts:
    """Remembers verified files, in memory and, if the host gives a folder, across processes.

    Parameters
    ----------
    folder : Path or None, default None
        A folder that only this user can write to; whoever can write there decides what counts as
        verified. None remembers in this process (and in those it forks) only.
    now_ns : callable, default `time.time_ns`
        The clock.

    Raises
    ------
    ConfigError
        If the folder is not there, is not this user's, or others may write to it.
    """

    def __init__(
        self, folder: Path | None = None, *, now_ns: Callable[[], int] = time.time_ns
    ) -> None:
        if folder is not None:
            _check_folder(folder)
        self._folder = folder
        self._now_ns = now_ns
        self._known: dict[Identity, str] = {}

    def has(self, identity: Identity, digest: str) -> bool:
        """Say whether this very file was verified to have this digest."""
        if self._known.get(identity) == digest:
            return True
        if self._folder is None:
            return False
        try:
            found = parse_json(self._place(self._folder, digest).read_bytes())
        except (OSError, ValueError):
            return False
        return bool(found == _spelled(identity, digest))

    def keep(self, identity: Identity, digest: str) -> None:
        """Remember a file that was verified, unless it was written a moment ago."""
        if self._now_ns() - identity.changed_ns < _SETTLED_NS:
            return
        self._known[identity] = digest
        if self._folder is not None:
            place = self._place(self._folder, digest)
            draft = place.with_suffix(f".{os.getpid()}")
            draft.write_bytes(canonical_json(_spelled(identity, digest)))
            draft.replace(place)

    @staticmethod
    def _place(folder: Path, digest: str) -> Path:
        return folder / f"{digest.removeprefix('sha256:')}.verified"


def _spelled(identity: Identity, digest: str) -> dict[str, str]:
    # As text: nanoseconds since 1970 are beyond the integers that JSON keeps exactly.
    return {"digest": digest, **{k: str(v) for k, v in attrs.asdict(identity).items()}}


def _check_folder(folder: Path) -> None:
    try:
        found = folder.stat()
    except OSError as exc:
        raise ConfigError(f"there is no folder {str(folder)!r} to keep receipts in") from exc
    own = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    if not stat.S_ISDIR(found.st_mode) or not own or found.st_mode & 0o022:
        raise ConfigError(
            f"receipts in {str(folder)!r} would say which models count as verified: give a folder "
            "that belongs to this user and that nobody else may write to (mode 700)"
        )
