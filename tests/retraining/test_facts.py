"""The loop finds out by itself what its triggers look at."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from prodml.drift import DriftDetector
from prodml.errors import IntegrityError
from prodml.monitoring import LoggedPrediction, PredictionLog
from prodml.retraining import OnDrift, OnNewLabels, OnPerformance
from prodml.training import Trainer

DAY = timedelta(days=1)


@pytest.fixture
def log(storage, clock):
    return PredictionLog(storage, "churn", keep_inputs=True, clock=clock)


@pytest.fixture
def champion(make, registry, rows):
    """Make a loop beside a weak champion."""
    registry.register("churn", Trainer(DummyClassifier(), target="y").fit(rows()))
    registry.promote("churn", 1)
    return make


class Traffic:
    """Callers of a model: predictions now, outcomes when asked for."""

    def __init__(self, log, clock):
        self.log, self.clock, self.n = log, clock, 0
        self.rng = np.random.default_rng(0)

    def answer(self, n, *, version=1, shift=0.0, right=1.0, known=1.0):
        x = self.rng.normal(shift, 1, n)
        rows, outcomes = [], {}
        for i in range(n):
            self.n += 1
            inputs = {"x": float(x[i]), "noise": float(self.rng.normal())}
            id_ = f"p{self.n}"
            rows.append(LoggedPrediction(id_, self.clock(), "churn", version, 1, inputs=inputs))
            if i < n * known:
                outcomes[id_] = 1 if i < n * known * right else 0
        self.log.append(rows)
        self.log.record_outcomes(outcomes)


@pytest.fixture
def traffic(log, clock):
    return Traffic(log, clock)


def test_new_labels_are_counted_from_the_log_since_the_last_run(make, log, traffic):
    loop = make(log=log, triggers=[OnNewLabels(50)])
    traffic.answer(49)
    assert loop.run_once().status == "not due"
    traffic.answer(1)
    assert loop.run_once().status == "promoted"
    assert loop.context().n_new_labels == 0
    traffic.answer(60, known=0.5)
    assert loop.context().n_new_labels == 30
    assert loop.run_once().status == "not due"
    traffic.answer(20)
    assert loop.run_once().triggered


def test_a_run_that_failed_uses_no_labels_up(make, log, traffic, rows):
    healthy = []

    def source():
        if not healthy:
            raise ConnectionError
        return rows()

    loop = make(log=log, triggers=[OnNewLabels(50)], source=source)
    traffic.answer(50)
    with pytest.raises(ConnectionError):
        loop.run_once()
    healthy.append(True)
    assert loop.run_once().status == "promoted"


def test_labels_that_come_in_during_a_run_count_for_the_next(make, log, traffic, rows):
    def source():
        traffic.answer(30)
        return rows()

    loop = make(log=log, triggers=[OnNewLabels(50)], source=source)
    traffic.answer(50)
    loop.run_once()
    assert loop.context().n_new_labels == 30


def test_the_performance_is_that_of_the_champion(champion, log, traffic):
    traffic.answer(200, version=7, right=0.1)
    traffic.answer(200, version=1, right=0.9)
    loop = champion(log=log, triggers=[OnPerformance("accuracy", below=0.95)])
    scores = loop.context().performance
    assert (scores["accuracy"], scores.n_labels, scores.coverage) == (0.9, 200, 1.0)
    assert loop.run_once().status == "promoted"


@pytest.mark.parametrize(
    ("trigger", "due"),
    [
        (OnPerformance("accuracy", below=0.95), True),
        (OnPerformance("accuracy", below=0.95, sure=True), False),
        (OnPerformance("accuracy", below=0.99, sure=True), True),
        (OnPerformance("accuracy", below=0.95, min_labels=201), False),
        (OnPerformance("accuracy", below=0.95, min_labels=200), True),
        (OnPerformance("accuracy", below=0.95, min_coverage=0.51), False),
        (OnPerformance("accuracy", below=0.95, min_coverage=0.5), True),
    ],
    ids=str,
)
def test_chance_and_few_labels_start_no_run(champion, log, traffic, trigger, due):
    traffic.answer(400, right=0.93, known=0.5)  # 95 % limits of 186 in 200: 0.886 to 0.958
    loop = champion(log=log, triggers=[trigger])
    assert loop.decide(loop.context()).due == due


def test_a_window_looks_at_what_is_recent(champion, log, traffic, clock):
    traffic.answer(100, right=0.5)
    clock.pass_by(8 * DAY)
    traffic.answer(100, right=1.0)
    assert champion(log=log).context().performance["accuracy"] == 0.75
    assert champion(log=log, window=7 * DAY).context().performance["accuracy"] == 1.0


def test_drift_is_looked_for_against_what_the_champion_was_trained_on(make, log, traffic, clock):
    loop = make(log=log, detector=DriftDetector(), triggers=[OnDrift(min_share=0.5)])
    assert loop.run_once(force=True).status == "promoted"
    clock.pass_by(DAY)
    traffic.answer(300)
    assert loop.context().drift.drifted is False
    traffic.answer(600, shift=2.0)
    outcome = loop.run_once()
    assert [r.trigger for r in outcome.reasons] == ["drift"]


def test_an_unfitted_detector_is_not_changed(make, log, traffic):
    detector = DriftDetector()
    loop = make(log=log, detector=detector)
    loop.run_once(force=True)
    traffic.answer(100)
    assert loop.context().drift is not None
    assert not hasattr(detector, "profile_")


def test_a_detector_with_a_reference_of_its_own_and_inputs_from_elsewhere(make, rows):
    calm, wild = rows()[["x"]], rows()[["x"]] + 3
    loop = make(detector=DriftDetector().fit(calm), current=lambda: wild, triggers=[OnDrift()])
    assert loop.run_once().triggered


def test_what_is_handed_in_is_taken_instead(make, log, traffic):
    traffic.answer(100)
    loop = make(log=log)
    assert loop.context(n_new_labels=3, performance={"f1": 0.5}).n_new_labels == 3
    assert dict(loop.context(performance={"f1": 0.5}).performance) == {"f1": 0.5}


def test_without_a_champion_neither_drift_nor_performance_is_known(make, log, traffic):
    traffic.answer(100)
    context = make(log=log, detector=DriftDetector()).context()
    assert (context.drift, context.performance, context.n_new_labels) == (None, None, 100)


def test_without_any_traffic_there_is_no_drift(make, log):
    loop = make(log=log, detector=DriftDetector())
    loop.run_once(force=True)
    assert loop.context().drift is None


def test_what_cannot_be_measured_is_noted_and_stops_nothing(make, storage, clock):
    log = PredictionLog(storage, "churn", clock=clock)  # keeps no inputs
    loop = make(log=log, detector=DriftDetector())
    loop.run_once(force=True)
    Traffic(log, clock).answer(100)
    outcome = loop.run_once()
    assert outcome.status == "promoted" or outcome.triggered
    assert "drift could not be measured: the log keeps no inputs" in outcome.notes[0]
    checked = [e for e in loop.history() if e.type == "checked"][-1]
    assert checked.payload["facts"]["notes"] == list(outcome.notes)
    assert "the log keeps no inputs" in outcome.line()


def test_a_log_that_is_broken_is_noted_and_the_schedule_goes_on(make):
    class Broken:
        def performance(self, *, version=None, since=None):
            raise IntegrityError("event 3 of journal predictions/churn is not what was written")

        def predictions(self, *, since=None):
            return []

    outcome = make(log=Broken()).run_once(force=True)
    assert outcome.status == "promoted"
    assert "new labels could not be measured: event 3" in " ".join(outcome.notes)


def test_a_check_tells_what_was_known(make, log, traffic, clock):
    loop = make(log=log, detector=DriftDetector(), triggers=[OnNewLabels(900)])
    loop.run_once(force=True)
    clock.pass_by(DAY)
    traffic.answer(100, right=0.9)
    loop.run_once()
    facts = loop.history()[-1].payload["facts"]
    assert facts["n_new_labels"] == 100
    assert facts["scores"] == {"accuracy": 0.9}
    assert facts["coverage"] == 1.0
    assert facts["drift_share"] == 0.0
