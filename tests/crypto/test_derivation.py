from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.crypto.derivation import derive_key, hkdf, hkdf_expand
from prodml.errors import ConfigError, KeyMaterialError
from prodml.ports import Key

# RFC 5869, appendix A.1 to A.3: secret, salt, info, output.
RFC_5869 = [
    (
        "0b" * 22,
        "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        bytes(range(0x50)).hex(),
        bytes(range(0x60, 0xB0)).hex(),
        bytes(range(0xB0, 0x100)).hex(),
        (
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb"
            "41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
    ),
    (
        "0b" * 22,
        "",
        "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
]


@pytest.mark.parametrize(("secret", "salt", "info", "expected"), RFC_5869)
def test_the_vectors_of_rfc_5869(secret, salt, info, expected):
    found = hkdf(
        bytes.fromhex(secret), bytes.fromhex(salt), bytes.fromhex(info), len(expected) // 2
    )
    assert found.hex() == expected


@given(st.binary(min_size=1, max_size=99), st.binary(max_size=99), st.binary(max_size=99))
def test_hkdf_is_that_of_cryptography(secret, salt, info):
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    for name, algorithm in (("sha256", hashes.SHA256()), ("sha512", hashes.SHA512())):
        expected = HKDF(algorithm, 100, salt or None, info).derive(secret)
        assert hkdf(secret, salt, info, 100, hash_name=name) == expected


@pytest.mark.parametrize("size", [0, -1, 255 * 32 + 1])
def test_more_than_255_hashes_cannot_be_derived(size):
    with pytest.raises(ConfigError, match="derives 1 to 8160 bytes"):
        hkdf_expand(bytes(32), b"", size)


def test_longer_secrets_are_taken_and_shorter_ones_refused():
    assert len(derive_key(Key("a", bytes(range(200))), "wrap")) == 32
    with pytest.raises(
        KeyMaterialError, match='key "a" has 31 bytes, encryption needs at least 32'
    ):
        derive_key(Key("a", bytes(range(31))), "wrap")


def test_each_purpose_has_a_key_of_its_own():
    key = Key("a", bytes(range(32)))
    assert len({derive_key(key, purpose) for purpose in ("wrap", "seal", "sign")}) == 3
    assert key.secret != derive_key(key, "wrap")
