"""Blobs: what is asked for by digest is what was put, or an error."""

from __future__ import annotations

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import AmbiguousWriteError, ConfigError, IntegrityError, KeyNotFoundError
from prodml.fingerprint import sha256
from prodml.journal import Blobs
from prodml.ports import StorageCaps


@pytest.fixture
def blobs(storage):
    return Blobs(storage, "models/churn/blobs")


def key_of(digest):
    digits = digest.removeprefix("sha256:")
    return f"models/churn/blobs/sha256/{digits[:2]}/{digits}"


def test_a_blob_lies_under_its_digest(storage, blobs):
    digest = blobs.put(b"weights")
    assert digest == sha256(b"weights")
    assert storage.objects == {key_of(digest): b"weights"}
    assert blobs.exists(digest)


def test_the_same_content_is_stored_once(storage, blobs, tmp_path):
    path = tmp_path / "w"
    path.write_bytes(b"weights")
    assert blobs.put(b"weights") == blobs.put(path) == blobs.put(memoryview(b"weights"))
    assert [call for call, _ in storage.calls].count("put") == 1


def test_a_file_is_stored_by_its_content(blobs, tmp_path):
    path = tmp_path / "w"
    path.write_bytes(bytes(range(256)) * 9000)
    digest = blobs.put(path)
    assert digest == sha256(path.read_bytes())
    assert blobs.get(digest) == path.read_bytes()


@pytest.mark.parametrize("damage", [b"", b"weight", b"weights!", b"wEights"])
def test_damage_is_found_and_named(storage, blobs, damage):
    digest = blobs.put(b"weights")
    storage.objects[key_of(digest)] = damage
    for read in (blobs.get, blobs.path):
        with pytest.raises(IntegrityError, match=f"{digest} is damaged.*{key_of(digest)}"):
            read(digest)


def test_putting_over_damage_of_another_size_says_so(storage, blobs):
    digest = blobs.put(b"weights")
    storage.objects[key_of(digest)] = b"short"
    with pytest.raises(IntegrityError, match="has 7 bytes, but 5 are stored"):
        blobs.put(b"weights")


def test_a_missing_blob_is_missing(blobs):
    digest = sha256(b"never")
    assert not blobs.exists(digest)
    for read in (blobs.get, blobs.path):
        with pytest.raises(KeyNotFoundError):
            read(digest)


@pytest.mark.parametrize("digest", ["", "abc", "sha256:ABC", "../x", "md5:" + "0" * 64, None, 3])
def test_a_digest_that_is_none_is_refused(blobs, digest):
    with pytest.raises(ConfigError, match="digest"):
        blobs.get(digest)


def test_a_path_holds_the_blob_and_goes_with_the_object(blobs, storage):
    digest = blobs.put(b"weights")
    owner = Blobs(storage, "models/churn/blobs")
    path = owner.path(digest)
    assert path.read_bytes() == b"weights"
    assert owner.path(digest, verify=False) == path
    del owner
    gc.collect()
    assert not path.exists()


def test_a_copy_is_compared_each_time_unless_told_not_to(blobs):
    digest = blobs.put(b"weights")
    blobs.path(digest).write_bytes(b"wEights")
    with pytest.raises(IntegrityError, match="damaged"):
        blobs.path(digest)
    assert blobs.path(digest, verify=False).read_bytes() == b"wEights"


def test_a_storage_with_paths_of_its_own_is_not_copied(storage, blobs, tmp_path):
    digest = blobs.put(b"weights")
    own = tmp_path / "own"
    own.write_bytes(b"weights")
    storage.caps = StorageCaps(url="x://", durable="none", local_paths=True)
    storage.fetch = lambda key, dest=None: own
    assert blobs.path(digest) == own


def test_lost_answers_are_settled(lossy):
    for seed in range(20):
        storage = lossy(seed, loss=0.4)
        blobs = Blobs(storage, "b")
        digest = blobs.put(b"weights")
        assert blobs.get(digest) == b"weights"


def test_an_answer_that_is_lost_for_ever_is_said_to_be_lost(lossy):
    storage = lossy(0, loss=1.0)
    storage._rng.random = lambda: 0.9
    with pytest.raises(AmbiguousWriteError, match="may have been written or not"):
        Blobs(storage, "b").put(b"weights")


@given(st.binary(max_size=100))
def test_any_bytes_come_back(data):
    stored = {}

    class Tiny:
        caps = StorageCaps(url="tiny://", durable="none")

        def head(self, key):
            if key not in stored:
                raise KeyNotFoundError(key)

        def put(self, key, data, *, if_absent=False):
            stored[key] = bytes(data)

        def get(self, key):
            return stored[key]

    blobs = Blobs(Tiny(), "b")
    stored.clear()
    assert blobs.get(blobs.put(data)) == data


def test_the_repr_names_the_place(blobs):
    assert repr(blobs) == 'Blobs("models/churn/blobs", dict://)'
