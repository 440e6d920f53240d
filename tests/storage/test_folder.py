"""FolderStorage: plain read-only files, never through a link, with errors that say what to do."""

from __future__ import annotations

import os
import pickle
import shutil
import stat

import pytest

from prodml.errors import AlreadyExistsError, ConfigError, KeyNotFoundError, StorageError
from prodml.storage import FolderStorage


def test_a_file_is_found_where_its_key_says(store, files):
    store.put("models/tumours/log/1.json", b"{}")
    assert files() == ["store/models+/tumours+/log+/1.json"]


def test_stored_files_are_read_only(store):
    store.put("a/b", b"x")
    assert stat.S_IMODE(store.fetch("a/b").stat().st_mode) & 0o222 == 0


def test_stored_files_respect_the_umask(store):
    before = os.umask(0o077)
    try:
        store.put("a", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE(store.fetch("a").stat().st_mode) == 0o400


def test_opening_a_folder_writes_nothing_into_it(tmp_path):
    FolderStorage(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_its_address_can_be_opened_again(tmp_path):
    url = FolderStorage(tmp_path / "a folder").caps.url
    assert url == f"file://{tmp_path}/a%20folder"


def test_a_second_writer_loses_without_touching_the_disk(store, files):
    store.put("a", b"first", if_absent=True)
    with pytest.raises(AlreadyExistsError, match="a holds a value already") as caught:
        store.put("a", b"second", if_absent=True)
    assert caught.value.key == "a"
    assert files() == ["store/a"]


def test_a_pickled_storage_opens_the_same_folder(store):
    store.put("a", b"x")
    again = pickle.loads(pickle.dumps(store))
    assert (again.get("a"), again.caps) == (b"x", store.caps)


def test_a_relative_path_stays_where_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = FolderStorage("store")
    monkeypatch.chdir("/")
    store.put("a", b"x")
    assert (tmp_path / "store" / "a").read_bytes() == b"x"


def test_a_copy_replaces_what_is_at_its_destination(store, tmp_path):
    store.put("a", b"stored")
    (tmp_path / "copy").write_bytes(b"something longer")
    store.fetch("a", tmp_path / "copy").write_bytes(b"mine")
    assert (store.get("a"), (tmp_path / "copy").read_bytes()) == (b"stored", b"mine")


@pytest.mark.parametrize("dest", ["missing/copy", "folder"])
def test_a_copy_that_cannot_be_written_is_an_error_and_leaves_nothing(store, tmp_path, files, dest):
    store.put("a", b"x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match=f"cannot write to .*{dest}"):
        store.fetch("a", tmp_path / dest)
    assert files() == ["store/a"]


# --- places that are none ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("file", "file is a file; a storage needs a folder"),
        ("file/below", "cannot make the folder .*A part of the path is a file"),
        ("missing/new", "folder above it does not exist. Make .*missing first"),
    ],
)
def test_a_place_where_no_folder_can_be_is_refused(tmp_path, files, path, says):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match=says):
        FolderStorage(tmp_path / path)
    assert files() == ["file"]


@pytest.mark.parametrize("found", ["folder", "file"])
def test_a_folder_that_another_process_makes_first_is_taken(tmp_path, monkeypatch, found):
    mkdir = os.mkdir

    def too_late(path, *args, **kwargs):
        (tmp_path / "new").write_text("x") if found == "file" else mkdir(path)
        mkdir(path, *args, **kwargs)

    monkeypatch.setattr(os, "mkdir", too_late)
    if found == "file":
        with pytest.raises(StorageError, match="is a file"):
            FolderStorage(tmp_path / "new")
    else:
        assert list(FolderStorage(tmp_path / "new").list()) == []


def test_an_unknown_durability_is_refused(tmp_path):
    with pytest.raises(ConfigError, match='"full" or "process"'):
        FolderStorage(tmp_path / "new", durability="maybe")
    assert not (tmp_path / "new").exists()


def test_a_missing_source_file_is_refused(store, tmp_path):
    with pytest.raises(ConfigError, match="no file"):
        store.put("a", tmp_path / "missing")


@pytest.mark.parametrize("bad", [{"start": -1}, {"end": -1}, {"start": "1"}, {"end": 1.5}])
def test_a_range_that_does_not_count_from_the_front_is_refused(store, bad):
    store.put("a", b"x")
    with pytest.raises(ConfigError, match="counts bytes from the front"):
        store.get("a", **bad)


@pytest.mark.parametrize("limit", [-1, 1.5, "3"])
def test_a_limit_that_is_no_number_of_objects_is_refused_at_once(store, limit):
    with pytest.raises(ConfigError, match="limit"):
        store.list(limit=limit)


# --- what others do to the folder -------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path):
    """Make a folder outside, with a secret; links of the same names lead there from inside."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "secret").write_bytes(b"secret")
    return folder


CALLS = {
    "get": lambda store, key: store.get(key),
    "head": lambda store, key: store.head(key),
    "fetch": lambda store, key: store.fetch(key),
    "put": lambda store, key: store.put(key, b"x"),
    "create": lambda store, key: store.put(key, b"x", if_absent=True),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_link_in_place_of_an_object_is_not_followed(store, tmp_path, elsewhere, call):
    (tmp_path / "store" / "a").symlink_to(elsewhere / "secret")
    if call == "put":
        store.put("a", b"x")  # replaces the link itself
    else:
        with pytest.raises(StorageError, match="what lies at a .*somebody else"):
            CALLS[call](store, "a")
    assert (elsewhere / "secret").read_bytes() == b"secret"


@pytest.mark.parametrize("call", [*CALLS, "delete", "list"])
def test_a_link_in_place_of_a_folder_is_not_followed(store, tmp_path, elsewhere, call):
    (tmp_path / "store" / "a+").symlink_to(elsewhere)
    calls = {
        **CALLS,
        "delete": lambda store, key: store.delete(key),
        "list": lambda store, _: list(store.list("a/")),
    }
    with pytest.raises(StorageError, match=r"a/secret|a/ in") as caught:
        calls[call](store, "a/secret")
    assert not isinstance(caught.value, KeyNotFoundError)
    assert [p.name for p in elsewhere.iterdir()] == ["secret"]


@pytest.mark.parametrize("call", ["create", "put", "delete"])
def test_a_folder_that_became_a_link_is_not_followed(store, tmp_path, elsewhere, call):
    store.put("a/secret", b"x")
    shutil.rmtree(tmp_path / "store" / "a+")
    (tmp_path / "store" / "a+").symlink_to(elsewhere)
    with pytest.raises(StorageError):
        {**CALLS, "delete": lambda store, key: store.delete(key)}[call](store, "a/secret")
    assert (elsewhere / "secret").read_bytes() == b"secret"


def test_the_folder_itself_may_be_a_link(tmp_path, elsewhere):
    (tmp_path / "store").symlink_to(elsewhere)
    FolderStorage(tmp_path / "store").put("a/b", b"x")
    assert (elsewhere / "a+" / "b").read_bytes() == b"x"


@pytest.mark.parametrize("call", [*CALLS, "delete"])
def test_a_foreign_folder_in_place_of_an_object_is_named(store, tmp_path, call):
    (tmp_path / "store" / "a").mkdir()
    with pytest.raises(StorageError, match="somebody else") as caught:
        {**CALLS, "delete": lambda store, key: store.delete(key)}[call](store, "a")
    assert caught.value.key == "a"


def test_a_folder_that_somebody_tidied_up_is_made_again(store, tmp_path):
    store.put("a/b", b"x")
    shutil.rmtree(tmp_path / "store" / "a+")
    shutil.rmtree(tmp_path / "store" / ".tmp~")
    store.put("a/b", b"y", if_absent=True)
    assert store.get("a/b") == b"y"


def test_a_root_that_is_gone_is_an_error_and_is_not_made_again(store, tmp_path):
    store.put("a/b", b"x")
    shutil.rmtree(tmp_path / "store")
    with pytest.raises(StorageError, match="is the disk still there"):
        store.put("a/c", b"x", if_absent=True)
    with pytest.raises(StorageError, match="is the disk still there"):
        list(store.list())
    assert list(tmp_path.iterdir()) == []


def test_an_object_that_vanishes_while_it_is_listed_is_left_out(store):
    for key in ("a", "b", "c"):
        store.put(key, b"x")
    listing = store.list()
    assert next(listing).key == "a"
    store.delete("b")
    assert [meta.key for meta in listing] == ["c"]
