"""Adapters that list wrongly, or go wrong when many write or the location is opened again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from prodml.errors import AlreadyExistsError, KeyNotFoundError
from prodml.ports import ObjectMeta, StorageCaps
from prodml.ports.storage import Data
from prodml.testing._storage_faulty_objects import IgnoresIfAbsent
from prodml.testing.storage_reference import ReferenceStorage

# --- listing ----------------------------------------------------------------------------------


class WrittenOrder(ReferenceStorage):
    def ordered(self, keys: Iterable[str]) -> Iterable[str]:
        return list(keys)


class FolderOrder(ReferenceStorage):
    """Sorts folder by folder, as walking a tree does, where "a/1" comes before "a-b/1"."""

    def ordered(self, keys: Iterable[str]) -> Iterable[str]:
        return sorted(keys, key=lambda k: k.split("/"))


class NumberOrder(ReferenceStorage):
    def ordered(self, keys: Iterable[str]) -> Iterable[str]:
        return sorted(keys, key=lambda k: (len(k), k))


class OneLevel(ReferenceStorage):
    def is_below(self, key: str, prefix: str) -> bool:
        return super().is_below(key, prefix) and "/" not in key[len(prefix) :]


class BytePrefix(ReferenceStorage):
    def is_below(self, key: str, prefix: str) -> bool:
        return key.startswith(prefix.rstrip("/"))


class AnyPrefix(ReferenceStorage):
    def check_prefix(self, prefix: str) -> None:
        """Take whatever comes."""


class MissingFolderRaises(ReferenceStorage):
    def list(
        self, prefix: str = "", *, after: str | None = None, limit: int | None = None
    ) -> Iterator[ObjectMeta]:
        metas = list(super().list(prefix, after=after, limit=limit))
        if prefix and not any(k.startswith(prefix) for k in self.objects):
            raise KeyNotFoundError("no such folder", key=prefix)
        return iter(metas)


class AfterIsInclusive(ReferenceStorage):
    def is_after(self, key: str, after: str | None) -> bool:
        return after is None or key >= after


class AfterComparesNames(ReferenceStorage):
    def is_after(self, key: str, after: str | None) -> bool:
        return after is None or key.rsplit("/", maxsplit=1)[-1] > after.split("/")[-1]


class IgnoresLimit(ReferenceStorage):
    def page(self, keys: Sequence[str], limit: int | None) -> Sequence[str]:  # noqa: ARG002
        return keys


class ZeroIsNoLimit(ReferenceStorage):
    def page(self, keys: Sequence[str], limit: int | None) -> Sequence[str]:
        return super().page(keys, limit or None)


class StaleListing(ReferenceStorage):
    def __init__(self) -> None:
        super().__init__()
        self.cached: dict[str, bytes] = {}

    def rows(self) -> dict[str, bytes]:
        self.cached, shown = super().rows(), self.cached
        return shown


class ListsSizeZero(ReferenceStorage):
    def rows(self) -> dict[str, bytes]:
        return dict.fromkeys(super().rows(), b"")


# --- at once, and again -----------------------------------------------------------------------


class GrowsInSight(ReferenceStorage):
    """Writes in two halves that a reader can see."""

    def store(self, name: str, data: bytes) -> None:
        if len(data) > 100_000:
            self.objects[name] = data[: len(data) // 2]
            time.sleep(0.002)
        super().store(name, data)


class RemovesBeforeReplacing(ReferenceStorage):
    def store(self, name: str, data: bytes) -> None:
        if name in self.objects:
            del self.objects[name]
            time.sleep(0.002)
        super().store(name, data)


class LosesOneOfMany(ReferenceStorage):
    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        name, kept = self.name(key), self.taken_in(data)
        if if_absent and name in self.objects:
            raise AlreadyExistsError(f"{key} is taken.", key=key)
        snapshot = dict(self.objects)
        time.sleep(0.0002)
        self.objects = {**snapshot, name: kept}
        return ObjectMeta(key, len(kept))


class ListsHalfWritten(ReferenceStorage):
    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        self.objects[self.name(key)] = b""
        time.sleep(0.0005)
        self.forget(key)
        return super().put(key, data, if_absent=if_absent)


class TellsCredentials(ReferenceStorage):
    @property
    def caps(self) -> StorageCaps:
        return StorageCaps("reference://user:secret@host/", "none")


class ForgetsAtClose(ReferenceStorage):
    """What is stored lives in the adapter and not in the location."""

    def again(self) -> ReferenceStorage:
        return ReferenceStorage()


class ForgetsWhoCreated(ReferenceStorage):
    """Creates are remembered by the adapter that made them, and by nobody else."""

    def again(self) -> ReferenceStorage:
        return IgnoresIfAbsent(self.objects)
