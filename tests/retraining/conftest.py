"""A loop over two columns, on clocks and storages that do as they are told."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import attrs
import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from prodml.registry import Registry
from prodml.retraining import OnNewLabels, RetrainLoop
from prodml.storage import MemoryStorage
from prodml.training import Trainer


class Clock:
    def __init__(self):
        self.now = datetime(2026, 3, 2, 12, tzinfo=UTC)

    def __call__(self):
        return self.now

    def pass_by(self, span):
        self.now += span


def make_rows(seed=0, n=400):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pd.DataFrame({"x": x, "noise": rng.normal(size=n), "y": (x > 0).astype(int)})


class Killed(BaseException):
    """Stands for a process that is gone: nothing is written after it."""


class Disturbed:
    """A storage to which something happens at its n-th call."""

    def __init__(self, inner):
        self.inner, self.caps = inner, inner.caps
        self.n_calls, self.at, self.after, self.happens = 0, None, False, None
        self.is_dead = False
        self._lock = threading.Lock()

    def disturb(self, happens, at, *, after):
        self.happens, self.at, self.after = happens, at, after

    def kill(self, at, *, after):
        def die():
            self.is_dead = True
            raise Killed

        self.disturb(die, at, after=after)

    def _call(self, name, *args, **options):
        if self.is_dead:
            raise Killed
        with self._lock:
            self.n_calls += 1
            is_now = self.n_calls == self.at
        if is_now and not self.after:
            self.happens()
        try:
            return getattr(self.inner, name)(*args, **options)
        finally:
            if is_now and self.after:
                self.happens()

    def put(self, key, data, *, if_absent=False):
        return self._call("put", key, data, if_absent=if_absent)

    def get(self, key, *, start=0, end=None):
        return self._call("get", key, start=start, end=end)

    def fetch(self, key, dest=None):
        return self._call("fetch", key, dest)

    def head(self, key):
        return self._call("head", key)

    def list(self, prefix="", *, after=None, limit=None):
        return iter(list(self._call("list", prefix, after=after, limit=limit)))

    def delete(self, key):
        return self._call("delete", key)


class Trained:
    """A trainer that has learnt already: each fit is a new run of the same good model."""

    run = None

    def fit(self, data):
        if Trained.run is None:
            Trained.run = Trainer(LogisticRegression(), target="y").fit(make_rows())
        return attrs.evolve(Trained.run)


@pytest.fixture(scope="session")
def shop():
    """Everything above, under one name."""

    class Shop:
        rows = staticmethod(make_rows)
        clock = Clock
        killed = Killed
        disturbed = Disturbed
        trained = Trained

        @staticmethod
        def with_champion():
            """Return a storage with a weak champion."""
            storage = MemoryStorage()
            registry = Registry(storage)
            registry.register("churn", Trainer(DummyClassifier(), target="y").fit(make_rows()))
            registry.promote("churn", 1)
            return storage

        @staticmethod
        def copy(storage):
            twin = MemoryStorage()
            for meta in storage.list():
                twin.put(meta.key, storage.get(meta.key))
            return twin

        @staticmethod
        def loop(storage, clock, **changes):
            settings = {
                "trainer": Trained(),
                "registry": Registry(storage),
                "storage": storage,
                "triggers": [OnNewLabels(10)],
                "source": lambda: [1],
                "clock": clock,
            }
            return RetrainLoop("churn", **{**settings, **changes})

    return Shop


@pytest.fixture
def rows():
    return make_rows


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def storage():
    return MemoryStorage()


@pytest.fixture
def registry(storage):
    return Registry(storage)


@pytest.fixture
def make(storage, registry, clock):
    """Make a loop that trains a good model on fresh rows, with anything about it changed."""

    def make(**changes):
        settings = {
            "trainer": Trainer(LogisticRegression(), target="y"),
            "registry": registry,
            "storage": storage,
            "triggers": [OnNewLabels(10)],
            "source": make_rows,
            "clock": clock,
        }
        return RetrainLoop("churn", **{**settings, **changes})

    return make
