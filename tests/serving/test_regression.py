"""A Predictor of numbers: no probabilities, absolute errors, inputs kept as JSON can hold them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from prodml.metrics import MemoryMetrics
from prodml.monitoring import LoggedPrediction, PredictionLog
from prodml.registry import Registry
from prodml.serving import Predictor
from prodml.serving.rows import by_unit
from prodml.storage import MemoryStorage
from prodml.training import Trainer


@pytest.fixture(scope="module")
def visits():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.normal(50, 10, 200),
            "at": pd.date_range("2026-01-01", periods=200, freq="D"),
        }
    )
    frame["score"] = frame["age"] * 2 + rng.normal(size=200)
    frame.loc[::10, "age"] = np.nan
    return frame


@pytest.fixture
def world(visits):
    store, metrics = MemoryStorage(), MemoryMetrics()
    registry = Registry(store)
    chosen = make_column_transformer((FunctionTransformer(), ["age"]), remainder="drop")
    model = make_pipeline(chosen, HistGradientBoostingRegressor())
    registry.register("score", Trainer(model, target="score", random_state=0).fit(visits))
    log = PredictionLog(store, keep_inputs=True)
    return Predictor(registry, "score/1", metrics=metrics, log=log), metrics, log


def test_a_number_comes_without_probabilities(world, visits):
    made = world[0].predict(visits.drop(columns="score").iloc[1].to_dict())
    assert isinstance(made.prediction, float)
    assert (made.probabilities, made.confidence) == (None, None)


def test_the_absolute_error_reaches_metrics_and_log(world, visits):
    predictor, metrics, log = world
    made = predictor.predict(visits.drop(columns="score").iloc[1].to_dict())
    predictor.record_outcome(made.id, made.prediction + 3.0)
    labels = {"model": "score", "version": "1"}
    assert metrics.value("model_absolute_error_sum", labels) == pytest.approx(3.0)
    assert log.performance().scores["mae"] == pytest.approx(3.0)


def test_kept_inputs_are_what_json_can_hold(world, visits):
    predictor, _, log = world
    (made,) = predictor.predict_batch(visits.drop(columns="score").iloc[[0]])
    assert log.get(made.id).inputs == {"age": None, "at": "2026-01-01T00:00:00"}


def test_errors_are_told_in_batches_in_which_a_unit_stands_once(visits):
    def row(i, unit, arm="a"):
        at = pd.Timestamp("2026-01-01", tz="UTC").to_pydatetime()
        return LoggedPrediction(f"p{i}", at, "m", 1, 0.0, arm=arm, unit=unit)

    rows = [row(1, "u"), row(2, "u"), row(3, "v"), row(4, "u"), row(5, None), row(6, "w", None)]
    batches = by_unit([(r, float(i)) for i, r in enumerate(rows)])
    assert batches == [{"u": 0.0, "v": 2.0}, {"u": 1.0}, {"u": 3.0}]
