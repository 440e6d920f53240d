"""Parts are stored side by side, and all of them before anything speaks of them."""

import threading

import pytest

from prodml.errors import StorageError
from prodml.fingerprint.digest import sha256
from prodml.journal import Blobs, Parcel
from prodml.registry import Registry
from prodml.registry.uploads import Uploads
from prodml.storage import FolderStorage, MemoryStorage


class Waiting:
    """A parcel whose parts are only stored once three are on their way."""

    def __init__(self):
        self.barrier = threading.Barrier(3, timeout=20)
        self.stored = []

    def put(self, data):
        self.barrier.wait()
        self.stored.append(data)
        return sha256(data)


class Failing:
    def put(self, data):
        raise StorageError("the disk is full")


def test_parts_do_not_wait_for_each_other():
    parcel = Waiting()
    with Uploads(parcel, at_once=True) as uploads:
        digests = [uploads.put(data) for data in (b"a", b"b", b"c")]
    assert digests == [sha256(data) for data in (b"a", b"b", b"c")]
    assert sorted(parcel.stored) == [b"a", b"b", b"c"]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_part_that_cannot_be_stored_is_an_error(at_once):
    with (
        pytest.raises(StorageError, match="disk is full"),
        Uploads(Failing(), at_once=at_once) as up,
    ):
        up.put(b"a")


def test_no_thread_is_left_and_none_is_made_where_nothing_waits():
    before = threading.active_count()
    with Uploads(Parcel(Blobs(MemoryStorage(), "b")), at_once=False) as uploads:
        uploads.put(b"a")
        assert threading.active_count() == before
    with pytest.raises(KeyError), Uploads(Waiting(), at_once=True):
        raise KeyError
    assert threading.active_count() == before


def test_a_version_in_a_folder_is_whole_when_it_is_registered(tmp_path, weak):
    version = Registry(FolderStorage(tmp_path)).register("tumours", weak)
    again = Registry(FolderStorage(tmp_path))
    assert again.verify().n_blobs == 6
    assert again.get("tumours/1").to_dict() == version.to_dict()
