"""Encryption in chunks that can be read at any place: Cobblestone-256, to the letter.

A message is ``salt || commitment || chunk 0 || chunk 1 || ...``. Key, base nonce and commitment come
from HKDF-Expand over salt and context; each chunk of 16 KiB is sealed by AES-256-GCM under the base
nonce XOR its number, and the last chunk is always shorter, so that a message that was cut, reordered,
lengthened or changed anywhere, or read under another key or context, is found.

Source
------
C2SP, "Chunked encryption", https://c2sp.org/chunked-encryption, with SHA-512 and AEAD_AES_256_GCM, the
pair that Wycheproof's vectors call Cobblestone-256.
"""

from __future__ import annotations

import hmac
import io
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from prodml._extras import require
from prodml.crypto.derivation import hkdf_expand
from prodml.errors import IntegrityError, KeyMaterialError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = [
    "CHUNK",
    "HEADER",
    "TAG",
    "Message",
    "chunk_span",
    "open_message",
    "plain_size",
    "seal_message",
    "sealed_size",
]

CHUNK = 16_384
"""Bytes of plaintext in every chunk but the last."""

HEADER = 56
"""Bytes of salt and commitment before the first chunk."""

TAG = 16
"""Bytes that each chunk grows by."""
_SEALED = CHUNK + TAG
_SALT = 24
_NONCE = 12
_KEY = 32
_MAX_CHUNKS = 1 << 38
_LABEL = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"


def seal_message(
    key: bytes,
    data: bytes | bytearray | memoryview,
    *,
    context: bytes = b"",
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> bytes:
    """Encrypt some bytes.

    Parameters
    ----------
    key : bytes
        256 random bits. It may seal many messages: each has a random salt of its own.
    data : bytes, bytearray or memoryview
        The plaintext; may be empty.
    context : bytes, default b""
        What it is. Not secret and not stored; it cannot be opened under another one.
    entropy : callable, default `secrets.token_bytes`
        ``entropy(n)`` returns n random bytes.

    Returns
    -------
    bytes
        ``72 + len(data) + 16 * (len(data) // 16384)`` bytes. Never the same twice.

    Raises
    ------
    KeyMaterialError
        If the key has not 32 bytes.

    Examples
    --------
    >>> key = secrets.token_bytes(32)
    >>> sealed = seal_message(key, b"weights", context=b"churn")
    >>> open_message(key, sealed, context=b"churn")
    b'weights'
    """
    message = Message.fresh(key, context=context, entropy=entropy)
    return message.seal(0, memoryview(data).cast("B"), front=message.header)


def open_message(
    key: bytes, sealed: bytes | bytearray | memoryview, *, context: bytes = b""
) -> bytes:
    """Decrypt what `seal_message` made, all of it or nothing.

    Parameters
    ----------
    key : bytes
        The key it was sealed with.
    sealed : bytes, bytearray or memoryview
        The whole message.
    context : bytes, default b""
        The context it was sealed with.

    Returns
    -------
    bytes

    Raises
    ------
    IntegrityError
        If any of it was changed, cut off, moved or added, or key or context are others.
    KeyMaterialError
        If the key has not 32 bytes.
    """
    view = memoryview(sealed).cast("B")
    message = Message.of(key, bytes(view[:HEADER]), context=context)
    plain_size(len(view))
    return message.open(0, view[HEADER:])


class Message:
    """The keys of one message: seals and opens its chunks.

    Parameters
    ----------
    key : bytes
        The input key.
    salt : bytes
        24 bytes that belong to this message alone.
    context : bytes
        What the message is.
    """

    def __init__(self, key: bytes, salt: bytes, *, context: bytes) -> None:
        require("cryptography", for_="encryption")
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if len(key) != _KEY:
            raise KeyMaterialError(f"a data key has {_KEY} bytes, got {len(key)}")
        info = _LABEL + salt + context
        derived = hkdf_expand(key, info, _KEY + _NONCE + 32, hash_name="sha512")
        self._aead: AESGCM = AESGCM(derived[:_KEY])
        self._nonce = int.from_bytes(derived[_KEY : _KEY + _NONCE], "big")
        self.header = salt + derived[_KEY + _NONCE :]

    @classmethod
    def fresh(
        cls, key: bytes, *, context: bytes, entropy: Callable[[int], bytes] = secrets.token_bytes
    ) -> Message:
        """Begin a message that nobody has written before."""
        return cls(key, entropy(_SALT), context=context)

    @classmethod
    def of(cls, key: bytes, header: bytes, *, context: bytes) -> Message:
        """Take up a message by its first 56 bytes.

        Raises
        ------
        IntegrityError
            If the header is too short or commits to another key or context.
        """
        if len(header) != HEADER:
            raise IntegrityError(
                f"an encrypted message begins with {HEADER} bytes, got {len(header)}: it is cut off"
            )
        message = cls(key, header[:_SALT], context=context)
        if not hmac.compare_digest(message.header, header):
            raise IntegrityError(
                "an encrypted message does not belong to this key and context, or its first bytes "
                "were changed"
            )
        return message

    def seal(self, first: int, data: memoryview, *, ends: bool = True, front: bytes = b"") -> bytes:
        """Encrypt chunks from number `first` on, with `front` as it is before them.

        With `ends`, the last one is the short one that ends the message; without, `data` are
        whole chunks.
        """
        n_chunks = len(data) // CHUNK + (1 if ends else 0)
        _check_count(first + n_chunks)
        if not hasattr(self._aead, "encrypt_into"):  # cryptography before 47
            cut = [data[i * CHUNK : (i + 1) * CHUNK] for i in range(n_chunks)]
            return front + b"".join(
                self._aead.encrypt(self._at(first + i), part, None) for i, part in enumerate(cut)
            )

        def fill(room: memoryview) -> None:
            room[: len(front)] = front
            for i in range(n_chunks):
                part = data[i * CHUNK : (i + 1) * CHUNK]
                begin = len(front) + i * _SEALED
                place = room[begin : begin + len(part) + TAG]
                self._aead.encrypt_into(self._at(first + i), part, None, place)

        return _filled(len(front) + len(data) + n_chunks * TAG, fill)

    def open(self, first: int, sealed: memoryview) -> bytes:
        """Decrypt chunks from number `first` on, whole ones and perhaps the short last one.

        Raises
        ------
        IntegrityError
            If one of them is not what was sealed at its place.
        """
        from cryptography.exceptions import InvalidTag

        n_chunks = -(-len(sealed) // _SEALED)
        _check_count(first + n_chunks)
        try:
            return self._opened(first, n_chunks, sealed)
        except (InvalidTag, ValueError):
            pass
        raise IntegrityError(
            f"encrypted data are damaged, at or after chunk {first}: they were changed, cut off or moved"
        )

    def _opened(self, first: int, n_chunks: int, sealed: memoryview) -> bytes:
        if not hasattr(self._aead, "decrypt_into"):  # cryptography before 47
            cut = [sealed[i * _SEALED : (i + 1) * _SEALED] for i in range(n_chunks)]
            return b"".join(
                self._aead.decrypt(self._at(first + i), part, None) for i, part in enumerate(cut)
            )

        def fill(room: memoryview) -> None:
            for i in range(n_chunks):
                part = sealed[i * _SEALED : (i + 1) * _SEALED]
                place = room[i * CHUNK : i * CHUNK + max(0, len(part) - TAG)]
                self._aead.decrypt_into(self._at(first + i), part, None, place)

        return _filled(max(0, len(sealed) - n_chunks * TAG), fill)

    def _at(self, number: int) -> bytes:
        return (self._nonce ^ number).to_bytes(_NONCE, "big")

    def __repr__(self) -> str:
        return "Message()"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Message cannot be pickled: it holds keys")


def _filled(size: int, fill: Callable[[memoryview], None]) -> bytes:
    """Return bytes that were written in place, without a copy of them at the end.

    The zeros come from the system when a page is first touched; nobody else holds them, so BytesIO
    takes them over, and hands them out again once no view of them is left.
    """
    file = io.BytesIO(bytes(size))
    with file.getbuffer() as room:
        fill(room)
    return file.getvalue()


def sealed_size(plain: int) -> int:
    """Return the length of the message that holds so many bytes.

    Examples
    --------
    >>> sealed_size(0), sealed_size(16_384)
    (72, 16472)
    """
    return HEADER + plain + (plain // CHUNK + 1) * TAG


def plain_size(sealed: int) -> int:
    """Return how many bytes a message of this length holds.

    Raises
    ------
    IntegrityError
        If no message has this length: it was cut off.

    Examples
    --------
    >>> plain_size(72), plain_size(16_472)
    (0, 16384)
    """
    body = sealed - HEADER
    full, rest = divmod(body, _SEALED)
    if body < TAG or rest < TAG:
        raise IntegrityError(f"no encrypted message has {sealed} bytes: it is cut off")
    return full * CHUNK + rest - TAG


def chunk_span(start: int, end: int) -> tuple[int, int, int]:
    """Return the first chunk that holds plaintext ``[start:end]``, and where its chunks lie.

    Returns
    -------
    tuple of int
        Number of the first chunk; begin and end of the chunks in the message.

    Examples
    --------
    >>> chunk_span(20_000, 20_010)
    (1, 16456, 32856)
    """
    first, last = start // CHUNK, max(start, end - 1) // CHUNK
    return first, HEADER + first * _SEALED, HEADER + (last + 1) * _SEALED


def _check_count(n_chunks: int) -> None:
    if n_chunks > _MAX_CHUNKS:
        raise IntegrityError(f"an encrypted message has at most 2**38 chunks, got {n_chunks}")
