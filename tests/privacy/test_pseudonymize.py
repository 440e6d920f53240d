from __future__ import annotations

import hashlib
import hmac
import itertools

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError, KeyMaterialError, SchemaError
from prodml.keys import StaticKeys
from prodml.ports import Key
from prodml.privacy import Anonymizer, Pseudonymize

SECRET = hashlib.sha256(b"a secret of these tests").digest()
KEY = Key("k1", SECRET)


def hkdf(secret, info):
    """RFC 5869 written out, for 32 bytes."""
    extracted = hmac.new(bytes(32), secret, "sha256").digest()
    return hmac.new(extracted, info + b"\x01", "sha256").digest()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_pseudonym_is_plain_hmac_of_the_utf8_text(text):
    derived = hkdf(SECRET, b"prodml/pseudonym/v1/email")
    expected = hmac.new(derived, text.encode(), "sha256").hexdigest()[:32]
    assert Pseudonymize().bind("email", KEY).one(text, {}) == f"k1:{expected}"


@pytest.mark.parametrize("bits", [96, 104, 128, 256])
def test_the_length_is_as_asked(bits):
    pseudonym = Pseudonymize(length_bits=bits).bind("email", KEY).one("ann", {})
    assert len(pseudonym.removeprefix("k1:")) == bits // 4


@pytest.mark.parametrize("bits", [0, 64, 95, 100, 257, 264, True, 128.5, "128", None])
def test_a_length_that_collides_or_does_not_exist_is_refused(bits):
    with pytest.raises(ConfigError, match="length_bits must be a multiple of 8 from 96 to 256"):
        Pseudonymize(length_bits=bits)


def test_columns_are_separated():
    email, phone = (Pseudonymize().bind(name, KEY).one("same", {}) for name in ("email", "phone"))
    assert email != phone


def test_columns_of_one_domain_can_be_joined():
    home = Pseudonymize(domain="person").bind("id", KEY)
    away = Pseudonymize(domain="person").bind("friend_id", KEY)
    assert home.one("ann", {}) == away.one("ann", {})


def test_another_key_gives_another_pseudonym_under_another_id():
    other = Key("k2", hashlib.sha256(b"another").digest())
    old, new = (Pseudonymize().bind("email", k).one("ann", {}) for k in (KEY, other))
    assert old.startswith("k1:")
    assert new.startswith("k2:")
    assert old.removeprefix("k1:") != new.removeprefix("k2:")


def test_normalize_makes_spellings_of_one_person_one():
    action = Pseudonymize(normalize=True).bind("email", KEY)
    spellings = ["Zoë@x.io", " zoë@X.IO ", "zoe\u0308@x.io"]
    assert len({action.one(text, {}) for text in spellings}) == 1


def test_without_normalize_spellings_differ():
    action = Pseudonymize().bind("email", KEY)
    assert len({action.one(text, {}) for text in ("Ann", "ann", "ann ")}) == 3


def test_missing_stays_missing():
    frame = pd.DataFrame({"email": ["ann", None, float("nan"), "ann"]})
    keys = StaticKeys({"pseudonym": KEY}, warn=False)
    column = Anonymizer({"email": Pseudonymize()}, keys=keys).fit_transform(frame)["email"]
    assert column.isna().tolist() == [False, True, True, False]
    assert column[0] == column[3]


def test_an_id_that_turned_float_for_a_gap_keeps_its_pseudonym():
    action = Pseudonymize().bind("id", KEY)
    whole = action.column(pd.Series([1, 2]), pd.DataFrame())
    gappy = action.column(pd.Series([1, 2, None]), pd.DataFrame())
    assert whole.tolist() == gappy.tolist()[:2]


def test_each_distinct_value_is_hashed_once(monkeypatch):
    calls = []
    import prodml.privacy.pseudonymize as module

    real = module.keyed_hash
    monkeypatch.setattr(
        module, "keyed_hash", lambda key: lambda data: calls.append(data) or real(key)(data)
    )
    series = pd.Series(["a", "b", None] * 100)
    Pseudonymize().bind("x", KEY).column(series, pd.DataFrame())
    assert calls == [b"a", b"b"]


def test_a_float_with_a_fraction_is_refused():
    with pytest.raises(SchemaError, match="Pseudonymize takes text, whole numbers or dates"):
        Pseudonymize().bind("price", KEY).one(0.5, {})


def test_it_does_not_bind_without_a_key():
    with pytest.raises(KeyMaterialError, match='"email"'):
        Pseudonymize().bind("email", None)


def pins():
    return ["".join(digits) for digits in itertools.product("0123456789", repeat=4)]


def test_a_dictionary_inverts_an_unsalted_hash_of_a_small_domain():
    dictionary = {hashlib.sha256(pin.encode()).hexdigest()[:16]: pin for pin in pins()}
    published = [hashlib.sha256(pin.encode()).hexdigest()[:16] for pin in pins()]
    assert [dictionary[value] for value in published] == pins()


def test_a_dictionary_without_the_key_inverts_no_pseudonym():
    frame = pd.DataFrame({"pin": pins()})
    keys = StaticKeys({"pseudonym": KEY}, warn=False)
    published = Anonymizer({"pin": Pseudonymize()}, keys=keys).fit_transform(frame)["pin"]
    seen = {value.rpartition(":")[2] for value in published}
    assert len(seen) == len(pins())
    # What the attacker has: this source code, the key id, the column, and bad luck with keys.
    guesses = [b"", b"k1", b"pin", b"pseudonym", bytes(32), b"password", b"prodml"]
    candidates = [hashlib.sha256] + [
        lambda data, k=k: hmac.new(k, data, "sha256")
        for guess in guesses
        for k in (guess, hkdf(guess, b"prodml/pseudonym/v1/pin"))
    ]
    found = {h(pin.encode()).hexdigest()[:32] for h in candidates for pin in pins()} & seen
    assert found == set()
    # The same attack with the key finds all, so it was an attack.
    derived = hkdf(SECRET, b"prodml/pseudonym/v1/pin")
    assert {hmac.new(derived, p.encode(), "sha256").hexdigest()[:32] for p in pins()} == seen
