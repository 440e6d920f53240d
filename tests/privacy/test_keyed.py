from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import KeyMaterialError
from prodml.ports import Key
from prodml.privacy.keyed import derive, keyed_hash, strong_key


class OneKey:
    def __init__(self, secret):
        self.secret = secret

    def active(self, domain):
        assert domain == "pseudonym"
        return Key("weak", self.secret)

    def get(self, kid):
        raise KeyMaterialError(kid)


@given(st.binary(min_size=1, max_size=64), st.binary(max_size=200))
def test_the_keyed_hash_is_hmac_sha256(key, message):
    assert keyed_hash(key)(message) == hmac.digest(key, message, "sha256")


def test_rfc_4231_case_2():
    digest = keyed_hash(b"Jefe")(b"what do ya want for nothing?")
    assert digest.hex() == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_rfc_5869_case_3_without_salt_and_info():
    assert (
        derive(b"\x0b" * 22, "").hex()
        == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
    )


@pytest.mark.parametrize(
    ("secret", "fault"),
    [
        (b"sesame", "too short"),
        (b"fifteen bytes!!", "too short"),
        (b"\x00" * 32, "repeated"),
        (b"abc" * 11, "repeated"),
        (bytes(range(32)), "counts"),
        (bytes(range(250, 2, -7)), "counts"),
    ],
)
def test_a_weak_key_is_refused_without_showing_it(secret, fault):
    with pytest.raises(KeyMaterialError, match=fault) as caught:
        strong_key(OneKey(secret))
    assert secret.hex() not in str(caught.value)
    assert repr(secret)[2:-1] not in str(caught.value)


def test_without_keys_the_message_says_what_to_pass():
    with pytest.raises(KeyMaterialError, match="keys="):
        strong_key(None)


def test_random_keys_are_strong():
    for seed in range(200):
        strong_key(OneKey(hmac.digest(b"x", bytes([seed]), "sha256")[:16]))
