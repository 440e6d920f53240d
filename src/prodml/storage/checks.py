"""Arguments that every adapter checks alike."""

from __future__ import annotations

from pathlib import Path

from prodml.errors import ConfigError, StorageError
from prodml.ports import StorageCaps
from prodml.ports.storage import Data

__all__ = [
    "METHODS",
    "check_data",
    "check_limit",
    "check_range",
    "check_size",
    "check_storage",
    "check_timeout",
]

METHODS = ("caps", "put", "get", "fetch", "head", "list", "delete")
"""What makes a Storage."""


def check_data(data: Data) -> memoryview | Path:
    """Return what is to be stored as plain bytes in memory or as the path of an existing file.

    Raises
    ------
    ConfigError
        If it is neither bytes nor a buffer nor the Path of a file.
    """
    if isinstance(data, Path):
        if not data.is_file():
            raise ConfigError(f"there is no file {data} to store.")
        return data
    if isinstance(data, bytes | bytearray | memoryview):
        view = memoryview(data)
        # A view with steps, or without elements, cannot be cast; its bytes can be copied.
        plain = view.c_contiguous and view.nbytes
        return view.cast("B") if plain else memoryview(view.tobytes())
    raise ConfigError(
        f"stored are bytes, buffers and the files of a Path, got {type(data).__name__}."
    )


def check_range(start: int, end: int | None) -> None:
    """Refuse a range that counts from the end, or that does not count in whole bytes."""
    if _is_count(start) and (end is None or _is_count(end)):
        return
    raise ConfigError(f"a range counts bytes from the front, from 0; got start={start}, end={end}.")


def check_limit(limit: int | None) -> None:
    """Refuse a limit that is no number of objects."""
    if limit is not None and not _is_count(limit):
        raise ConfigError(f"limit is a number of objects from 0, or None; got {limit!r:.40}.")


def check_size(key: str, size: int, caps: StorageCaps) -> None:
    """Refuse an object that is larger than the backend takes, before anything is sent.

    Raises
    ------
    StorageError
        That says where it can go instead.
    """
    if caps.max_object_bytes is not None and size > caps.max_object_bytes:
        raise StorageError(
            f"{key} has {size} bytes, {caps.url} holds up to {caps.max_object_bytes} in one object. Keep large ones "
            "elsewhere with SplitStorage.",
            key=key,
        )


def check_storage(storage: object, name: str) -> None:
    """Refuse what has not the methods of a Storage."""
    lacks = [method for method in METHODS if not hasattr(storage, method)]
    if lacks:
        raise ConfigError(
            f"{name} must be a Storage, got a {type(storage).__name__}, which has no {', '.join(lacks)}."
        )


def check_timeout(timeout_s: float) -> None:
    """Refuse a time to wait that is no positive number of seconds."""
    if not isinstance(timeout_s, int | float) or not 0 < timeout_s < float("inf"):
        raise ConfigError(f"timeout_s is a positive number of seconds, got {timeout_s!r:.40}.")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and value >= 0
