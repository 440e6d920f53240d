"""Everything together: a model is trained, served and measured, drifts, is trained again, replaced, and rolled back.

On a folder and on SQLite, with every process that acts being another one, and one of them killed in the middle.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from prodml import (
    DriftDetector,
    PredictionLog,
    Predictor,
    Registry,
    RetrainLoop,
    Trainer,
    open_storage,
)
from prodml.retraining import AllOf, AnyOf, OnDrift, OnNewLabels, OnPerformance

DAY = timedelta(days=1)


class Killed(BaseException):
    """Stands for a process that is gone."""


class Town:
    """A world in which people churn for a reason, until the reason changes."""

    def __init__(self, url):
        self.url, self.now = url, datetime(2026, 3, 2, 3, tzinfo=UTC)
        self.rng, self.changed, self.seen = np.random.default_rng(3), False, []

    def people(self, n):
        shift = 2.0 if self.changed else 0.0
        frame = pd.DataFrame(
            {"tenure": self.rng.normal(shift, 1, n), "calls": self.rng.normal(0, 1, n)}
        )
        cause = frame["calls"] if self.changed else frame["tenure"]
        return frame, (cause + self.rng.normal(0, 0.4, n) > 0).astype(int)

    def labelled(self):
        """Return what is known by now, the newest last."""
        frames = [inputs.assign(churned=labels) for inputs, labels in self.seen]
        return pd.concat(frames, ignore_index=True).tail(400)

    # Each of these is a process of its own: it opens the storage anew and keeps nothing.

    def serves(self, n):
        """Answer callers; what came true is known a day later."""
        storage = self.storage()
        log = PredictionLog(storage, "churn", keep_inputs=True, clock=self.clock)
        predictor = Predictor(Registry(storage), "churn@champion", log=log, clock=self.clock)
        inputs, labels = self.people(n)
        answers = predictor.predict_batch(inputs)
        self.seen.append((inputs, labels))
        truth = dict(zip([a.id for a in answers], labels.tolist(), strict=True))
        self.now += DAY
        PredictionLog(self.storage(), "churn", clock=self.clock).record_outcomes(truth)
        return log.performance().scores["accuracy"]

    def looks(self, **changes):
        storage = self.storage()
        settings = {
            "trainer": Trainer(LogisticRegression(), target="churned"),
            "registry": Registry(storage, actor="night-job"),
            "storage": storage,
            "source": self.labelled,
            "triggers": [
                AnyOf(
                    AllOf(OnDrift(min_share=0.5), OnNewLabels(200)),
                    OnPerformance("accuracy", below=0.6, sure=True),
                )
            ],
            "log": PredictionLog(storage, "churn", keep_inputs=True, clock=self.clock),
            "detector": DriftDetector(),
            "window": 2 * DAY,
            "clock": self.clock,
        }
        return RetrainLoop("churn", **{**settings, **changes})

    def registry(self):
        return Registry(self.storage())

    def storage(self):
        return open_storage(self.url)

    def clock(self):
        return self.now


@pytest.fixture(params=["folder", "sqlite"])
def town(request, tmp_path):
    if request.param == "folder":
        return Town(tmp_path / "store")
    pytest.importorskip("sqlalchemy", reason="the extra sql is not installed")
    return Town(f"sqlite:///{tmp_path / 'store.db'}")


def killed_while_training(town):
    """Let a runner be killed between training and registering."""

    class Killer:
        def fit(self, data):
            Trainer(LogisticRegression(), target="churned").fit(data)
            raise Killed

    loop = town.looks(trainer=Killer())
    with pytest.MonkeyPatch.context() as patch:
        # A process that is gone writes nothing any more.
        patch.setattr("prodml.retraining.runner.Runner._fail", lambda *_: None)
        with pytest.raises(Killed):
            loop.run_once()


def test_a_model_lives_through_all_of_it(town):
    town.seen.append(town.people(600))
    first = town.looks().run_once(force=True)
    assert (first.status, first.version) == ("promoted", 1)

    town.now += DAY
    assert town.serves(300) > 0.8
    assert town.looks().run_once().status == "not due"

    town.changed = True
    assert town.serves(400) < 0.8
    context = town.looks().context()
    assert context.drift.drifted
    assert context.n_new_labels == 700

    killed_while_training(town)
    assert town.looks().run_once().status == "busy"  # its lease has not ended yet
    town.now += timedelta(hours=1)
    again = town.looks().run_once()
    assert (again.status, again.version, again.attempt) == ("promoted", 2, 2)
    assert again.decision.verdict == "promote"
    assert "drift and new_labels" in {r.trigger for r in again.reasons}
    assert [v.version for v in town.registry().versions("churn")] == [1, 2]

    town.serves(300)
    assert PredictionLog(town.storage(), "churn").performance(version=2).scores["accuracy"] > 0.8
    third = town.looks().run_once(force=True)
    assert (third.status, third.verdict) == ("kept", "inconclusive")

    back = Registry(town.storage(), actor="on-call").rollback("churn", reason="wrong answers")
    assert (back.version, back.previous) == (1, 2)
    assert town.registry().get("churn@champion").version == 1
    town.registry().verify()
    kinds = [m.kind for m in town.registry().history("churn")]
    assert kinds == ["first", "gate", "refused", "rollback"]
    assert town.looks().status().last_status == "kept"
