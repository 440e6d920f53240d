"""What is stored is unreadable without the key, and everything else is as before."""

from __future__ import annotations

from pathlib import Path

import pytest

from prodml.errors import ConfigError, IntegrityError, InvalidKeyError, KeyMaterialError
from prodml.keys import FileKeys, StaticKeys
from prodml.storage import EncryptedStorage, FolderStorage, MemoryStorage, open_storage
from prodml.testing import StorageContract

SECRET = bytes.fromhex("60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752")
CHUNK = 16_384


@pytest.fixture(scope="session", autouse=True)
def cryptography():
    pytest.importorskip("cryptography", reason="needs the extra crypto")


def fixed():
    return StaticKeys({"encryption": SECRET}, warn=False)


class TestEncryptedMemory(StorageContract):
    @pytest.fixture
    def storage(self):
        return EncryptedStorage(MemoryStorage(), fixed())

    def reopen(self, storage):
        return EncryptedStorage(storage._inner, fixed())


class TestEncryptedFolder(StorageContract):
    @pytest.fixture
    def storage(self, tmp_path):
        return EncryptedStorage(FolderStorage(tmp_path / "store"), fixed())

    def reopen(self, storage):
        return EncryptedStorage(FolderStorage(storage.caps.url.removeprefix("file://")), fixed())


class Counting(MemoryStorage):
    """Memory that counts the bytes that go in and out."""

    def __init__(self):
        super().__init__()
        self.n_put = self.n_got = 0

    def put(self, key, data, *, if_absent=False):
        self.n_put += data.stat().st_size if isinstance(data, Path) else len(memoryview(data))
        return super().put(key, data, if_absent=if_absent)

    def get(self, key, *, start=0, end=None):
        data = super().get(key, start=start, end=end)
        self.n_got += len(data)
        return data


@pytest.fixture
def inner():
    return Counting()


@pytest.fixture
def keys(tmp_path):
    return FileKeys.create(tmp_path / "keys.json", domains=["encryption"])


@pytest.fixture
def store(inner, keys):
    return EncryptedStorage(inner, keys)


def test_the_inner_storage_sees_names_and_sizes_and_nothing_else(store, inner):
    store.put("people/anna", b"secret " * 100)
    store.put("people/bert", b"secret " * 100)
    stored = [inner.get(meta.key) for meta in inner.list("people/")]
    assert [meta.key for meta in inner.list("people/")] == ["people/anna", "people/bert"]
    assert not any(b"secret" in data for data in stored)
    assert stored[0][24:] != stored[1][24:]


def test_a_range_is_decrypted_from_the_chunks_that_hold_it(store, inner):
    data = bytes(range(256)) * 4000
    store.put("big", data)
    store.get("big", end=1)
    inner.n_got = 0
    assert store.get("big", start=500_000, end=500_010) == data[500_000:500_010]
    assert inner.n_got < CHUNK + 200
    inner.n_got = 0
    assert store.get("big", start=CHUNK - 1, end=CHUNK + 1) == data[CHUNK - 1 : CHUNK + 1]
    assert inner.n_got < 2 * CHUNK + 200


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_every_range_of_every_size_is_that_of_the_bytes(store, size):
    data = bytes(i % 251 for i in range(size))
    store.put("x", data)
    edges = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, size, size + 1, size + 10 * CHUNK]
    for start in edges:
        assert store.get("x", start=start) == data[start:]
        for end in edges:
            assert store.get("x", start=start, end=end) == data[start:end]
    assert store.head("x").size_bytes == size


def test_a_file_goes_in_and_out_in_pieces(store, tmp_path):
    data = bytes(range(256)) * 4 * 16_400  # more than one window of 16 MiB
    (tmp_path / "model").write_bytes(data)
    assert store.put("model", tmp_path / "model").size_bytes == len(data)
    assert store.fetch("model", tmp_path / "copy").read_bytes() == data
    assert store.get("model") == data


def test_a_flipped_bit_is_found_wherever_it_is(store, inner):
    store.put("x", b"weights")
    good = inner.get("x")
    for place in range(len(good)):
        inner.put("x", good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        with pytest.raises(IntegrityError):
            store.get("x")
        with pytest.raises(IntegrityError):
            store.get("x", start=1, end=3)


def test_an_object_that_was_cut_off_at_a_chunk_is_found_by_whole_and_range(store, inner, tmp_path):
    store.put("x", bytes(3 * CHUNK + 10))
    good = inner.get("x")
    for n_chunks in range(4):
        inner.put("x", good[: 80 + n_chunks * (CHUNK + 16)])
        for read in (
            lambda: store.get("x"),
            lambda: store.get("x", start=10),
            lambda: store.get("x", start=10, end=10 * CHUNK),
            lambda: store.get("x", start=3 * CHUNK + 1),
            lambda: store.head("x"),
            lambda: list(store.list()),
            lambda: store.fetch("x", tmp_path / "copy"),
        ):
            with pytest.raises(IntegrityError):
                read()
        assert not (tmp_path / "copy").exists()


def test_an_object_moved_to_another_name_is_found(store, inner):
    store.put("models/bad", b"bad")
    store.put("models/good", b"good")
    inner.put("models/good", inner.get("models/bad"))
    with pytest.raises(IntegrityError, match="does not belong to this key and context"):
        store.get("models/good")


def test_what_was_stored_plainly_is_said_so(store, inner):
    inner.put("x", bytes(200))
    with pytest.raises(IntegrityError, match="was not stored through EncryptedStorage"):
        store.get("x")
    inner.put("x", b"short")
    with pytest.raises(IntegrityError, match="x was not stored here, or was cut off"):
        store.head("x")


def test_rotation_rewrites_no_object(store, inner, keys):
    for i in range(50):
        store.put(f"blobs/{i:02}", bytes(1000))
    before = {meta.key: inner.get(meta.key) for meta in inner.list("blobs/")}
    old = keys.active("encryption").kid
    assert store.keys_in_use() == {old}
    inner.n_put = 0
    new = keys.rotate("encryption").kid
    assert store.rotate() == 1
    assert inner.n_put < 300
    assert {meta.key: inner.get(meta.key) for meta in inner.list("blobs/")} == before
    assert store.keys_in_use() == {new}
    assert store.rotate() == 0
    keys.destroy(old)
    assert all(store.get(key) == bytes(1000) for key in before)


def test_a_running_reader_follows_a_rotation_by_another_process(inner, keys):
    reader, other = EncryptedStorage(inner, keys), EncryptedStorage(inner, keys)
    other.put("x", b"weights")
    assert reader.get("x") == b"weights"
    old = keys.active("encryption").kid
    keys.rotate("encryption")
    other.rotate()
    keys.destroy(old)
    assert reader.get("x") == b"weights"


def test_what_is_written_after_a_rotation_has_a_data_key_of_its_own(store, inner, keys):
    store.put("x", b"1")
    keys.rotate("encryption")
    store.rotate()
    store.put("y", b"2")
    assert inner.get("x")[8:24] != inner.get("y")[8:24]
    assert EncryptedStorage(inner, keys).get("y") == b"2"


def test_writers_of_one_location_share_a_data_key(inner, keys):
    for i in range(5):
        EncryptedStorage(inner, keys).put(f"x{i}", b"1")
    assert len({inner.get(f"x{i}")[8:24] for i in range(5)}) == 1


def test_a_destroyed_key_takes_everything_with_it(store, keys):
    store.put("x", b"weights")
    old = keys.active("encryption").kid
    keys.rotate("encryption")
    keys.destroy(old)
    with pytest.raises(KeyMaterialError, match="was destroyed: what it protected is gone"):
        store.get("x")
    assert [meta.key for meta in store.list()] == ["x"]


def test_the_ring_is_not_seen_and_cannot_be_touched(store):
    for key in ("a", "prodml-keyrin", "prodml-keyring0", "z/1"):
        store.put(key, b"1")
    names = ["a", "prodml-keyrin", "prodml-keyring0", "z/1"]
    assert [m.key for m in store.list()] == names
    for limit in range(6):
        assert [m.key for m in store.list(limit=limit)] == names[:limit]
    for n, name in enumerate(names):
        assert [m.key for m in store.list(after=name)] == names[n + 1 :]
    assert list(store.list("prodml-keyring/")) == []
    for act in (store.get, store.head, store.delete, lambda key: store.put(key, b"")):
        with pytest.raises(InvalidKeyError, match="where data keys lie"):
            act("prodml-keyring/x")


def test_a_location_that_was_opened_before_keeps_its_mark(tmp_path, keys):
    store = EncryptedStorage(open_storage(tmp_path / "store"), keys)
    store.put("x", b"1")
    assert [m.key for m in store.list()] == ["prodml.json", "x"]
    assert store.get("prodml.json") == store._inner.get("prodml.json")


def test_damage_to_the_ring_is_a_typed_error(store, inner):
    store.put("x", b"weights")
    (entry,) = inner.list("prodml-keyring/")
    for wrong in (b"", b"[]", b"{}", b'{"first":"k","key":"aes256-kwp:k:AAAA"}', b"\xff"):
        inner.put(entry.key, wrong)
        with pytest.raises((IntegrityError, KeyMaterialError)):
            EncryptedStorage(inner, store._ring._wrap).get("x")
    inner.delete(entry.key)
    with pytest.raises(IntegrityError, match="is missing below prodml-keyring/"):
        EncryptedStorage(inner, store._ring._wrap).get("x")


def test_wrong_arguments_are_refused_at_the_door(keys):
    with pytest.raises(ConfigError, match="inner must have"):
        EncryptedStorage("./store", keys)
    with pytest.raises(ConfigError, match="keys must be keys"):
        EncryptedStorage(MemoryStorage(), "secret")


def test_the_largest_object_is_told_so_that_it_fits(keys):
    class Small(MemoryStorage):
        @property
        def caps(self):
            import attrs

            return attrs.evolve(super().caps, max_object_bytes=40_000)

    inner = Small()
    store = EncryptedStorage(inner, keys)
    most = store.caps.max_object_bytes
    store.put("x", bytes(most))
    assert 39_700 < inner.head("x").size_bytes <= 40_000
