"""Registry.collect() leaves exactly the bytes that living versions refer to."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from prodml.errors import RefusedError, UnknownNameError
from prodml.journal import Collected, Journal
from prodml.registry import Registry
from prodml.storage import MemoryStorage

X = np.array([[0.0], [1.0], [2.0]])


def register(registry, slope, name="line"):
    model = LinearRegression().fit(X, slope * X[:, 0])
    return registry.register(name, model, holdout=(X, slope * X[:, 0]), reference=X)


def blobs(storage):
    return {meta.key: meta.size_bytes for meta in storage.list() if "/blobs/" in meta.key}


def delete(storage, version):
    Journal(storage, "models/line").append("version_deleted", {"version": version}, reason="old")


def test_a_registry_of_living_versions_has_nothing_to_collect(registry, storage):
    register(registry, 1.0)
    before = blobs(storage)
    assert registry.collect("line") == registry.collect() == Collected(0, 0)
    assert blobs(storage) == before


def test_what_a_deleted_version_leaves_behind_goes_and_what_it_shared_stays(registry, storage):
    register(registry, 1.0)
    one = blobs(storage)
    register(registry, 2.0)
    alone = MemoryStorage()
    register(Registry(alone), 2.0)
    delete(storage, 1)
    both = blobs(storage)
    assert registry.collect("line", dry_run=True).n_blobs == len(both) - len(blobs(alone))
    found = registry.collect("line", reason="spring cleaning")
    assert blobs(storage).keys() == blobs(alone).keys()
    assert found.size_bytes == sum(both.values()) - sum(blobs(storage).values())
    assert set(one) & set(blobs(storage))  # the reference and the holdout's inputs are shared
    assert registry.load("line/2").predict([[3.0]]).round(9) == [6.0]
    assert registry.verify().n_blobs == len(blobs(storage))


def test_versions_registered_after_a_collection_load_and_share(registry, storage):
    register(registry, 1.0)
    register(registry, 2.0)
    delete(storage, 1)
    registry.collect("line")
    register(registry, 1.0)
    fresh = Registry(storage)
    assert fresh.load("line/3").predict([[3.0]]).round(9) == [3.0]
    assert fresh.holdout("line/3").inputs.equals(fresh.holdout("line/2").inputs)
    assert fresh.reference("line/3") is not None
    assert any(key.endswith(".1") for key in blobs(storage))
    assert registry.collect() == Collected(0, 0)


def test_a_first_version_that_never_came_to_be_is_collected_too(storage):
    storage.put("models/line/blobs/sha256/ab/ab" + "0" * 62, b"half an upload")
    registry = Registry(storage)
    assert registry.collect() == Collected(1, 14)
    assert registry.models() == []
    assert blobs(storage) == {}


def test_a_model_that_is_not_there_cannot_be_collected(registry):
    with pytest.raises(UnknownNameError):
        registry.collect("line")


def test_the_policy_is_asked(storage):
    register(Registry(storage), 1.0)
    with pytest.raises(RefusedError):
        Registry(storage, access=lambda _actor, action, _what: action != "collect").collect("line")


def test_versions_of_before_there_were_generations_are_kept(registry, storage):
    register(registry, 1.0)
    old = MemoryStorage()
    event = next(iter(Journal(storage, "models/line").events()))
    payload = {name: found for name, found in event.payload.items() if name != "blobs"}
    Journal(old, "models/line").append("version_registered", payload)
    for key in blobs(storage):
        old.put(key, storage.get(key))
    old.put("models/line/blobs/sha256/ab/ab" + "0" * 62, b"loose")
    assert Registry(old).collect("line") == Collected(1, 5)
    assert blobs(old) == blobs(storage)
    assert Registry(old).verify().n_blobs == len(blobs(old))


def test_a_reader_that_a_collection_overtakes_looks_the_reference_up_again(storage):
    registry = Registry(storage)
    for slope in (1.0, 2.0):
        register(registry, slope)
    registry.promote("line", 1, force=True, reason="first")

    class Overtaken(MemoryStorage):
        """The first blob that is read is gone: promoted past, deleted and collected."""

        is_overtaken = False

        def get(self, key, **choices):
            if "/blobs/" in key and not self.is_overtaken:
                self.is_overtaken = True
                registry.promote("line", 2, force=True, reason="second")
                registry.delete("line", 1, reason="old")
                registry.collect("line")
            return storage.get(key, **choices)

        def list(self, *args, **choices):
            return storage.list(*args, **choices)

    reader = Registry(Overtaken())
    assert reader.load("line@champion").predict([[3.0]]).round(9) == [6.0]
    with pytest.raises(UnknownNameError):
        reader.load("line/1")
