"""The parts of a version, encrypted before they are stored.

Each version has a data key of its own, 256 random bits, and each part a key that follows from it and a
random salt; the data key stands in the event, wrapped. A part can be opened as nothing but what it
is: model, role and format are bound to it. Blobs are named after the digest of what is stored, so that
everybody can check them without a key.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import attrs

from prodml.crypto.chunked import open_message, seal_message
from prodml.crypto.wrapping import KeyWrap, wrapping_key
from prodml.errors import IntegrityError, KeyMaterialError, ProdmlError
from prodml.fingerprint.canonical import canonical_json
from prodml.fingerprint.digest import sha256

__all__ = ["Box", "Locker", "Put"]


class Put(Protocol):
    """Stores a blob and returns its digest."""

    def put(self, data: bytes, /) -> str:
        """Store some bytes."""
        ...


class Box:
    """Takes the parts of one version; encrypts them if there is something to wrap their key with.

    Parameters
    ----------
    blobs : Put
        Where they go.
    name : str
        The model.
    wrap : KeyWrap or None
        None stores them as they are.
    entropy : callable, default `secrets.token_bytes`
        ``entropy(n)`` returns n random bytes.
    """

    def __init__(
        self,
        blobs: Put,
        name: str,
        wrap: KeyWrap | None,
        *,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._blobs = blobs
        self._name = name
        self._wrap = wrap
        self._entropy = entropy
        self._data_key = b"" if wrap is None else entropy(32)
        self._places: dict[str, str] = {}

    def put(self, data: bytes, role: str, form: str = "") -> str:
        """Store one part; return the digest of its content, encrypted or not."""
        if self._wrap is None:
            return self._blobs.put(data)
        context = _context(self._name, role, form)
        sealed = seal_message(self._data_key, data, context=context, entropy=self._entropy)
        self._places[role] = self._blobs.put(sealed)
        return sha256(data)

    def facts(self) -> dict[str, Any]:
        """Return what the event has to say about it."""
        if self._wrap is None:
            return {}
        return {"sealed": {"key": self._wrap.wrap(self._data_key), "parts": dict(self._places)}}


@attrs.frozen
class Locker:
    """Opens the parts of versions.

    Parameters
    ----------
    name : str
        The model.
    wrap : KeyWrap or None
        Unwraps data keys; with None, only what was never encrypted is read.
    """

    name: str
    wrap: KeyWrap | None = None

    def place(self, facts: Mapping[str, Any], digest: str, role: str) -> str:
        """Return the digest under which a part is stored."""
        sealed = facts.get("sealed")
        if sealed is None:
            return digest
        place = sealed["parts"].get(role)
        if place is None:
            raise IntegrityError(f"{self._ref(facts)} names no encrypted {role}")
        return str(place)

    def opened(self, facts: Mapping[str, Any], data: bytes, role: str, form: str = "") -> bytes:
        """Return the content of a part.

        Raises
        ------
        KeyMaterialError
            If it is encrypted and there is no key, or its key is gone.
        IntegrityError
            If it is not that part of this model.
        """
        if facts.get("sealed") is None:
            return data
        data_key = self._data_key(facts)
        return open_message(data_key, data, context=_context(self.name, role, form))

    def wrapped_anew(self, facts: Mapping[str, Any]) -> str | None:
        """Return the data key of a version wrapped by today's key; None if it is already.

        Raises
        ------
        KeyMaterialError
            If the key that wraps it is gone.
        """
        if self.wrap is None or facts.get("sealed") is None:
            return None
        if wrapping_key(_wrapped(facts)) == self.wrap.active():
            return None
        return self.wrap.wrap(self._data_key(facts))

    def _data_key(self, facts: Mapping[str, Any]) -> bytes:
        ref = self._ref(facts)
        if self.wrap is None:
            raise KeyMaterialError(
                f"{ref} is encrypted: open the registry with encrypt=, and the keys that it was "
                "encrypted with"
            )
        try:
            return self.wrap.unwrap(_wrapped(facts))
        except (KeyMaterialError, IntegrityError) as exc:
            raise _with_ref(exc, ref) from exc

    def _ref(self, facts: Mapping[str, Any]) -> str:
        return f"{self.name}/{facts['version']}"


def _wrapped(facts: Mapping[str, Any]) -> str:
    return str(facts.get("wrapped") or facts["sealed"]["key"])


def _with_ref(exc: ProdmlError, ref: str) -> ProdmlError:
    return type(exc)(f"{ref} cannot be decrypted: {exc}")


def _context(name: str, role: str, form: str) -> bytes:
    return canonical_json({"format": form, "model": name, "role": role})
