"""EncryptedStorage: any storage, with bytes that only holders of a key can read."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from prodml.crypto.chunked import (
    CHUNK,
    HEADER,
    TAG,
    Message,
    chunk_span,
    plain_size,
    sealed_size,
)
from prodml.crypto.wrapping import KeyWrap, as_wrap
from prodml.errors import ConfigError, IntegrityError, InvalidKeyError
from prodml.ports import Keys, ObjectMeta, Storage, StorageCaps
from prodml.ports.duck import check_methods
from prodml.ports.storage import Data
from prodml.storage.checks import check_data, check_limit, check_range
from prodml.storage.files import placed, source
from prodml.storage.keyring import EPOCH, RING, Keyring
from prodml.storage.keys import check_key, check_prefix

__all__ = ["EncryptedStorage"]

_MAGIC = b"PRODMLE1"
_PREFIX = len(_MAGIC) + EPOCH  # magic and the id of a data key, then a Cobblestone message
_CONTEXT = b"prodml storage\0"
_WINDOW = 1024 * CHUNK
_PLAIN = "prodml.json"  # says which layout a location has; there is nothing in it to hide
_AFTER_RING = f"{RING}/z"  # ids are hexadecimal: no key below the ring comes later


class EncryptedStorage:
    """Encrypts what is stored in another storage, object by object.

    Names, sizes and times of objects stay readable to whoever can read the inner storage; their
    content does not, and no two objects look alike even if they are. An object that was changed,
    cut off, or moved to another name is found when it is read; a range is decrypted from the chunks
    that hold it.

    Parameters
    ----------
    inner : Storage
        Where the encrypted objects are kept. Use it empty: what was stored plainly before cannot
        be read through here.
    keys : Keys or KeyWrap
        Whose active key of the domain "encryption" wraps the data keys; or a `prodml.crypto.KmsWrap`.
    entropy : callable, default `secrets.token_bytes`
        ``entropy(n)`` returns n random bytes.

    Raises
    ------
    ConfigError
        If an argument is of another kind.

    Notes
    -----
    Objects are encrypted by data keys, each from the salt of its own; data keys lie wrapped below
    ``prodml-keyring/``, a name that cannot be used for anything else. `rotate` wraps them anew and
    rewrites no object. To replace an older object by itself at the same name is not found here; a
    journal on top finds it.

    Examples
    --------
    >>> from prodml.keys import StaticKeys
    >>> from prodml.storage import MemoryStorage
    >>> inner = MemoryStorage()
    >>> keys = StaticKeys({"encryption": secrets.token_bytes(32)}, warn=False)
    >>> store = EncryptedStorage(inner, keys)
    >>> store.put("notes/1", b"hello", if_absent=True).size_bytes
    5
    >>> store.get("notes/1"), b"hello" in inner.get("notes/1")
    (b'hello', False)
    """

    def __init__(
        self,
        inner: Storage,
        keys: Keys | KeyWrap,
        *,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        check_methods(inner, "put", "get", "list", what="inner", such_as='open_storage("./store")')
        self._inner = inner
        self._ring = Keyring(inner, as_wrap(keys, what="keys"), entropy=entropy)
        self._entropy = entropy

    @property
    def caps(self) -> StorageCaps:
        """What the inner storage promises, but for local paths."""
        caps = self._inner.caps
        most = None if caps.max_object_bytes is None else _fitting(caps.max_object_bytes)
        return StorageCaps(caps.url, caps.durable, local_paths=False, max_object_bytes=most)

    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        """Encrypt and store `data`."""
        plain = check_data(data)
        if _is_plain(key):
            return self._inner.put(key, data, if_absent=if_absent)
        epoch, data_key = self._ring.for_writing()
        message = Message.fresh(data_key, context=_context(key), entropy=self._entropy)
        front = _MAGIC + epoch + message.header
        if isinstance(plain, memoryview):
            sealed = message.seal(0, plain, front=front)
            meta = self._inner.put(key, sealed, if_absent=if_absent)
            return ObjectMeta(key, len(plain), meta.modified)
        with source(plain) as file, tempfile.TemporaryDirectory(prefix="prodml-") as folder:
            part = Path(folder) / "sealed"
            with part.open("wb") as out:
                out.write(front)
                size = _seal_file(message, file, out)
            meta = self._inner.put(key, part, if_absent=if_absent)
        return ObjectMeta(key, size, meta.modified)

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes ``[start:end]``, decrypted."""
        check_range(start, end)
        if _is_plain(key):
            return self._inner.get(key, start=start, end=end)
        if start == 0 and end is None:
            return self._whole(key)
        if end is not None and end <= start:
            self._inner.head(key)
            return b""
        try:
            found = self._range(key, start, end)
        except IntegrityError:
            found = None  # damaged, or replaced between two reads
        return self._whole(key)[start:end] if found is None else found

    def fetch(self, key: str, dest: Path | None = None) -> Path:
        """Decrypt the object to `dest`, which this storage needs, and return it."""
        self._inner.head(check_key(key))
        if dest is None:
            raise ConfigError(
                "an encrypted object has no file of its own: pass fetch(key, dest) a path to write to."
            )
        if _is_plain(key):
            return self._inner.fetch(key, dest)
        with placed(dest) as part:
            try:
                self._pour(key, part)
            except IntegrityError:  # damaged, or replaced between two reads
                part.write_bytes(self._whole(key))
        return dest

    def head(self, key: str) -> ObjectMeta:
        """Return size and time without the bytes."""
        return self._meta(self._inner.head(_checked(key)))

    def list(
        self, prefix: str = "", *, after: str | None = None, limit: int | None = None
    ) -> Iterator[ObjectMeta]:
        """Yield the objects below `prefix` in byte order of their keys, those after `after` only."""
        check_prefix(prefix)
        if after is not None:
            check_key(after)
        check_limit(limit)
        return self._listed(prefix, after, limit)

    def delete(self, key: str) -> None:
        """Forget the object, if it is there."""
        self._inner.delete(_checked(key))

    def rotate(self) -> int:
        """Wrap every data key anew by today's active key, and encrypt with new ones from now on.

        Afterwards the former key opens nothing here, and may be destroyed once `keys_in_use` does
        not name it. It still opens copies that somebody made of the keyring before.

        Returns
        -------
        int
            How many data keys were wrapped anew. No object was read or written.

        Raises
        ------
        KeyMaterialError
            If a key that wraps one of them is gone.
        """
        return self._ring.rotate()

    def keys_in_use(self) -> set[str]:
        """Return the ids of the keys without which something here could not be read."""
        return self._ring.in_use()

    def _whole(self, key: str) -> bytes:
        data = memoryview(self._inner.get(_checked(key)))
        message = self._message(key, data)
        plain_size(len(data) - _PREFIX)
        return message.open(0, data[_PREFIX + HEADER :])

    def _range(self, key: str, start: int, end: int | None) -> bytes | None:
        """Return a range; None if only the whole object can tell where it ends."""
        first, begin, stop = chunk_span(start, start + 1 if end is None else end)
        last = None if end is None else _PREFIX + stop
        front = self._inner.get(_checked(key), end=last if first == 0 else _PREFIX + HEADER)
        message = self._message(key, memoryview(front))
        body = front[_PREFIX + HEADER :]
        if first:
            body = self._inner.get(key, start=_PREFIX + begin, end=last)
        is_cut = last is None or len(body) < stop - begin
        if is_cut and len(body) % (CHUNK + TAG) == 0:
            return None  # it ends where no message ends
        found = message.open(first, memoryview(body))
        offset = first * CHUNK
        return found[start - offset : None if end is None else end - offset]

    def _pour(self, key: str, part: Path) -> None:
        size = self._inner.head(key).size_bytes
        plain_size(size - _PREFIX)
        front = self._inner.get(key, end=_PREFIX + HEADER)
        message = self._message(key, memoryview(front))
        step = _WINDOW // CHUNK * (CHUNK + TAG)
        with part.open("wb") as out:
            for number, begin in enumerate(range(_PREFIX + HEADER, size, step)):
                block = self._inner.get(key, start=begin, end=min(begin + step, size))
                out.write(message.open(number * (_WINDOW // CHUNK), memoryview(block)))

    def _message(self, key: str, data: memoryview) -> Message:
        front = bytes(data[: _PREFIX + HEADER])
        if not front.startswith(_MAGIC):
            raise IntegrityError(
                f"{key} was not stored through EncryptedStorage, or its first bytes were changed"
            )
        data_key = self._ring.for_reading(front[len(_MAGIC) : _PREFIX])
        return Message.of(data_key, front[_PREFIX:], context=_context(key))

    def _listed(self, prefix: str, after: str | None, limit: int | None) -> Iterator[ObjectMeta]:
        if prefix.startswith(f"{RING}/"):
            return
        left = limit
        for meta in self._inner.list(prefix, after=after, limit=limit):
            if meta.key.startswith(f"{RING}/"):
                break
            left = None if left is None else left - 1
            yield self._meta(meta)
        else:
            return
        later = max(_AFTER_RING, after or "")
        for meta in islice(self._inner.list(prefix, after=later, limit=left), left):
            yield self._meta(meta)

    def _meta(self, meta: ObjectMeta) -> ObjectMeta:
        if _is_plain(meta.key):
            return meta
        try:
            size = plain_size(meta.size_bytes - _PREFIX)
        except IntegrityError as exc:
            raise IntegrityError(f"{meta.key} was not stored here, or was cut off: {exc}") from exc
        return ObjectMeta(meta.key, size, meta.modified)

    def __repr__(self) -> str:
        return f"EncryptedStorage({self._inner!r})"


def _seal_file(message: Message, file: BinaryIO, out: BinaryIO) -> int:
    number = size = 0
    while True:
        block = file.read(_WINDOW)
        ends = len(block) < _WINDOW
        out.write(message.seal(number, memoryview(block), ends=ends))
        number += len(block) // CHUNK
        size += len(block)
        if ends:
            return size


def _checked(key: str) -> str:
    if check_key(key).split("/", 1)[0] == RING:
        raise InvalidKeyError(f"{RING} is where data keys lie; choose another name.", key=key)
    return key


def _is_plain(key: str) -> bool:
    return _checked(key) == _PLAIN


def _context(key: str) -> bytes:
    return _CONTEXT + key.encode()


def _fitting(most: int) -> int:
    """Return the largest size whose encrypted object is surely within `most` bytes."""
    return max(0, 2 * most - _PREFIX - sealed_size(most))
