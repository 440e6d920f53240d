"""Adapters that store, create, read or delete wrongly, in one way each."""

from __future__ import annotations

import time
from pathlib import Path
from typing import cast

import attrs

from prodml.errors import AlreadyExistsError, KeyNotFoundError
from prodml.ports import ObjectMeta
from prodml.ports.storage import Data
from prodml.testing.storage_reference import ReferenceStorage

# --- what is stored ---------------------------------------------------------------------------


class ChangesLineEnds(ReferenceStorage):
    def taken_in(self, data: Data) -> bytes:
        return super().taken_in(data).replace(b"\r\n", b"\n")


class DropsEmpty(ReferenceStorage):
    def store(self, name: str, data: bytes) -> None:
        if data:
            super().store(name, data)


class Truncates(ReferenceStorage):
    def taken_in(self, data: Data) -> bytes:
        return super().taken_in(data)[: 64 * 1024]


class WholeBufferOfAView(ReferenceStorage):
    def taken_in(self, data: Data) -> bytes:
        return bytes(data.obj) if isinstance(data, memoryview) else super().taken_in(data)


class StoresThePath(ReferenceStorage):
    def taken_in(self, data: Data) -> bytes:
        return str(data).encode() if isinstance(data, Path) else super().taken_in(data)


class KeepsTheBuffer(ReferenceStorage):
    def taken_in(self, data: Data) -> bytes:
        return cast("bytes", data) if isinstance(data, bytearray) else super().taken_in(data)

    def cut(self, data: bytes, start: int, end: int | None) -> bytes:
        return bytes(data[start:end])


class ReturnsBytearray(ReferenceStorage):
    def cut(self, data: bytes, start: int, end: int | None) -> bytes:
        return cast("bytes", bytearray(data[start:end]))


class TakesText(ReferenceStorage):
    def taken_in(self, data: Data) -> bytes:
        return data.encode() if isinstance(data, str) else super().taken_in(data)  # type: ignore[unreachable]


class ForgetsTheKeyInMeta(ReferenceStorage):
    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        meta = super().put(key, data, if_absent=if_absent)
        return attrs.evolve(meta, key=key.rsplit("/", maxsplit=1)[-1])


# --- keys -------------------------------------------------------------------------------------


class DropsExtension(ReferenceStorage):
    def name(self, key: str) -> str:
        return super().name(key).rstrip(".")


class NormalisesKeys(ReferenceStorage):
    def name(self, key: str) -> str:
        return super().name(key.replace("//", "/").strip("/"))


class FoldsCase(ReferenceStorage):
    def name(self, key: str) -> str:
        return super().name(key.lower())


class AllowsParents(ReferenceStorage):
    def name(self, key: str) -> str:
        return key if ".." in key.split("/") else super().name(key)


class LongestName(ReferenceStorage):
    def name(self, key: str) -> str:
        return super().name(key)[:255]


class HidesDotFiles(ReferenceStorage):
    def rows(self) -> dict[str, bytes]:
        return {k: v for k, v in super().rows().items() if not k.startswith(".tmp")}


class FolderInTheWay(ReferenceStorage):
    def store(self, name: str, data: bytes) -> None:
        parents = [name[:i] for i, c in enumerate(name) if c == "/"]
        if any(p in self.objects for p in parents) or self._has_below(name):
            raise NotADirectoryError(name)
        super().store(name, data)

    def _has_below(self, name: str) -> bool:
        return any(k.startswith(name + "/") for k in self.objects)


# --- create -----------------------------------------------------------------------------------


class IgnoresIfAbsent(ReferenceStorage):
    def is_taken(self, name: str, data: bytes) -> bool:  # noqa: ARG002
        return False


class ForgivesSameBytes(ReferenceStorage):
    def is_taken(self, name: str, data: bytes) -> bool:
        return name in self.objects and self.objects[name] != data


class EmptyIsFree(ReferenceStorage):
    def is_taken(self, name: str, data: bytes) -> bool:  # noqa: ARG002
        return bool(self.objects.get(name))


class OverwritesThenComplains(ReferenceStorage):
    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        is_taken = self.name(key) in self.objects
        meta = super().put(key, data)
        if if_absent and is_taken:
            raise AlreadyExistsError(f"{key} is taken.", key=key)
        return meta


class ChecksThenWrites(ReferenceStorage):
    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        name, kept = self.name(key), self.taken_in(data)
        if if_absent and name in self.objects:
            raise AlreadyExistsError(f"{key} is taken.", key=key)
        time.sleep(0.0005)
        self.store(name, kept)
        return ObjectMeta(key, len(kept))


class NeverReplaces(ReferenceStorage):
    def store(self, name: str, data: bytes) -> None:
        self.objects.setdefault(name, data)


class ReplacesInPlace(ReferenceStorage):
    """Writes over the old bytes without cutting what is longer."""

    def store(self, name: str, data: bytes) -> None:
        super().store(name, data + self.objects.get(name, b"")[len(data) :])


class RemembersDeleted(ReferenceStorage):
    def __init__(self) -> None:
        super().__init__()
        self.ever: set[str] = set()

    def is_taken(self, name: str, data: bytes) -> bool:  # noqa: ARG002
        return name in self.ever

    def store(self, name: str, data: bytes) -> None:
        self.ever.add(name)
        super().store(name, data)


# --- reading ----------------------------------------------------------------------------------


class InclusiveEnd(ReferenceStorage):
    def cut(self, data: bytes, start: int, end: int | None) -> bytes:
        return data[start : None if end is None else end + 1]


class RefusesLongRanges(ReferenceStorage):
    def cut(self, data: bytes, start: int, end: int | None) -> bytes:
        if end is not None and end > len(data):
            raise ValueError("range not satisfiable")
        return super().cut(data, start, end)


class ZeroIsNoEnd(ReferenceStorage):
    def cut(self, data: bytes, start: int, end: int | None) -> bytes:
        return super().cut(data, start, end or None)


class MissingIsEmpty(ReferenceStorage):
    def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        try:
            return super().get(key, start=start, end=end)
        except KeyNotFoundError:
            return b""


class BareKeyError(ReferenceStorage):
    def found(self, name: str) -> bytes:
        return self.objects[name]


class NamelessError(ReferenceStorage):
    def found(self, name: str) -> bytes:
        try:
            return super().found(name)
        except KeyNotFoundError:
            raise KeyNotFoundError("not found") from None


class FetchLeavesAFile(ReferenceStorage):
    def fetch(self, key: str, dest: Path | None = None) -> Path:
        if dest is not None:
            dest.touch()
        return super().fetch(key, dest)


class SizeInBlocks(ReferenceStorage):
    def size(self, data: bytes) -> int:
        return -(-len(data) // 512) * 512


class FetchCutsAtZero(ReferenceStorage):
    def fetch(self, key: str, dest: Path | None = None) -> Path:
        path = super().fetch(key, dest)
        path.write_bytes(path.read_bytes().split(b"\0")[0])
        return path


# --- deleting ---------------------------------------------------------------------------------


class DeletesOnlyFromListing(ReferenceStorage):
    def __init__(self) -> None:
        super().__init__()
        self.hidden: set[str] = set()

    def forget(self, name: str) -> None:
        self.hidden.add(name)

    def rows(self) -> dict[str, bytes]:
        return {k: v for k, v in super().rows().items() if k not in self.hidden}


class DeleteMissingRaises(ReferenceStorage):
    def forget(self, name: str) -> None:
        self.found(name)
        super().forget(name)


class DeletesBelow(ReferenceStorage):
    def forget(self, name: str) -> None:
        for key in [k for k in self.objects if k == name or k.startswith(name + "/")]:
            super().forget(key)
