"""SqlStorage on SQLite: one statement a call, durable as said, patient with locks, and never a secret told."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import shutil
import sqlite3
import threading

import attrs
import pytest

from prodml.errors import ConfigError, MissingExtraError, StorageError
from prodml.storage import SqlStorage, open_storage

sqlalchemy = pytest.importorskip("sqlalchemy", reason="needs the extra prodml[sql]")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
def store(path):
    store = SqlStorage(f"sqlite:///{path}")
    yield store
    store.close()


@pytest.fixture
def other(store, path):
    """Yield a connection of somebody else's to the same file."""
    db = sqlite3.connect(path, isolation_level=None)
    yield db
    db.close()


def test_it_says_where_it_is_and_how_durable(store, path):
    assert (store.caps.url, store.caps.durable) == (f"sqlite:///{path}", "fsync")
    assert repr(store) == f"SqlStorage('sqlite:///{path}')"


def test_without_flushing_nothing_is_promised(path):
    store = SqlStorage(f"sqlite:///{path}", durability="process")
    assert store.caps.durable == "none"
    store.close()


def test_a_file_is_in_wal_mode(store, other):
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_table_is_plain(store, other):
    store.put("a/b", b"hello")
    row = other.execute("SELECT key, size, data FROM prodml_objects").fetchone()
    assert row == ("a/b", 5, b"hello")


def test_two_tables_of_one_file_are_two_locations(store, path):
    second = SqlStorage(f"sqlite:///{path}", table="second")
    second.put("a", b"x")
    assert list(store.list()) == []
    assert second.caps.url != store.caps.url
    second.close()


@pytest.mark.parametrize("name", ["", "a b", "a;drop table b", "A", "1a", "a" * 64, None])
def test_a_strange_name_of_a_table_is_refused(path, name):
    with pytest.raises(ConfigError, match="table is a name"):
        SqlStorage(f"sqlite:///{path}", table=name)


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("sqlite://", "is a file"),
        ("sqlite:///:memory:", "is a file"),
        ("no address", "cannot be read"),
        ("mysql://host/db", "got an address of mysql"),
        (3, "got a int"),
    ],
)
def test_what_is_no_address_of_ours_is_refused(where, says):
    with pytest.raises(ConfigError, match=says):
        SqlStorage(where)


def test_an_unreadable_address_is_not_repeated_for_it_may_hold_a_password():
    with pytest.raises(ConfigError) as caught:
        SqlStorage("postgresql//user:secret@host")
    assert "secret" not in str(caught.value)


def test_an_unknown_durability_is_refused(path):
    with pytest.raises(ConfigError, match='"full" or "process"'):
        SqlStorage(f"sqlite:///{path}", durability="maybe")


def test_durability_of_a_server_is_not_ours_to_choose():
    with pytest.raises(ConfigError, match="synchronous_commit"):
        SqlStorage("postgresql://host/db", durability="process")


@pytest.mark.parametrize("bad", [0, -1, "3", None, float("inf")])
def test_a_time_to_wait_is_a_positive_number(path, bad):
    with pytest.raises(ConfigError, match="timeout_s"):
        SqlStorage(f"sqlite:///{path}", timeout_s=bad)


def test_without_the_package_it_says_which_extra(monkeypatch, path):
    monkeypatch.setitem(__import__("sys").modules, "sqlalchemy", None)
    with pytest.raises(MissingExtraError, match=r"SqlStorage needs sqlalchemy.*prodml\[sql\]"):
        SqlStorage(f"sqlite:///{path}")


def test_without_the_driver_it_says_which_package():
    with pytest.raises(ConfigError, match="needs the driver of postgresql.nodriver") as caught:
        SqlStorage("postgresql+nodriver://user:secret@host/db")
    assert "secret" not in str(caught.value)


def test_its_address_opens_it(store, path):
    store.put("a", b"x")
    again = open_storage(f"sqlite:///{path}", timeout_s=5)
    assert again.get("a") == b"x"
    again.close()


def test_a_relative_path_stays_where_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = SqlStorage("sqlite:///store.db")
    store.close()
    monkeypatch.chdir("/")
    store.put("a", b"x")
    assert (tmp_path / "store.db").exists()
    store.close()


def test_a_closed_storage_opens_itself_again(store):
    store.put("a", b"x")
    store.close()
    assert store.get("a") == b"x"


def test_a_pickled_storage_opens_the_same_file(store):
    store.put("a", b"x")
    again = pickle.loads(pickle.dumps(store))
    assert (again.get("a"), again.caps) == (b"x", store.caps)
    again.close()


def test_ranges_far_beyond_the_end_are_empty(store):
    store.put("a", b"0123")
    assert store.get("a", start=2**40) == b""
    assert store.get("a", start=1, end=2**40) == b"123"


def test_a_listing_of_many_pages_is_whole(store):
    engine = sqlalchemy.create_engine(store.caps.url)
    with engine.begin() as db:
        rows = [{"key": f"log/{i:05}"} for i in range(2500)]
        db.execute(sqlalchemy.text("INSERT INTO prodml_objects VALUES (:key, 1, 0.0, x'30')"), rows)
    engine.dispose()
    found = [meta.key for meta in store.list("log/")]
    assert found == [row["key"] for row in rows]
    assert len(list(store.list("log/", limit=1001))) == 1001


def test_an_object_that_is_too_large_is_refused_before_anything_is_sent(store, monkeypatch):
    monkeypatch.setattr(store, "_caps", attrs.evolve(store.caps, max_object_bytes=3))
    with pytest.raises(StorageError, match="a has 4 bytes.*up to 3.*SplitStorage"):
        store.put("a", b"1234")
    assert list(store.list()) == []


# --- an engine of the host's --------------------------------------------------------------------


def test_an_engine_of_the_host_is_used_and_left_open(path):
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    store = SqlStorage(engine)
    store.put("a", b"x")
    store.close()
    with engine.connect() as db:
        found = db.execute(sqlalchemy.text("SELECT key FROM prodml_objects")).fetchall()
    assert (found, store.caps.url) == ([("a",)], f"sqlite:///{path}")
    with pytest.raises(TypeError, match="make it from an address"):
        pickle.dumps(store)
    engine.dispose()


def test_a_small_pool_that_is_used_up_is_said(path):
    engine = sqlalchemy.create_engine(
        f"sqlite:///{path}", pool_size=1, max_overflow=0, pool_timeout=0.01
    )
    store = SqlStorage(engine)
    with engine.connect(), pytest.raises(StorageError, match="every connection .* in use"):
        store.get("a")
    engine.dispose()


# --- others at the same file --------------------------------------------------------------------


def test_a_file_that_stays_locked_is_said_and_nothing_is_written(path, other):
    store = SqlStorage(f"sqlite:///{path}", timeout_s=0.05)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="cannot write a in sqlite.*keeps it locked.*timeout_s"):
        store.put("a", b"x", if_absent=True)
    assert list(store.list()) == []  # readers are not kept waiting
    other.execute("ROLLBACK")
    store.put("a", b"x", if_absent=True)
    store.close()


def test_a_lock_that_is_given_up_in_time_is_waited_for(store, other):
    other.execute("BEGIN IMMEDIATE")
    writer = threading.Thread(target=store.put, args=("a", b"x"))
    writer.start()
    other.execute("ROLLBACK")
    writer.join()
    assert store.get("a") == b"x"


def _write(store, queue):
    store.put(f"w/{os.getpid()}", b"x", if_absent=True)
    queue.put(sorted(meta.key for meta in store.list()))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("is_host", [False, True])
def test_a_forked_child_opens_connections_of_its_own(path, is_host):
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    store = SqlStorage(engine if is_host else f"sqlite:///{path}")
    store.put("mine", b"x")
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=_write, args=(store, queue))
    child.start()
    found = queue.get()
    child.join()
    assert found == ["mine", f"w/{child.pid}"] == [meta.key for meta in store.list()]
    store.close()
    engine.dispose()


# --- what a disk does to it -----------------------------------------------------------------------


def test_a_file_that_is_no_database_is_said(path):
    path.write_bytes(b"something else, and long enough to be read as a header" * 100)
    with pytest.raises(StorageError, match="no SQLite database"):
        SqlStorage(f"sqlite:///{path}")


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(StorageError, match="folder above it? ?must exist|cannot be opened"):
        SqlStorage(f"sqlite:///{tmp_path}/missing/store.db")


def test_a_table_that_is_gone_is_said(store, other):
    other.execute("DROP TABLE prodml_objects")
    with pytest.raises(StorageError, match="cannot read a in sqlite"):
        store.get("a")


def test_a_file_that_is_damaged_is_said(store, path):
    store.put("a", b"x" * 100_000)
    store.close()
    data = bytearray(path.read_bytes())
    data[4096 : 4096 * 3] = b"\xff" * (4096 * 2)
    path.write_bytes(data)
    for name in ("store.db-wal", "store.db-shm"):
        path.with_name(name).unlink(missing_ok=True)
    with pytest.raises(StorageError, match="damaged|no SQLite"):
        store.get("a")


def test_a_copied_file_is_the_same_location_elsewhere(store, path, tmp_path):
    store.put("a", b"x")
    store.close()
    shutil.copyfile(path, tmp_path / "copy.db")
    copy = SqlStorage(f"sqlite:///{tmp_path}/copy.db")
    assert copy.get("a") == b"x"
    copy.close()
