"""What a disk can do to a write: fill up, turn read-only, refuse, fail, answer late."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from prodml.errors import AlreadyExistsError, AmbiguousWriteError, KeyNotFoundError, StorageError
from prodml.storage import FolderStorage

# --- by a real kernel -------------------------------------------------------------------------

# A name space of mounts of its own: nothing of it is seen, or left, outside.
MOUNT = "mount -t tmpfs -o size=256k,mode=777 none '{folder}' && exec '{python}' -c '{script}' '{folder}'"


def in_a_small_file_system(folder, script):
    """Run a script with a file system of 256 KiB mounted at `folder`; return what it prints."""
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare, to mount a small file system out of sight")
    command = MOUNT.format(folder=folder, python=sys.executable, script=script)
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    done = subprocess.run(
        ["unshare", "--mount", *user, "sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip(f"this machine mounts nothing for us: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


FULL = """
import os, sys
from prodml.errors import StorageError
from prodml.storage import FolderStorage
store = FolderStorage(sys.argv[1])
kept = 0
try:
    for i in range(100):
        store.put(f"a/{i:03}", b"x" * 20_000, if_absent=True)
        kept += 1
except StorageError as exc:
    print(exc)
print([(m.key, m.size_bytes) for m in store.list()] == [(f"a/{i:03}", 20_000) for i in range(kept)], kept > 5)
print(os.listdir(os.path.join(sys.argv[1], ".tmp~")))
store.delete("a/000")
print(store.put(f"a/{kept:03}", b"y" * 20_000, if_absent=True).size_bytes)
"""


def test_a_full_disk_keeps_what_was_there_and_nothing_of_the_new(tmp_path):
    says, kept, left_over, freed = in_a_small_file_system(tmp_path, FULL)
    assert "No space left on device. Free some space; nothing was half-written." in says
    assert (kept, left_over, freed) == ("True True", "[]", "20000")


READ_ONLY = """
import subprocess, sys
from prodml.errors import StorageError
from prodml.storage import FolderStorage, open_storage
open_storage(sys.argv[1]).put("a/b", b"kept")
subprocess.run(["mount", "-o", "remount,ro", sys.argv[1]], check=True)
store = open_storage(sys.argv[1])
print(store.get("a/b"), [m.key for m in store.list()])
for call in (lambda: store.put("a/c", b"x"), lambda: store.delete("a/b"), lambda: FolderStorage(sys.argv[1] + "/x")):
    try:
        call()
    except StorageError as exc:
        print(exc)
"""


def test_a_read_only_disk_can_be_read_and_says_so_when_written_to(tmp_path):
    read, *refused = in_a_small_file_system(tmp_path, READ_ONLY)
    assert read == "b'kept' ['a/b', 'prodml.json']"
    assert len(refused) == 3
    assert all(line.endswith("The file system is read-only.") for line in refused)


FORBIDDEN = """
import os, sys
from prodml.errors import StorageError
from prodml.storage import FolderStorage
store = FolderStorage(sys.argv[1])
store.put("open/b", b"kept")
store.put("closed/b", b"kept")
os.chmod(os.path.join(sys.argv[1], "closed+"), 0o000)
os.chmod(os.path.join(sys.argv[1], "open+"), 0o555)
print(store.get("open/b"))
calls = (
    lambda: store.get("closed/b"), lambda: store.head("closed/b"), lambda: list(store.list("closed/")),
    lambda: store.put("open/c", b"x"), lambda: store.delete("open/b"), lambda: FolderStorage(sys.argv[1] + "/closed+/x"),
)
for call in calls:
    try:
        call()
    except StorageError as exc:
        print(type(exc).__name__, exc)
"""


def test_a_user_without_permission_is_told_so(tmp_path):
    command = [sys.executable, "-c", FORBIDDEN, str(tmp_path)]
    if os.geteuid() == 0:  # whom no mode stops, unless it gives up the power to ignore them
        if shutil.which("setpriv") is None:
            pytest.skip("needs setpriv, or a user who is not root")
        command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (tmp_path / "closed+").chmod(0o755)
    assert done.stderr == ""
    read, *refused = done.stdout.splitlines()
    assert read == "b'kept'"
    assert len(refused) == 6
    assert all(x.startswith("StorageError ") and x.endswith("no permission.") for x in refused)


TOO_LARGE = """
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


def test_a_file_that_the_kernel_stops_in_the_middle_is_not_there(tmp_path, files):
    done = subprocess.run(
        [sys.executable, "-c", TOO_LARGE, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "cannot write large" in done.stdout
    assert done.stdout.endswith("['small']\n")
    assert files() == ["small"]


# --- by calls that fail on demand, where no kernel can be made to -------------------------------


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "nothing was half-written"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EXDEV, "another file system"),
        (errno.EIO, "cannot write a/b in"),
    ],
)
@pytest.mark.parametrize("call", ["write", "fsync", "link", "mkdir"])
def test_a_failing_call_leaves_nothing_half_written(store, files, monkeypatch, number, says, call):  # noqa: PLR0917
    fail_with(monkeypatch, call, number)
    with pytest.raises(StorageError, match=says) as caught:
        store.put("a/b", b"x", if_absent=True)
    monkeypatch.undo()
    assert caught.value.key == "a/b"
    assert files() == []
    store.put("a/b", b"y", if_absent=True)


def fail_with(monkeypatch, call, number):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fail)


def test_a_write_that_the_disk_does_not_confirm_is_ambiguous(store, monkeypatch):
    store.put("a/0", b"x")
    fsync = os.fsync

    def fail_for_folders(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EIO, "input/output error")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", fail_for_folders)
    with pytest.raises(AmbiguousWriteError, match="Read the key back") as caught:
        store.put("a/b", b"x", if_absent=True)
    assert caught.value.key == "a/b"
    assert store.get("a/b") == b"x"


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_links_is_refused_with_advice(store, files, monkeypatch, number):
    fail_with(monkeypatch, "link", number)
    with pytest.raises(StorageError, match="without hard links.*Choose another folder"):
        store.put("a", b"x", if_absent=True)
    assert files() == []


def test_a_folder_that_takes_no_links_is_not_blamed_on_the_file_system(store, files, monkeypatch):
    link = os.link

    def fail_there(source, name, *, dst_dir_fd=None):
        if dst_dir_fd is not None:
            raise OSError(errno.EPERM, "Operation not permitted")
        link(source, name)

    monkeypatch.setattr(os, "link", fail_there)
    with pytest.raises(StorageError, match="no permission"):
        store.put("a", b"x", if_absent=True)
    assert files() == []


def test_a_link_whose_answer_was_lost_is_not_taken_for_another_writer(store, monkeypatch):
    """A network file system repeats a request whose answer was lost, and then meets its own work."""
    link = os.link

    def answered_late(*args, **kwargs):
        link(*args, **kwargs)
        link(*args, **kwargs)

    monkeypatch.setattr(os, "link", answered_late)
    assert store.put("a/b", b"mine", if_absent=True).size_bytes == 4
    assert store.get("a/b") == b"mine"


def test_a_writer_whose_file_was_swept_writes_it_again(store, monkeypatch, tmp_path):
    link, swept = os.link, []

    def sweep_first(source, name, **kwargs):
        if not swept:
            swept.append(source)
            Path(source).unlink()
        link(source, name, **kwargs)

    monkeypatch.setattr(os, "link", sweep_first)
    source = tmp_path / "source"
    source.write_bytes(b"whole")
    store.put("a/b", source, if_absent=True)
    assert store.get("a/b") == b"whole"


def test_a_race_lost_at_the_last_moment_is_lost(store, files, monkeypatch):
    link = os.link

    def after_another(source, name, *, dst_dir_fd):
        handle = os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=dst_dir_fd)
        os.write(handle, b"theirs")
        os.close(handle)
        link(source, name, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "link", after_another)
    with pytest.raises(AlreadyExistsError):
        store.put("a/b", b"ours", if_absent=True)
    assert store.get("a/b") == b"theirs"
    assert files() == ["store/a+/b"]


@pytest.mark.parametrize("method", ["get", "head", "delete"])
def test_a_disk_that_cannot_be_read_is_an_error_and_not_a_missing_key(store, monkeypatch, method):
    store.put("a/b", b"x")
    for call in ("open", "lstat", "unlink"):
        fail_with(monkeypatch, call, errno.EIO)
    with pytest.raises(StorageError, match=r"cannot .* a/b .*error") as caught:
        getattr(store, method)("a/b")
    monkeypatch.undo()
    assert not isinstance(caught.value, KeyNotFoundError)


def test_a_folder_that_cannot_be_listed_is_an_error(store, monkeypatch):
    store.put("a/b", b"x")
    fail_with(monkeypatch, "scandir", errno.EACCES)
    with pytest.raises(StorageError, match="cannot list a/ .*no permission"):
        list(store.list("a/"))


def test_a_source_that_cannot_be_read_is_named(store, tmp_path, files, monkeypatch):
    source = tmp_path / "source"
    source.write_bytes(b"x")
    monkeypatch.setattr(type(source), "is_file", lambda _: True)
    source.unlink()
    with pytest.raises(StorageError, match="cannot read .*source, which was to be stored"):
        store.put("a", source)
    monkeypatch.undo()
    assert files() == []


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


def test_a_file_that_was_cut_off_ends_where_it_ends(store, monkeypatch):
    store.put("a", b"0123")
    monkeypatch.setattr(os, "pread", lambda *_: b"")
    assert store.get("a") == b""


# --- the order of a commit --------------------------------------------------------------------


def watched(monkeypatch):
    """Record the calls that decide what survives a power cut, by the name of what they touch."""
    seen = []

    def path(handle):
        return str(Path(f"/proc/self/fd/{handle}").readlink()).rpartition("/store")[2] or "/"

    real = {name: getattr(os, name) for name in ("fsync", "link", "replace", "mkdir", "unlink")}

    def note(name, where):
        def call(*args, **kwargs):
            seen.append((name, where(*args, **kwargs)))
            return real[name](*args, **kwargs)

        monkeypatch.setattr(os, name, call)

    def below(handle, name):
        return f"{path(handle).rstrip('/')}/{name}"

    note("fsync", lambda h: "temporary" if ".tmp~" in path(h) else path(h))
    note("link", lambda _, name, *, dst_dir_fd: below(dst_dir_fd, name))
    note("replace", lambda _, name, *, dst_dir_fd: below(dst_dir_fd, name))
    note("mkdir", lambda name, **k: below(k["dir_fd"], name) if k else "temporary")
    note("unlink", lambda name, **k: below(k["dir_fd"], name) if k else "temporary")
    return [seen]


linux = pytest.mark.skipif(sys.platform != "linux", reason="reads names of descriptors in /proc")


@linux
def test_bytes_are_flushed_before_the_name_and_the_folders_before_the_acknowledgement(
    store, monkeypatch
):
    [seen] = watched(monkeypatch)
    store.put("a/b/c", b"x", if_absent=True)
    assert seen == [
        ("mkdir", "temporary"),
        ("mkdir", "/a+"),  # before the first flush: a file system commits all of them along with it
        ("mkdir", "/a+/b+"),
        ("fsync", "temporary"),
        ("fsync", "/"),
        ("fsync", "/a+"),
        ("link", "/a+/b+/c"),
        ("fsync", "/a+/b+"),
        ("unlink", "temporary"),
    ]


@linux
def test_a_folder_is_flushed_into_the_one_above_once(store, monkeypatch):
    store.put("a/b", b"x")
    [seen] = watched(monkeypatch)
    store.put("a/b", b"y")
    assert seen == [
        ("fsync", "temporary"),
        ("replace", "/a+/b"),
        ("fsync", "/a+"),
        ("unlink", "temporary"),
    ]


@linux
def test_folders_that_another_process_made_are_flushed_too(store, monkeypatch, tmp_path):
    store.put("a/b/c", b"x")
    again = FolderStorage(tmp_path / "store")
    [seen] = watched(monkeypatch)
    again.put("a/b/d", b"y")
    assert [where for call, where in seen if call == "fsync"] == ["temporary", "/", "/a+", "/a+/b+"]


@linux
def test_folders_of_what_is_settled_later_are_flushed_when_it_is_settled(store, monkeypatch):
    [seen] = watched(monkeypatch)
    store.settling.put_soon("a/b/c", b"x")
    assert [call for call, _ in seen if call == "fsync"] == []
    store.settling.settle(["a/b/c"])
    flushed = [where for call, where in seen if call == "fsync"]
    assert flushed == ["/", "/a+", "/a+/b+/c", "/a+/b+"]


@linux
def test_a_folder_that_waits_to_be_flushed_is_flushed_by_the_next_who_does_not_wait(
    store, monkeypatch
):
    store.settling.put_soon("a/b/c", b"x")
    [seen] = watched(monkeypatch)
    store.put("a/b/d", b"y")
    assert [where for call, where in seen if call == "fsync"] == ["temporary", "/", "/a+", "/a+/b+"]


@linux
def test_a_deletion_is_flushed(store, monkeypatch):
    store.put("a/b", b"x")
    [seen] = watched(monkeypatch)
    store.delete("a/b")
    assert seen == [("unlink", "/a+/b"), ("fsync", "/a+")]


@linux
def test_durability_of_the_process_flushes_nothing(tmp_path, monkeypatch):
    [seen] = watched(monkeypatch)
    store = FolderStorage(tmp_path / "store", durability="process")
    store.put("a/b", b"x", if_absent=True)
    store.delete("a/b")
    assert [call for call, _ in seen if call == "fsync"] == []
    assert store.caps.durable == "none"
