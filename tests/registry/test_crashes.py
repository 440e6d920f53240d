"""A process that dies at any call to its storage leaves the old state or the new one, and nothing half."""

from __future__ import annotations

import random

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from prodml.errors import AmbiguousWriteError, UnknownNameError
from prodml.registry import Registry
from prodml.storage import MemoryStorage

X = np.array([[0.0], [1.0], [2.0]])
MODELS = [LinearRegression().fit(X, slope * X[:, 0]) for slope in range(4)]
DEATHS = ("before", "after", "answer lost")


class Died(BaseException):
    """Nothing in the process may catch this and go on."""


class Mortal:
    """A storage whose process dies at one call: before it is done, after, or with its answer lost."""

    def __init__(self, inner, at=-1, death="before"):
        self.inner, self._at, self._death = inner, at, death
        self.caps = inner.caps
        self.n_calls = 0

    def __getattr__(self, name):
        if name not in ("put", "get", "fetch", "head", "list", "delete"):
            raise AttributeError(name)
        return lambda *args, **choices: self._call(name, args, choices)

    def _call(self, name, args, choices):
        n, self.n_calls = self.n_calls, self.n_calls + 1
        if self._at < 0 or n < self._at:
            return getattr(self.inner, name)(*args, **choices)
        if n == self._at and self._death != "before":
            answer = getattr(self.inner, name)(*args, **choices)
            if self._death == "answer lost" and name == "put":
                raise AmbiguousWriteError("timed out", key=args[0])
            if self._death == "answer lost":
                return answer
        raise Died


def steps(seed):
    """A life of a model: what is done to it, in an order that the seed decides."""
    rng = random.Random(seed)
    first, second, third = rng.sample(MODELS, 3)

    def register(model):
        return lambda r: r.register("line", model, reference=X)

    def promote(version):
        return lambda r: r.promote("line", version, force=True, reason="so it is")

    middle = [
        promote(2),
        lambda r: r.delete("line", 1, reason="old"),
        lambda r: r.collect("line"),
        lambda r: r.deprecate("line", 2, reason="weak"),
    ]
    rng.shuffle(middle)
    return [register(first), register(second), *middle, register(third), lambda r: r.collect()]


def summary(storage):
    """What a reader sees."""
    registry = Registry(storage)
    try:
        versions = [(v.version, v.digest, v.deprecated) for v in registry.versions("line")]
        return versions, registry.aliases("line"), registry.models()
    except UnknownNameError:
        return [], {}, registry.models()


def copied(storage):
    copy = MemoryStorage()
    for meta in storage.list():
        copy.put(meta.key, storage.get(meta.key))
    return copy


def check(storage, expected):
    assert summary(storage) in expected
    Registry(storage).verify()
    Registry(storage).collect()
    assert Registry(storage).collect(dry_run=True).n_blobs == 0
    assert summary(storage) in expected
    Registry(storage).verify()  # every blob that is referred to is there
    Registry(storage).register("line", MODELS[0])  # and life goes on


def storm(seed, *, every=1):
    """Die at every call of every step, in every way; return how many deaths there were."""
    n_deaths = 0
    storage = MemoryStorage()
    for step in steps(seed):
        counted = Mortal(copied(storage))
        step(Registry(counted, actor="ops"))
        before, after = summary(storage), summary(counted.inner)
        for at in range(seed % every, counted.n_calls, every):
            for death in DEATHS:
                copy = copied(storage)
                possible = [after]
                try:
                    step(Registry(Mortal(copy, at, death), actor="ops"))
                except (Died, AmbiguousWriteError):
                    possible.append(before)
                check(copy, possible)
                n_deaths += 1
        step(Registry(storage, actor="ops"))
    return n_deaths


def test_a_death_at_some_calls_leaves_the_old_state_or_the_new():
    assert storm(seed=1, every=5) >= 60


@pytest.mark.slow
def test_a_death_at_every_call_leaves_the_old_state_or_the_new():
    n_deaths = seed = 0
    while n_deaths < 10_000:
        n_deaths += storm(seed)
        seed += 1
    print(f"\n{n_deaths} deaths, {seed} lives")
