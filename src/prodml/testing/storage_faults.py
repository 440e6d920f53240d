"""Adapters with one fault each, to prove that the rules of the Storage port catch it.

Most are mistakes that real adapters make: a check before a write, a prefix that matches bytes and not
segments, a listing in the order of the folder, a falsy value taken for a missing one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

import attrs

from prodml.errors import AlreadyExistsError, KeyNotFoundError
from prodml.ports import ObjectMeta, StorageCaps
from prodml.ports.storage import Data
from prodml.testing.storage_reference import ReferenceStorage

__all__ = ["STORAGE_FAULTS", "StorageFault"]


@attrs.frozen
class StorageFault:
    """One planted fault.

    Parameters
    ----------
    name : str
        What is wrong.
    rule : str
        Number of the rule that must catch it.
    make : callable
        Returns a fresh adapter with the fault.
    """

    name: str
    rule: str
    make: Callable[[], ReferenceStorage]


# --- what is stored ---------------------------------------------------------------------------


class _ChangesLineEnds(ReferenceStorage):
    def taken_in(self, data: Data) -> bytes:
        return super().taken_in(data).replace(b"\r\n", b"\n")


class _DropsEmpty(ReferenceStorage):
    def store(self, name: str, data: bytes) -> None:
        if data:
            super().store(name, data)


class _Truncates(ReferenceStorage):
    def taken_in(self, data: Data) -> bytes:
        return super().taken_in(data)[: 64 * 1024]


class _WholeBufferOfAView(ReferenceStorage):
    def taken_in(self, data: Data) -> bytes:
        return bytes(data.obj) if isinstance(data, memoryview) else super().taken_in(data)


class _StoresThePath(ReferenceStorage):
    def taken_in(self, data: Data) -> bytes:
        return str(data).encode() if isinstance(data, Path) else super().taken_in(data)


class _KeepsTheBuffer(ReferenceStorage):
    def taken_in(self, data: Data) -> bytes:
        return cast("bytes", data) if isinstance(data, bytearray) else super().taken_in(data)

    def cut(self, data: bytes, start: int, end: int | None) -> bytes:
        return bytes(data[start:end])


class _ReturnsBytearray(ReferenceStorage):
    def cut(self, data: bytes, start: int, end: int | None) -> bytes:
        return cast("bytes", bytearray(data[start:end]))


class _TakesText(ReferenceStorage):
    def taken_in(self, data: Data) -> bytes:
        return data.encode() if isinstance(data, str) else super().taken_in(data)  # type: ignore[unreachable]


class _ForgetsTheKeyInMeta(ReferenceStorage):
    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        meta = super().put(key, data, if_absent=if_absent)
        return attrs.evolve(meta, key=key.rsplit("/", maxsplit=1)[-1])


# --- keys -------------------------------------------------------------------------------------


class _DropsExtension(ReferenceStorage):
    def name(self, key: str) -> str:
        return super().name(key).rstrip(".")


class _NormalisesKeys(ReferenceStorage):
    def name(self, key: str) -> str:
        return super().name(key.replace("//", "/").strip("/"))


class _FoldsCase(ReferenceStorage):
    def name(self, key: str) -> str:
        return super().name(key.lower())


class _AllowsParents(ReferenceStorage):
    def name(self, key: str) -> str:
        return key if ".." in key.split("/") else super().name(key)


class _LongestName(ReferenceStorage):
    def name(self, key: str) -> str:
        return super().name(key)[:255]


class _HidesDotFiles(ReferenceStorage):
    def rows(self) -> dict[str, bytes]:
        return {k: v for k, v in super().rows().items() if not k.startswith(".tmp")}


class _FolderInTheWay(ReferenceStorage):
    def store(self, name: str, data: bytes) -> None:
        parents = [name[:i] for i, c in enumerate(name) if c == "/"]
        if any(p in self.objects for p in parents) or self._has_below(name):
            raise NotADirectoryError(name)
        super().store(name, data)

    def _has_below(self, name: str) -> bool:
        return any(k.startswith(name + "/") for k in self.objects)


# --- create -----------------------------------------------------------------------------------


class _IgnoresIfAbsent(ReferenceStorage):
    def is_taken(self, name: str, data: bytes) -> bool:  # noqa: ARG002
        return False


class _ForgivesSameBytes(ReferenceStorage):
    def is_taken(self, name: str, data: bytes) -> bool:
        return name in self.objects and self.objects[name] != data


class _EmptyIsFree(ReferenceStorage):
    def is_taken(self, name: str, data: bytes) -> bool:  # noqa: ARG002
        return bool(self.objects.get(name))


class _OverwritesThenComplains(ReferenceStorage):
    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        is_taken = self.name(key) in self.objects
        meta = super().put(key, data)
        if if_absent and is_taken:
            raise AlreadyExistsError(f"{key} is taken.", key=key)
        return meta


class _ChecksThenWrites(ReferenceStorage):
    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        name, kept = self.name(key), self.taken_in(data)
        if if_absent and name in self.objects:
            raise AlreadyExistsError(f"{key} is taken.", key=key)
        time.sleep(0.0005)
        self.store(name, kept)
        return ObjectMeta(key, len(kept))


class _NeverReplaces(ReferenceStorage):
    def store(self, name: str, data: bytes) -> None:
        self.objects.setdefault(name, data)


class _ReplacesInPlace(ReferenceStorage):
    """Writes over the old bytes without cutting what is longer."""

    def store(self, name: str, data: bytes) -> None:
        super().store(name, data + self.objects.get(name, b"")[len(data) :])


class _RemembersDeleted(ReferenceStorage):
    def __init__(self) -> None:
        super().__init__()
        self.ever: set[str] = set()

    def is_taken(self, name: str, data: bytes) -> bool:  # noqa: ARG002
        return name in self.ever

    def store(self, name: str, data: bytes) -> None:
        self.ever.add(name)
        super().store(name, data)


# --- reading ----------------------------------------------------------------------------------


class _InclusiveEnd(ReferenceStorage):
    def cut(self, data: bytes, start: int, end: int | None) -> bytes:
        return data[start : None if end is None else end + 1]


class _RefusesLongRanges(ReferenceStorage):
    def cut(self, data: bytes, start: int, end: int | None) -> bytes:
        if end is not None and end > len(data):
            raise ValueError("range not satisfiable")
        return super().cut(data, start, end)


class _ZeroIsNoEnd(ReferenceStorage):
    def cut(self, data: bytes, start: int, end: int | None) -> bytes:
        return super().cut(data, start, end or None)


class _MissingIsEmpty(ReferenceStorage):
    def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        try:
            return super().get(key, start=start, end=end)
        except KeyNotFoundError:
            return b""


class _BareKeyError(ReferenceStorage):
    def found(self, name: str) -> bytes:
        return self.objects[name]


class _NamelessError(ReferenceStorage):
    def found(self, name: str) -> bytes:
        try:
            return super().found(name)
        except KeyNotFoundError:
            raise KeyNotFoundError("not found") from None


class _FetchLeavesAFile(ReferenceStorage):
    def fetch(self, key: str, dest: Path | None = None) -> Path:
        if dest is not None:
            dest.touch()
        return super().fetch(key, dest)


class _SizeInBlocks(ReferenceStorage):
    def size(self, data: bytes) -> int:
        return -(-len(data) // 512) * 512


class _FetchCutsAtZero(ReferenceStorage):
    def fetch(self, key: str, dest: Path | None = None) -> Path:
        path = super().fetch(key, dest)
        path.write_bytes(path.read_bytes().split(b"\0")[0])
        return path


# --- deleting ---------------------------------------------------------------------------------


class _DeletesOnlyFromListing(ReferenceStorage):
    def __init__(self) -> None:
        super().__init__()
        self.hidden: set[str] = set()

    def forget(self, name: str) -> None:
        self.hidden.add(name)

    def rows(self) -> dict[str, bytes]:
        return {k: v for k, v in super().rows().items() if k not in self.hidden}


class _DeleteMissingRaises(ReferenceStorage):
    def forget(self, name: str) -> None:
        self.found(name)
        super().forget(name)


class _DeletesBelow(ReferenceStorage):
    def forget(self, name: str) -> None:
        for key in [k for k in self.objects if k == name or k.startswith(name + "/")]:
            super().forget(key)


# --- listing ----------------------------------------------------------------------------------


class _WrittenOrder(ReferenceStorage):
    def ordered(self, keys: Iterable[str]) -> Iterable[str]:
        return list(keys)


class _FolderOrder(ReferenceStorage):
    """Sorts folder by folder, as walking a tree does, where "a/1" comes before "a-b/1"."""

    def ordered(self, keys: Iterable[str]) -> Iterable[str]:
        return sorted(keys, key=lambda k: k.split("/"))


class _NumberOrder(ReferenceStorage):
    def ordered(self, keys: Iterable[str]) -> Iterable[str]:
        return sorted(keys, key=lambda k: (len(k), k))


class _OneLevel(ReferenceStorage):
    def is_below(self, key: str, prefix: str) -> bool:
        return super().is_below(key, prefix) and "/" not in key[len(prefix) :]


class _BytePrefix(ReferenceStorage):
    def is_below(self, key: str, prefix: str) -> bool:
        return key.startswith(prefix.rstrip("/"))


class _AnyPrefix(ReferenceStorage):
    def check_prefix(self, prefix: str) -> None:
        """Take whatever comes."""


class _MissingFolderRaises(ReferenceStorage):
    def list(
        self, prefix: str = "", *, after: str | None = None, limit: int | None = None
    ) -> Iterator[ObjectMeta]:
        metas = list(super().list(prefix, after=after, limit=limit))
        if prefix and not any(k.startswith(prefix) for k in self.objects):
            raise KeyNotFoundError("no such folder", key=prefix)
        return iter(metas)


class _AfterIsInclusive(ReferenceStorage):
    def is_after(self, key: str, after: str | None) -> bool:
        return after is None or key >= after


class _AfterComparesNames(ReferenceStorage):
    def is_after(self, key: str, after: str | None) -> bool:
        return after is None or key.rsplit("/", maxsplit=1)[-1] > after.split("/")[-1]


class _IgnoresLimit(ReferenceStorage):
    def page(self, keys: Sequence[str], limit: int | None) -> Sequence[str]:  # noqa: ARG002
        return keys


class _ZeroIsNoLimit(ReferenceStorage):
    def page(self, keys: Sequence[str], limit: int | None) -> Sequence[str]:
        return super().page(keys, limit or None)


class _StaleListing(ReferenceStorage):
    def __init__(self) -> None:
        super().__init__()
        self.cached: dict[str, bytes] = {}

    def rows(self) -> dict[str, bytes]:
        self.cached, shown = super().rows(), self.cached
        return shown


class _ListsSizeZero(ReferenceStorage):
    def rows(self) -> dict[str, bytes]:
        return dict.fromkeys(super().rows(), b"")


# --- at once, and again -----------------------------------------------------------------------


class _GrowsInSight(ReferenceStorage):
    """Writes in two halves that a reader can see."""

    def store(self, name: str, data: bytes) -> None:
        if len(data) > 100_000:
            self.objects[name] = data[: len(data) // 2]
            time.sleep(0.002)
        super().store(name, data)


class _RemovesBeforeReplacing(ReferenceStorage):
    def store(self, name: str, data: bytes) -> None:
        if name in self.objects:
            del self.objects[name]
            time.sleep(0.002)
        super().store(name, data)


class _LosesOneOfMany(ReferenceStorage):
    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        name, kept = self.name(key), self.taken_in(data)
        if if_absent and name in self.objects:
            raise AlreadyExistsError(f"{key} is taken.", key=key)
        snapshot = dict(self.objects)
        time.sleep(0.0002)
        self.objects = {**snapshot, name: kept}
        return ObjectMeta(key, len(kept))


class _ListsHalfWritten(ReferenceStorage):
    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        self.objects[self.name(key)] = b""
        time.sleep(0.0005)
        self.forget(key)
        return super().put(key, data, if_absent=if_absent)


class _TellsCredentials(ReferenceStorage):
    @property
    def caps(self) -> StorageCaps:
        return StorageCaps("reference://user:secret@host/", "none")


class _ForgetsAtClose(ReferenceStorage):
    """What is stored lives in the adapter and not in the location."""

    def again(self) -> ReferenceStorage:
        return ReferenceStorage()


class _ForgetsWhoCreated(ReferenceStorage):
    """Creates are remembered by the adapter that made them, and by nobody else."""

    def again(self) -> ReferenceStorage:
        return _IgnoresIfAbsent(self.objects)


STORAGE_FAULTS: tuple[StorageFault, ...] = (
    StorageFault("changes line ends", "S01", _ChangesLineEnds),
    StorageFault("drops empty values", "S02", _DropsEmpty),
    StorageFault("truncates at 64 KiB", "S03", _Truncates),
    StorageFault("stores the whole buffer of a view", "S04", _WholeBufferOfAView),
    StorageFault("stores the path instead of the file", "S05", _StoresThePath),
    StorageFault("keeps the caller's buffer", "S06", _KeepsTheBuffer),
    StorageFault("returns a bytearray", "S07", _ReturnsBytearray),
    StorageFault("drops a trailing dot of keys", "S08", _DropsExtension),
    StorageFault("says the last segment instead of the key", "S09", _ForgetsTheKeyInMeta),
    StorageFault("overwrites and then complains", "S11", _OverwritesThenComplains),
    StorageFault("ignores if_absent", "S11", _IgnoresIfAbsent),
    StorageFault("forgives a create of the same bytes", "S12", _ForgivesSameBytes),
    StorageFault("takes an empty value for a free key", "S13", _EmptyIsFree),
    StorageFault("never replaces", "S14", _NeverReplaces),
    StorageFault("writes over longer bytes in place", "S14", _ReplacesInPlace),
    StorageFault("remembers deleted keys as taken", "S15", _RemembersDeleted),
    StorageFault("ranges include their end", "S16", _InclusiveEnd),
    StorageFault("refuses ranges beyond the end", "S17", _RefusesLongRanges),
    StorageFault("takes end=0 for no end", "S18", _ZeroIsNoEnd),
    StorageFault("swallows a missing key", "S19", _MissingIsEmpty),
    StorageFault("raises a bare KeyError", "S19", _BareKeyError),
    StorageFault("fetch leaves an empty file behind", "S20", _FetchLeavesAFile),
    StorageFault("does not name the missing key", "S21", _NamelessError),
    StorageFault("tells sizes in blocks", "S22", _SizeInBlocks),
    StorageFault("fetch stops at a zero byte", "S23", _FetchCutsAtZero),
    StorageFault("delete only hides from listings", "S24", _DeletesOnlyFromListing),
    StorageFault("delete of a missing key raises", "S25", _DeleteMissingRaises),
    StorageFault("delete takes what is below along", "S26", _DeletesBelow),
    StorageFault("an object stands in the way of a folder", "S27", _FolderInTheWay),
    StorageFault("lists one level only", "S28", _OneLevel),
    StorageFault("lists folder by folder", "S29", _FolderOrder),
    StorageFault("lists short keys first", "S29", _NumberOrder),
    StorageFault("lists in the order of writing", "S30", _WrittenOrder),
    StorageFault("prefixes match bytes", "S31", _BytePrefix),
    StorageFault("takes any prefix", "S32", _AnyPrefix),
    StorageFault("listing a missing folder raises", "S33", _MissingFolderRaises),
    StorageFault("after is inclusive", "S34", _AfterIsInclusive),
    StorageFault("after compares last segments", "S35", _AfterComparesNames),
    StorageFault("ignores limit", "S36", _IgnoresLimit),
    StorageFault("takes limit=0 for no limit", "S36", _ZeroIsNoLimit),
    StorageFault("lists sizes as zero", "S37", _ListsSizeZero),
    StorageFault("lists what was there before", "S38", _StaleListing),
    StorageFault("normalises keys", "S39", _NormalisesKeys),
    StorageFault("folds case", "S39", _FoldsCase),
    StorageFault("lets keys climb to the parent", "S39", _AllowsParents),
    StorageFault("cuts long keys", "S40", _LongestName),
    StorageFault("hides names it uses itself", "S41", _HidesDotFiles),
    StorageFault("stores a text", "S42", _TakesText),
    StorageFault("checks, then writes", "S43", _ChecksThenWrites),
    StorageFault("removes before it replaces", "S44", _RemovesBeforeReplacing),
    StorageFault("grows in sight of readers", "S45", _GrowsInSight),
    StorageFault("lists what is half written", "S46", _ListsHalfWritten),
    StorageFault("loses one of many writers", "S47", _LosesOneOfMany),
    StorageFault("tells credentials", "S48", _TellsCredentials),
    StorageFault("forgets when it is closed", "S50", _ForgetsAtClose),
    StorageFault("forgets who created", "S51", _ForgetsWhoCreated),
)
"""Every planted fault, with the number of the rule that must catch it."""
