"""A training script written for MLflow, with one import changed."""

from __future__ import annotations

import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from prodml import Registry
from prodml.errors import ConfigError
from prodml.fingerprint import fingerprint_frame
from prodml.integrations import tracking
from prodml.integrations import tracking as mlflow
from prodml.storage import MemoryStorage
from prodml.training import RunLog


@pytest.fixture(autouse=True)
def store(monkeypatch):
    monkeypatch.setattr(tracking, "_PLACE", tracking._Place())
    storage = MemoryStorage()
    mlflow.set_tracking_uri(storage)
    return storage


@pytest.fixture
def path(tmp_path):
    data = load_breast_cancer(as_frame=True).frame
    data.to_csv(tmp_path / "training_data.csv", index=False)
    return tmp_path / "training_data.csv"


def train_model(path):
    # Load and prepare data
    data = pd.read_csv(path)
    X = data.drop("target", axis=1)
    y = data["target"]

    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)

    # Start a run
    with mlflow.start_run():
        # Train model
        model = RandomForestClassifier(n_estimators=100, random_state=42)
        model.fit(X_train, y_train)

        # Evaluate model
        train_score = model.score(X_train, y_train)
        test_score = model.score(X_test, y_test)

        # Log metrics
        mlflow.log_metric("train_accuracy", train_score)
        mlflow.log_metric("test_accuracy", test_score)

        # Log model
        mlflow.sklearn.log_model(model, "model")

        # Log parameters
        mlflow.log_params(model.get_params())

        return model, test_score


def test_the_script_leaves_a_version_a_fingerprint_a_card_and_a_verified_load(path, store):
    model, score = train_model(path)
    registry = Registry(store)
    version = registry.get("model/1")
    data = pd.read_csv(path)
    assert version.format.startswith("inert")
    assert version.metrics == {"train_accuracy": 1.0, "test_accuracy": score}
    assert version.run["tables"]["data"]["digest"] == fingerprint_frame(data).digest
    assert set(version.run["tables"]) == {"data", "X", "X_train", "X_test"}
    assert list(version.schema.names) == list(data.columns[:-1])
    assert "test_accuracy" in registry.card("model/1").to_markdown()
    inputs = data.drop(columns="target")
    loaded = registry.load("model/1")
    assert (loaded.predict_proba(inputs) == model.predict_proba(inputs)).all()


def test_the_run_is_remembered(path, store):
    train_model(path)
    found = RunLog(store).search()[0]
    assert found.status == "finished"
    assert found.params["n_estimators"] == 100
    assert found.metrics["train_accuracy"] == 1.0
    assert Registry(store).get("model/1").run["run_id"] == found.run_id


def test_values_by_step_parameters_and_files_are_logged(store, tmp_path):
    (tmp_path / "notes.txt").write_text("text")
    with mlflow.start_run("by hand", tags={"team": "growth"}) as run:
        mlflow.log_metrics({"loss": 1.0}, step=0)
        mlflow.log_metric("loss", 0.5, step=1)
        mlflow.log_param("lr", 0.1)
        mlflow.log_artifact(tmp_path / "notes.txt")
    runs = RunLog(store)
    assert [p.value for p in runs.history(run.run_id, "loss")] == [1.0, 0.5]
    assert runs.artifact(run.run_id, "notes.txt") == b"text"
    assert runs.search(tags={"team": "growth"})[0].params == {"lr": 0.1}


def test_without_a_run_there_is_nothing_to_log_to():
    with pytest.raises(ConfigError, match="no run is active"):
        mlflow.log_metric("loss", 1.0)


def test_a_run_inside_a_run_is_refused():
    with mlflow.start_run(), pytest.raises(ConfigError, match="active already"), mlflow.start_run():
        pass


def test_a_script_that_fails_leaves_a_failed_run(store):
    with pytest.raises(KeyError), mlflow.start_run():
        raise KeyError("x")
    assert RunLog(store).search()[0].status == "failed"


def test_without_a_place_a_folder_here_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(tracking, "_PLACE", tracking._Place())
    monkeypatch.chdir(tmp_path)
    with mlflow.start_run():
        mlflow.log_metric("loss", 1.0)
    assert (tmp_path / "prodml").is_dir()
