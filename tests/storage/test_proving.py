"""A location is tried out before anything is entrusted to it."""

from __future__ import annotations

import json

import pytest

from prodml.errors import AlreadyExistsError, ConfigError, KeyNotFoundError, StorageError
from prodml.storage import FolderStorage, MemoryStorage, open_storage, verify
from prodml.storage.proving import prove_location
from prodml.testing import STORAGE_FAULTS


def test_proving_leaves_only_the_mark(tmp_path, files):
    open_storage(tmp_path)
    assert files() == ["prodml.json"]
    assert json.loads((tmp_path / "prodml.json").read_bytes()) == {"format": 1}


def test_a_location_is_proven_once():
    class Counts(MemoryStorage):
        n_puts = 0

        def put(self, key, data, *, if_absent=False):
            self.n_puts += 1
            return super().put(key, data, if_absent=if_absent)

    store = Counts()
    prove_location(store)
    n_puts = store.n_puts
    prove_location(store)
    assert store.n_puts == n_puts == 3  # a probe twice, and the mark


def test_a_location_of_a_newer_format_is_refused(tmp_path):
    FolderStorage(tmp_path).put("prodml.json", json.dumps({"format": 2}).encode())
    with pytest.raises(ConfigError, match=r"format 2.*reads up to 1. Upgrade"):
        open_storage(tmp_path)


def test_a_newer_prodml_that_was_quicker_is_noticed():
    class Quicker(MemoryStorage):
        def put(self, key, data, *, if_absent=False):
            if key == "prodml.json":
                super().put(key, b'{"format": 7}')
            return super().put(key, data, if_absent=if_absent)

    with pytest.raises(ConfigError, match="format 7"):
        prove_location(Quicker())


@pytest.mark.parametrize(
    "mark", [b"no json", b"[]", b"{}", b'{"format": "1"}', b'{"format": true}', b'{"format": 0}', b"\xff"]
)  # fmt: skip
def test_a_mark_that_is_not_ours_is_refused(tmp_path, mark):
    FolderStorage(tmp_path).put("prodml.json", mark)
    with pytest.raises(StorageError, match=r"prodml.json that is not ours"):
        open_storage(tmp_path)


BROKEN = {
    "ignores if_absent": "second create",
    "overwrites and then complains": "must be read",
    "drops empty values": None,  # verify() is a quick test; the kit is the thorough one
    "after is inclusive": None,
    "lists in the order of writing": None,
    "lists what was there before": "must be listed",
}


@pytest.mark.parametrize(
    "fault", [f for f in STORAGE_FAULTS if BROKEN.get(f.name)], ids=lambda f: f.name
)
def test_a_location_that_breaks_a_promise_is_found_out(fault):
    with pytest.raises(StorageError, match=BROKEN[fault.name]):
        verify(fault.make())


def test_there_are_faults_to_try_it_with():
    assert set(BROKEN) <= {fault.name for fault in STORAGE_FAULTS}


class Faulty(MemoryStorage):
    """A storage that forgets what it is told to forget."""

    def __init__(self, *, method):
        super().__init__()
        self._method = method

    def get(self, key, *, start=0, end=None):
        if self._method == "get":
            raise KeyNotFoundError("lost", key=key)
        return super().get(key, start=start, end=end)

    def delete(self, key):
        if self._method != "delete":
            super().delete(key)


@pytest.mark.parametrize(("method", "says"), [("get", "must be read"), ("delete", "must be gone")])
def test_a_location_that_loses_or_keeps_is_found_out(method, says):
    with pytest.raises(StorageError, match=says):
        verify(Faulty(method=method))


def test_a_failed_proof_takes_its_probe_away():
    class Overwrites(MemoryStorage):
        def put(self, key, data, *, if_absent=False):
            return super().put(key, data)

    store = Overwrites()
    with pytest.raises(StorageError, match="memory:// does not keep what a storage promises"):
        verify(store)
    assert list(store.list()) == []


def test_a_location_that_cannot_be_written_says_its_own_error():
    class Full(MemoryStorage):
        def put(self, key, data, *, if_absent=False):
            raise StorageError("full")

        def delete(self, key):
            raise StorageError("cannot delete")

    with pytest.raises(StorageError, match="full"):
        verify(Full())


def test_two_provings_do_not_see_each_other():
    class Interleaved(MemoryStorage):
        depth = 0

        def get(self, key, *, start=0, end=None):
            self.depth += 1
            if self.depth == 1:
                verify(self)
            return super().get(key, start=start, end=end)

    verify(Interleaved())


def test_a_mark_that_another_process_set_is_taken():
    class Late(MemoryStorage):
        def put(self, key, data, *, if_absent=False):
            if key == "prodml.json":
                super().put(key, data)
                raise AlreadyExistsError("another was first", key=key)
            return super().put(key, data, if_absent=if_absent)

    prove_location(Late())
