"""What a put, a get and a miss cost, each beside the physical limit of its medium, measured in turn in one run.

``pytest tests/benchmarks/test_storage.py --benchmark-enable --benchmark-only -s`` prints the ratios.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import statistics
import time
import uuid

import pytest

from prodml.errors import KeyNotFoundError
from prodml.storage import FolderStorage, MemoryStorage, ObjectStorage, RedisStorage, SqlStorage

DATA = b"x" * 400
LEAD = "models/churn/log"
HERE = f"{LEAD}/{0:020}.json"
MISSING = f"{LEAD}/{10**9:020}.json"


class Limit:
    """The bare calls of a medium, without checks, errors or promises."""

    def __init__(self, put, get, miss):
        self.put, self.get, self.miss = put, get, miss


@contextlib.contextmanager
def folder(tmp_path, _):
    bare = tmp_path / "bare"
    bare.mkdir()

    def put(key):
        temporary, name = f"{bare}/t", f"{bare}/{key.rpartition('/')[2]}"
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o444)
        os.write(handle, DATA)
        os.fsync(handle)
        os.close(handle)
        os.link(temporary, name)
        os.unlink(temporary)  # noqa: PTH108
        above = os.open(bare, os.O_RDONLY)
        os.fsync(above)
        os.close(above)

    def get(key):
        handle = os.open(f"{bare}/{key.rpartition('/')[2]}", os.O_RDONLY)
        os.read(handle, 1000)
        os.close(handle)

    def miss(key):
        with contextlib.suppress(FileNotFoundError):
            os.open(f"{bare}/{key.rpartition('/')[2]}", os.O_RDONLY)

    yield FolderStorage(tmp_path / "store"), Limit(put, get, miss)


@contextlib.contextmanager
def memory(*_):
    kept = {}
    yield MemoryStorage(), Limit(lambda key: kept.setdefault(key, DATA), kept.get, kept.get)


@contextlib.contextmanager
def sqlite(tmp_path, _):
    pytest.importorskip("sqlalchemy", reason="needs the extra prodml[sql]")
    db = sqlite3.connect(tmp_path / "bare.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE bare (key TEXT PRIMARY KEY, data BLOB)")
    asked = "SELECT data FROM bare WHERE key = ?"
    limit = Limit(
        lambda key: db.execute("INSERT INTO bare VALUES (?, ?)", (key, DATA)),
        lambda key: db.execute(asked, (key,)).fetchone(),
        lambda key: db.execute(asked, (key,)).fetchone(),
    )
    store = SqlStorage(f"sqlite:///{tmp_path}/store.db")
    yield store, limit
    store.close()
    db.close()


@contextlib.contextmanager
def postgres(_, request):
    server = request.getfixturevalue("postgres")
    import psycopg

    name = f"bare_{uuid.uuid4().hex}"
    with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as db:
        db.execute(f"CREATE TABLE {name} (key TEXT PRIMARY KEY, data BYTEA)")
        asked = f"SELECT data FROM {name} WHERE key = %s"
        limit = Limit(
            lambda key: db.execute(f"INSERT INTO {name} VALUES (%s, %s)", (key, DATA)),
            lambda key: db.execute(asked, (key,)).fetchone(),
            lambda key: db.execute(asked, (key,)).fetchone(),
        )
        store = SqlStorage(server.url, table=f"t_{uuid.uuid4().hex}")
        yield store, limit
        store.close()


@contextlib.contextmanager
def redis(_, request):
    server = request.getfixturevalue("redis_server")
    from redis import Redis

    with Redis.from_url(server.url) as client:
        limit = Limit(lambda key: client.set(key, DATA, nx=True), client.get, client.get)
        store = RedisStorage(server.url, namespace=uuid.uuid4().hex)
        yield store, limit
        store.close()


@contextlib.contextmanager
def s3(_, request):
    server = request.getfixturevalue("moto")
    import obstore
    from obstore.store import S3Store

    bare = S3Store(
        server.bucket(),
        config=server.options(),
        client_options={"allow_http": True},
    )

    def miss(key):
        with contextlib.suppress(FileNotFoundError):
            obstore.get(bare, key)

    limit = Limit(
        lambda key: obstore.put(bare, key, DATA, mode="create"),
        lambda key: bytes(obstore.get(bare, key).bytes()),
        miss,
    )
    yield ObjectStorage(f"s3://{server.bucket()}", **server.options()), limit


MEDIA = {f.__name__: f for f in (memory, folder, sqlite, postgres, redis, s3)}


def missed(store):
    try:
        store.get(MISSING)
    except KeyNotFoundError:
        return
    raise AssertionError("it should be missing")


@pytest.mark.parametrize("what", ["put", "get", "miss"])
@pytest.mark.parametrize("medium", MEDIA)
def test_a_call_beside_its_limit(benchmark, tmp_path, request, medium, what):
    with MEDIA[medium](tmp_path, request) as (store, limit):
        numbers = itertools.count(1)
        store.put(HERE, DATA)
        limit.put(HERE)
        ours = {
            "put": lambda key: store.put(key, DATA, if_absent=True),
            "get": lambda _: store.get(HERE),
            "miss": lambda _: missed(store),
        }[what]
        key = {"put": None, "get": HERE, "miss": MISSING}[what]
        bare = getattr(limit, what)
        took = {"ours": [], "bare": []}

        def both():
            """Time one call of each, in turn, so that a busy machine is busy for both."""
            for name, call in (("ours", ours), ("bare", bare)):
                used = key or f"{LEAD}/{next(numbers):020}.json"
                begin = time.perf_counter()
                call(used)
                took[name].append(time.perf_counter() - begin)

        rounds = 300 if medium in ("postgres", "redis", "s3", "sqlite") or what == "put" else 3000
        benchmark.pedantic(both, rounds=rounds, warmup_rounds=20)
        if not took["ours"]:
            return
        medians = {name: statistics.median(times) * 1e6 for name, times in took.items()}
        ratio = medians["ours"] / medians["bare"]
        benchmark.extra_info.update(medians, ratio=ratio)
        print(
            f"\n{medium} {what}: {medians['ours']:.1f} us, bare {medians['bare']:.1f} us, ratio {ratio:.2f}"
        )
