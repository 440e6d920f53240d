"""Data keys under lock: each is stored wrapped by a key that is kept elsewhere, and can be wrapped anew.

Source
------
RFC 5649, AES Key Wrap with Padding (AES-KWP), under a key that HKDF (RFC 5869) derives from the secret.
"""

from __future__ import annotations

import base64
import binascii
import threading
import time
from collections.abc import Callable
from typing import Protocol

from prodml._extras import require
from prodml.crypto.derivation import derive_key
from prodml.errors import ConfigError, IntegrityError, KeyMaterialError
from prodml.ports import Keys

__all__ = ["DOMAIN", "KeyWrap", "KeysWrap", "KmsWrap", "as_wrap", "wrapping_key"]

DOMAIN = "encryption"
"""The domain of `Keys` that wraps data keys, unless told otherwise."""

_KWP = "aes256-kwp"
_KMS = "kms"
_PURPOSE = "wrap data keys with AES-KWP"


class KeyWrap(Protocol):
    """Wraps data keys, so that they can be stored beside what they encrypt."""

    def active(self) -> str:
        """Return the id of the key that wraps now."""
        ...

    def wrap(self, data_key: bytes) -> str:
        """Return a data key wrapped by the active key, as text that names it."""
        ...

    def unwrap(self, wrapped: str) -> bytes:
        """Return a data key.

        Raises
        ------
        KeyMaterialError
            If the key that wrapped it is unknown, or was destroyed.
        IntegrityError
            If the text is damaged, or was made by another key of the same id.
        """
        ...


class KeysWrap:
    """Wraps data keys by AES-KWP under the active key of a domain.

    Parameters
    ----------
    keys : Keys
        Where keys come from; their secrets have at least 32 bytes. Asked each time, so that a key
        that was destroyed opens nothing from that moment on.
    domain : str, default "encryption"
        Which of them.

    Examples
    --------
    >>> import secrets
    >>> from prodml.keys import StaticKeys
    >>> wrap = KeysWrap(StaticKeys({"encryption": secrets.token_bytes(32)}, warn=False))
    >>> data_key = secrets.token_bytes(32)
    >>> wrap.unwrap(wrap.wrap(data_key)) == data_key
    True
    """

    def __init__(self, keys: Keys, *, domain: str = DOMAIN) -> None:
        self._keys = keys
        self._domain = domain

    def active(self) -> str:
        """Return the id of the key that wraps now."""
        return self._keys.active(self._domain).kid

    def wrap(self, data_key: bytes) -> str:
        """Return a data key wrapped by the active key."""
        require("cryptography", for_="encryption")
        from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding

        key = self._keys.active(self._domain)
        wrapped = aes_key_wrap_with_padding(derive_key(key, _PURPOSE), data_key)
        return _text(_KWP, key.kid, wrapped)

    def unwrap(self, wrapped: str) -> bytes:
        """Return a data key."""
        require("cryptography", for_="encryption")
        from cryptography.hazmat.primitives.keywrap import (
            InvalidUnwrap,
            aes_key_unwrap_with_padding,
        )

        kid, data = _parse(wrapped, _KWP)
        key = derive_key(self._keys.get(kid), _PURPOSE)
        try:
            return aes_key_unwrap_with_padding(key, data)
        except (InvalidUnwrap, ValueError):
            pass
        raise IntegrityError(
            f'a wrapped data key is damaged, or was wrapped by another key than today\'s "{kid}"'
        )

    def __repr__(self) -> str:
        return f"KeysWrap({self._keys!r}, domain={self._domain!r})"


class KmsWrap:
    """Wraps data keys by a key management service, which never lets its own key out.

    Parameters
    ----------
    wrap : callable
        ``wrap(data_key: bytes) -> bytes``.
    unwrap : callable
        ``unwrap(wrapped: bytes, key_id: str) -> bytes``. Raises LookupError if the key is gone; any
        other error passes through unchanged.
    key_id : str or callable
        The id of the service's key that wraps now, or a function that says it.
    cache_s : float, default 300.0
        Seconds an unwrapped data key is kept in memory before the service is asked again.
    clock : callable, default `time.monotonic`
        Seconds.
    """

    def __init__(
        self,
        wrap: Callable[[bytes], bytes],
        unwrap: Callable[[bytes, str], bytes],
        *,
        key_id: str | Callable[[], str],
        cache_s: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not callable(wrap) or not callable(unwrap):
            raise ConfigError("wrap and unwrap must be functions of a key management service")
        if not cache_s >= 0:
            raise ConfigError(f"cache_s must not be negative, got {cache_s}")
        self._wrap = wrap
        self._unwrap = unwrap
        self._key_id = key_id
        self._cache_s = cache_s
        self._clock = clock
        self._cache: dict[str, tuple[float, bytes]] = {}
        self._lock = threading.Lock()

    def active(self) -> str:
        """Return the id of the service's key that wraps now."""
        return self._key_id() if callable(self._key_id) else self._key_id

    def wrap(self, data_key: bytes) -> str:
        """Return a data key wrapped by the service."""
        return _text(_KMS, self.active(), self._wrap(data_key))

    def unwrap(self, wrapped: str) -> bytes:
        """Return a data key."""
        kid, data = _parse(wrapped, _KMS)
        now = self._clock()
        with self._lock:
            until, found = self._cache.get(wrapped, (now, b""))
        if now < until:
            return found
        try:
            found = self._unwrap(data, kid)
        except LookupError as exc:
            raise KeyMaterialError(f'the service knows no key with id "{kid}"') from exc
        with self._lock:
            self._cache = {k: v for k, v in self._cache.items() if now < v[0]}
            self._cache[wrapped] = (now + self._cache_s, found)
        return found

    def __repr__(self) -> str:
        return f"KmsWrap(cache_s={self._cache_s})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError(
            "KmsWrap cannot be pickled: it holds data keys; make one where it is needed"
        )


def as_wrap(keys: Keys | KeyWrap, *, what: str = "encrypt") -> KeyWrap:
    """Return what wraps data keys, given keys or something that wraps by itself.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    if not isinstance(keys, type):
        if callable(getattr(keys, "wrap", None)) and callable(getattr(keys, "unwrap", None)):
            return keys  # type: ignore[return-value]
        if callable(getattr(keys, "active", None)) and callable(getattr(keys, "get", None)):
            return KeysWrap(keys)  # type: ignore[arg-type]
    raise ConfigError(
        f'{what} must be keys, such as FileKeys("keys.json"), or a KmsWrap, got {_named(keys)}'
    )


def wrapping_key(wrapped: str) -> str:
    """Return the id of the key that wrapped a data key.

    Raises
    ------
    IntegrityError
        If the text is damaged.
    """
    scheme = wrapped.partition(":")[0] if isinstance(wrapped, str) else ""
    return _parse(wrapped, scheme if scheme in (_KWP, _KMS) else _KWP)[0]


def _text(scheme: str, kid: str, data: bytes) -> str:
    return f"{scheme}:{kid}:{base64.b64encode(data).decode()}"


def _parse(wrapped: str, scheme: str) -> tuple[str, bytes]:
    found, _, rest = wrapped.partition(":") if isinstance(wrapped, str) else ("", "", "")
    kid, colon, data = rest.rpartition(":")
    if found == scheme and colon and kid:
        try:
            return kid, base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            pass
    raise IntegrityError(
        f'a wrapped data key reads "{scheme}:<key id>:<base64>"; this one is damaged, or made by '
        "another scheme"
    )


def _named(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"
