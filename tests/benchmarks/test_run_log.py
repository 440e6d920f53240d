"""A run with two parameters and a metric, durable in a folder, beside MLflow where it is installed."""

from __future__ import annotations

import pytest

from prodml.storage import open_storage
from prodml.training import RunLog

GROUP = "start, 2 parameters, 1 metric, end"


def test_a_run(benchmark, tmp_path):
    benchmark.group = GROUP
    runs = RunLog(open_storage(tmp_path / "store"))

    def whole():
        with runs.start(params={"a": 1, "b": 2}) as run:
            run.log(accuracy=0.5)

    benchmark(whole)


@pytest.mark.filterwarnings("ignore")
def test_mlflows_run(benchmark, tmp_path):
    mlflow = pytest.importorskip("mlflow", reason="MLflow is no extra of ours")
    benchmark.group = GROUP
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")

    def whole():
        with mlflow.start_run():
            mlflow.log_params({"a": 1, "b": 2})
            mlflow.log_metric("accuracy", 0.5)

    benchmark(whole)


def test_one_value_in_a_loop(benchmark, tmp_path):
    benchmark.group = "log one value"
    with RunLog(open_storage(tmp_path / "store")).start() as run:
        benchmark(lambda: run.log(step=1, loss=0.5))


def test_search_of_a_hundred_runs(benchmark, tmp_path):
    benchmark.group = "search"
    runs = RunLog(open_storage(tmp_path / "store"))
    for i in range(100):
        with runs.start() as run:
            run.log(accuracy=float(i))
    assert len(benchmark(runs.search, highest="accuracy")) == 100
