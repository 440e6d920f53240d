from __future__ import annotations

import copy
import pickle

import pytest

from prodml.errors import ConfigError, KeyMaterialError
from prodml.keys import CallableKeys


class Vault:
    def __init__(self, secrets):
        self.secrets = secrets
        self.asked = []

    def __call__(self, kid):
        self.asked.append(kid)
        return self.secrets[kid]


class FakeTime:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def vault(secret, other):
    return Vault({"new": secret, "old": other})


@pytest.fixture
def time():
    return FakeTime()


def test_the_active_key_is_fetched_by_its_id(vault, secret):
    key = CallableKeys(vault, {"a": "new"}).active("a")
    assert (key.kid, key.secret) == ("new", secret)


def test_a_function_may_say_what_is_active(vault, other):
    assert CallableKeys(vault, lambda domain: {"a": "old"}[domain]).active("a").secret == other


def test_a_key_is_fetched_once_while_the_cache_lasts(vault, time):
    keys = CallableKeys(vault, {"a": "new"}, cache_s=60, clock=time)
    for time.now in (0, 30, 59.9):
        keys.active("a")
    assert vault.asked == ["new"]
    time.now = 60
    keys.active("a")
    assert vault.asked == ["new", "new"]


def test_no_cache_asks_every_time(vault):
    keys = CallableKeys(vault, {"a": "new"}, cache_s=0)
    keys.active("a")
    keys.get("new")
    assert vault.asked == ["new", "new"]


def test_a_destroyed_key_is_gone_when_the_cache_ends(vault, time):
    keys = CallableKeys(vault, {"a": "new"}, cache_s=60, clock=time)
    keys.get("old")
    del vault.secrets["old"]
    time.now = 61
    with pytest.raises(KeyMaterialError, match='no key with id "old"'):
        keys.get("old")


def test_an_outage_passes_through_unchanged():
    def fetch(kid):
        raise ConnectionError(kid)

    with pytest.raises(ConnectionError):
        CallableKeys(fetch, {"a": "k"}).active("a")


def test_an_unknown_domain_is_told_with_the_known(vault):
    with pytest.raises(KeyMaterialError, match='no key is active for "b". Known: "a"'):
        CallableKeys(vault, {"a": "new"}).active("b")


@pytest.mark.parametrize("answer", ["9f86d081884c7d659a2feaa0c55ad015", None, bytes(32), b"short"])
def test_what_is_no_secret_is_refused(answer):
    with pytest.raises(KeyMaterialError, match='the secret of key "k"'):
        CallableKeys(lambda _: answer, {"a": "k"}).active("a")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"fetch": {}, "active": {}}, "fetch"),
        ({"fetch": len, "active": "new"}, "active"),
        ({"fetch": len, "active": {}, "cache_s": -1}, "cache_s"),
        ({"fetch": len, "active": {}, "cache_s": float("nan")}, "cache_s"),
    ],
)
def test_wrong_arguments_are_named(arguments, what):
    with pytest.raises(ConfigError, match=f"^{what} must"):
        CallableKeys(**arguments)


def module_level_fetch(kid):
    return bytes.fromhex("60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752")


def test_a_pickle_leaves_the_fetched_secrets_behind():
    keys = CallableKeys(module_level_fetch, {"a": "k"})
    keys.active("a")
    data = pickle.dumps(keys)
    assert module_level_fetch("k") not in data
    assert pickle.loads(data).active("a").secret == module_level_fetch("k")


def test_a_copy_is_the_same_thing(vault):
    keys = CallableKeys(vault, {"a": "new"})
    assert copy.deepcopy(keys) is keys
