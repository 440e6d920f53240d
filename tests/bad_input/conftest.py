"""A small house in use, and the one assertion that every wrong use must stand."""

from __future__ import annotations

import hashlib
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from prodml import (
    ABRouter,
    Anonymizer,
    AuditTrail,
    Check,
    Contract,
    DriftDetector,
    Gate,
    Journal,
    PredictionLog,
    Predictor,
    Pseudonymize,
    Registry,
    RetrainLoop,
    StaticKeys,
    Trainer,
)
from prodml.errors import ProdmlError
from prodml.gate import Predictions
from prodml.journal import Blobs
from prodml.retraining import OnDrift
from prodml.serving import Endpoints, Request
from prodml.storage import MemoryStorage

SECRET = "s3cret-cell"
_NOISE = re.compile(r"\n|Traceback|File \"| at 0x|array\(|dtype=|DataFrame\(|\.\.\. ")


def _people(n=120):
    rng = np.random.default_rng(0)
    age = rng.uniform(20, 80, n).round(1)
    return pd.DataFrame(
        {
            "patient": [f"{SECRET}-{i}" for i in range(n)],
            "age": age,
            "bmi": rng.normal(25, 4, n).round(1),
            "sick": np.where(age + rng.normal(0, 8, n) > 50, "yes", "no"),
        }
    )


def _secret(word):
    return hashlib.sha256(word.encode()).digest()


class World:
    """One of everything, already in use; a row of a table gets a fresh one."""

    def __init__(self, base, runs, folder):
        self.folder = folder
        self.runs = runs
        self.storage = MemoryStorage()
        for key, data in base.items():
            self.storage.put(key, data)
        self.people = _people()
        self.clinic = self.people.drop(columns="patient")
        self.inputs = self.clinic[["age", "bmi"]]
        self.model = runs[1].estimator
        self.record = {"age": 50.0, "bmi": 22.0}
        self.registry = Registry(self.storage, actor="ops")
        self.router = ABRouter("ranker", storage=self.storage)
        self.log = PredictionLog(self.storage, "tumours")
        self.predictor = Predictor(self.registry, "tumours@champion", log=self.log)
        self.answered = next(iter(self.log.predictions())).id
        self.trail = AuditTrail(self.storage)
        self.journal = Journal(self.storage, "runs/1")
        self.blobs = Blobs(self.storage, "loose")
        self.keys = StaticKeys({"pseudonym": _secret("k")}, warn=False)
        self.anonymizer = Anonymizer({"patient": Pseudonymize()}, keys=self.keys, remainder="keep")
        self.contract = Contract(
            {"age": Check.number(min=0, max=120), "sick": Check.one_of(["yes", "no"])}
        )
        self.gate = Gate()
        self.truth = np.array(["yes", "no"] * 50)
        self.addable = ""
        self.settle()

    # -- what a row needs to make its mess -------------------------------------------------------

    def settle(self):
        """Take what is stored by now as what must still be there after the wrong use."""
        self.before = self.stored()

    def stored(self):
        found = {m.key: _digest(self.storage.get(m.key)) for m in self.storage.list("")}
        files = [p for p in self.folder.rglob("*") if p.is_file()]
        return found | {f"file:{p}": _digest(p.read_bytes()) for p in files}

    def allow(self, prefix):
        """Say where evidence of the refusal itself may be added."""
        self.addable = prefix

    def spoil(self, prefix, how=lambda data: data[:-1] + bytes([data[-1] ^ 1])):
        keys = [meta.key for meta in self.storage.list(prefix)]
        assert keys
        for key in keys:
            self.storage.put(key, how(self.storage.get(key)))
        self.settle()

    def lose(self, prefix):
        for meta in list(self.storage.list(prefix)):
            self.storage.delete(meta.key)
        self.settle()

    def said(self, labels):
        return Predictions(np.asarray(labels))

    def train(self, data=None, *, estimator=None, target="sick", **settings):
        model = LogisticRegression() if estimator is None else estimator
        data = self.clinic if data is None else data
        return Trainer(model, target=target, **settings).fit(data)

    def detector(self):
        return DriftDetector().fit(self.inputs)

    def loop(self, **settings):
        given = {
            "trainer": Trainer(LogisticRegression(), target="sick"),
            "registry": self.registry,
            "storage": self.storage,
            "triggers": [OnDrift()],
            "source": lambda: self.clinic,
            **settings,
        }
        return RetrainLoop(given.pop("name", "tumours"), **given)

    def signed(self, word, kid="model-key"):
        from prodml.ports import Key

        keys = StaticKeys({"model": Key(kid, _secret(word))}, warn=False)
        return Registry(self.storage, keys=keys)

    def ask(self, method, path, body=b"", **settings):
        return Endpoints(self.predictor, **settings)(Request(method, path, {}, body))


def _digest(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="session")
def runs():
    clinic = _people().drop(columns="patient")
    tree = DecisionTreeClassifier(max_depth=1)
    linear = make_pipeline(StandardScaler(), LogisticRegression())
    return [Trainer(m, target="sick").fit(clinic) for m in (tree, linear)]


@pytest.fixture(scope="session")
def base(runs):
    """What is stored in a house that was used a little, as bytes by key."""
    storage = MemoryStorage()
    registry = Registry(storage, actor="ops")
    for run in runs:
        registry.register("tumours", run)
    registry.promote("tumours", 1)
    registry.promote("tumours", 2, alias="challenger")
    router = ABRouter("ranker", {"champion": 0.5, "challenger": 0.5}, storage=storage)
    router.record_exposure("u1")
    router.record_outcome("u1", 1.0, metric="clicks")
    log = PredictionLog(storage, "tumours")
    Predictor(registry, "tumours@champion", log=log).predict({"age": 50.0, "bmi": 22.0})
    AuditTrail(storage).record("promote", resource="models/tumours", actor="ops")
    journal = Journal(storage, "runs/1")
    journal.append("started")
    journal.append("ended")
    Blobs(storage, "loose").put(b"weights")
    return {meta.key: storage.get(meta.key) for meta in storage.list("")}


@pytest.fixture
def world(base, runs, tmp_path):
    return World(base, runs, tmp_path)


@pytest.fixture
def refused(world):
    """Assert that a wrong use gives one clear error of prodml's own and leaves nothing behind."""

    def check(call, error, says):
        with pytest.raises(ProdmlError) as caught:
            call(world)
        message = str(caught.value)
        assert type(caught.value) is error, message
        assert re.search(says, message), message
        assert 10 <= len(message) <= 420, message
        assert not _NOISE.search(message), message
        assert SECRET not in message
        after = world.stored()
        assert {key: after.get(key) for key in world.before} == world.before
        new = set(after) - set(world.before)
        assert all(world.addable and key.startswith(world.addable) for key in new), new

    return check
