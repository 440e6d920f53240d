"""A version signed with a secret key, for registries whose storage others can write to.

A digest shows that bytes are those that were named; whoever can write to the storage can name other
bytes. With keys, the facts of a version carry an HMAC that only a holder of the key can make.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from prodml.errors import IntegrityError, UntrustedModelError
from prodml.fingerprint.canonical import canonical_json
from prodml.ports.keys import Keys

__all__ = ["DOMAIN", "check_signature", "sign"]

DOMAIN = "model"
_SIGNED = ("version", "model", "format", "size_bytes", "record", "holdout", "reference", "tags")


def sign(keys: Keys | None, name: str, facts: dict[str, Any]) -> dict[str, str] | None:
    """Return a signature of the facts of a version, or None without keys."""
    if keys is None:
        return None
    key = keys.active(DOMAIN)
    return {"kid": key.kid, "hmac": _hmac(key.secret, name, facts)}


def check_signature(keys: Keys | None, name: str, facts: dict[str, Any]) -> None:
    """Refuse a version whose signature is not ours; without keys nothing is checked.

    Raises
    ------
    UntrustedModelError
        If it was registered without a signature.
    IntegrityError
        If the signature does not fit.
    KeyMaterialError
        If its key is not known any more.
    """
    if keys is None:
        return
    found = facts.get("signature")
    ref = f"{name}/{facts['version']}"
    if not isinstance(found, dict):
        raise UntrustedModelError(
            f"{ref} is not signed, and this registry was opened with keys: register it again, or "
            "open the registry without keys"
        )
    expected = _hmac(keys.get(str(found.get("kid"))).secret, name, facts)
    if not hmac.compare_digest(expected, str(found.get("hmac"))):
        raise IntegrityError(f"the signature of {ref} does not fit: its facts were changed")


def _hmac(secret: bytes, name: str, facts: dict[str, Any]) -> str:
    signed = {"name": name, **{k: facts[k] for k in _SIGNED}}
    return hmac.new(
        secret, b"prodml model version\n" + canonical_json(signed), hashlib.sha256
    ).hexdigest()
