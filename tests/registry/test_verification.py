"""Every flipped byte is found, and every planted version."""

import hashlib
import json

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from prodml.errors import (
    IntegrityError,
    KeyMaterialError,
    UnknownNameError,
    UntrustedModelError,
)
from prodml.journal import HeadMemory, Journal
from prodml.keys import StaticKeys
from prodml.registry import Registry
from prodml.storage import MemoryStorage

SECRET = hashlib.sha256(b"only for tests").digest()


@pytest.fixture
def tiny(storage):
    registry = Registry(storage)
    X = np.array([[0.0], [1.0], [2.0]])
    for slope in (1.0, 2.0):
        model = LinearRegression().fit(X, slope * X[:, 0])
        registry.register("line", model, holdout=(X, X[:, 0]), reference=X)
    registry.promote("line", 1)
    return registry


def objects(storage):
    return {meta.key: storage.get(meta.key) for meta in storage.list()}


def test_what_nobody_touched_is_verified(tiny, storage):
    checked = tiny.verify()
    n_blobs = sum("/blobs/" in key for key in objects(storage))
    assert (checked.n_models, checked.n_events, checked.n_blobs) == (1, 3, n_blobs)


def damage_is_found(stored, key, at):
    broken = MemoryStorage()
    for other, data in stored.items():
        broken.put(other, data)
    changed = bytearray(stored[key])
    changed[at] ^= 1
    broken.put(key, bytes(changed))
    with pytest.raises(IntegrityError):
        Registry(broken).verify("line")


def test_every_flipped_byte_is_found(tiny, storage):
    # Every byte of the events, on which all else hangs; of the blobs one in seven.
    stored = objects(storage)
    for key, data in stored.items():
        for at in range(0, len(data), 7 if "/blobs/" in key else 1):
            damage_is_found(stored, key, at)


@pytest.mark.slow
def test_every_flipped_byte_of_every_blob_is_found_too(tiny, storage):
    stored = objects(storage)
    for key, data in stored.items():
        for at in range(len(data)):
            damage_is_found(stored, key, at)


def test_every_missing_object_is_found(tiny, storage):
    stored = objects(storage)
    # The newest event alone can be cut off unseen; the next test is about that.
    newest = max(key for key in stored if "/blobs/" not in key)
    for key in stored.keys() - {newest}:
        broken = MemoryStorage()
        for other in stored.keys() - {key}:
            broken.put(other, stored[other])
        with pytest.raises((IntegrityError, UnknownNameError)):
            Registry(broken).verify("line")


def test_an_event_that_was_cut_off_is_found_by_a_head_kept_elsewhere(tiny, storage):
    head = tiny.head("line")
    newest = max(key for key in objects(storage) if "/blobs/" not in key)
    storage.delete(newest)
    fresh = Registry(storage)
    assert fresh.verify().n_events == 2
    with pytest.raises(IntegrityError):
        fresh.verify(expect={"line": head})


def test_a_model_that_vanished_is_found_by_a_head_kept_elsewhere(tiny):
    head = tiny.head("line")
    with pytest.raises(IntegrityError):
        Registry(MemoryStorage()).verify(expect={"line": head})


def test_a_blob_under_a_name_that_is_none_is_found(tiny, storage):
    storage.put("models/line/blobs/sha256/zz/planted", b"x")
    with pytest.raises((IntegrityError, ValueError)):
        tiny.verify()


def test_a_version_numbered_otherwise_is_found(tiny, storage):
    payload = {"version": 9}
    Journal(storage, "models/line").append("version_registered", payload)
    with pytest.raises(IntegrityError, match="expected 3"):
        Registry(storage).verify()


def test_events_of_types_from_the_future_change_nothing(tiny, storage):
    Journal(storage, "models/line").append("painted_green", {"how": "very"})
    assert Registry(storage).aliases("line") == {"champion": 1}


@pytest.fixture
def keys():
    return StaticKeys({"model": SECRET}, warn=False)


@pytest.fixture
def model():
    X = np.array([[0.0], [1.0]])
    return LinearRegression().fit(X, X[:, 0])


def test_a_signed_version_loads_for_those_who_hold_the_key(storage, keys, model):
    Registry(storage, keys=keys).register("line", model)
    assert Registry(storage, keys=keys).load("line/1").predict([[3.0]]).round(9) == [3.0]
    assert Registry(storage).get("line/1").version == 1


def test_a_version_that_nobody_signed_is_refused(storage, keys, model):
    Registry(storage).register("line", model)
    with pytest.raises(UntrustedModelError, match="not signed"):
        Registry(storage, keys=keys).load("line/1")


def test_a_planted_version_is_refused(storage, keys, model):
    signed = Registry(storage, keys=keys)
    signed.register("line", model)
    journal = Journal(storage, "models/line")
    payload = next(iter(journal.events())).payload
    other = Registry(MemoryStorage()).register("line", model)
    journal.append("version_registered", {**payload, "version": 2, "model": other.digest})
    with pytest.raises(IntegrityError, match="signature of line/2"):
        Registry(storage, keys=keys).load("line/2")


def test_a_signature_by_a_key_that_is_gone_is_refused(storage, keys, model):
    Registry(storage, keys=keys).register("line", model)
    others = StaticKeys({"model": hashlib.sha256(SECRET).digest()}, warn=False)
    with pytest.raises((KeyMaterialError, IntegrityError)):
        Registry(storage, keys=others).load("line/1")


def test_events_hold_no_rows_and_stay_small(storage, tiny):
    events = [data for key, data in objects(storage).items() if "/blobs/" not in key]
    assert all(len(json.dumps(event.decode())) < 4_000 for event in events)


def test_a_registry_with_a_memory_misses_what_was_cut_off(tiny, storage):
    heads = HeadMemory(MemoryStorage())
    assert Registry(storage, heads=heads).aliases("line") == {"champion": 1}
    newest = max(key for key in objects(storage) if "/log/" in key)
    storage.delete(newest)
    assert Registry(storage).aliases("line") == {}
    with pytest.raises(IntegrityError, match="cut off"):
        Registry(storage, heads=heads).aliases("line")
