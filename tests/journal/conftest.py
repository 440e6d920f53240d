"""A storage as small as the contract allows, and one whose answers get lost."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prodml.errors import AlreadyExistsError, AmbiguousWriteError, ConfigError, KeyNotFoundError
from prodml.ports import ObjectMeta, StorageCaps


class DictStorage:
    """The storage contract over a dict, open to the hand of a tamperer; counts its calls."""

    caps = StorageCaps(url="dict://", durable="none")

    def __init__(self):
        self.objects = {}
        self.calls = []
        self._lock = threading.Lock()

    def put(self, key, data, *, if_absent=False):
        data = data.read_bytes() if isinstance(data, Path) else bytes(data)
        with self._lock:
            self.calls.append(("put", key))
            if if_absent and key in self.objects:
                raise AlreadyExistsError(f'"{key}" exists', key=key)
            self.objects[key] = data
        return ObjectMeta(key, len(data))

    def get(self, key, *, start=0, end=None):
        self.calls.append(("get", key))
        return self._find(key)[start:end]

    def head(self, key):
        self.calls.append(("head", key))
        return ObjectMeta(key, len(self._find(key)))

    def fetch(self, key, dest=None):
        if dest is None:
            raise ConfigError("a dict has no paths: name a dest")
        dest.write_bytes(self._find(key))
        return dest

    def list(self, prefix="", *, after=None, limit=None):
        self.calls.append(("list", prefix))
        keys = sorted(k for k in self.objects if k.startswith(prefix) and k > (after or ""))
        for key in keys[:limit]:
            yield ObjectMeta(key, len(self.objects[key]))

    def delete(self, key):
        self.objects.pop(key, None)

    def _find(self, key):
        try:
            return self.objects[key]
        except KeyError:
            raise KeyNotFoundError(f'nothing under "{key}"', key=key) from None


class LossyStorage(DictStorage):
    """Loses the answers of creating puts: some before, some after doing the write."""

    def __init__(self, seed=0, loss=0.5):
        super().__init__()
        self._rng = random.Random(seed)
        self._loss = loss

    def put(self, key, data, *, if_absent=False):
        if not if_absent or self._rng.random() > self._loss:
            return super().put(key, data, if_absent=if_absent)
        if self._rng.random() < 0.5:
            super().put(key, data, if_absent=if_absent)
        raise AmbiguousWriteError("timed out", key=key)


class Disk(DictStorage):
    """Keeps in mind what a power cut may still take."""

    def __init__(self):
        super().__init__()
        self.loose = []
        self.before_settle = None

    @property
    def settling(self):
        return self

    def put_soon(self, key, data):
        self.put(key, data, if_absent=True)
        self.loose.append(key)

    def settle(self, keys):
        hook, self.before_settle = self.before_settle, None
        if hook is not None:
            hook()
        self.loose = [key for key in self.loose if key not in keys]

    def drop_empty(self, key):
        if self.objects.get(key) == b"":
            del self.objects[key]

    def after_power_cut(self, kept):
        """Return the disk with as many of the loose names as are kept, without their bytes."""
        disk = Disk()
        disk.objects = dict(self.objects)
        for n, key in enumerate(self.loose):
            if n < kept:
                disk.objects[key] = b""
            else:
                del disk.objects[key]
        return disk


class CountingFold:
    """Counts events by type, and remembers the payloads of some, order and all."""

    def initial(self):
        return {"n": 0, "types": {}, "notes": []}

    def apply(self, state, event):
        state["n"] += 1
        state["types"][event.type] = state["types"].get(event.type, 0) + 1
        if event.type == "note":
            state["notes"].append(event.payload)
        return state


class TickingClock:
    """Starts at 2026-01-01 and takes a second a look."""

    def __init__(self):
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self):
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def storage():
    return DictStorage()


@pytest.fixture
def lossy():
    return LossyStorage


@pytest.fixture
def fold():
    return CountingFold()


@pytest.fixture
def clock():
    return TickingClock()


@pytest.fixture
def disk():
    return Disk()
