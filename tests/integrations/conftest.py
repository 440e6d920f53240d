"""Two small stores that MLflow 3.17 made, without their model files: each test writes those it needs."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from prodml.registry import Registry
from prodml.storage import MemoryStorage

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def rows():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.normal(size=60), "dose": rng.normal(size=60)})
    return frame, (frame["age"] + frame["dose"] > 0).astype(int)


@pytest.fixture(scope="session")
def models(rows):
    """What each version of the stores was, fitted here and now."""
    kinds = (LogisticRegression(), LogisticRegression(C=0.1), DecisionTreeClassifier(max_depth=2))
    return {n + 1: model.fit(*rows) for n, model in enumerate(kinds)}


def _folder_of(store, version):
    root = store if store.is_dir() else store.parent
    wanted = {1: "skops", 2: "cloudpickle", 3: "pickle"}[version]
    return next(
        path.parent
        for path in sorted(root.rglob("MLmodel"))
        if f"serialization_format: {wanted}" in path.read_text()
    )


@pytest.fixture
def folder_of():
    """Find the model folder of a version of a store by what its MLmodel says."""
    return _folder_of


@pytest.fixture(params=["files", "sqlite"])
def store(request, tmp_path, models):
    """Location of a store whose every version is a pickle, and its root."""
    name = "mlruns" if request.param == "files" else "sql"
    root = tmp_path / "moved" / name
    shutil.copytree(DATA / name, root)
    for version, model in models.items():
        folder = _folder_of(root, version)
        if version > 1:
            (folder / "model.pkl").write_bytes(pickle.dumps(model))
    return root if request.param == "files" else root / "mlflow.db"


@pytest.fixture
def registry():
    return Registry(MemoryStorage(), actor="ops")
