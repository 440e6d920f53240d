from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.crypto import KeysWrap, KmsWrap
from prodml.crypto.derivation import derive_key
from prodml.crypto.wrapping import as_wrap, wrapping_key
from prodml.errors import ConfigError, IntegrityError, KeyMaterialError
from prodml.keys import EnvKeys, FileKeys, StaticKeys
from prodml.ports import Key

NIST = json.loads((Path(__file__).parent / "data" / "kwp_256.json").read_text())["tests"]
# RFC 5649, section 6: key-encryption key, key data, ciphertext.
KEK = "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8"
RFC_5649 = [
    (
        "c37b7e6492584340bed12207808941155068f738",
        "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
    ),
    ("466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f"),
]


def slow_wrap(kek, plain):
    """AES-KWP once more, straight from RFC 5649 section 4.1 and RFC 3394 section 2.2.1."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    aes = Cipher(algorithms.AES(kek), modes.ECB()).encryptor()
    a = bytes.fromhex("a65959a6") + len(plain).to_bytes(4, "big")
    padded = plain + bytes(-len(plain) % 8)
    r = [padded[i : i + 8] for i in range(0, len(padded), 8)]
    if len(r) == 1:
        return aes.update(a + r[0])
    for j in range(6):
        for i in range(len(r)):
            b = aes.update(a + r[i])
            t = len(r) * j + i + 1
            a, r[i] = (int.from_bytes(b[:8], "big") ^ t).to_bytes(8, "big"), b[8:]
    return a + b"".join(r)


def secret(number):
    return hashlib.sha256(bytes([number])).digest()


@pytest.fixture
def keys(tmp_path):
    return FileKeys.create(tmp_path / "keys.json", domains=["encryption"])


DATA_KEY = bytes(range(100, 132))


@pytest.mark.parametrize(("plain", "wrapped"), RFC_5649)
def test_the_vectors_of_rfc_5649(plain, wrapped):
    assert slow_wrap(bytes.fromhex(KEK), bytes.fromhex(plain)).hex() == wrapped


@pytest.mark.parametrize("case", NIST)
def test_the_vectors_of_nist(case):
    from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding

    kek, wrapped = bytes.fromhex(case["key"]), bytes.fromhex(case["wrapped"])
    if case["plain"] is None:
        with pytest.raises(InvalidUnwrap):
            aes_key_unwrap_with_padding(kek, wrapped)
        return
    plain = bytes.fromhex(case["plain"])
    assert aes_key_unwrap_with_padding(kek, wrapped) == plain
    assert slow_wrap(kek, plain) == wrapped


def test_a_data_key_is_wrapped_by_aes_kwp_under_a_derived_key(keys):
    key = keys.active("encryption")
    scheme, kid, data = KeysWrap(keys).wrap(DATA_KEY).split(":")
    assert (scheme, kid) == ("aes256-kwp", key.kid)
    kek = derive_key(key, "wrap data keys with AES-KWP")
    assert base64.b64decode(data) == slow_wrap(kek, DATA_KEY)


def test_a_wrapped_key_survives_rotation_and_ends_with_its_key(keys):
    wrap = KeysWrap(keys)
    wrapped, old = wrap.wrap(DATA_KEY), keys.active("encryption").kid
    keys.rotate("encryption")
    assert wrap.unwrap(wrapped) == DATA_KEY
    assert wrap.active() != old == wrapping_key(wrapped)
    keys.destroy(old)
    with pytest.raises(KeyMaterialError, match="was destroyed"):
        wrap.unwrap(wrapped)


def test_a_key_from_the_environment_wraps_too():
    environ = {"PRODML_KEY_MODELS": f"a:{secret(1).hex()}"}
    wrap = KeysWrap(EnvKeys(environ=environ), domain="models")
    assert wrap.unwrap(wrap.wrap(DATA_KEY)) == DATA_KEY


def test_a_secret_of_128_bits_wraps_nothing():
    keys = StaticKeys({"encryption": secret(1)[:16]}, warn=False)
    with pytest.raises(KeyMaterialError, match="has 16 bytes, encryption needs at least 32"):
        KeysWrap(keys).wrap(DATA_KEY)


def test_every_flipped_bit_of_a_wrapped_key_is_found(keys):
    wrap = KeysWrap(keys)
    scheme, kid, text = wrap.wrap(DATA_KEY).split(":")
    data = bytearray(base64.b64decode(text))
    for place in range(len(data) * 8):
        data[place // 8] ^= 1 << place % 8
        with pytest.raises(IntegrityError):
            wrap.unwrap(f"{scheme}:{kid}:{base64.b64encode(data).decode()}")
        data[place // 8] ^= 1 << place % 8


def test_a_key_of_the_same_id_but_another_secret_is_found():
    first, second = (
        KeysWrap(StaticKeys({"encryption": Key("k", secret(n))}, warn=False)) for n in (1, 2)
    )
    with pytest.raises(IntegrityError, match='wrapped by another key than today\'s "k"'):
        second.unwrap(first.wrap(DATA_KEY))


@given(st.text(max_size=80) | st.sampled_from(["aes256-kwp:k:", "aes256-kwp:k:AAAA", "kms:k:AA=="]))
def test_any_text_for_a_wrapped_key_is_a_typed_error(text):
    wrap = KeysWrap(StaticKeys({"encryption": Key("k", secret(1))}, warn=False))
    with pytest.raises((IntegrityError, KeyMaterialError)):
        wrap.unwrap(text)


class Service:
    def __init__(self):
        self.current, self.gone, self.calls = "arn:aws:kms:eu:1:key/a", set(), 0

    def wrap(self, data_key):
        return bytes(b ^ 0x5A for b in data_key)

    def unwrap(self, wrapped, key_id):
        self.calls += 1
        if key_id in self.gone:
            raise KeyError(key_id)
        return bytes(b ^ 0x5A for b in wrapped)


def test_a_service_wraps_under_ids_with_colons():
    service, now = Service(), [0.0]
    wrap = KmsWrap(
        service.wrap,
        service.unwrap,
        key_id=lambda: service.current,
        cache_s=60,
        clock=lambda: now[0],
    )
    wrapped = wrap.wrap(DATA_KEY)
    assert wrapping_key(wrapped) == wrap.active() == service.current
    assert [wrap.unwrap(wrapped) for _ in range(3)] == [DATA_KEY] * 3
    assert service.calls == 1
    service.gone.add(service.current)
    now[0] = 61.0
    with pytest.raises(KeyMaterialError, match="the service knows no key"):
        wrap.unwrap(wrapped)


def test_a_service_that_is_no_service_is_refused():
    with pytest.raises(ConfigError, match="must be functions"):
        KmsWrap(None, None, key_id="k")
    with pytest.raises(ConfigError, match="cache_s must not be negative"):
        KmsWrap(bytes, bytes, key_id="k", cache_s=-1)


def test_keys_and_wraps_are_taken_and_nothing_else(keys):
    service = Service()
    wrap = KmsWrap(service.wrap, service.unwrap, key_id="k")
    assert as_wrap(wrap) is wrap
    assert as_wrap(keys).active() == keys.active("encryption").kid
    for wrong in (None, "secret", KeysWrap):
        with pytest.raises(ConfigError, match="encrypt must be keys"):
            as_wrap(wrong)
