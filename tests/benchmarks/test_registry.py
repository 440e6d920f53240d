"""The registry beside MLflow's with its SQLite store: the same forest, the same disk, one run.

Run with ``pytest tests/benchmarks/test_registry.py --benchmark-enable -s``: it prints the ratios.
"""

from __future__ import annotations

import logging
import os
import statistics
import time

import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

from prodml.journal import Journal
from prodml.registry import Registry
from prodml.registry.fold import ModelFold
from prodml.storage import FolderStorage

N_EVENTS, N_VERSIONS = 10_000, 2_000


def median_s(call, rounds):
    times = []
    for i in range(rounds):
        begin = time.perf_counter()
        call(i)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def flushed_s(folder, storage, name):
    """Seconds for the objects of a model as bare files, each flushed, then its folder: what the disk asks."""
    rows = [storage.get(meta.key) for meta in storage.list(f"models/{name}/")]
    folder.mkdir()
    above = os.open(folder, os.O_RDONLY)

    def write_all(i):
        for j, row in enumerate(rows):
            with (folder / f"{i}-{j}").open("wb") as file:
                file.write(row)
                file.flush()
                os.fsync(file.fileno())
            os.fsync(above)

    try:
        return len(rows), median_s(write_all, 15)
    finally:
        os.close(above)


def counted_flushes(monkeypatch, call):
    handles, fsync = [], os.fsync
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: (handles.append(handle), fsync(handle)))
        call()
    return len(handles)


def tell(what, ours, theirs, benchmark, least=None):
    ratio = theirs / ours
    benchmark.extra_info |= {"ours_s": ours, "mlflow_s": theirs, "ratio": ratio}
    print(f"\n{what}: {ours * 1e3:.4f} ms, MLflow {theirs * 1e3:.2f} ms, {ratio:.0f}x")
    assert least is None or ratio >= least


@pytest.fixture(scope="module")
def forest():
    X, y = load_breast_cancer(return_X_y=True)
    return RandomForestClassifier(100, random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def registry(tmp_path_factory, forest):
    registry = Registry(FolderStorage(tmp_path_factory.mktemp("ours")), actor="ops")
    registry.register("m", forest, metrics={"auc": 0.99})
    registry.promote("m", 1)
    return registry


@pytest.fixture(scope="module")
def is_measured(request):
    return bool(request.config.getoption("benchmark_enable"))


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory, forest, is_measured):
    if not is_measured:
        pytest.skip("compares with MLflow only with --benchmark-enable")
    mlflow = pytest.importorskip("mlflow", reason="compares with MLflow, which is no extra of ours")
    folder = tmp_path_factory.mktemp("theirs")
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    mlflow.set_tracking_uri(f"sqlite:///{folder}/m.db")
    mlflow.create_experiment("e", artifact_location=(folder / "artifacts").as_uri())
    mlflow.set_experiment("e")
    mlflow.MlflowClient().create_registered_model("m")
    log_and_point(mlflow, forest)
    return mlflow


def log_and_point(mlflow, forest):
    client = mlflow.MlflowClient()
    with mlflow.start_run():
        info = mlflow.sklearn.log_model(
            forest,
            name="model",
            serialization_format="cloudpickle",
            pip_requirements=["scikit-learn"],
        )
    version = client.create_model_version("m", source=info.model_uri, run_id=None)
    client.set_registered_model_alias("m", "champion", version.version)


@pytest.fixture(scope="module")
def long_history(tmp_path_factory, is_measured):
    """A folder with a model of 2,000 versions and 10,000 events; of 1 in 50 if nothing is measured."""
    n_events = N_EVENTS if is_measured else N_EVENTS // 50
    folder = tmp_path_factory.mktemp("long")
    journal = Journal(
        FolderStorage(folder, durability="process"), "models/m", actor="ops", fold=ModelFold()
    )
    for i in range(1, n_events + 1):
        number = 1 + (i - 1) // (N_EVENTS // N_VERSIONS)
        if i % (N_EVENTS // N_VERSIONS) == 1:
            journal.append("version_registered", {"version": number, "model": "sha256:" + "a" * 64})
        else:
            move = {"alias": f"a{i % 3}", "from": None, "to": number, "kind": "free"}
            journal.append("alias_set", {**move, "decision": None})
    return folder


@pytest.mark.filterwarnings("ignore")
def test_resolve_an_alias(benchmark, registry, mlflow):
    client = mlflow.MlflowClient()
    theirs = median_s(lambda _: client.get_model_version_by_alias("m", "champion"), 100)
    ours = median_s(lambda _: registry.resolve("m@champion"), 2_000)
    benchmark(registry.resolve, "m@champion")
    tell("resolve an alias, warm", ours, theirs, benchmark, least=100)


def test_resolve_an_alias_in_a_long_history(benchmark, long_history):
    warm = Registry(FolderStorage(long_history))

    def cold():
        return Registry(FolderStorage(long_history)).resolve("m@a1")

    assert benchmark(cold) == warm.resolve("m@a1") > 30
    benchmark.extra_info["warm_s"] = median_s(lambda _: warm.resolve("m@a1"), 1_000)
    cold_s = median_s(lambda _: cold(), 20)
    print(f"\nresolve, {N_EVENTS} events, cold {cold_s * 1e3:.2f} ms, {benchmark.extra_info}")


@pytest.mark.filterwarnings("ignore")
def test_log_register_and_point(benchmark, tmp_path, forest, mlflow):
    registry = Registry(FolderStorage(tmp_path), actor="ops")
    theirs_s = median_s(lambda _: log_and_point(mlflow, forest), 5)
    ours_s = median_s(lambda i: log_register_and_point(registry, f"m{i}", forest), 15)
    benchmark.pedantic(log_register_and_point, (registry, "last", forest), rounds=1)
    tell("log, register and point at a forest", ours_s, theirs_s, benchmark)


def test_log_register_and_point_beside_what_the_disk_asks(
    benchmark, tmp_path, forest, monkeypatch, is_measured
):
    n_rounds = 15 if is_measured else 1
    storage = FolderStorage(tmp_path / "ours")
    registry = Registry(storage, actor="ops")
    unflushed = Registry(FolderStorage(tmp_path / "unflushed", durability="process"), actor="ops")
    log_register_and_point(registry, "first", forest)  # whose folders are there for all the others
    n_flushes = counted_flushes(
        monkeypatch, lambda: log_register_and_point(registry, "counted", forest)
    )
    ours_s = median_s(lambda i: log_register_and_point(registry, f"m{i}", forest), n_rounds)
    ours_unflushed_s = median_s(
        lambda i: log_register_and_point(unflushed, f"m{i}", forest), n_rounds
    )
    n_files, disk_s = flushed_s(tmp_path / "bare", storage, "m0")
    benchmark.pedantic(log_register_and_point, (registry, "last", forest), rounds=1)
    benchmark.extra_info |= {"ours_s": ours_s, "unflushed_s": ours_unflushed_s, "disk_s": disk_s}
    print(
        f"\nlog, register and point: {ours_s * 1e3:.2f} ms in {n_flushes} flushes; unflushed "
        f"{ours_unflushed_s * 1e3:.2f} ms; its {n_files} objects as bare files, flushed one after "
        f"another: {disk_s * 1e3:.2f} ms"
    )


def log_register_and_point(registry, name, forest):
    """A name that is new each time: nothing is there already."""
    registry.register(name, forest, metrics={"auc": 0.99})
    registry.promote(name, 1)


@pytest.mark.filterwarnings("ignore")
def test_load_by_alias(benchmark, registry, mlflow):
    theirs = median_s(lambda _: mlflow.sklearn.load_model("models:/m@champion"), 8)
    ours = median_s(lambda _: registry.load("models:/m@champion"), 15)
    benchmark(registry.load, "m@champion")
    tell("load by alias", ours, theirs, benchmark)
