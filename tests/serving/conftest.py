"""A small registry with two versions of a real model, and a predictor on it."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from prodml.registry import Registry
from prodml.storage import MemoryStorage
from prodml.training import Trainer


@pytest.fixture(scope="session")
def tumours():
    frame = load_breast_cancer(as_frame=True).frame.iloc[:, [0, 1, 2, 3, 30]].copy()
    frame["target"] = frame["target"].map({0: "malignant", 1: "benign"})
    return frame


@pytest.fixture(scope="session")
def runs(tumours):
    tree = DecisionTreeClassifier(max_depth=2)
    linear = make_pipeline(StandardScaler(), LogisticRegression())
    return [Trainer(m, target="target", random_state=0).fit(tumours) for m in (tree, linear)]


@pytest.fixture
def storage():
    return MemoryStorage()


@pytest.fixture
def registry(storage, runs):
    registry = Registry(storage, actor="tests")
    for run in runs:
        registry.register("tumours", run)
    registry.promote("tumours", 1, alias="champion")
    registry.promote("tumours", 2, alias="challenger")
    return registry


@pytest.fixture(scope="session")
def rows(tumours):
    return tumours.drop(columns="target").iloc[:6].to_dict(orient="records")
