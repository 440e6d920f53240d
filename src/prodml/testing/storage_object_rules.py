"""Rules S01 to S26 of the Storage port: objects, one at a time."""

from __future__ import annotations

import tempfile
from array import array
from pathlib import Path

from prodml.errors import AlreadyExistsError, ConfigError, KeyNotFoundError
from prodml.ports import Storage
from prodml.testing.storage_probes import StorageProbe, equal, raises, rule

__all__ = ["ObjectRules"]

_ALL_BYTES = bytes(range(256)) * 3 + b"\r\n\x00\x1a"


class ObjectRules(StorageProbe):
    """What is put, got, created, ranged, fetched and deleted."""

    @rule
    def test_s01_bytes_come_back(self, storage: Storage) -> None:
        """S01: Every byte comes back as it was."""
        storage.put("a/b", _ALL_BYTES)
        equal("get", storage.get("a/b"), _ALL_BYTES)

    @rule
    def test_s02_empty_is_a_value(self, storage: Storage) -> None:
        """S02: Empty bytes are a value like any other."""
        storage.put("a/empty", b"")
        equal("get", storage.get("a/empty"), b"")
        equal("size", storage.head("a/empty").size_bytes, 0)

    @rule
    def test_s03_large_objects_are_whole(self, storage: Storage) -> None:
        """S03: An object of more than a mebibyte comes back whole."""
        data = _ALL_BYTES * 1400 + b"end"
        storage.put("a/large", data)
        equal("equal to what was put", storage.get("a/large") == data, True)

    @rule
    def test_s04_buffers_are_bytes(self, storage: Storage) -> None:
        """S04: A bytearray and a memoryview, also one with steps or of numbers, are stored as their bytes."""
        numbers = array("d", [1.5, -2.0])
        storage.put("a/array", bytearray(b"one"))
        storage.put("a/view", memoryview(b"xtwox")[1:4])
        storage.put("a/steps", memoryview(b"a-b-c-")[::2])
        storage.put("a/numbers", memoryview(numbers))
        equal("get", (storage.get("a/array"), storage.get("a/view")), (b"one", b"two"))
        equal("with steps", storage.get("a/steps"), b"abc")
        equal("of numbers", storage.get("a/numbers"), numbers.tobytes())
        equal("size of numbers", storage.head("a/numbers").size_bytes, 16)

    @rule
    def test_s05_a_path_is_its_content(self, storage: Storage) -> None:
        """S05: Of a Path the file's content is stored."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "file")
            path.write_bytes(_ALL_BYTES)
            storage.put("a/file", path)
        equal("get", storage.get("a/file"), _ALL_BYTES)

    @rule
    def test_s06_what_is_stored_is_a_copy(self, storage: Storage) -> None:
        """S06: Changing a buffer after `put` does not change the object."""
        data = bytearray(b"before")
        storage.put("a/b", data)
        data[:] = b"AFTER!"
        equal("get", storage.get("a/b"), b"before")

    @rule
    def test_s07_get_gives_bytes(self, storage: Storage) -> None:
        """S07: `get` returns bytes, not another kind of buffer."""
        storage.put("a/b", b"data")
        equal("type", type(storage.get("a/b")), bytes)
        equal("type of a range", type(storage.get("a/b", start=1, end=2)), bytes)

    @rule
    def test_s08_similar_keys_are_different(self, storage: Storage) -> None:
        """S08: Keys that differ in one character are different objects."""
        names = ["a/k", "a/k1", "a/k10", "a/k.", "a/k-", "a/k_", "a/k=", "a/k@", "b/k", "a/..k"]
        for name in names:
            storage.put(name, name.encode())
        equal("get", [storage.get(name) for name in names], [name.encode() for name in names])

    @rule
    def test_s09_put_says_what_it_stored(self, storage: Storage) -> None:
        """S09: `put` returns key and size."""
        meta = storage.put("a/b", b"12345")
        equal("meta", (meta.key, meta.size_bytes), ("a/b", 5))

    @rule
    def test_s10_create_stores(self, storage: Storage) -> None:
        """S10: `if_absent` stores under a key that is free."""
        storage.put("a/b", b"first", if_absent=True)
        equal("get", storage.get("a/b"), b"first")

    @rule
    def test_s11_create_never_overwrites(self, storage: Storage) -> None:
        """S11: `if_absent` on a taken key is AlreadyExistsError, and the first value stays."""
        storage.put("a/b", b"first", if_absent=True)
        raises(AlreadyExistsError, "create", lambda: storage.put("a/b", b"second", if_absent=True))
        equal("get", storage.get("a/b"), b"first")

    @rule
    def test_s12_the_same_bytes_are_no_excuse(self, storage: Storage) -> None:
        """S12: `if_absent` fails also for the bytes that are there already."""
        storage.put("a/b", b"same", if_absent=True)
        raises(AlreadyExistsError, "create", lambda: storage.put("a/b", b"same", if_absent=True))

    @rule
    def test_s13_empty_takes_a_key(self, storage: Storage) -> None:
        """S13: A key that holds empty bytes is taken."""
        storage.put("a/b", b"")
        raises(AlreadyExistsError, "create", lambda: storage.put("a/b", b"x", if_absent=True))

    @rule
    def test_s14_a_plain_put_replaces(self, storage: Storage) -> None:
        """S14: A plain `put` replaces, by a longer, a shorter and an empty value."""
        for data in (b"first", b"a longer second", b"3", b""):
            storage.put("a/b", data)
            equal("get", storage.get("a/b"), data)
            equal("size", storage.head("a/b").size_bytes, len(data))

    @rule
    def test_s15_deleted_is_free_again(self, storage: Storage) -> None:
        """S15: After `delete` a key can be created anew."""
        storage.put("a/b", b"first", if_absent=True)
        storage.delete("a/b")
        storage.put("a/b", b"second", if_absent=True)
        equal("get", storage.get("a/b"), b"second")

    @rule
    def test_s16_ranges_are_half_open(self, storage: Storage) -> None:
        """S16: A range holds `start` and not `end`."""
        storage.put("a/b", b"0123456789")
        equal("[2:5]", storage.get("a/b", start=2, end=5), b"234")
        equal("[7:]", storage.get("a/b", start=7), b"789")
        equal("[:3]", storage.get("a/b", end=3), b"012")

    @rule
    def test_s17_ranges_are_cut(self, storage: Storage) -> None:
        """S17: A range is cut to the object's length."""
        storage.put("a/b", b"0123")
        equal("[2:99]", storage.get("a/b", start=2, end=99), b"23")
        equal("[9:]", storage.get("a/b", start=9), b"")
        equal("[4:4]", storage.get("a/b", start=4, end=4), b"")

    @rule
    def test_s18_a_range_that_ends_at_zero_is_empty(self, storage: Storage) -> None:
        """S18: ``end=0`` is an end, not "no end"; a range that ends before it starts is empty."""
        storage.put("a/b", b"0123")
        equal("[0:0]", storage.get("a/b", start=0, end=0), b"")
        equal("[3:1]", storage.get("a/b", start=3, end=1), b"")

    @rule
    def test_s19_missing_is_said(self, storage: Storage) -> None:
        """S19: `get` and `head` of a missing key are KeyNotFoundError, also in a range."""
        storage.put("a/other", b"x")
        raises(KeyNotFoundError, "get", lambda: storage.get("a/b"))
        raises(KeyNotFoundError, "get of a range", lambda: storage.get("a/b", start=1, end=2))
        raises(KeyNotFoundError, "head", lambda: storage.head("a/b"))

    @rule
    def test_s20_missing_cannot_be_fetched(self, storage: Storage) -> None:
        """S20: `fetch` of a missing key is KeyNotFoundError and leaves no file."""
        with tempfile.TemporaryDirectory() as folder:
            dest = Path(folder, "file")
            raises(KeyNotFoundError, "fetch", lambda: storage.fetch("a/b", dest))
            equal("file left behind", dest.exists(), False)

    @rule
    def test_s21_the_missing_key_is_named(self, storage: Storage) -> None:
        """S21: KeyNotFoundError carries the key."""
        try:
            storage.get("a/missing")
        except KeyNotFoundError as exc:
            equal("exc.key", exc.key, "a/missing")

    @rule
    def test_s22_head_says_key_and_size(self, storage: Storage) -> None:
        """S22: `head` says key and size."""
        storage.put("a/b", b"x" * 70_000)
        meta = storage.head("a/b")
        equal("meta", (meta.key, meta.size_bytes), ("a/b", 70_000))

    @rule
    def test_s23_fetch_gives_a_file(self, storage: Storage) -> None:
        """S23: `fetch` to a path puts the object there, whatever was there; without one it is the backend's own file."""
        storage.put("a/b", _ALL_BYTES)
        with tempfile.TemporaryDirectory() as folder:
            dest = Path(folder, "file")
            dest.write_bytes(b"something longer" * 100)
            equal("path", storage.fetch("a/b", dest), dest)
            equal("content", dest.read_bytes(), _ALL_BYTES)
            equal("files", [p.name for p in dest.parent.iterdir()], ["file"])
        if storage.caps.local_paths:
            equal("own file", storage.fetch("a/b").read_bytes(), _ALL_BYTES)
        else:
            raises(ConfigError, "fetch without dest", lambda: storage.fetch("a/b"))

    @rule
    def test_s24_delete_forgets(self, storage: Storage) -> None:
        """S24: What is deleted is gone for `get`, `head` and `list`."""
        storage.put("a/b", b"x")
        storage.delete("a/b")
        raises(KeyNotFoundError, "get", lambda: storage.get("a/b"))
        raises(KeyNotFoundError, "head", lambda: storage.head("a/b"))
        equal("list", list(storage.list()), [])

    @rule
    def test_s25_deleting_nothing_is_fine(self, storage: Storage) -> None:
        """S25: Deleting what is not there is fine, before and after."""
        storage.delete("a/b")
        storage.put("a/b", b"x")
        storage.delete("a/b")
        storage.delete("a/b")

    @rule
    def test_s26_delete_spares_the_neighbours(self, storage: Storage) -> None:
        """S26: `delete` forgets one object, not those below it or beside it."""
        for key in ("a/b", "a/b/c", "a/bc", "a"):
            storage.put(key, key.encode())
        storage.delete("a/b")
        equal("left", [m.key for m in storage.list()], ["a", "a/b/c", "a/bc"])
