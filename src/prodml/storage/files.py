"""Files read and written whole, however little the system takes at once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from prodml.errors import StorageError

__all__ = ["contents", "placed", "read", "source", "write"]

_CHUNK = 1 << 20


def write(handle: int, data: memoryview | Path) -> None:
    """Write all of it; a file piece by piece."""
    if isinstance(data, memoryview):
        while data:
            data = data[os.write(handle, data) :]
        return
    with source(data) as file:
        while chunk := file.read(_CHUNK):
            write(handle, memoryview(chunk))


def read(handle: int, start: int, end: int | None) -> bytes:
    """Read the range, cut to the file's length."""
    size = os.fstat(handle).st_size
    stop = size if end is None else min(end, size)
    chunks = []
    while start < stop:
        chunk = os.pread(handle, stop - start, start)  # at most 2 GiB at once
        if not chunk:
            break
        chunks.append(chunk)
        start += len(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def source(path: Path) -> BinaryIO:
    """Open the file that is to be stored."""
    try:
        return path.open("rb")
    except OSError as exc:
        raise StorageError(f"cannot read {path}, which was to be stored: {exc.strerror}.") from exc


def contents(data: memoryview | Path) -> bytes:
    """Return what is to be stored as bytes of our own."""
    if isinstance(data, memoryview):
        return bytes(data)
    with source(data) as file:
        return file.read()


@contextlib.contextmanager
def placed(dest: Path) -> Iterator[Path]:
    """Yield a path to write to; what is there at the end becomes `dest`, whole or not at all."""
    part = dest.with_name(f"{dest.name}.{os.urandom(4).hex()}.part")
    try:
        yield part
        os.replace(part, dest)  # noqa: PTH105 - Path.replace would do the same and cost more
    except OSError as exc:
        raise StorageError(f"cannot write to {dest}: {exc.strerror}.") from exc
    finally:
        part.unlink(missing_ok=True)
