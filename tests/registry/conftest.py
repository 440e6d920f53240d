"""A registry in memory, small models, and a training run that is only as much of one as needed."""

from datetime import UTC, datetime, timedelta

import attrs
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from prodml.registry import Registry
from prodml.storage import MemoryStorage
from prodml.tables import Schema


@attrs.frozen(eq=False)
class Run:
    """What the registry reads of a training run."""

    estimator: object
    holdout: object
    holdout_target: object
    reference: object
    schema: object
    run_id: str = "run-1"
    task: str = "classification"
    target: str = "risk"
    params: dict = attrs.field(factory=lambda: {"max_depth": 3})
    metrics: dict = attrs.field(factory=lambda: {"accuracy": 0.9})
    record: dict = attrs.field(factory=lambda: {"seed": 0, "code": "sha256:ab"})


class Ticks:
    """A clock that moves on by a minute whenever it is asked."""

    def __init__(self):
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self):
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Small models are fitted fastest without a pool of threads that wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def rows():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(900, 4)), columns=["age", "dose", "size", "grade"])
    frame["risk"] = np.where(frame["age"] + frame["dose"] ** 2 > 0.6, "high", "low")
    return frame


@pytest.fixture(scope="session")
def parts(rows):
    """Training inputs, training target, holdout inputs, holdout target."""
    inputs, target = rows.drop(columns="risk"), rows["risk"].to_numpy()
    return inputs[:500], target[:500], inputs[500:], target[500:]


@pytest.fixture(scope="session")
def make_run(parts):
    train, target, holdout, truth = parts

    def make(estimator, columns=None, **changes):
        columns = list(columns or train.columns)
        run = Run(
            estimator=estimator.fit(train[columns], target),
            holdout=holdout[columns],
            holdout_target=truth,
            reference=train[columns],
            schema=Schema.of(train[columns]),
        )
        return attrs.evolve(run, **changes)

    return make


@pytest.fixture(scope="session")
def weak(make_run):
    """A run whose model is hardly better than guessing."""
    return make_run(DecisionTreeClassifier(max_depth=1, random_state=0))


@pytest.fixture(scope="session")
def strong(make_run):
    """A run whose model is far better than the weak one."""
    return make_run(DecisionTreeClassifier(max_depth=6, random_state=0))


@pytest.fixture(scope="session")
def linear(make_run):
    """A third run."""
    return make_run(LogisticRegression())


@pytest.fixture
def storage():
    return MemoryStorage()


@pytest.fixture
def registry(storage):
    return Registry(storage, actor="ops", clock=Ticks())


@pytest.fixture
def filled(registry, weak, strong):
    """Two versions of a model, the weak one champion."""
    registry.register("tumours", weak)
    registry.register("tumours", strong)
    registry.promote("tumours", 1, reason="the first")
    return registry
