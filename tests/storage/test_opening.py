"""open_storage: from an address to a storage that keeps its promises."""

from __future__ import annotations

import json
import multiprocessing
from importlib.metadata import EntryPoint

import pytest

from prodml.errors import ConfigError, StorageError
from prodml.storage import FolderStorage, MemoryStorage, open_storage, opening, verify
from prodml.testing import STORAGE_FAULTS


@pytest.mark.parametrize("as_text", [str, lambda p: p, lambda p: f"file://{p}"])
def test_a_path_opens_a_folder_in_every_spelling(tmp_path, as_text):
    store = open_storage(as_text(tmp_path / "a folder"))
    store.put("a", b"x")
    assert isinstance(store, FolderStorage)
    assert open_storage(tmp_path / "a folder").get("a") == b"x"


def test_an_escaped_address_is_unescaped(tmp_path):
    open_storage(f"file://{tmp_path}/a%20folder").put("a", b"x")
    assert (tmp_path / "a folder").is_dir()


def test_memory_is_new_each_time():
    open_storage("memory://").put("a", b"x", if_absent=True)
    open_storage("memory://").put("a", b"x", if_absent=True)


@pytest.mark.parametrize("bad", ["", None, 3])
def test_what_is_no_address_is_refused(bad):
    with pytest.raises(ConfigError, match="a location is a path"):
        open_storage(bad)


def test_an_unknown_scheme_lists_the_known_ones():
    with pytest.raises(ConfigError, match='no storage for "ftp://".*"file://", "memory://"'):
        open_storage("ftp://somewhere")


def test_a_planned_scheme_says_so():
    with pytest.raises(ConfigError, match="It is planned"):
        open_storage("s3://bucket/folder")


def test_a_third_party_adds_a_scheme(monkeypatch):
    point = EntryPoint("mine", "prodml.storage.memory:MemoryStorage", "prodml.storage")
    monkeypatch.setattr(opening, "entry_points", lambda group: [point])
    monkeypatch.setattr(MemoryStorage, "__init__", _takes_an_address(MemoryStorage.__init__))
    assert open_storage("mine://somewhere").address == "mine://somewhere"


def _takes_an_address(init):
    def made(self, address):
        init(self)
        self.address = address

    return made


def test_a_location_of_a_newer_format_is_refused(tmp_path):
    FolderStorage(tmp_path).put("prodml.json", json.dumps({"format": 2}).encode())
    with pytest.raises(ConfigError, match="format 2.*reads up to 1. Upgrade"):
        open_storage(tmp_path)


@pytest.mark.parametrize("marker", [b"no json", b"[]", b'{"format": "x"}'])
def test_a_marker_that_is_not_ours_is_refused(tmp_path, marker):
    FolderStorage(tmp_path).put("prodml.json", marker)
    with pytest.raises((ConfigError, StorageError)):
        open_storage(tmp_path)


def test_opening_leaves_only_the_marker(tmp_path):
    open_storage(tmp_path)
    assert [m.key for m in FolderStorage(tmp_path).list()] == ["prodml.json"]


BROKEN = {
    "ignores if_absent": "second create",
    "swallows a missing key": None,
    "drops empty values": None,
    "lists one level only": None,
    "delete only hides from listings": "must be gone",
    "overwrites and then complains": "must be read",
}


@pytest.mark.parametrize(
    "fault", [f for f in STORAGE_FAULTS if BROKEN.get(f.name)], ids=lambda f: f.name
)
def test_a_location_that_breaks_a_promise_is_found_out(fault):
    with pytest.raises(StorageError, match=BROKEN[fault.name]):
        verify(fault.make())


def test_a_location_that_does_not_list_is_found_out():
    class Blind(MemoryStorage):
        def list(self, prefix="", *, after=None, limit=None):
            return iter(())

    with pytest.raises(StorageError, match="must be listed"):
        verify(Blind())


def _open(path):
    open_storage(path).put(f"mine/{multiprocessing.current_process().pid}", b"x")


def test_many_processes_may_open_a_new_folder_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    made = [context.Process(target=_open, args=(str(tmp_path / "new"),)) for _ in range(3)]
    for process in made:
        process.start()
    for process in made:
        process.join()
    assert [p.exitcode for p in made] == [0, 0, 0]
    assert len(list(open_storage(tmp_path / "new").list("mine/"))) == 3
