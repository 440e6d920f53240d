"""SplitStorage and CachedStorage: where a key goes, and what may be read from nearby."""

from __future__ import annotations

import hashlib
import pickle
import threading

import pytest

from prodml.errors import AlreadyExistsError, ConfigError, KeyNotFoundError, StorageError
from prodml.storage import CachedStorage, FolderStorage, MemoryStorage, SplitStorage


def blob_key(data, generation=""):
    digest = hashlib.sha256(data).hexdigest()
    return f"models/churn/blobs/sha256/{digest[:2]}/{digest}{generation}"


# --- split --------------------------------------------------------------------------------------


@pytest.fixture
def parts():
    return MemoryStorage(), MemoryStorage()


@pytest.fixture
def split(parts):
    return SplitStorage(meta=parts[0], blobs=parts[1])


@pytest.mark.parametrize(
    ("key", "is_blob"),
    [
        ("models/churn/blobs/sha256/00/00aa", True),
        ("blobs/x", True),
        ("models/churn/log/1", False),
        ("models/blobs", False),
        ("models/my-blobs/x", False),
    ],
)
def test_a_key_goes_where_it_belongs(split, parts, key, is_blob):
    split.put(key, b"x")
    assert [len(list(part.list())) for part in parts] == [not is_blob, is_blob]
    assert (split.get(key), split.head(key).size_bytes) == (b"x", 1)
    split.delete(key)
    assert list(split.list()) == []


def test_a_listing_is_merged_in_order(split):
    names = ["a/blobs/1", "a/blobs/2", "a/log/1", "b/ckpt", "b/blobs/1", "prodml.json"]
    for name in names[::-1]:
        split.put(name, b"x")
    assert [m.key for m in split.list()] == sorted(names)
    assert [m.key for m in split.list(limit=3, after="a/blobs/1")] == [
        "a/blobs/2",
        "a/log/1",
        "b/blobs/1",
    ]
    assert [m.key for m in split.list("a/blobs/")] == ["a/blobs/1", "a/blobs/2"]
    assert [m.key for m in split.list("a/")] == ["a/blobs/1", "a/blobs/2", "a/log/1"]


def test_what_is_in_the_wrong_part_is_not_seen(split, parts):
    for part in parts:  # as the mark of each location is
        part.put("prodml.json", b"x")
        part.put("a/blobs/1", b"x")
        for i in range(5):
            part.put(f"b/{i}", b"x")
    expected = ["a/blobs/1", *(f"b/{i}" for i in range(5)), "prodml.json"]
    assert [m.key for m in split.list()] == expected
    assert [m.key for m in split.list(limit=4)] == expected[:4]


def test_it_promises_the_weaker_of_both(tmp_path):
    split = SplitStorage(meta=FolderStorage(tmp_path / "a"), blobs=MemoryStorage())
    assert (split.caps.durable, split.caps.local_paths) == ("none", False)
    assert split.caps.url.startswith(f"file://{tmp_path}/a#blobs=memory")


@pytest.mark.parametrize("make", [SplitStorage, CachedStorage])
def test_a_part_that_is_no_storage_is_refused(make):
    with pytest.raises(ConfigError, match="must be a Storage, got a dict, which has no caps"):
        make(meta={}, blobs={}) if make is SplitStorage else make({}, MemoryStorage())


# --- cached -------------------------------------------------------------------------------------


class Counts(MemoryStorage):
    """A storage that knows how often it was read."""

    def __init__(self):
        super().__init__()
        self.n_gets = 0

    def get(self, key, *, start=0, end=None):
        self.n_gets += 1
        return super().get(key, start=start, end=end)


@pytest.fixture
def inner():
    return Counts()


@pytest.fixture
def cache():
    return MemoryStorage()


@pytest.fixture
def cached(inner, cache):
    return CachedStorage(inner, cache, max_bytes=10_000)


@pytest.mark.parametrize("generation", ["", ".1", ".12"])
def test_a_blob_is_read_once(cached, inner, generation):
    key = blob_key(b"weights", generation)
    cached.put(key, b"weights", if_absent=True)
    assert [cached.get(key) for _ in range(3)] == [b"weights"] * 3
    assert (cached.get(key, start=1, end=3), cached.get(key, start=5)) == (b"ei", b"ts")
    assert (cached.get(key, start=2, end=2), cached.get(key, start=3, end=99)) == (b"", b"ghts")
    assert inner.n_gets == 1


@pytest.mark.parametrize(
    "key",
    [
        "models/churn/head",
        "models/churn/log/1",
        "models/churn/blobs/sha256/00/00aa",
        blob_key(b"x") + "x",
    ],
)
def test_what_could_change_is_never_cached(cached, inner, cache, key):
    cached.put(key, b"old")
    assert cached.get(key) == b"old"
    inner.put(key, b"new")
    assert cached.get(key) == b"new"
    assert list(cache.list()) == []


def test_what_is_missing_is_asked_for_each_time(cached, inner):
    key = blob_key(b"late")
    with pytest.raises(KeyNotFoundError):
        cached.get(key)
    inner.put(key, b"late")
    assert cached.get(key) == b"late"


def test_a_deleted_blob_is_gone_here_too(cached):
    key = blob_key(b"x")
    cached.put(key, b"x")
    cached.get(key)
    cached.delete(key)
    with pytest.raises(KeyNotFoundError):
        cached.get(key)


def test_a_damaged_copy_is_thrown_away_and_read_anew(cached, inner, cache):
    key = blob_key(b"weights")
    inner.put(key, b"weights")
    cached.get(key)
    cache.put(key, b"wrights" + cache.get(key)[7:])
    assert (cached.get(key), cached.get(key)) == (b"weights", b"weights")
    assert inner.n_gets == 2


def test_what_was_not_used_for_longest_makes_room(cached, inner, cache):
    datas = [bytes([i]) * 2500 for i in range(4)]
    for data in datas[:3]:
        inner.put(blob_key(data), data)
        cached.get(blob_key(data))
    cached.get(blob_key(datas[0]))
    inner.put(blob_key(datas[3]), datas[3])
    cached.get(blob_key(datas[3]))
    kept = {meta.key for meta in cache.list()}
    assert kept == {blob_key(datas[0]), blob_key(datas[2]), blob_key(datas[3])}
    assert sum(meta.size_bytes for meta in cache.list()) <= 10_000


def test_what_is_larger_than_the_cache_passes_through(cached, inner, cache):
    data = b"x" * 20_000
    inner.put(blob_key(data), data)
    assert cached.get(blob_key(data)) == data
    assert list(cache.list()) == []


def test_an_ailing_cache_costs_time_and_nothing_else(inner):
    class Full(MemoryStorage):
        def put(self, key, data, *, if_absent=False):
            raise StorageError("the disk is full")

        def get(self, key, *, start=0, end=None):
            raise StorageError("the disk is gone")

    cached = CachedStorage(inner, Full())
    inner.put(blob_key(b"x"), b"x")
    assert (cached.get(blob_key(b"x")), cached.get(blob_key(b"x"))) == (b"x", b"x")


def test_processes_share_a_folder_of_copies(inner, tmp_path):
    first = CachedStorage(inner, tmp_path / "cache")
    key = blob_key(b"weights")
    inner.put(key, b"weights")
    first.get(key)
    second = CachedStorage(inner, tmp_path / "cache")
    assert (second.get(key), inner.n_gets) == (b"weights", 1)
    for path in (tmp_path / "cache").rglob("*.tmp"):  # another process made room
        path.unlink()
    FolderStorage(tmp_path / "cache").delete(key)
    assert second.get(key) == b"weights"


def test_fetch_takes_the_copy(cached, inner, tmp_path):
    key = blob_key(b"weights")
    inner.put(key, b"weights")
    for _ in range(2):
        assert cached.fetch(key, tmp_path / "file").read_bytes() == b"weights"
    assert inner.n_gets == 1
    with pytest.raises(ConfigError, match="pass fetch"):
        cached.fetch(key)


def test_many_threads_read_whole_blobs_while_room_is_made(cached, inner):
    datas = [bytes([i]) * 1500 for i in range(20)]
    for data in datas:
        inner.put(blob_key(data), data)
    wrong = []

    def read(shift):
        for i in range(60):
            data = datas[(i * 7 + shift) % 20]
            if cached.get(blob_key(data)) != data:
                wrong.append(i)

    readers = [threading.Thread(target=read, args=(n,)) for n in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_a_create_is_the_business_of_the_inner_storage(cached, inner):
    key = blob_key(b"x")
    inner.put(key, b"x")
    with pytest.raises(AlreadyExistsError):
        cached.put(key, b"x", if_absent=True)


def test_it_can_be_pickled(tmp_path):
    inner = FolderStorage(tmp_path / "inner")
    again = pickle.loads(pickle.dumps(CachedStorage(inner, tmp_path / "cache")))
    again.put(blob_key(b"x"), b"x")
    assert again.get(blob_key(b"x")) == b"x"


@pytest.mark.parametrize("bad", [0, -1, 1.5, "10"])
def test_a_size_is_a_positive_number_of_bytes(inner, cache, bad):
    with pytest.raises(ConfigError, match="max_bytes"):
        CachedStorage(inner, cache, max_bytes=bad)
