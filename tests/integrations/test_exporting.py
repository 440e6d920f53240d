"""A version as a folder that MLflow loads: what is in it, and that MLflow agrees."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression

from prodml.errors import ConfigError, UnknownNameError
from prodml.integrations.mlflow import export_model, import_store
from prodml.integrations.mlflow.loader import _load_pyfunc
from prodml.tables import Schema


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"age": rng.normal(size=80), "n": rng.integers(0, 5, 80)})
    return frame, np.where(frame["age"] > 0, "high", "low")


@pytest.fixture
def filled(registry, table):
    frame, truth = table
    forest = RandomForestClassifier(5, random_state=0, n_jobs=1).fit(frame, truth)
    registry.register("risk", forest, reference=frame, metrics={"auc": 0.9, "odd": float("nan")})
    line = LinearRegression().fit(frame.to_numpy(), frame["age"])
    registry.register("risk", line, schema=Schema.of(frame))
    return registry


def told(folder):
    return json.loads((folder / "MLmodel").read_text())


def test_a_folder_describes_the_version(filled, tmp_path):
    folder = export_model(filled, "risk/1", tmp_path / "model")
    version = filled.get("risk/1")
    facts = told(folder)
    assert facts["metadata"]["prodml"]["digest"] == version.digest
    assert facts["metadata"]["prodml"]["metrics"] == {"auc": 0.9}
    assert (
        facts["flavors"]["python_function"]["loader_module"] == "prodml.integrations.mlflow.loader"
    )
    assert json.loads(facts["signature"]["inputs"]) == [
        {"type": "double", "name": "age", "required": True},
        {"type": "long", "name": "n", "required": True},
    ]
    assert json.loads(facts["signature"]["outputs"]) == [{"type": "string", "required": True}]


def test_a_folder_names_what_it_needs(filled, tmp_path):
    folder = export_model(filled, "risk/1", tmp_path / "model")
    lines = (folder / "requirements.txt").read_text().splitlines()
    assert {line.split("==")[0] for line in lines} == {
        "mlflow", "numpy", "pandas", "prodml", "scikit-learn", "scipy",
    }  # fmt: skip
    assert json.loads((folder / "conda.yaml").read_text())["dependencies"][2]["pip"] == lines


def test_rows_are_shown_only_if_asked_for(filled, tmp_path, table):
    quiet = export_model(filled, "risk/1", tmp_path / "quiet")
    assert not (quiet / "input_example.json").exists()
    assert "saved_input_example_info" not in told(quiet)
    shown = export_model(filled, "risk/1", tmp_path / "shown", example=True)
    split = json.loads((shown / "input_example.json").read_text())
    assert split["columns"] == ["age", "n"]
    assert len(split["data"]) == 5


def test_the_inert_folder_predicts_as_the_version_does(filled, tmp_path, table):
    for version in (1, 2):
        folder = export_model(filled, f"risk/{version}", tmp_path / str(version))
        model = _load_pyfunc(str(folder / "model.prodml"))
        rows = table[0] if version == 1 else table[0].to_numpy()
        assert (model.predict(table[0]) == filled.load(f"risk/{version}").predict(rows)).all()


def test_the_same_version_gives_the_same_folder(filled, tmp_path):
    first, second = (export_model(filled, "risk/1", tmp_path / name) for name in "ab")
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()


def test_a_regression_answers_with_numbers(filled, tmp_path):
    facts = told(export_model(filled, "risk/2", tmp_path / "model"))
    assert json.loads(facts["signature"]["outputs"])[0]["type"] == "double"


def test_missing_integers_are_numbers_to_mlflow(registry, table, tmp_path):
    frame = table[0].assign(n=table[0]["n"].astype("Int64").mask(table[0]["n"] == 0))
    model = LinearRegression().fit(table[0], table[0]["age"])
    registry.register("m", model, schema=Schema.of(frame))
    facts = told(export_model(registry, "m/1", tmp_path / "model"))
    assert [c["type"] for c in json.loads(facts["signature"]["inputs"])] == ["double", "double"]


def test_a_version_without_a_schema_has_no_signature(registry, table, tmp_path):
    registry.register("m", LinearRegression().fit(table[0], table[0]["age"]))
    assert "signature" not in told(export_model(registry, "m/1", tmp_path / "model"))


def test_no_path_of_this_machine_is_written(filled, tmp_path):
    folder = export_model(filled, "risk/1", tmp_path / "model", example=True)
    for path in folder.iterdir():
        assert str(tmp_path).encode() not in path.read_bytes()
        assert str(Path.home()).encode() not in path.read_bytes()


def test_what_is_there_is_not_written_over(filled, tmp_path):
    (tmp_path / "empty").mkdir()
    folder = export_model(filled, "risk/1", tmp_path / "empty")
    with pytest.raises(ConfigError, match="exists and is not empty"):
        export_model(filled, "risk/1", folder)


def test_a_failed_export_leaves_nothing(filled, tmp_path, monkeypatch):
    monkeypatch.setattr("prodml.integrations.mlflow.exporting._write_environment", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export_model(filled, "risk/1", tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_wrong_words_are_refused(filled, tmp_path):
    with pytest.raises(ConfigError, match='format is "inert", "skops" or "pickle"'):
        export_model(filled, "risk/1", tmp_path / "x", format="onnx")
    with pytest.raises(UnknownNameError):
        export_model(filled, "risk/9", tmp_path / "x")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["inert", "skops", "pickle"])
def test_mlflow_loads_the_folder_and_predicts_the_same(filled, tmp_path, table, form):
    mlflow = pytest.importorskip("mlflow", reason="needs mlflow: nox -s peers")
    pytest.importorskip("skops", reason="needs skops: nox -s peers")
    folder = export_model(filled, "risk/1", tmp_path / "model", format=form, example=True)
    expected = filled.load("risk/1").predict(table[0])
    rows = table[0].astype({"n": "int64"})
    generic = mlflow.pyfunc.load_model(str(folder))
    assert (np.asarray(generic.predict(rows)) == expected).all()
    assert generic.metadata.signature.inputs.input_names() == ["age", "n"]
    assert generic.metadata.load_input_example(str(folder)).shape == (5, 2)
    if form != "inert":
        own = importlib.import_module("mlflow.sklearn").load_model(str(folder))
        assert (own.predict(table[0]) == expected).all()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_store_that_mlflow_makes_now_comes_over(registry, tmp_path, monkeypatch, table):
    mlflow = pytest.importorskip("mlflow", reason="needs mlflow: nox -s peers")
    monkeypatch.chdir(tmp_path)
    address = f"sqlite:///{tmp_path}/mlflow.db"
    mlflow.set_tracking_uri(address)
    mlflow.set_registry_uri(address)
    frame, _ = table
    model = LinearRegression().fit(frame, frame["age"])
    with mlflow.start_run():
        mlflow.log_metric("r2", 1.0)
        importlib.import_module("mlflow.sklearn").log_model(
            model,
            name="model",
            pip_requirements=["scikit-learn"],
            registered_model_name="lines",
            serialization_format="pickle",
        )
    mlflow.MlflowClient().set_registered_model_alias("lines", "champion", 1)
    assert import_store(address, registry, trust="pickle").n_imported == 1
    assert (registry.load("lines@champion").predict(frame) == model.predict(frame)).all()
