"""Predictor: validate, route, predict, remember, count."""

from __future__ import annotations

import logging
import uuid
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from prodml.errors import (
    ConfigError,
    ConflictError,
    PredictionError,
    SchemaError,
    StorageError,
    UnknownNameError,
)
from prodml.metrics import MemoryMetrics
from prodml.monitoring import PredictionLog
from prodml.security import AuditTrail
from prodml.serving import Predictor
from prodml.serving.prediction import new_prediction_id


class FixedRouter:
    """Routes by the first letter of the unit, and remembers what it was told."""

    arms = {"champion": 0.5, "challenger": 0.5}

    def __init__(self):
        self.exposed, self.outcomes = [], []

    def assign(self, unit):
        return type("Assigned", (), {"arm": "champion" if unit < "m" else "challenger"})

    def record_exposures(self, units):
        self.exposed += units

    def record_outcomes(self, outcomes, *, metric="outcome"):
        self.outcomes += [(unit, value, metric) for unit, value in outcomes.items()]


@pytest.fixture
def predictor(registry):
    return Predictor(registry, "tumours@champion")


def test_a_prediction_is_what_the_model_says(predictor, runs, rows):
    model = runs[0].estimator
    expected = model.predict_proba(pd.DataFrame(rows[:1]))[0]
    made = predictor.predict(rows[0])
    assert made.prediction == model.predict(pd.DataFrame(rows[:1]))[0]
    assert list(made.probabilities.values()) == expected.tolist()
    assert made.confidence == max(expected)
    assert (made.model, made.version, made.arm) == ("tumours", 1, None)


def test_a_batch_equals_its_rows_one_by_one(predictor, rows):
    batch = predictor.predict_batch(rows)
    singles = [predictor.predict(row) for row in rows]
    assert [p.probabilities for p in batch] == [p.probabilities for p in singles]


def test_a_frame_with_columns_in_another_order_gives_the_same(predictor, rows):
    frame = pd.DataFrame(rows)
    backwards = frame[frame.columns[::-1]].assign(extra=1)
    one, two = predictor.predict_batch(frame), predictor.predict_batch(backwards)
    assert [p.prediction for p in one] == [p.prediction for p in two]


def test_an_empty_batch_has_no_answers(predictor, rows):
    assert predictor.predict_batch(pd.DataFrame(rows).iloc[:0]) == []


def test_ids_are_unique_version_7_and_rise_with_time():
    ids = [new_prediction_id() for _ in range(100)]
    assert len(set(ids)) == 100
    assert {uuid.UUID(i).version for i in ids} == {7}
    assert [i[:8] for i in ids] == sorted(i[:8] for i in ids)


def test_a_missing_feature_is_named_with_what_was_there(predictor, rows):
    record = {k: v for k, v in rows[0].items() if k != "mean radius"}
    with pytest.raises(SchemaError, match="mean radius"):
        predictor.predict(record)


def test_a_text_where_a_number_belongs_is_refused_without_showing_it(predictor, rows):
    with pytest.raises(SchemaError) as caught:
        predictor.predict({**rows[0], "mean radius": "secret"})
    assert "mean radius" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_unknown_alias_is_refused_at_once(registry):
    with pytest.raises(UnknownNameError, match="champoin"):
        Predictor(registry, "tumours@champoin")


def test_a_moved_alias_is_followed(registry, predictor, rows):
    registry.promote("tumours", 2, alias="champion", force=True, reason="test")
    predictor.refresh()
    assert predictor.predict(rows[0]).version == 2
    assert predictor.serving == {"tumours@champion": "tumours/2"}


def test_an_alias_is_looked_up_again_after_the_time_given(registry, rows):
    now = [0.0]
    predictor = Predictor(registry, "tumours@champion", refresh_after_s=5, monotonic=lambda: now[0])
    registry.promote("tumours", 2, alias="champion", force=True, reason="test")
    assert predictor.predict(rows[0]).version == 1
    now[0] = 5.0
    assert predictor.predict(rows[0]).version == 2


def test_a_registry_that_is_away_does_not_stop_the_service(registry, rows, monkeypatch, caplog):
    metrics = MemoryMetrics()
    predictor = Predictor(registry, "tumours@champion", metrics=metrics, refresh_after_s=60)

    def away(ref):
        raise StorageError("the disk is gone")

    monkeypatch.setattr(registry, "get", away)
    predictor.refresh()
    assert predictor.predict(rows[0]).version == 1
    assert "stays on tumours/1" in caplog.text
    assert metrics.value("model_refresh_errors_total", {"ref": "tumours@champion"}) == 1


def test_units_are_routed_and_answers_keep_their_order(registry, rows):
    router = FixedRouter()
    predictor = Predictor(registry, "tumours@champion", router=router)
    units = ["a", "z", "b", "y", "c", "x"]
    made = predictor.predict_batch(rows, units=units)
    assert [p.arm for p in made] == ["champion", "challenger"] * 3
    assert [p.version for p in made] == [1, 2] * 3
    assert [p.unit for p in made] == units
    assert router.exposed == units


@pytest.mark.parametrize("ref", ["models:/tumours@champion", "tumours@champion", "tumours/1"])
def test_arms_are_aliases_of_the_model_in_every_spelling(registry, ref):
    predictor = Predictor(registry, ref, router=FixedRouter())
    assert sorted(predictor.serving) == ["tumours@challenger", "tumours@champion"]


def test_routing_without_a_unit_is_refused(registry, rows):
    predictor = Predictor(registry, "tumours@champion", router=FixedRouter())
    with pytest.raises(ConfigError, match="routed by unit"):
        predictor.predict(rows[0])


def test_units_that_do_not_match_the_rows_are_refused(predictor, rows):
    with pytest.raises(ConfigError, match="got 1 units for 6 rows"):
        predictor.predict_batch(rows, units=["a"])


def test_outcomes_reach_log_metrics_and_experiment(registry, storage, rows):
    router, metrics = FixedRouter(), MemoryMetrics()
    predictor = Predictor(
        registry, "tumours@champion", router=router, metrics=metrics, log=PredictionLog(storage)
    )
    made = predictor.predict(rows[0], unit="a")
    predictor.record_outcome(made.id, made.prediction)
    assert router.outcomes == [("a", 0.0, "error")]
    labels = {"model": "tumours", "version": "1"}
    assert metrics.value("model_accuracy", labels) == 1.0
    assert metrics.value("model_outcomes_total", {**labels, "correct": "true"}) == 1
    assert PredictionLog(storage).performance().scores == {"accuracy": 1.0}


def test_a_wrong_prediction_counts_as_an_error(registry, storage, rows):
    router = FixedRouter()
    predictor = Predictor(registry, "tumours@champion", router=router, log=PredictionLog(storage))
    made = predictor.predict(rows[0], unit="z")
    wrong = "benign" if made.prediction == "malignant" else "malignant"
    predictor.record_outcome(made.id, wrong)
    assert router.outcomes == [("z", 1.0, "error")]
    with pytest.raises(ConflictError):
        predictor.record_outcome(made.id, made.prediction)


def test_many_outcomes_are_stored_at_once_and_only_new_ones_are_told(registry, storage, rows):
    router = FixedRouter()
    predictor = Predictor(registry, "tumours@champion", router=router, log=PredictionLog(storage))
    made = predictor.predict_batch(rows[:3], units=["a", "a", "z"])
    right = {p.id: p.prediction for p in made}
    assert predictor.record_outcomes({**right, "nobody": "benign"}).unknown == ("nobody",)
    assert predictor.record_outcomes(right).duplicate == tuple(right)
    assert sorted(router.outcomes) == [
        ("a", 0.0, "error"),
        ("a", 0.0, "error"),
        ("z", 0.0, "error"),
    ]


def test_an_outcome_for_an_unknown_prediction_is_refused(registry, storage):
    predictor = Predictor(registry, "tumours@champion", log=PredictionLog(storage))
    with pytest.raises(UnknownNameError, match='no prediction "p9"'):
        predictor.record_outcome("p9", "benign")


def test_an_outcome_without_a_log_says_what_to_do(predictor):
    with pytest.raises(ConfigError, match="log=PredictionLog"):
        predictor.record_outcome("p1", "benign")


def test_predictions_are_counted_and_timed(registry, rows):
    metrics = MemoryMetrics()
    predictor = Predictor(registry, "tumours@champion", metrics=metrics)
    predictor.predict_batch(rows)
    labels = {"model": "tumours", "version": "1", "arm": ""}
    assert metrics.value("model_predictions_total", labels) == 6
    assert "model_prediction_duration_seconds_count" in predictor.render_metrics()


def test_a_failing_model_gives_an_id_and_hides_the_values(registry, rows, caplog, monkeypatch):
    metrics = MemoryMetrics()
    predictor = Predictor(registry, "tumours@champion", metrics=metrics)
    loaded = predictor._loaded["tumours@champion"]

    personal = "x" * 9  # not a literal: the place in the log shows the source line
    message = f"could not convert string to float: {personal}"

    def broken(frame):
        raise ValueError(message)

    monkeypatch.setattr(loaded.model, "predict", broken)
    with caplog.at_level(logging.ERROR), pytest.raises(PredictionError) as caught:
        predictor.predict(rows[0])
    assert caught.value.error_id in caplog.text
    assert personal not in caplog.text + str(caught.value)
    assert "broken" in caplog.text
    assert metrics.value("model_prediction_errors_total", {"model": "tumours", "version": "1"}) == 1


def test_reasons_come_with_the_answer(registry, rows):
    class Reasons:
        def __init__(self, model, *, background):
            assert len(background) > 0

        def explain(self, frame):
            return self

        def reasons(self, k=3, *, row=0):
            return [type("Reason", (), {"text": f"because {i} of {row}"}) for i in range(k)]

    predictor = Predictor(registry, "tumours@champion", explainer=Reasons)
    made = predictor.predict_batch(rows[:2], explain=2)
    assert [p.reasons for p in made] == [
        ("because 0 of 0", "because 1 of 0"),
        ("because 0 of 1", "because 1 of 1"),
    ]
    assert predictor.predict(rows[0]).reasons == ()
    assert "reason 1" in repr(made[0])


def test_reasons_without_an_explainer_are_refused(predictor, rows):
    with pytest.raises(ConfigError, match="explainer=prodml.Explainer"):
        predictor.predict(rows[0], explain=3)


def test_inputs_are_logged_only_by_a_log_that_keeps_them(registry, storage, rows):
    log = PredictionLog(storage, keep_inputs=True)
    made = Predictor(registry, "tumours@champion", log=log).predict(rows[0])
    assert log.get(made.id).inputs == rows[0]


def test_starting_to_serve_is_audited(registry, storage):
    trail = AuditTrail(storage)
    Predictor(registry, "tumours@champion", audit=trail)
    assert [(e.action, e.resource) for e in trail.events()] == [("serve", "models/tumours/1")]


def test_many_threads_get_right_answers(predictor, rows):
    expected = [p.prediction for p in predictor.predict_batch(rows)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(predictor.predict, rows * 10))
    assert [p.prediction for p in made] == expected * 10


def test_a_negative_refresh_time_is_refused(registry):
    with pytest.raises(ConfigError, match="refresh_after_s"):
        Predictor(registry, "tumours@champion", refresh_after_s=-1)


def test_an_answer_prints_and_travels_as_json(predictor, rows):
    made = predictor.predict(rows[0])
    assert "tumours/1" in repr(made)
    assert "<table" in made._repr_html_()
    sent = made.to_dict()
    assert sent["confidence"] == made.confidence
    assert "arm" not in sent
    assert not any(isinstance(v, np.generic) for v in sent.values())
