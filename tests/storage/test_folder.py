"""FolderStorage: files that are whole or absent, and errors that say what to do."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
import time

import pytest

from prodml.errors import (
    AlreadyExistsError,
    AmbiguousWriteError,
    ConfigError,
    KeyNotFoundError,
    StorageError,
)
from prodml.storage import FolderStorage

WRITER = """
import sys
from prodml.storage import FolderStorage
store, n = FolderStorage(sys.argv[1]), 0
while True:
    key = f"{sys.argv[2]}/{n:06}"
    store.put(key, key.encode() * 2000, if_absent=True)
    store.put("hint/" + sys.argv[2], key.encode() * 3000)
    print(key, flush=True)
    n += 1
"""


@pytest.fixture
def store(tmp_path):
    return FolderStorage(tmp_path / "store")


def everything(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_a_file_is_found_where_its_key_says(store, tmp_path):
    store.put("models/tumours/log/1.json", b"{}")
    assert everything(tmp_path) == ["store/models+/tumours+/log+/1.json"]


def test_stored_files_are_read_only(store):
    store.put("a/b", b"x")
    assert stat.S_IMODE(store.fetch("a/b").stat().st_mode) == 0o444


def test_missing_parents_are_made(tmp_path):
    FolderStorage(tmp_path / "x" / "y" / "z").put("a", b"1")
    assert everything(tmp_path) == ["x/y/z/a"]


def test_opening_a_folder_writes_nothing_into_it(tmp_path):
    FolderStorage(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_strange_files_in_the_folder_are_not_objects(store, tmp_path):
    store.put("a/b", b"x")
    (tmp_path / "store" / "README.TXT").write_text("hello")
    (tmp_path / "store" / "photos").mkdir()
    (tmp_path / "store" / "photos" / "one").write_text("hello")
    (tmp_path / "store" / "link").symlink_to("/etc/hostname")
    assert [m.key for m in store.list()] == ["a/b"]


def test_a_second_writer_loses_without_touching_the_disk(store, tmp_path):
    store.put("a", b"first", if_absent=True)
    with pytest.raises(AlreadyExistsError, match="a holds a value already"):
        store.put("a", b"second", if_absent=True)
    assert everything(tmp_path) == ["store/a"]


def test_a_path_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file" / "below", tmp_path / "file"):
        with pytest.raises(StorageError, match=r"cannot make the folder .*file"):
            FolderStorage(path)


def test_an_unknown_durability_is_refused(tmp_path):
    with pytest.raises(ConfigError, match='"full" or "process"'):
        FolderStorage(tmp_path, durability="maybe")


def test_a_missing_source_file_is_refused(store, tmp_path):
    with pytest.raises(ConfigError, match="no file"):
        store.put("a", tmp_path / "missing")


@pytest.mark.parametrize("bad", [{"start": -1}, {"end": -1}])
def test_ranges_from_the_end_are_refused(store, bad):
    store.put("a", b"x")
    with pytest.raises(ConfigError, match="counts from the front"):
        store.get("a", **bad)


def test_a_negative_limit_is_refused(store):
    with pytest.raises(ConfigError, match="limit"):
        list(store.list(limit=-1))


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "nothing was half-written"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "cannot write"),
    ],
)
@pytest.mark.parametrize("call", ["write", "fsync", "link"])
def test_a_failing_disk_leaves_nothing_half_written(  # noqa: PLR0917
    store, tmp_path, monkeypatch, number, says, call
):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(StorageError, match=says) as caught:
        store.put("a/b", b"x", if_absent=True)
    monkeypatch.undo()
    assert caught.value.key == "a/b"
    assert everything(tmp_path) == []
    store.put("a/b", b"y", if_absent=True)


def test_a_write_that_the_disk_does_not_confirm_is_ambiguous(store, monkeypatch):
    store.put("a/0", b"x")
    fsync = os.fsync

    def fail_for_folders(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EIO, "input/output error")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", fail_for_folders)
    with pytest.raises(AmbiguousWriteError, match="Read it back"):
        store.put("a/b", b"x", if_absent=True)
    assert store.get("a/b") == b"x"


def test_a_file_system_without_links_is_refused_with_advice(store, monkeypatch):
    def fail(*_):
        raise OSError(errno.EPERM, "no")

    monkeypatch.setattr(os, "link", fail)
    with pytest.raises(StorageError, match="without hard links.*Choose another folder"):
        store.put("a", b"x", if_absent=True)


FULL = """
import resource, signal, sys
from prodml.errors import StorageError
from prodml.storage import FolderStorage
store = FolderStorage(sys.argv[1])
store.put("small", b"x")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    store.put("large", b"x" * 200_000, if_absent=True)
except StorageError as exc:
    print(exc)
print([m.key for m in store.list()])
"""


def test_a_file_the_system_refuses_to_grow_is_not_there(tmp_path):
    """A real limit of the kernel: the write stops in the middle with EFBIG."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "cannot write large" in done.stdout
    assert done.stdout.endswith("['small']\n")
    assert everything(tmp_path) == ["small"]


@pytest.mark.parametrize("method", ["get", "head", "delete"])
def test_a_disk_that_cannot_be_read_is_an_error_and_not_a_missing_key(store, monkeypatch, method):
    store.put("a/b", b"x")

    def fail(*_, **__):
        raise OSError(errno.EIO, "input/output error")

    for name in ("open", "stat", "unlink"):
        monkeypatch.setattr(os, name, fail)
    with pytest.raises(StorageError, match="input/output error") as caught:
        getattr(store, method)("a/b")
    monkeypatch.undo()
    assert not isinstance(caught.value, KeyNotFoundError)


def test_a_folder_that_cannot_be_listed_is_an_error(store, monkeypatch):
    def fail(*_):
        raise OSError(errno.EACCES, "permission denied")

    monkeypatch.setattr(os, "scandir", fail)
    with pytest.raises(StorageError, match="no permission"):
        list(store.list("a/"))


def test_a_short_write_is_continued(store, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:7]))
    store.put("a", bytes(range(100)))
    assert store.get("a") == bytes(range(100))


def test_a_short_read_is_continued(store, monkeypatch):
    store.put("a", bytes(range(100)))
    read = os.pread
    monkeypatch.setattr(os, "pread", lambda h, n, at: read(h, min(n, 7), at))
    assert store.get("a", start=5, end=50) == bytes(range(5, 50))


def killed(folder, names, seconds):
    """Start a writer per name, kill all after a while; return what they acknowledged."""
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(folder), n], stdout=subprocess.PIPE)
        for n in names
    ]
    for writer in writers:
        writer.stdout.readline()
    time.sleep(seconds)
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
    # A line that was cut off is no acknowledgement.
    lines = [line for w in writers for line in w.communicate()[0].splitlines(keepends=True)]
    return [line.decode().strip() for line in lines if line.endswith(b"\n")]


def test_what_was_acknowledged_survives_a_kill_and_nothing_is_half_there(tmp_path):
    for i in range(4):
        acknowledged = killed(tmp_path, [f"w{i}a", f"w{i}b"], 0.05 + 0.03 * i)
        store = FolderStorage(tmp_path)
        for key in acknowledged:
            assert store.get(key) == key.encode() * 2000
        for meta in store.list():
            data = store.get(meta.key)
            assert len(data) in (len("w0a/000000") * 2000, len("w0a/000000") * 3000)
            assert data == data[:10] * (len(data) // 10)


def test_files_of_dead_writers_are_swept_and_those_of_living_ones_are_not(tmp_path):
    killed(tmp_path, ["w"], 0.02)
    store = FolderStorage(tmp_path)
    folder = tmp_path / ".tmp~"
    world = store._temporaries._world
    dead = folder / f"{world}-{2**22 + 1}-00"
    living = folder / f"{world}-{os.getpid()}-00"
    elsewhere = folder / f"0123456789ab-{2**22 + 1}-00"
    odd = folder / f"{world}-x"
    for path in (dead, living, elsewhere, odd):
        path.write_bytes(b"x")
    assert store._temporaries.sweep() == 1
    assert sorted(folder.iterdir()) == sorted([living, elsewhere, odd])


def test_a_folder_that_vanished_is_an_error_and_no_crash(store, tmp_path):
    import shutil

    store.put("a/b", b"x")
    shutil.rmtree(tmp_path / "store")
    with pytest.raises(StorageError):
        store.put("a/c", b"x")
    assert list(store.list()) == []
