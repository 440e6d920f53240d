"""Arguments that every adapter checks alike."""

from __future__ import annotations

from pathlib import Path

from prodml.errors import ConfigError
from prodml.ports.storage import Data

__all__ = ["check_data", "check_limit", "check_range"]


def check_data(data: Data) -> Data:
    """Return what is to be stored, or ConfigError if it is neither bytes nor an existing file."""
    if isinstance(data, Path):
        if not data.is_file():
            raise ConfigError(f"there is no file {data} to store.")
        return data
    if isinstance(data, bytes | bytearray | memoryview):
        return data
    raise ConfigError(
        f"stored are bytes, buffers and the files of a Path, got {type(data).__name__}."
    )


def check_range(start: int, end: int | None) -> None:
    """Refuse a range that counts from the end."""
    if start < 0 or (end is not None and end < 0):
        raise ConfigError(f"a range counts from the front, from 0; got start={start}, end={end}.")


def check_limit(limit: int | None) -> None:
    """Refuse a negative limit."""
    if limit is not None and limit < 0:
        raise ConfigError(f"limit must not be negative, got {limit}.")
