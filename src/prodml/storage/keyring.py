"""Data keys of an encrypted storage, wrapped, each in a small object that can be replaced."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable

from prodml.crypto.wrapping import KeyWrap, wrapping_key
from prodml.errors import (
    AlreadyExistsError,
    AmbiguousWriteError,
    IntegrityError,
    KeyMaterialError,
    KeyNotFoundError,
)
from prodml.fingerprint.canonical import canonical_json, parse_json
from prodml.ports import Storage

__all__ = ["EPOCH", "RING", "Keyring"]

RING = "prodml-keyring"
EPOCH = 16
"""Bytes of the id of a data key."""

_KEY_BYTES = 32


class Keyring:
    """The data keys of a storage: one for each time that the wrapping key was changed, or a few.

    A data key is stored as ``prodml-keyring/<id>/<n>``, wrapped; wrapped anew it becomes ``n + 1``, and
    ``n`` is deleted. It is used for writing only while the key that wrapped it first is active, so that
    who once had a former key cannot read what is written later.

    Parameters
    ----------
    inner : Storage
        Where they lie.
    wrap : KeyWrap
        Wraps them.
    entropy : callable
        ``entropy(n)`` returns n random bytes.
    """

    def __init__(self, inner: Storage, wrap: KeyWrap, *, entropy: Callable[[int], bytes]) -> None:
        self._inner = inner
        self._wrap = wrap
        self._entropy = entropy
        self._wrapped: dict[bytes, str] = {}
        self._writing: tuple[str, bytes] | None = None  # first wrapped by, id
        self._lock = threading.Lock()

    def for_reading(self, epoch: bytes) -> bytes:
        """Return a data key.

        Raises
        ------
        KeyMaterialError
            If the key that wraps it is gone.
        IntegrityError
            If there is no such data key.
        """
        wrapped = self._wrapped.get(epoch)
        if wrapped is not None:
            try:
                return self._wrap.unwrap(wrapped)
            except KeyMaterialError:
                pass  # another process may have wrapped it anew
        wrapped = self._newest(epoch)[1]
        data_key = self._wrap.unwrap(wrapped)
        self._wrapped[epoch] = wrapped
        return data_key

    def for_writing(self) -> tuple[bytes, bytes]:
        """Return id and data key to encrypt with now."""
        active = self._wrap.active()
        with self._lock:
            if self._writing is None or self._writing[0] != active:
                self._writing = active, self._found(active) or self._begun(active)
            epoch = self._writing[1]
        return epoch, self.for_reading(epoch)

    def rotate(self) -> int:
        """Wrap every data key anew that the active key does not wrap yet; return how many."""
        active, n_wrapped = self._wrap.active(), 0
        for epoch in self._epochs():
            number, wrapped, first = self._newest(epoch)
            if wrapping_key(wrapped) != active:
                anew = self._wrap.wrap(self._wrap.unwrap(wrapped))
                number += 1
                self._store(epoch, number, anew, first)
                n_wrapped += 1
            self._forget_before(epoch, number)
            self._wrapped.pop(epoch, None)
        return n_wrapped

    def in_use(self) -> set[str]:
        """Return the ids of the keys that wrap data keys now."""
        return {wrapping_key(self._newest(epoch)[1]) for epoch in self._epochs()}

    def _found(self, active: str) -> bytes | None:
        """Return a data key that another writer began under this key."""
        epochs = ((self._newest(epoch)[2], epoch) for epoch in self._epochs())
        return next((epoch for first, epoch in epochs if first == active), None)

    def _begun(self, active: str) -> bytes:
        epoch = self._entropy(EPOCH)
        self._store(epoch, 1, self._wrap.wrap(self._entropy(_KEY_BYTES)), active)
        return epoch

    def _store(self, epoch: bytes, number: int, wrapped: str, first: str) -> None:
        entry = canonical_json({"first": first, "key": wrapped})
        key = f"{RING}/{epoch.hex()}/{number:06}"
        try:
            self._inner.put(key, entry, if_absent=True)
        except AlreadyExistsError:
            return  # another one rotates too: the same data key, under the same active key
        except AmbiguousWriteError:
            if self._inner.get(key) != entry:
                raise

    def _forget_before(self, epoch: bytes, number: int) -> None:
        for meta in list(self._inner.list(f"{RING}/{epoch.hex()}/")):
            if int(meta.key.rpartition("/")[2]) < number:
                self._inner.delete(meta.key)

    def _epochs(self) -> list[bytes]:
        names = {meta.key.split("/")[1] for meta in self._inner.list(f"{RING}/")}
        return [bytes.fromhex(name) for name in sorted(names)]

    def _newest(self, epoch: bytes) -> tuple[int, str, str]:
        """Return number, wrapped key, and the id of the key that wrapped it first."""
        folder = f"{RING}/{epoch.hex()}/"
        for _ in range(3):  # each time somebody may wrap it anew between the two reads
            metas = list(self._inner.list(folder))
            if not metas:
                break
            try:
                return _entry(metas[-1].key, self._inner.get(metas[-1].key))
            except KeyNotFoundError:
                continue
        raise IntegrityError(f"the data key {epoch.hex()} is missing below {RING}/")

    def __reduce__(self) -> tuple[object, ...]:
        return _opened, (self._inner, self._wrap)


def _opened(inner: Storage, wrap: KeyWrap) -> Keyring:
    return Keyring(inner, wrap, entropy=secrets.token_bytes)


def _entry(key: str, data: bytes) -> tuple[int, str, str]:
    try:
        found = parse_json(data)
    except ValueError:
        found = None
    number = key.rpartition("/")[2]
    if isinstance(found, dict) and number.isdecimal():
        wrapped, first = found.get("key"), found.get("first")
        if isinstance(wrapped, str) and isinstance(first, str):
            return int(number), wrapped, first
    raise IntegrityError(f"{key} is damaged: it holds no wrapped data key")
