"""Adapters that err at the edges: in what they say, leave behind, remember, or share with others."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from prodml.errors import AlreadyExistsError, KeyNotFoundError, StorageError
from prodml.ports import ObjectMeta
from prodml.ports.storage import Data
from prodml.testing.storage_reference import ReferenceStorage

# --- what is said and left --------------------------------------------------------------------


class NamelessCreate(ReferenceStorage):
    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        try:
            return super().put(key, data, if_absent=if_absent)
        except AlreadyExistsError:
            raise AlreadyExistsError("taken.") from None


class NamesMissingInGetOnly(ReferenceStorage):
    def head(self, key: str) -> ObjectMeta:
        try:
            return super().head(key)
        except KeyNotFoundError:
            raise KeyNotFoundError("nothing there.") from None


class LeavesDrafts(ReferenceStorage):
    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        self.store(f"{key}.draft", self.taken_in(data))
        meta = super().put(key, data, if_absent=if_absent)
        self.forget(f"{key}.draft")
        return meta


class ClearsBeforeItReads(ReferenceStorage):
    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        if isinstance(data, Path) and not if_absent:
            self.objects.pop(self.name(key), None)
        return super().put(key, data, if_absent=if_absent)


class FetchesInPieces(ReferenceStorage):
    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        time.sleep(0.002)  # so that writes and fetches really meet
        return super().put(key, data, if_absent=if_absent)

    def fetch(self, key: str, dest: Path | None = None) -> Path:
        if dest is None:
            return super().fetch(key, dest)
        middle = self.head(key).size_bytes // 2
        first = self.get(key, end=middle)
        time.sleep(0.002)
        dest.write_bytes(first + self.get(key, start=middle))
        return dest


# --- listings in motion -----------------------------------------------------------------------


class CutsPagesFirst(ReferenceStorage):
    """Takes a page of what is stored, and then leaves out what was not asked for."""

    def list(
        self, prefix: str = "", *, after: str | None = None, limit: int | None = None
    ) -> Iterator[ObjectMeta]:
        for meta in list(super().list(after=after, limit=limit)):
            if meta.key.startswith(prefix):
                yield meta


class LocksWhileListing(ReferenceStorage):
    def list(
        self, prefix: str = "", *, after: str | None = None, limit: int | None = None
    ) -> Iterator[ObjectMeta]:
        with self.lock:
            yield from super().list(prefix, after=after, limit=limit)

    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        if not self.lock.acquire(timeout=0.05):
            raise StorageError("somebody keeps the lock")
        try:
            return super().put(key, data, if_absent=if_absent)
        finally:
            self.lock.release()


class CountsFromTheFront(ReferenceStorage):
    """Pages by position, so that what is deleted moves the rest out of sight."""

    def list(
        self, prefix: str = "", *, after: str | None = None, limit: int | None = None
    ) -> Iterator[ObjectMeta]:
        position = 0
        while page := list(super().list(prefix, after=after, limit=limit))[
            position : position + 10
        ]:
            yield from page
            position += 10


# --- one location, several adapters -----------------------------------------------------------


class LocksOnlyItself(ReferenceStorage):
    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        name, kept = self.name(key), self.taken_in(data)
        with self.lock:
            if if_absent and name in self.objects:
                raise AlreadyExistsError("taken.", key=key)
            time.sleep(0.001)
            self.store(name, kept)
        return ObjectMeta(key, len(kept))

    def again(self) -> ReferenceStorage:
        return LocksOnlyItself(self.objects)


class RemembersWhatItRead(ReferenceStorage):
    def __init__(self, objects: dict[str, bytes] | None = None) -> None:
        super().__init__(objects)
        self.remembered: dict[str, bytes] = {}

    def found(self, name: str) -> bytes:
        if name not in self.remembered:
            self.remembered[name] = super().found(name)
        return self.remembered[name]

    def store(self, name: str, data: bytes) -> None:
        super().store(name, data)
        self.remembered[name] = data

    def forget(self, name: str) -> None:
        super().forget(name)
        self.remembered.pop(name, None)

    def again(self) -> ReferenceStorage:
        return RemembersWhatItRead(self.objects)


# --- files, and several processes -------------------------------------------------------------


class InFiles(ReferenceStorage):
    """Objects as files of one flat folder, so that another process finds them."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = folder

    def store(self, name: str, data: bytes) -> None:
        draft = self.path(name).with_suffix(f".{os.getpid()}~")
        draft.write_bytes(data)
        draft.replace(self.path(name))

    def found(self, name: str) -> bytes:
        try:
            return self.path(name).read_bytes()
        except FileNotFoundError:
            raise KeyNotFoundError("nothing there.", key=name) from None

    def is_taken(self, name: str, data: bytes) -> bool:  # noqa: ARG002
        return self.path(name).exists()

    def rows(self) -> dict[str, bytes]:
        paths = [path for path in Path(self.folder).iterdir() if not path.name.endswith("~")]
        return {path.name.replace("+", "/"): path.read_bytes() for path in paths}

    def path(self, name: str) -> Path:
        return Path(self.folder, name.replace("/", "+"))

    def again(self) -> ReferenceStorage:
        return type(self)(self.folder)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.folder,)


class ChecksBetweenProcesses(InFiles):
    def store(self, name: str, data: bytes) -> None:
        time.sleep(0.002)
        super().store(name, data)


class WritesInSight(InFiles):
    def store(self, name: str, data: bytes) -> None:
        with self.path(name).open("wb") as file:
            for start in range(0, len(data), 20_000):
                file.write(data[start : start + 20_000])
                file.flush()
                time.sleep(0.005)


class WritesLater(InFiles):
    """Acknowledges, and writes when it finds the time."""

    def store(self, name: str, data: bytes) -> None:
        threading.Timer(0.2, super().store, (name, data)).start()
