"""The smallest adapter that keeps every rule of the Storage port; faults are planted into it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from prodml.errors import AlreadyExistsError, ConfigError, InvalidKeyError, KeyNotFoundError
from prodml.ports import ObjectMeta, StorageCaps
from prodml.ports.storage import Data

__all__ = ["ReferenceStorage"]

_SEGMENT = re.compile(r"[a-z0-9._=@-]+")


class ReferenceStorage:
    """A dict and a lock, divided into small steps that a fault can replace.

    Parameters
    ----------
    objects : dict, optional
        What is stored; shared by adapters of one location.
    """

    def __init__(self, objects: dict[str, bytes] | None = None) -> None:
        self.objects: dict[str, bytes] = {} if objects is None else objects
        self.lock = threading.RLock()

    @property
    def caps(self) -> StorageCaps:
        """What it promises."""
        return StorageCaps("reference://", "none")

    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        """Store a copy."""
        name = self.name(key)
        kept = self.taken_in(data)
        with self.lock:
            if if_absent and self.is_taken(name, kept):
                raise AlreadyExistsError(f"{key} is taken.", key=key)
            self.store(name, kept)
        return ObjectMeta(key, len(kept))

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        """Return a range of an object."""
        return self.cut(self.found(self.name(key)), start, end)

    def fetch(self, key: str, dest: Path | None = None) -> Path:
        """Write an object to a file."""
        data = self.found(self.name(key))
        if dest is None:
            raise ConfigError("this storage has no files: pass dest.")
        dest.write_bytes(data)
        return dest

    def head(self, key: str) -> ObjectMeta:
        """Return key and size."""
        return ObjectMeta(key, self.size(self.found(self.name(key))))

    def list(
        self, prefix: str = "", *, after: str | None = None, limit: int | None = None
    ) -> Iterator[ObjectMeta]:
        """Yield what is stored now."""
        if prefix:
            self.check_prefix(prefix)
        with self.lock:
            rows = self.rows()
        chosen = [
            k for k in self.ordered(rows) if self.is_below(k, prefix) and self.is_after(k, after)
        ]
        for key in self.page(chosen, limit):
            yield ObjectMeta(key, self.size(rows[key]))

    def delete(self, key: str) -> None:
        """Forget an object."""
        name = self.name(key)
        with self.lock:
            self.forget(name)

    def name(self, key: str) -> str:
        """Return the key as it is stored, or raise for a bad one."""
        segments = key.split("/") if isinstance(key, str) and len(key) <= 512 else [""]
        if all(_SEGMENT.fullmatch(s) and s not in (".", "..") for s in segments):
            return key
        raise InvalidKeyError("not a key.", key=str(key)[:80])

    def check_prefix(self, prefix: str) -> None:
        """Raise for a bad prefix."""
        if not prefix.endswith("/"):
            raise InvalidKeyError("a prefix ends in '/'.")
        self.name(prefix[:-1])

    def taken_in(self, data: Data) -> bytes:
        """Return what to keep of data."""
        if isinstance(data, Path):
            return data.read_bytes()
        if isinstance(data, bytes | bytearray | memoryview):
            return bytes(data)
        raise ConfigError("data are bytes.")

    def is_taken(self, name: str, data: bytes) -> bool:  # noqa: ARG002 - a fault may look at the data
        """Say whether a create must fail."""
        return name in self.objects

    def store(self, name: str, data: bytes) -> None:
        """Keep an object."""
        self.objects[name] = data

    def found(self, name: str) -> bytes:
        """Return an object, or raise."""
        try:
            return self.objects[name]
        except KeyError:
            raise KeyNotFoundError(f"nothing under {name}.", key=name) from None

    def forget(self, name: str) -> None:
        """Drop an object, if there."""
        self.objects.pop(name, None)

    def cut(self, data: bytes, start: int, end: int | None) -> bytes:
        """Return a range."""
        return data[start:end]

    def size(self, data: bytes) -> int:
        """Return what is told as the size."""
        return len(data)

    def rows(self) -> dict[str, bytes]:
        """Return what a listing shows."""
        return dict(self.objects)

    def ordered(self, keys: Iterable[str]) -> Iterable[str]:
        """Return keys in the order of a listing."""
        return sorted(keys)

    def is_below(self, key: str, prefix: str) -> bool:
        """Say whether a key is below a prefix."""
        return key.startswith(prefix)

    def is_after(self, key: str, after: str | None) -> bool:
        """Say whether a key comes after another."""
        return after is None or key > after

    def page(self, keys: Sequence[str], limit: int | None) -> Sequence[str]:
        """Return the first keys."""
        return keys if limit is None else keys[:limit]
