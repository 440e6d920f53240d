from __future__ import annotations

import base64
import copy
import pickle

import pytest

from prodml.errors import ConfigError, KeyMaterialError
from prodml.keys import EnvKeys


def test_the_environment_is_read_at_each_call(monkeypatch, secret, other):
    keys = EnvKeys()
    monkeypatch.setenv("PRODML_KEY_PSEUDONYM", secret.hex())
    assert keys.active("pseudonym").secret == secret
    monkeypatch.setenv("PRODML_KEY_PSEUDONYM", other.hex())
    assert keys.active("pseudonym").secret == other


def test_the_first_key_is_active_and_the_others_are_found(secret, other):
    text = f"new:{secret.hex()}, old:{base64.b64encode(other).decode()}"
    keys = EnvKeys(environ={"PRODML_KEY_PSEUDONYM": text})
    assert keys.active("pseudonym").kid == "new"
    assert keys.get("old").secret == other


def test_a_key_without_a_name_is_found_by_its_fingerprint(secret):
    keys = EnvKeys(environ={"PRODML_KEY_PSEUDONYM": secret.hex()})
    key = keys.active("pseudonym")
    assert key.kid.startswith("pseudonym-")
    assert keys.get(key.kid) == key


def test_a_domain_is_spelled_in_capitals(secret):
    keys = EnvKeys("K_", environ={"K_MODEL_STORE_2": f"a:{secret.hex()}"})
    assert keys.active("model-store.2").kid == "a"


def test_an_unset_variable_is_named():
    with pytest.raises(KeyMaterialError, match="PRODML_KEY_PSEUDONYM is not set"):
        EnvKeys(environ={}).active("pseudonym")


@pytest.mark.parametrize("text", ["", "not a secret!", "a:", ",", "a:zz zz"])
def test_an_unreadable_variable_is_named(text):
    with pytest.raises(KeyMaterialError, match="PRODML_KEY_A cannot be read"):
        EnvKeys(environ={"PRODML_KEY_A": text}).active("a")


def test_an_unknown_kid_is_told_with_the_known(secret):
    with pytest.raises(KeyMaterialError, match='Did you mean "old"'):
        EnvKeys(environ={"PRODML_KEY_A": f"old:{secret.hex()}"}).get("odl")


def test_variables_without_the_prefix_are_not_read(secret):
    keys = EnvKeys(environ={"PRODML_KEY_A": f"a:{secret.hex()}", "HOME": "no secret!"})
    assert keys.get("a").secret == secret


def test_one_kid_for_two_keys_is_refused(secret, other):
    environ = {"PRODML_KEY_A": f"k:{secret.hex()}", "PRODML_KEY_B": f"k:{other.hex()}"}
    with pytest.raises(KeyMaterialError, match='"k" names two different keys'):
        EnvKeys(environ=environ).get("k")


def test_a_malformed_prefix_is_refused():
    with pytest.raises(ConfigError, match="prefix"):
        EnvKeys("A B")


def test_a_pickle_travels_to_where_the_environment_is(monkeypatch, secret):
    monkeypatch.setenv("K_A", secret.hex())
    assert pickle.loads(pickle.dumps(EnvKeys("K_"))).active("a").secret == secret


def test_an_environment_of_its_own_is_not_pickled(secret):
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(EnvKeys(environ={"PRODML_KEY_A": secret.hex()}))


def test_a_copy_is_the_same_thing():
    keys = EnvKeys()
    assert copy.deepcopy(keys) is keys


def test_repr_has_the_prefix():
    assert repr(EnvKeys("K_", environ={"K_A": "x"})) == "EnvKeys(prefix='K_')"
