"""Estimators of other packages, and folds at the same time."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from prodml.training import ByFBeta, Trainer, reproduce


def test_xgboost_is_trained_calibrated_and_reproduced(churn):
    xgboost = pytest.importorskip("xgboost", reason="xgboost is no extra of ours")
    churn["churned"] = (churn["churned"] == "yes").astype(int)
    trainer = Trainer(
        xgboost.XGBClassifier(n_estimators=10, n_jobs=1),
        target="churned",
        calibrate="sigmoid",
        threshold=ByFBeta(),
        cv=3,
    )
    run = trainer.fit(churn)
    assert run.metrics["roc_auc"] > 0.6
    assert run.record["environment"]["packages"]["xgboost"] == xgboost.__version__
    assert run.record["seeds"]["estimator"]
    assert reproduce(run, churn, trainer=trainer)
    numbers = Trainer(xgboost.XGBRegressor(n_estimators=5, n_jobs=1), target="spend").fit(churn)
    assert numbers.task == "regression"


def test_lightgbm_is_trained_and_reproduced(churn):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lightgbm = pytest.importorskip("lightgbm", reason="lightgbm is no extra of ours")
    model = lightgbm.LGBMClassifier(n_estimators=10, n_jobs=1, verbose=-1)
    trainer = Trainer(model, target="churned", threshold=0.4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own about feature names
        run = trainer.fit(churn)
        assert run.metrics["roc_auc"] > 0.6
        assert reproduce(run, churn, trainer=trainer)


def test_a_model_that_tunes_its_own_threshold_is_a_model(churn):
    model = TunedThresholdClassifierCV(LogisticRegression(), cv=3)
    run = Trainer(model, target="churned").fit(churn)
    assert 0 < run.estimator.best_threshold_ < 1


class Mean:
    """Duck-typed: no parameters, no tags."""

    def fit(self, inputs, target):
        self.value = float(np.mean(target))

    def predict(self, rows):
        return np.full(len(rows), self.value)


def test_a_duck_typed_regressor_is_cross_validated(prices):
    run = Trainer(Mean(), target="price", cv=3).fit(prices)
    assert len(run.out_of_fold) == len(run.reference)
    assert len(np.unique(run.out_of_fold.predictions.labels)) == 3


MODELS = [
    make_pipeline(StandardScaler(), LogisticRegression()),
    RandomForestClassifier(10, max_features=1),
]


@pytest.mark.parametrize("model", MODELS, ids=["linear", "forest"])
def test_any_number_of_jobs_gives_the_same_result(churn, model):
    settings = {"target": "churned", "cv": 4, "calibrate": "sigmoid", "threshold": ByFBeta()}
    one = Trainer(model, **settings).fit(churn)
    with parallel_config(backend="threading"):
        two = Trainer(model, n_jobs=2, **settings).fit(churn)
    assert one.metrics == two.metrics
    assert one.record["estimator"]["state"] == two.record["estimator"]["state"]
    first, second = one.out_of_fold.predictions, two.out_of_fold.predictions
    assert (first.scores == second.scores).all()


@pytest.mark.slow
def test_processes_give_the_same_result_too(churn):
    rng = np.random.default_rng(0)
    wide = churn.loc[churn.index.repeat(5)].reset_index(drop=True)
    for i in range(60):
        wide[f"x{i}"] = rng.normal(size=len(wide))
    for model in MODELS:
        one, two = (Trainer(model, target="churned", cv=4, n_jobs=n).fit(wide) for n in (1, 2))
        assert one.metrics == two.metrics
        assert (one.out_of_fold.predictions.scores == two.out_of_fold.predictions.scores).all()


def test_folds_in_time_leave_the_oldest_rows_without_a_prediction(prices):
    prices["day"] = np.arange(120)
    run = Trainer(
        Ridge(), target="price", split="time", split_column="day", gap=5, cv=3, test_size=0.2
    ).fit(prices)
    assert run.record["split"]["gap"] == 5.0
    assert len(run.reference) == 92  # 96, of which the last 5 days before the holdout leave
    assert run.out_of_fold.rows.min() > 0
    truth = prices["price"].to_numpy()[run.out_of_fold.rows]
    assert (run.out_of_fold.target == truth).all()


def test_a_gap_is_a_duration_where_the_split_column_holds_times(prices):
    import pandas as pd

    from prodml.errors import ConfigError

    prices["day"] = pd.date_range("2026-01-01", periods=120, tz="UTC")
    settings = {"target": "price", "split": "time", "split_column": "day", "test_size": 0.25}
    run = Trainer(Ridge(), gap="7D", **settings).fit(prices)
    days = prices["day"]
    assert days[run.holdout.index].min() - days[run.reference.index].max() == pd.Timedelta("7D")
    for gap in (7, "soon", "-1D"):
        with pytest.raises(ConfigError, match="gap must be a duration"):
            Trainer(Ridge(), gap=gap, **settings).fit(prices)
    with pytest.raises(ConfigError, match="holds text"):
        Trainer(Ridge(), gap=1, **settings).fit(prices.assign(day="x" + prices.index.astype(str)))
    with pytest.raises(ConfigError, match="gap must be a number of at least 0"):
        Trainer(Ridge(), gap=-1, **settings).fit(prices.assign(day=range(120)))
