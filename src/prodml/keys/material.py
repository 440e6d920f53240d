"""What a usable secret is, how it is written as text, and what it is called."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from itertools import pairwise

from prodml.errors import KeyMaterialError
from prodml.ports import Key

__all__ = ["check_domain", "check_kid", "check_secret", "default_kid", "make_key", "read_secret"]

MIN_BYTES = 16
_MIN_DISTINCT = 8  # sixteen random bytes have fewer with a chance below 1e-12
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def make_key(kid: str, secret: bytes) -> Key:
    """Return a checked key.

    Raises
    ------
    KeyMaterialError
        If the id is no key id, or the secret is too weak.
    """
    return Key(check_kid(kid), check_secret(secret, kid))


def check_secret(secret: object, kid: str) -> bytes:
    """Return the secret as bytes, or say why nobody should use it. Never shows the secret.

    Raises
    ------
    KeyMaterialError
        If it is no bytes, has less than 16 of them, repeats itself or counts.
    """
    if not isinstance(secret, bytes | bytearray | memoryview):
        raise KeyMaterialError(
            f'the secret of key "{kid}" must be bytes, got {type(secret).__name__}. '
            "Draw one with secrets.token_bytes(32)"
        )
    data = bytes(secret)
    fault = _weakness(data)
    if fault:
        raise KeyMaterialError(
            f'the secret of key "{kid}" {fault}. Draw one with secrets.token_bytes(32)'
        )
    return data


def check_kid(kid: object) -> str:
    """Return the key id.

    Raises
    ------
    KeyMaterialError
        If it is not 1 to 64 letters, digits, dots, dashes or underscores. It is not shown: it
        might be a secret in the wrong place.
    """
    if not isinstance(kid, str) or not _NAME.fullmatch(kid):
        raise KeyMaterialError(
            "a key id is 1 to 64 letters, digits, '.', '_' or '-' and begins with a letter or digit"
        )
    return kid


def check_domain(domain: object) -> str:
    """Return the domain.

    Raises
    ------
    KeyMaterialError
        If it is not 1 to 64 letters, digits, dots, dashes or underscores.
    """
    if not isinstance(domain, str) or not _NAME.fullmatch(domain):
        raise KeyMaterialError(
            "a key domain is 1 to 64 letters, digits, '.', '_' or '-' and begins with a letter or "
            'digit, such as "pseudonym"'
        )
    return domain


def default_kid(domain: str, secret: bytes) -> str:
    """Return an id that follows from domain and secret and does not give the secret away.

    Another secret gets another id, so a changed key cannot go unnoticed.

    Examples
    --------
    >>> default_kid("pseudonym", bytes.fromhex("9f86d081884c7d659a2feaa0c55ad015"))
    'pseudonym-0bf4ca78'
    """
    mark = hmac.digest(secret, b"prodml key id\0" + domain.encode(), hashlib.sha256)
    return f"{domain[:40]}-{mark.hex()[:8]}"


def read_secret(text: str) -> bytes | None:
    r"""Return the bytes of a secret written in hex or in base64; None if it is neither.

    Examples
    --------
    >>> read_secret("00ff"), read_secret("AP8="), read_secret("no secret!")
    (b'\x00\xff', b'\x00\xff', None)
    """
    text = text.strip()
    if len(text) % 2 == 0 and re.fullmatch(r"[0-9a-fA-F]+", text):
        return bytes.fromhex(text)
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _weakness(data: bytes) -> str:
    if len(data) < MIN_BYTES:
        return f"has {len(data)} bytes, at least {MIN_BYTES} are needed"
    if not any(data):
        return "is all zeros"
    if len({(b - a) % 256 for a, b in pairwise(data)}) == 1:
        return "is one byte repeated, or counts up: an example, no secret"
    if any(data == (data[:p] * len(data))[: len(data)] for p in range(1, len(data) // 2 + 1)):
        return "repeats a short block"
    if len(set(data)) < _MIN_DISTINCT:
        return f"has fewer than {_MIN_DISTINCT} different bytes"
    return ""
