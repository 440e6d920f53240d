from __future__ import annotations

import copy
import pickle

import pytest

from prodml.errors import KeyMaterialError, ProdmlWarning
from prodml.keys import StaticKeys
from prodml.ports import Key


def test_it_warns_at_the_callers_line(secret):
    with pytest.warns(ProdmlWarning, match="warn=False") as caught:
        StaticKeys({"a": secret})
    assert caught[0].filename == __file__


def test_a_secret_of_its_domain_is_active(secret):
    assert StaticKeys({"a": secret}, warn=False).active("a").secret == secret


def test_the_first_of_a_list_is_active_and_the_others_are_found(secret, other):
    keys = StaticKeys({"a": [Key("new", secret), Key("old", other)]}, warn=False)
    assert keys.active("a").kid == "new"
    assert keys.get("old").secret == other


def test_one_key_may_stand_alone(secret):
    assert StaticKeys({"a": Key("k", secret)}, warn=False).get("k").secret == secret


def test_an_unknown_domain_is_told_with_the_known(secret):
    with pytest.raises(KeyMaterialError, match='no key for "pseudonymm" .* "pseudonym"'):
        StaticKeys({"pseudonym": secret}, warn=False).active("pseudonymm")


def test_an_unknown_kid_is_told_with_the_known(secret):
    with pytest.raises(KeyMaterialError, match='no key with id "old"'):
        StaticKeys({"a": Key("new", secret)}, warn=False).get("old")


@pytest.mark.parametrize("given", [[], "a text of more than sixteen letters", 3, None, [b"x" * 16]])
def test_other_things_than_keys_are_refused(given):
    with pytest.raises(KeyMaterialError, match='the keys of "a" must be bytes, a Key, or a list'):
        StaticKeys({"a": given}, warn=False)


def test_a_weak_key_is_refused_in_a_list_too():
    with pytest.raises(KeyMaterialError, match="all zeros"):
        StaticKeys({"a": [Key("k", bytes(16))]}, warn=False)


def test_one_key_in_two_domains_is_fine(secret):
    keys = StaticKeys({"a": Key("k", secret), "b": Key("k", secret)}, warn=False)
    assert keys.active("a") == keys.active("b")


def test_it_is_never_pickled(secret):
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(StaticKeys({"a": secret}, warn=False))


def test_a_copy_is_the_same_thing(secret):
    keys = StaticKeys({"a": secret}, warn=False)
    assert copy.deepcopy(keys) is keys
