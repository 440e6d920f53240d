"""RedisStorage: honest about durability, atomic, and never a secret told."""

from __future__ import annotations

import pickle
import uuid

import pytest

from prodml.errors import AmbiguousWriteError, ConfigError, MissingExtraError, StorageError
from prodml.storage import RedisStorage, open_storage

redis = pytest.importorskip("redis", reason="needs the extra prodml[redis]")


@pytest.fixture
def client(redis_server):
    with redis.Redis.from_url(redis_server.url) as client:
        yield client


@pytest.fixture
def store(redis_server):
    store = RedisStorage(redis_server.url, namespace=uuid.uuid4().hex)
    yield store
    store.close()


def test_it_says_where_it_is_and_nothing_secret(redis_server, client):
    client.acl_setuser("kai", enabled=True, passwords="+topsecret", keys="*", commands=["+@all"])
    url = redis_server.url.replace("redis://", "redis://kai:topsecret@")
    store = RedisStorage(url)
    assert store.caps.url == redis_server.url
    assert "topsecret" not in repr(store)
    store.close()
    with pytest.raises(
        StorageError, match="name or password are wrong|asks for a password"
    ) as told:
        RedisStorage(url.replace("topsecret", "guess"))
    assert "guess" not in f"{told.value}{told.value.__cause__}"


@pytest.mark.parametrize(
    ("settings", "durable"),
    [
        ({"appendfsync": "always"}, "fsync"),
        ({"appendfsync": "everysec"}, "service"),
        ({"maxmemory-policy": "allkeys-lru"}, "none"),
        ({"appendonly": "no"}, "none"),
    ],
)
def test_it_promises_what_the_server_keeps(own_redis, settings, durable):
    with redis.Redis.from_url(own_redis.url) as client:
        for name, value in settings.items():
            client.config_set(name, value)
    store = RedisStorage(own_redis.url)
    assert store.caps.durable == durable
    store.close()


def test_a_server_whose_memory_is_full_is_said_and_nothing_is_half_written(own_redis):
    store = RedisStorage(own_redis.url)
    store.put("a", b"x")
    with redis.Redis.from_url(own_redis.url) as client:
        client.config_set("maxmemory", 1_000_000)
    with pytest.raises(StorageError, match="cannot write b in redis.*memory is full") as told:
        store.put("b", b"x" * 100_000, if_absent=True)
    assert not isinstance(told.value, AmbiguousWriteError)
    assert [meta.key for meta in store.list()] == ["a"]
    store.close()


def test_two_namespaces_of_one_server_are_two_locations(store, redis_server):
    second = RedisStorage(redis_server.url, namespace="second")
    second.put("a", b"x")
    assert list(store.list()) == []
    assert second.caps.url != store.caps.url
    second.delete("a")
    second.close()


def test_its_address_opens_it(store):
    store.put("a", b"x")
    again = open_storage(store.caps.url)
    assert again.get("a") == b"x"
    again.close()
    again = pickle.loads(pickle.dumps(store))
    assert (again.get("a"), again.caps) == (b"x", store.caps)
    again.close()


def test_a_listing_of_many_pages_is_whole(store):
    names = [f"log/{i:05}" for i in range(1100)]
    for name in names:
        store.put(name, b"x")
    assert [meta.key for meta in store.list("log/")] == names
    assert len(list(store.list("log/", limit=1001))) == 1001


def test_ranges_far_beyond_the_end_are_empty(store):
    store.put("a", b"0123")
    assert store.get("a", start=2**40) == b""


def test_a_client_of_the_host_is_used_and_left_open(client):
    store = RedisStorage(client, namespace=uuid.uuid4().hex)
    store.put("a", b"x")
    store.close()
    assert client.ping()
    with pytest.raises(TypeError, match="make it from an address"):
        pickle.dumps(store)


def test_a_client_that_decodes_is_refused(redis_server):
    with (
        redis.Redis.from_url(redis_server.url, decode_responses=True) as client,
        pytest.raises(ConfigError, match="without decode_responses"),
    ):
        RedisStorage(client)


@pytest.mark.parametrize(
    ("where", "says"), [("ftp://user:secret@x", "cannot be read"), (3, "got a int")]
)
def test_what_is_no_address_is_refused(where, says):
    with pytest.raises(ConfigError, match=says) as told:
        RedisStorage(where)
    assert "secret" not in str(told.value)


def test_a_strange_namespace_is_refused(redis_server):
    with pytest.raises(ConfigError, match="namespace is a name"):
        RedisStorage(redis_server.url, namespace="a{b}")


def test_without_the_package_it_says_which_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    with pytest.raises(MissingExtraError, match=r"RedisStorage needs redis.*prodml\[redis\]"):
        RedisStorage("redis://127.0.0.1")


def test_a_server_that_is_still_loading_is_waited_for(store, monkeypatch):
    answers = [redis.exceptions.BusyLoadingError("loading"), None]

    def put(**_):
        exc = answers.pop(0)
        if exc:
            raise exc
        return 1

    monkeypatch.setitem(store._scripts, "put", put)
    assert store.put("a", b"x").size_bytes == 1
