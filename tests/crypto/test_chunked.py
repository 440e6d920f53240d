from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.crypto import open_message, seal_message
from prodml.crypto.chunked import CHUNK, HEADER, Message, chunk_span, plain_size, sealed_size
from prodml.errors import IntegrityError, KeyMaterialError

KEY = bytes(range(7, 39))
SEALED = CHUNK + 16
VECTORS = json.loads((Path(__file__).parent / "data" / "cobblestone_256.json").read_text())["tests"]


def slow_seal(key, salt, context, data):
    """The construction once more, straight from its specification and on other primitives."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

    info = b"c2sp.org/chunked-encryption@v1+" + b"AEAD_AES_256_GCM" + b"\x00" + salt + context
    derived = HKDFExpand(hashes.SHA512(), 32 + 12 + 32, info).derive(key)
    aead_key, nonce, out = derived[:32], derived[32:44], salt + derived[44:]
    for number in range(len(data) // 16384 + 1):
        counter = number.to_bytes(12, "big")
        at = bytes(a ^ b for a, b in zip(nonce, counter, strict=True))
        engine = Cipher(algorithms.AES(aead_key), modes.GCM(at)).encryptor()
        out += engine.update(data[number * 16384 : (number + 1) * 16384]) + engine.finalize()
        out += engine.tag
    return out


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: f"{case['tcId']}: {case['comment']}")
def test_the_vectors_of_wycheproof(case):
    key, context = bytes.fromhex(case["key"]), bytes.fromhex(case["ctx"])
    sealed = zlib.decompress(bytes.fromhex(case["ct"]))
    if case["msgSha512"] is None:
        with pytest.raises((IntegrityError, KeyMaterialError)):
            open_message(key, sealed, context=context)
        return
    plain = open_message(key, sealed, context=context)
    assert len(plain) == case["msgLength"]
    assert hashlib.sha512(plain).hexdigest() == case["msgSha512"]
    assert slow_seal(key, sealed[:24], context, plain) == sealed


SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5]


@pytest.mark.parametrize("size", [*SIZES, 257 * CHUNK + 1])  # the counter rolls over past 0xff
def test_a_message_is_what_an_independent_implementation_makes(size):
    data = hashlib.shake_128(b"data").digest(size)
    sealed = seal_message(KEY, data, context=b"churn")
    assert slow_seal(KEY, sealed[:24], b"churn", data) == sealed
    assert open_message(KEY, sealed, context=b"churn") == data
    assert len(sealed) == sealed_size(size)
    assert plain_size(len(sealed)) == size


@given(data=st.binary(max_size=3000), context=st.binary(max_size=80))
def test_what_was_sealed_is_opened(data, context):
    for given_as in (data, bytearray(data), memoryview(data)):
        assert (
            open_message(KEY, seal_message(KEY, given_as, context=context), context=context) == data
        )


def test_equal_plaintexts_never_look_equal():
    assert len({seal_message(KEY, b"same") for _ in range(100)}) == 100


def test_every_flipped_bit_is_found():
    sealed = bytearray(seal_message(KEY, b"a few weights"))
    for place in range(len(sealed) * 8):
        sealed[place // 8] ^= 1 << place % 8
        with pytest.raises(IntegrityError):
            open_message(KEY, sealed)
        sealed[place // 8] ^= 1 << place % 8


def test_every_truncation_is_found():
    sealed = seal_message(KEY, bytes(2 * CHUNK + 20))
    ends = [*range(200), *range(HEADER + SEALED - 40, HEADER + SEALED + 40)]
    for end in [*ends, HEADER + 2 * SEALED, len(sealed) - 1]:
        with pytest.raises(IntegrityError):
            open_message(KEY, sealed[:end])


def test_chunks_cannot_change_places_or_messages():
    sealed, twin = (seal_message(KEY, bytes(3 * CHUNK)) for _ in range(2))
    head, body = sealed[:HEADER], sealed[HEADER:]
    chunks = [body[i : i + SEALED] for i in range(0, len(body), SEALED)]
    foreign = twin[HEADER : HEADER + SEALED]
    for order in (
        [chunks[1], chunks[0], *chunks[2:]],
        [chunks[0], chunks[0], *chunks[2:]],
        [*chunks[:2], chunks[3]],
        [*chunks, chunks[3]],
        [foreign, *chunks[1:]],
    ):
        with pytest.raises(IntegrityError):
            open_message(KEY, head + b"".join(order))


def test_another_key_or_context_is_found_before_anything_is_decrypted():
    sealed = seal_message(KEY, b"weights", context=b"model")
    for key, context in [(bytes(32), b"model"), (KEY, b"holdout"), (KEY, b"")]:
        with pytest.raises(IntegrityError, match="does not belong to this key and context"):
            open_message(key, sealed, context=context)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_data_key_has_256_bits(size):
    with pytest.raises(KeyMaterialError, match=f"has 32 bytes, got {size}"):
        seal_message(bytes(size), b"")


@given(start=st.integers(0, 60_000), length=st.integers(1, 40_000))
def test_a_range_is_read_from_the_chunks_that_hold_it(start, length):
    data = hashlib.shake_128(b"data").digest(4 * CHUNK + 100)
    end = min(start + length, len(data))
    sealed = memoryview(slow_seal(KEY, bytes(24), b"", data))
    first, begin, stop = chunk_span(start, end)
    assert stop - begin <= (length // CHUNK + 2) * SEALED
    message = Message.of(KEY, bytes(sealed[:HEADER]), context=b"")
    found = message.open(first, sealed[begin:stop])
    assert found[start - first * CHUNK :][: end - start] == data[start:end]


def test_a_message_is_sealed_piece_by_piece():
    data = bytes(range(256)) * 300
    message = Message.fresh(KEY, context=b"")
    pieces = [data[i : i + CHUNK] for i in range(0, len(data), CHUNK)]
    sealed = message.header + b"".join(
        message.seal(i, memoryview(piece), ends=len(piece) < CHUNK)
        for i, piece in enumerate(pieces)
    )
    assert open_message(KEY, sealed) == data


def test_an_older_cryptography_without_in_place_calls_gives_the_same(monkeypatch):
    class Older:
        def __init__(self, inner):
            self.encrypt, self.decrypt = inner.encrypt, inner.decrypt

    data = bytes(2 * CHUNK + 9)
    message = Message.fresh(KEY, context=b"")
    now = message.seal(0, memoryview(data))
    monkeypatch.setattr(message, "_aead", Older(message._aead))
    assert message.seal(0, memoryview(data)) == now
    assert message.open(0, memoryview(now)) == data
    for damaged in (now[:-1] + bytes([now[-1] ^ 1]), now[:-30]):
        with pytest.raises(IntegrityError):
            message.open(0, memoryview(damaged))


def test_a_message_of_more_than_four_pebibytes_is_refused():
    with pytest.raises(IntegrityError, match="at most 2"):
        Message.fresh(KEY, context=b"").seal(1 << 38, memoryview(b"x"))
