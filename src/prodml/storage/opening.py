"""open_storage: from an address to a storage that is known to keep its promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

from prodml.errors import ConfigError, known_names
from prodml.ports import Storage
from prodml.storage.checks import METHODS
from prodml.storage.folder import FolderStorage
from prodml.storage.memory import MemoryStorage
from prodml.storage.objects import ObjectStorage
from prodml.storage.proving import prove_location
from prodml.storage.redis import RedisStorage
from prodml.storage.sql import SqlStorage

__all__ = ["open_storage"]

_GROUP = "prodml.storage"
_BUILT_IN: Mapping[str, Callable[..., Storage]] = MappingProxyType(
    {
        **dict.fromkeys(("postgresql", "sqlite"), SqlStorage),
        **dict.fromkeys(("redis", "rediss"), RedisStorage),
        **dict.fromkeys(("s3", "gs", "az"), ObjectStorage),
    }
)


def open_storage(url: str | Path, **options: Any) -> Storage:
    """Open a location, make it if it is new, and prove on first use that it keeps its promises.

    Parameters
    ----------
    url : str or Path
        A path or ``"file:///path"``; ``"memory://"``, a new one each time; ``"s3://bucket/prefix"``, ``"gs://bucket"`` and
        ``"az://container"``; ``"sqlite:///path"`` and ``"postgresql+psycopg://host/database"``; ``"redis://host:6379/0"``. Other schemes are looked up among
        installed packages: entry points of the group ``prodml.storage``, each a callable that takes the
        address and returns a Storage.
    **options
        Handed to the adapter, such as ``durability="process"`` to a `FolderStorage` or credentials to an `ObjectStorage`.

    Returns
    -------
    Storage
        Of a location that was proven by `verify`, now or when it was opened first; an object
        ``prodml.json`` in it says so, and in which format it is written.

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
    if url == "memory://":
        return MemoryStorage(**options)
    storage = _make(url, options)
    prove_location(storage)
    return storage


def _make(url: str | Path, options: Mapping[str, Any]) -> Storage:
    if isinstance(url, Path):
        return FolderStorage(url, **options)
    if not isinstance(url, str) or not url:
        raise ConfigError(
            f'a location is a path or an address such as "memory://", got {url!r:.40}.'
        )
    scheme, separator, rest = url.partition("://")
    if not separator:
        return FolderStorage(url, **options)
    if scheme == "memory":
        raise ConfigError(f'memory has no places to name: write "memory://" without {rest!r:.40}.')
    if scheme == "file":
        return FolderStorage(_file_path(url), **options)
    built_in = _BUILT_IN.get(scheme.partition("+")[0])  # the rest names a driver
    if built_in is not None:
        return built_in(url, **options)
    return _from_entry_point(scheme, url, options)


def _file_path(url: str) -> str:
    address = urlsplit(url)
    if address.netloc not in ("", "localhost"):
        raise ConfigError(
            f'"{url}" speaks of a machine called "{address.netloc}". Write a path, such as '
            f'"./{address.netloc}{address.path}", or "file:///" with three slashes.'
        )
    if address.query or address.fragment or not address.path.startswith("/"):
        raise ConfigError(f'a folder\'s address is "file:///path" and nothing more, got "{url}".')
    return unquote(address.path)


def _from_entry_point(scheme: str, url: str, options: Mapping[str, Any]) -> Storage:
    from importlib.metadata import entry_points  # as slow as the rest of this room

    installed = {point.name: point for point in entry_points(group=_GROUP)}
    if scheme not in installed:
        known = known_names(scheme, ("file", "memory", *_BUILT_IN, *installed))
        raise ConfigError(
            f'no adapter for "{scheme}://". {known} Install a package that brings one (entry point '
            f'group "{_GROUP}"), or pass the objects any Storage of your own.'
        )
    storage: Storage = installed[scheme].load()(url, **options)
    lacks = [name for name in METHODS if not hasattr(storage, name)]
    if lacks:
        raise ConfigError(
            f'the adapter for "{scheme}://", {installed[scheme].value}, made a '
            f"{type(storage).__name__}, which is no Storage: it has no {', '.join(lacks)}."
        )
    return storage
