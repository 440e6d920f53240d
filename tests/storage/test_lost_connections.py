"""Servers that die amid a write, come back, or whose answer is lost: a clear error, and nothing acknowledged is gone."""

from __future__ import annotations

import threading
import uuid

import pytest
from real_servers import Proxy

from prodml.errors import AlreadyExistsError, AmbiguousWriteError, StorageError
from prodml.storage import ObjectStorage, RedisStorage, SqlStorage, verify


def on_postgres(server, port):
    url = f"postgresql+psycopg://postgres:secret@127.0.0.1:{port}/postgres"
    return SqlStorage(url, table=f"t_{uuid.uuid4().hex}", timeout_s=5)


def on_redis(server, port):
    url = f"redis://:@127.0.0.1:{port}/0"
    return RedisStorage(url, namespace=uuid.uuid4().hex, timeout_s=5)


def on_s3(server, port):
    options = {**server.options(), "endpoint": f"http://127.0.0.1:{port}"}
    return ObjectStorage(f"s3://{server.bucket()}/deep", timeout_s=2, **options)


def opened(name, request, *, own):
    fixture = {"postgres": "postgres", "redis": "redis_server", "s3": "moto"}[name]
    if own:
        fixture = {"postgres": "own_postgres", "redis": "own_redis", "s3": "own_moto"}[name]
    server = request.getfixturevalue(fixture)
    return server, {"postgres": on_postgres, "redis": on_redis, "s3": on_s3}[name]


def close(storage):
    getattr(storage, "close", lambda: None)()


KINDS = pytest.mark.parametrize("name", ["postgres", "redis", "s3"])


@KINDS
def test_a_create_whose_answer_is_lost_is_ambiguous_and_was_sent_once(request, name):
    server, make = opened(name, request, own=False)
    with Proxy(server.port) as proxy:
        storage = make(server, proxy.port)
        storage.put("warm", b"up")
        proxy.swallow_answers()
        with pytest.raises(
            AmbiguousWriteError, match="answer .* was lost.*Read the key back"
        ) as lost:
            storage.put("a/b", b"x", if_absent=True)
        proxy.heal()
        assert lost.value.key == "a/b"
        assert storage.get("a/b") == b"x"
        with pytest.raises(AlreadyExistsError):
            storage.put("a/b", b"y", if_absent=True)
        close(storage)


@KINDS
def test_a_server_that_is_not_there_is_a_certain_error(request, name):
    server, make = opened(name, request, own=True)
    storage = make(server, server.port)
    storage.put("a", b"x")
    server.kill()
    close(storage)  # no old connection is left over which something could have been sent
    calls = {
        "write": lambda: storage.put("b", b"x", if_absent=True),
        "read": lambda: storage.get("a"),
        "delete": lambda: storage.delete("a"),
        "list": lambda: list(storage.list()),
    }
    for what, call in calls.items():
        with pytest.raises(StorageError, match="cannot .* See that it runs and") as told:
            call()
        assert not isinstance(told.value, AmbiguousWriteError), what
        assert "secret" not in f"{told.value}{told.value.__cause__!r}"


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_nothing_acknowledged_is_lost_when_the_server_is_killed_amid_puts(request, name):
    server, make = opened(name, request, own=True)
    storage = make(server, server.port)
    acknowledged, errors = [], []
    enough = threading.Event()

    def write(lead):
        for i in range(100_000):
            key = f"w/{lead}/{i:06}"
            try:
                storage.put(key, key.encode() * 50, if_absent=True)
            except StorageError as exc:
                errors.append(exc)
                return
            acknowledged.append(key)
            if len(acknowledged) > 100:
                enough.set()

    writers = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for writer in writers:
        writer.start()
    assert enough.wait(60)
    server.kill()
    for writer in writers:
        writer.join()
    server.start()
    assert len(errors) == 3
    assert all(storage.get(key) == key.encode() * 50 for key in acknowledged)
    unsure = {exc.key for exc in errors if isinstance(exc, AmbiguousWriteError)}
    assert {meta.key for meta in storage.list("w/")} <= {*acknowledged, *unsure}
    verify(storage)
    close(storage)


@KINDS
def test_a_writer_goes_on_after_the_server_was_started_again(request, name):
    server, make = opened(name, request, own=True)
    storage = make(server, server.port)
    storage.put("a", b"x")
    server.kill()
    server.start()
    if name == "s3":  # this one keeps everything in memory, buckets too
        with pytest.raises(StorageError, match="cannot write a in s3://.* there is no such bucket"):
            storage.put("a", b"y", if_absent=True)
        with pytest.raises(StorageError, match="no such bucket"):
            storage.get("a")
        return
    assert storage.get("a") == b"x"
    storage.put("b", b"y", if_absent=True)
    assert storage.get("b") == b"y"
    close(storage)


def test_a_connection_that_died_while_nobody_used_it_costs_no_write_its_answer(
    postgres, monkeypatch
):
    with Proxy(postgres.port) as proxy:
        storage = on_postgres(postgres, proxy.port)
        storage.put("a", b"x")
        proxy.cut()
        monkeypatch.setattr("prodml.storage.sql_calls._IDLE_S", 0.0)
        storage.put("b", b"x", if_absent=True)
        assert [meta.key for meta in storage.list()] == ["a", "b"]
        close(storage)
