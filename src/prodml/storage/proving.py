"""verify: a location is tried out before anything is entrusted to it, and marked."""

from __future__ import annotations

import contextlib
import json
import os

from prodml.errors import (
    AlreadyExistsError,
    AmbiguousWriteError,
    ConfigError,
    KeyNotFoundError,
    StorageError,
)
from prodml.ports import Storage

__all__ = ["FORMAT", "prove_location", "verify"]

FORMAT = 1
"""Version of the layout; a location of a higher one is refused."""

_MARKER = "prodml.json"


def prove_location(storage: Storage) -> None:
    """Check the mark of a location; `verify` one that has none, and mark it.

    Any number of processes may do so at once: each tries a key of its own, and one of them marks.

    Raises
    ------
    ConfigError
        If the location was written by a newer prodml.
    StorageError
        If it fails the test of `verify`, or holds a mark that is not ours.
    """
    try:
        marker = storage.get(_MARKER)
    except KeyNotFoundError:
        verify(storage)
        with contextlib.suppress(AlreadyExistsError, AmbiguousWriteError):
            storage.put(_MARKER, json.dumps({"format": FORMAT}).encode(), if_absent=True)
        marker = storage.get(_MARKER)  # perhaps another process, of a newer prodml, was first
    _check_format(marker, storage.caps.url)


def verify(storage: Storage) -> None:
    """Prove that a location creates exclusively, gives back what it took, lists and deletes.

    Client libraries and gateways have been seen to accept a create-if-absent and overwrite all the same; believing
    the interface is not enough.

    Parameters
    ----------
    storage : Storage
        The location. A probe is written under a random key and removed again.

    Raises
    ------
    StorageError
        That says which promise was broken.

    Examples
    --------
    >>> from prodml.storage import MemoryStorage
    >>> verify(MemoryStorage())
    """
    key = f"probe-{os.urandom(8).hex()}"
    try:
        _probe(storage, key)
    except BaseException:
        with contextlib.suppress(StorageError):
            storage.delete(key)
        raise


def _probe(storage: Storage, key: str) -> None:
    storage.put(key, b"first", if_absent=True)
    try:
        storage.put(key, b"second", if_absent=True)
    except AlreadyExistsError:
        pass
    else:
        raise _broken(storage, "a second create of one key must fail, and did not")
    if _found(storage, key) != b"first":
        raise _broken(storage, "what was written must be read, and was not")
    # Nothing else begins with these random digits, so the probe is what comes first after them.
    if [meta.key for meta in storage.list(after=key[:-1], limit=1)] != [key]:
        raise _broken(storage, "what was written must be listed, and was not")
    storage.delete(key)
    if _found(storage, key) is not None:
        raise _broken(storage, "what was deleted must be gone, and was not")


def _found(storage: Storage, key: str) -> bytes | None:
    try:
        return storage.get(key)
    except KeyNotFoundError:
        return None


def _check_format(marker: bytes, url: str) -> None:
    try:
        mark = json.loads(marker)
    except ValueError:
        mark = None
    found = mark.get("format") if isinstance(mark, dict) else None
    if type(found) is not int or found < 1:
        raise StorageError(
            f"{url} holds a {_MARKER} that is not ours. Choose another location.", key=_MARKER
        )
    if found > FORMAT:
        raise ConfigError(
            f"{url} is written in format {found}, this prodml reads up to {FORMAT}. Upgrade prodml."
        )


def _broken(storage: Storage, what: str) -> StorageError:
    return StorageError(f"{storage.caps.url} does not keep what a storage promises: {what}.")
