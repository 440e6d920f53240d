"""A file of secrets on disk: read only if it is private, replaced as a whole, one writer at a time."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from prodml.errors import ConfigError, KeyMaterialError

__all__ = ["Document", "Stamp", "draft_of", "locked", "opened", "parse", "stamp_of", "sync_folder"]

FORMAT = "prodml-keys/1"
Document: TypeAlias = dict[str, list[dict[str, str]]]
"""Entries per domain, the active one first; each has a kid and either a secret or a destroyed."""

Stamp: TypeAlias = tuple[int, int, int, int]


def stamp_of(info: os.stat_result) -> Stamp:
    """Return what changes when the file does, its mode included."""
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


@contextlib.contextmanager
def opened(path: Path, flags: int = os.O_RDONLY) -> Iterator[int]:
    """Open the file, unless somebody else could.

    Raises
    ------
    KeyMaterialError
        If there is none, or others than its owner may read or write it.
    """
    try:
        handle = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as exc:
        raise KeyMaterialError(
            f"no key file {path}. Make one with FileKeys.create(path, domains=[...])"
        ) from exc
    except OSError as exc:
        raise KeyMaterialError(f"cannot open the key file {path}: {exc.strerror}") from exc
    try:
        _refuse_if_open_to_others(os.fstat(handle), path)
        yield handle
    finally:
        os.close(handle)


def _refuse_if_open_to_others(info: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise KeyMaterialError(f"{path} is not a file")
    mode = stat.S_IMODE(info.st_mode)
    if mode & 0o077:
        raise KeyMaterialError(
            f"the key file {path} is open to others than its owner (mode {mode:04o}). "
            f"Close it with: chmod 600 {path}"
        )


@contextlib.contextmanager
def locked(path: Path) -> Iterator[int]:
    """Open the file as its only writer; waits for another one to finish."""
    while True:
        with opened(path, os.O_RDWR) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            # The one before us has replaced the file while we waited: that lock is on the old one.
            if os.fstat(handle).st_ino == path.stat().st_ino:
                yield handle
                return


@contextlib.contextmanager
def draft_of(path: Path, document: Document) -> Iterator[Path]:
    """Write the document beside `path`, safely on disk, for the caller to move into place."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileNotFoundError as exc:
        raise ConfigError(f"there is no folder {path.parent}: make it first") from exc
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"format": FORMAT, "domains": document}, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make a change of names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def parse(handle: int, path: Path) -> Document:
    """Read the document; what is wrong with it is told without showing any of it.

    Raises
    ------
    KeyMaterialError
        If it is not what `FileKeys.create` writes.
    """
    with os.fdopen(handle, "rb", closefd=False) as file:
        file.seek(0)
        text = file.read()
    fault, found = "", None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        fault = "it is not JSON"
    # Raised out here: the error of the JSON parser would carry the whole text along.
    fault = fault or _fault(found)
    if fault:
        raise KeyMaterialError(f"the key file {path} cannot be used: {fault}")
    return found["domains"]  # type: ignore[index, no-any-return]


def _fault(found: object) -> str:
    if not isinstance(found, dict) or not isinstance(found.get("format"), str):
        return 'it has no "format"'
    if found["format"] != FORMAT:
        return f'its format is not "{FORMAT}"; it may be of a newer prodml'
    domains = found.get("domains")
    if not isinstance(domains, dict) or not all(map(_is_entry_list, domains.values())):
        return 'its "domains" must map each name to a list of {"kid": ..., "secret": ...}'
    return ""


def _is_entry_list(entries: object) -> bool:
    if not isinstance(entries, list) or not entries or not all(map(_is_entry, entries)):
        return False
    return "secret" in entries[0]


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict) or not all(isinstance(v, str) for v in entry.values()):
        return False
    return "kid" in entry and ("secret" in entry) != ("destroyed" in entry)
