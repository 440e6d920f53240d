"""open_storage: from an address to a storage that is known to keep its promises."""

from __future__ import annotations

import json
import os
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import unquote, urlsplit

from prodml.errors import AlreadyExistsError, ConfigError, KeyNotFoundError, StorageError
from prodml.ports import Storage
from prodml.storage.folder import FolderStorage
from prodml.storage.memory import MemoryStorage

__all__ = ["FORMAT", "open_storage", "verify"]

FORMAT = 1
"""Version of the layout; a location of a higher one is refused."""

_MARKER = "prodml.json"
_PLANNED = {"s3", "gs", "az", "postgresql", "sqlite", "redis"}


def open_storage(url: str | Path) -> Storage:
    """Open a location, make it if it is new, and prove on first use that it keeps its promises.

    Parameters
    ----------
    url : str or Path
        A path, ``"file:///path"``, or ``"memory://"`` (a new one each time). Other schemes are looked up among
        installed packages: entry points of the group ``prodml.storage``, each a callable that takes the
        address and returns a Storage.

    Returns
    -------
    Storage

    Raises
    ------
    ConfigError
        If nobody knows the scheme, or the location was written by a newer prodml.
    StorageError
        If the location cannot be opened, or fails the test of `verify`.

    Examples
    --------
    >>> open_storage("memory://").caps.durable
    'none'
    """
    storage = _make(url)
    try:
        marker = json.loads(storage.get(_MARKER))
    except KeyNotFoundError:
        verify(storage)
        _mark(storage)
        return storage
    except ValueError:
        raise StorageError(
            f"{storage.caps.url} holds a {_MARKER} that is not ours.", key=_MARKER
        ) from None
    found = marker.get("format") if isinstance(marker, dict) else None
    if not isinstance(found, int) or found > FORMAT:
        raise ConfigError(
            f"{storage.caps.url} is written in format {found!r:.20}, this prodml reads up to {FORMAT}. Upgrade prodml."
        )
    return storage


def verify(storage: Storage) -> None:
    """Prove that a location creates exclusively, gives back what it took, lists and deletes.

    Client libraries and gateways have been seen to accept a create-if-absent and overwrite all the same; believing
    the interface is not enough.

    Parameters
    ----------
    storage : Storage
        The location. A probe is written below ``probe/`` and removed again.

    Raises
    ------
    StorageError
        That says which promise was broken.
    """
    key = f"probe/{os.urandom(8).hex()}"
    try:
        storage.put(key, b"first", if_absent=True)
        try:
            storage.put(key, b"second", if_absent=True)
        except AlreadyExistsError:
            pass
        else:
            raise _broken(storage, "a second create of one key must fail, and did not")
        if storage.get(key) != b"first":
            raise _broken(storage, "what was written must be read, and was not")
        if [m.key for m in storage.list("probe/") if m.key == key] != [key]:
            raise _broken(storage, "what was written must be listed, and was not")
    finally:
        storage.delete(key)
    try:
        storage.head(key)
    except KeyNotFoundError:
        return
    raise _broken(storage, "what was deleted must be gone, and was not")


def _make(url: str | Path) -> Storage:
    if isinstance(url, Path):
        return FolderStorage(url)
    if not isinstance(url, str) or not url:
        raise ConfigError(
            f'a location is a path or an address such as "memory://", got {url!r:.40}.'
        )
    scheme, separator, _ = url.partition("://")
    if not separator:
        return FolderStorage(url)
    if scheme == "memory":
        return MemoryStorage()
    if scheme == "file":
        return FolderStorage(unquote(urlsplit(url).path))
    return _from_entry_point(scheme, url)


def _from_entry_point(scheme: str, url: str) -> Storage:
    installed = {point.name: point for point in entry_points(group="prodml.storage")}
    if scheme in installed:
        storage: Storage = installed[scheme].load()(url)
        return storage
    known = ", ".join(f'"{name}://"' for name in sorted({"file", "memory", *installed}))
    later = " It is planned; until then pass a Storage of your own." if scheme in _PLANNED else ""
    raise ConfigError(f'no storage for "{scheme}://". Known: a path, {known}.{later}')


def _mark(storage: Storage) -> None:
    try:
        storage.put(_MARKER, json.dumps({"format": FORMAT}).encode(), if_absent=True)
    except AlreadyExistsError:
        return  # another process opened it at the same time


def _broken(storage: Storage, what: str) -> StorageError:
    return StorageError(f"{storage.caps.url} does not keep what a storage promises: {what}.")
