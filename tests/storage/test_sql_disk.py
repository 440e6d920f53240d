"""What a disk and a kill can do to a SQLite file: clear errors, and nothing acknowledged lost."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys

import pytest

from prodml.errors import AmbiguousWriteError, StorageError
from prodml.storage import SqlStorage

pytest.importorskip("sqlalchemy", reason="needs the extra prodml[sql]")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
def store(path):
    store = SqlStorage(f"sqlite:///{path}")
    yield store
    store.close()


def test_a_full_disk_is_said_and_nothing_is_half_written(store, path):
    store.put("a", b"x")
    # A database that may not grow refuses with the error of a full disk.
    store.close()
    small = SqlStorage(f"sqlite:///{path}")
    with small._engines.current().connect() as db:
        db.exec_driver_sql("PRAGMA max_page_count = 10")
    with pytest.raises(
        StorageError, match="cannot write b in sqlite.*disk is full. Free some space"
    ) as told:
        small.put("b", b"x" * 1_000_000, if_absent=True)
    assert not isinstance(told.value, AmbiguousWriteError)
    assert [meta.key for meta in small.list()] == ["a"]
    assert small.get("a") == b"x"
    small.close()


def test_a_file_that_may_not_grow_refuses_and_keeps_what_it_has(store):
    store.put("a", b"x")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        with pytest.raises(StorageError, match=r"(cannot|call to) write b"):
            store.put("b", b"x" * 1_000_000, if_absent=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert [meta.key for meta in store.list()] == ["a"]
    store.put("b", b"x" * 1_000_000, if_absent=True)
    assert len(store.get("b")) == 1_000_000


def test_a_read_only_file_says_so(store):
    store.put("a", b"x")
    with store._engines.current().connect() as db:
        db.exec_driver_sql("PRAGMA query_only = ON")  # SQLite's answer is that of a read-only file
    with pytest.raises(
        StorageError, match="cannot write b in sqlite.*read-only for this user"
    ) as told:
        store.put("b", b"x", if_absent=True)
    assert not isinstance(told.value, AmbiguousWriteError)
    with pytest.raises(StorageError, match="cannot delete a .*read-only"):
        store.delete("a")
    assert store.get("a") == b"x"


WRITER = """
import sys
from prodml.storage import SqlStorage
store = SqlStorage(sys.argv[1])
for i in range(100_000):
    store.put(f"{sys.argv[2]}/{i:06}", b"x" * 3000, if_absent=True)
    print(i, flush=True)
"""


def test_writers_that_are_killed_lose_nothing_acknowledged(store, path):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, f"sqlite:///{path}", f"w{n}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(3)
    ]
    told = {}
    for n, writer in enumerate(writers):
        for _ in range(5):
            told[n] = int(writer.stdout.readline())
        writer.kill()
    for n, writer in enumerate(writers):
        for line in writer.communicate()[0].splitlines():
            told[n] = int(line)
    for n, last in told.items():
        found = [meta.key for meta in store.list(f"w{n}/")]
        assert found[: last + 1] == [f"w{n}/{i:06}" for i in range(last + 1)]
        assert len(found) <= last + 2  # the one that was under way
    store.put("after", b"x", if_absent=True)
