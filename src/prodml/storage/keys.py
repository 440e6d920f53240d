"""What a key may look like, so that every backend can hold it."""

from __future__ import annotations

import re

from prodml.errors import InvalidKeyError

__all__ = ["check_key", "check_prefix", "is_segment"]

MAX_KEY_LENGTH = 512

_KEY = re.compile(r"(?!\.{1,2}(?:/|\Z))[a-z0-9._=@-]+(?:/(?!\.{1,2}(?:/|\Z))[a-z0-9._=@-]+)*\Z")

_SEGMENT = re.compile(r"(?!\.{1,2}\Z)[a-z0-9._=@-]+\Z")


def is_segment(name: str) -> bool:
    """Say whether a name could stand between two ``/`` of a key."""
    return _SEGMENT.match(name) is not None


def check_key(key: str) -> str:
    """Return the key, or say what is wrong with it.

    Raises
    ------
    InvalidKeyError
        If it is no text, too long, or has a segment that is empty, ``.``, ``..`` or holds other
        characters than ``[a-z0-9._=@-]``.
    """
    if isinstance(key, str) and len(key) <= MAX_KEY_LENGTH and _KEY.match(key):
        return key
    if not isinstance(key, str):
        raise InvalidKeyError(f"a key is a text, got {type(key).__name__}.")
    if len(key) > MAX_KEY_LENGTH:
        message = f"a key has at most {MAX_KEY_LENGTH} characters, got {len(key)}."
        raise InvalidKeyError(message, key=key[:80])
    raise InvalidKeyError(
        f"a key is made of segments of [a-z0-9._=@-] joined by '/', none empty, '.' or '..'; got {key[:80]!r}.",
        key=key,
    )


def check_prefix(prefix: str) -> str:
    """Return the prefix, or say what is wrong with it.

    Raises
    ------
    InvalidKeyError
        If it is neither empty nor a key with ``/`` at its end.
    """
    if prefix == "":
        return prefix
    if not isinstance(prefix, str) or not prefix.endswith("/"):
        raise InvalidKeyError(f"a prefix is empty or ends in '/', got {prefix!r:.80}.")
    check_key(prefix[:-1])
    return prefix
