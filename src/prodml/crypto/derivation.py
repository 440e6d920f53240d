"""One secret, many keys: HKDF, so that what is made for one purpose says nothing about another."""

from __future__ import annotations

import hmac

from prodml.errors import ConfigError, KeyMaterialError
from prodml.ports import Key

__all__ = ["derive_key", "hkdf", "hkdf_expand"]

_SIZES = {"sha256": 32, "sha512": 64}
_STRENGTH = 32


def hkdf(secret: bytes, salt: bytes, info: bytes, size: int, *, hash_name: str = "sha256") -> bytes:
    """Derive a key from a secret, extract then expand.

    Parameters
    ----------
    secret : bytes
        Input key material of any length.
    salt : bytes
        May be empty.
    info : bytes
        What the key is for.
    size : int
        Bytes wanted, at most 255 hashes.
    hash_name : {"sha256", "sha512"}, default "sha256"
        The hash.

    Returns
    -------
    bytes

    Source
    ------
    RFC 5869, section 2.
    """
    extracted = hmac.digest(salt or bytes(_SIZES[hash_name]), secret, hash_name)
    return hkdf_expand(extracted, info, size, hash_name=hash_name)


def hkdf_expand(key: bytes, info: bytes, size: int, *, hash_name: str = "sha256") -> bytes:
    """Expand a uniformly random key; RFC 5869, section 2.3."""
    if not 0 < size <= 255 * _SIZES[hash_name]:
        raise ConfigError(f"{hash_name} derives 1 to {255 * _SIZES[hash_name]} bytes, got {size}")
    blocks, last = b"", b""
    for number in range(1, -(-size // _SIZES[hash_name]) + 1):
        last = hmac.digest(key, last + info + bytes([number]), hash_name)
        blocks += last
    return blocks[:size]


def derive_key(key: Key, purpose: str) -> bytes:
    """Return 256 bits for one purpose, from a secret of at least as many.

    The secret itself is never used, so that a key which also makes pseudonyms or signatures gives
    nothing of them away.

    Raises
    ------
    KeyMaterialError
        If the secret has less than 32 bytes: AES-256 would promise more than it holds.

    Examples
    --------
    >>> key = Key("k1", bytes(range(32)))
    >>> derive_key(key, "wrap") == derive_key(key, "wrap"), derive_key(key, "wrap") == derive_key(key, "seal")
    (True, False)
    """
    if len(key.secret) < _STRENGTH:
        raise KeyMaterialError(
            f'key "{key.kid}" has {len(key.secret)} bytes, encryption needs at least {_STRENGTH}. Draw one '
            f"with secrets.token_bytes({_STRENGTH})"
        )
    return hkdf(key.secret, b"prodml", purpose.encode(), _STRENGTH)
