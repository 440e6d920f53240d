"""Encryption beside plain AES-GCM, and rotation beside nothing at all, each in one run.

Ratios are of processor time, since the machine may be shared; they are printed and in ``extra_info``.
"""

from __future__ import annotations

import math
import os
import secrets
import time

import pytest

pytest.importorskip("cryptography", reason="needs the extra crypto")

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sklearn.linear_model import LinearRegression

from prodml.crypto import Signer, Verifier, open_message, seal_message
from prodml.crypto.chunked import Message, chunk_span
from prodml.fingerprint import sha256
from prodml.journal import Blobs
from prodml.keys import FileKeys
from prodml.registry import Registry
from prodml.storage import EncryptedStorage, FolderStorage, MemoryStorage

SIZES = [2 << 20, 64 << 20]
KEY = secrets.token_bytes(32)


def beside(ours, peer, rounds):
    """Return how many times the peer's processor time ours takes, the best of rounds taken in turn."""
    best = {ours: math.inf, peer: math.inf}
    for _ in range(rounds):
        for act in (ours, peer):
            start = time.process_time()
            act()
            best[act] = min(best[act], time.process_time() - start)
    return round(best[ours] / best[peer], 2)


def measured(benchmark, what, ours, peer, size):
    ratio = beside(ours, peer, rounds=41 if size < 1e7 else 9)
    benchmark.extra_info.update(times_plain_aes_gcm=ratio)
    benchmark(ours)
    print(f"{what} of {size >> 20} MiB: {ratio} times plain AES-GCM")
    return ratio


@pytest.mark.parametrize("size", SIZES)
def test_an_encrypted_blob_beside_one_under_plain_aes_gcm(benchmark, size, tmp_path):
    """The bar: to load an encrypted version takes at most 1.5 times as long as under plain AES-GCM.

    Both are read from a folder, compared with their digest and decrypted.
    """
    data, nonce, aead = os.urandom(size), secrets.token_bytes(12), AESGCM(KEY)
    blobs = Blobs(FolderStorage(tmp_path / "store"), "blobs")
    plain, sealed = blobs.put(aead.encrypt(nonce, data, None)), blobs.put(seal_message(KEY, data))

    def ours():
        return open_message(KEY, blobs.get(sealed))

    def peer():
        return aead.decrypt(nonce, blobs.get(plain), None)

    assert ours() == peer() == data
    assert measured(benchmark, "load", ours, peer, size) <= 1.5


@pytest.mark.parametrize("size", SIZES)
def test_opening_alone(benchmark, size):
    """What fits into a cache is opened by plain AES-GCM at 19 GB/s; a call for each chunk shows then."""
    data, nonce, aead = os.urandom(size), secrets.token_bytes(12), AESGCM(KEY)
    plain, sealed = aead.encrypt(nonce, data, None), seal_message(KEY, data)
    measured(
        benchmark,
        "open",
        lambda: open_message(KEY, sealed),
        lambda: aead.decrypt(nonce, plain, None),
        size,
    )


@pytest.mark.parametrize("size", SIZES)
def test_sealing_alone(benchmark, size):
    data, nonce, aead = os.urandom(size), secrets.token_bytes(12), AESGCM(KEY)
    measured(
        benchmark,
        "seal",
        lambda: seal_message(KEY, data),
        lambda: aead.encrypt(nonce, data, None),
        size,
    )


def test_a_range_of_a_large_object(benchmark, tmp_path):
    keys = FileKeys.create(tmp_path / "keys.json", domains=["encryption"])
    store = EncryptedStorage(FolderStorage(tmp_path / "store"), keys)
    store.put("big", os.urandom(64 << 20))
    benchmark(store.get, "big", start=40_000_000, end=40_000_100)


def test_a_chunk(benchmark):
    sealed = memoryview(seal_message(KEY, os.urandom(1 << 20)))
    message = Message.of(KEY, bytes(sealed[:56]), context=b"")
    first, begin, end = chunk_span(500_000, 500_001)
    benchmark(message.open, first, sealed[begin:end])


@pytest.mark.parametrize("what", ["sign", "verify"])
def test_a_signature(benchmark, what, tmp_path):
    signer = Signer.create(tmp_path / "signing.pem")
    verifier, signature = Verifier(signer.public_key), signer.sign(b"facts")
    act = {
        "sign": lambda: signer.sign(b"facts"),
        "verify": lambda: verifier.verify(b"facts", signature),
    }
    benchmark(act[what])


def test_rotation_of_1000_versions(benchmark, tmp_path):
    """Wraps 1,000 data keys anew and tells the journal; reads and writes no blob."""
    keys = FileKeys.create(tmp_path / "keys.json", domains=["encryption"])
    registry = Registry(MemoryStorage(), encrypt=keys)
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    for _ in range(1000):
        registry.register("line", model)

    def rotate():
        keys.rotate("encryption")
        return registry.rotate_keys()

    assert benchmark.pedantic(rotate, rounds=3).n_versions == 1000


def test_the_digest_of_the_same_bytes(benchmark):
    """A limit to compare with: SHA-256, which every load computes as well."""
    benchmark(sha256, os.urandom(64 << 20))
