"""Calibration and thresholds: fitted on rows the model did not see, carried by the model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, precision_score, recall_score
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from prodml.errors import ConfigError
from prodml.fingerprint import fingerprint_estimator
from prodml.training import AtCapacity, AtPrecision, AtRecall, ByCost, ByFBeta, Trainer, reproduce


@pytest.fixture
def overconfident():
    """Ten copies of one noisy column: naive Bayes takes them for ten witnesses."""
    rng = np.random.default_rng(3)
    signal = rng.normal(size=1200)
    columns = {f"x{i}": signal + rng.normal(scale=0.1, size=1200) for i in range(10)}
    return pd.DataFrame({**columns, "y": (signal + rng.normal(size=1200) > 0).astype(int)})


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("model", [GaussianNB(), RandomForestClassifier(20)])
def test_calibration_brings_probabilities_nearer_to_what_happens(overconfident, method, model):
    run = Trainer(model, target="y", calibrate=method).fit(overconfident)
    found = run.record["calibration"]
    assert isinstance(run.estimator, CalibratedClassifierCV)
    assert found["method"] == method
    assert found["adaptive_ece"]["value"] < found["before"]["adaptive_ece"]["value"]
    assert run.metrics["log_loss"] < 0.6
    assert run.record["estimator"]["class"].endswith(type(model).__name__)


def test_temperature_needs_a_newer_scikit_learn_and_says_so(overconfident, monkeypatch):
    trainer = Trainer(GaussianNB(), target="y", calibrate="temperature")
    monkeypatch.setattr("importlib.metadata.version", lambda name: "1.7.2")
    with pytest.raises(ConfigError, match="needs scikit-learn 1.8 or newer, found 1.7.2"):
        trainer.fit(overconfident)


def test_temperature_scales(overconfident):
    import sklearn

    if tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 8):
        pytest.skip("scikit-learn before 1.8 has no temperature scaling")
    run = Trainer(GaussianNB(), target="y", calibrate="temperature").fit(overconfident)
    found = run.record["calibration"]
    assert found["adaptive_ece"]["value"] < found["before"]["adaptive_ece"]["value"]


def test_the_model_behind_the_calibration_is_the_one_of_all_training_rows(overconfident):
    plain = Trainer(GaussianNB(), target="y").fit(overconfident)
    run = Trainer(GaussianNB(), target="y", calibrate="sigmoid").fit(overconfident)
    inner = run.estimator.calibrated_classifiers_[0].estimator
    assert fingerprint_estimator(inner) == fingerprint_estimator(plain.estimator)
    assert list(run.estimator.feature_names_in_) == list(run.schema.names)


def test_the_correction_never_saw_a_model_on_its_own_rows(overconfident):
    # A forest is sure of every row it was trained on; a correction fitted there would do nothing.
    run = Trainer(
        RandomForestClassifier(30, min_samples_leaf=1), target="y", calibrate="isotonic", cv=4
    ).fit(overconfident)
    before = run.record["calibration"]["before"]["brier"]["brier"]
    assert run.metrics["brier"] < before
    assert run.out_of_fold.rows.tolist() == list(range(900))
    assert (run.out_of_fold.target == overconfident["y"][run.reference.index]).all()


def test_three_classes_and_decision_values_are_calibrated_too(overconfident):
    overconfident["y"] = np.digitize(overconfident["x0"], [-0.5, 0.5])
    run = Trainer(LinearSVC(), target="y", calibrate="sigmoid").fit(overconfident)
    assert run.estimator.predict_proba(run.holdout).shape == (300, 3)
    assert run.record["calibration"]["of"] == "the class that was chosen"


def test_a_pipeline_is_calibrated_as_a_whole(overconfident):
    model = make_pipeline(StandardScaler(), LogisticRegression())
    run = Trainer(model, target="y", calibrate="sigmoid", threshold=0.4).fit(overconfident)
    said = run.estimator.predict_proba(run.holdout)[:, 1] >= 0.4
    assert (run.estimator.predict(run.holdout) == said).all()


RULES = {
    "cost": (ByCost(1, 5), lambda y, p: -np.sum(~y & p) - 5 * np.sum(y & ~p)),
    "f1": (ByFBeta(), f1_score),
    "f2": (ByFBeta(2), lambda y, p: 5 * np.sum(y & p) / (np.sum(p) + 4 * np.sum(y))),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_best_among_all_thresholds(name):
    rule, worth = RULES[name]
    rng = np.random.default_rng(1)
    truth = rng.random(150) < 0.4
    scores = np.round(truth * 0.2 + rng.random(150) * 0.8, 2)
    chosen = worth(truth, scores >= rule.choose(truth, scores))
    every = [worth(truth, scores >= t) for t in np.r_[np.unique(scores), 2.0]]
    assert chosen == pytest.approx(max(every))


@pytest.mark.parametrize("least", [0.5, 0.7, 0.9])
def test_fixed_precision_recall_and_capacity_are_kept(least):
    rng = np.random.default_rng(2)
    truth = rng.random(400) < 0.4
    scores = truth * 0.4 + rng.random(400) * 0.6
    at = {
        rule: scores >= rule.choose(truth, scores)
        for rule in (AtPrecision(least), AtRecall(least), AtCapacity(least))
    }
    assert precision_score(truth, at[AtPrecision(least)]) >= least
    assert recall_score(truth, at[AtRecall(least)]) >= least
    fewer = np.sort(scores[at[AtRecall(least)]])[1]
    assert recall_score(truth, scores >= fewer) < least or fewer == scores.min()
    assert at[AtCapacity(least)].mean() == pytest.approx(least, abs=1 / 400)


def test_a_precision_that_nothing_reaches_is_an_error_that_says_what_is():
    truth, scores = np.array([True, False] * 10), np.repeat(0.5, 20)
    with pytest.raises(
        ConfigError, match=r"no threshold reaches a precision of 0.9; the best is 0.5"
    ):
        AtPrecision(0.9).choose(truth, scores)


def test_a_capacity_below_the_first_tie_says_yes_to_nothing():
    truth, scores = np.array([True, False] * 10), np.repeat(0.5, 20)
    assert AtCapacity(0.1).choose(truth, scores) > 0.5


def test_the_model_carries_the_threshold_and_the_record_names_it(overconfident):
    run = Trainer(GaussianNB(), target="y", threshold=ByCost(1, 10)).fit(overconfident)
    facts = run.record["threshold"]
    assert isinstance(run.estimator, FixedThresholdClassifier)
    assert run.estimator.threshold == facts["value"] < 0.5
    assert facts["chosen_on"] == "out-of-fold"
    assert facts["positive"] == 1
    assert facts["n_rows"] == 900
    said = run.estimator.predict_proba(run.holdout)[:, 1] >= facts["value"]
    assert (run.estimator.predict(run.holdout) == said).all()
    assert run.metrics["accuracy"] == (said == run.holdout_target).mean()


def test_a_given_threshold_needs_no_folds(overconfident):
    run = Trainer(GaussianNB(), target="y", threshold=0.8).fit(overconfident)
    assert run.record["threshold"]["chosen_on"] == "given"
    assert run.out_of_fold is None


def test_a_rule_of_your_own_is_a_rule(overconfident):
    class Middle:
        def choose(self, is_positive, scores):
            return float(np.median(scores))

    run = Trainer(LogisticRegression(), target="y", threshold=Middle()).fit(overconfident)
    assert run.record["threshold"]["share"] == pytest.approx(0.5, abs=0.01)
    assert run.record["threshold"]["rule"].endswith("Middle")
    assert run.record["code"]["parts"]["threshold"].startswith("sha256:")
    again = Trainer(LogisticRegression(), target="y", threshold=Middle())
    assert reproduce(run, overconfident, trainer=again).differs == ()


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        (Ridge(), {"calibrate": "sigmoid"}, "calibrate= needs a classifier"),
        (Ridge(), {"threshold": 0.5}, "threshold= needs a classifier"),
        (LinearSVC(), {"threshold": 0.5}, 'gives? .*calibrate="sigmoid" makes some|does not give'),
    ],
)
def test_what_cannot_be_finished_is_refused(overconfident, model, settings, message):
    with pytest.raises(ConfigError, match=message):
        Trainer(model, target="y", **settings).fit(overconfident)


def test_a_threshold_is_for_two_classes(overconfident):
    overconfident["y"] = np.digitize(overconfident["x0"], [-0.5, 0.5])
    with pytest.raises(ConfigError, match="for two classes, the target has 3"):
        Trainer(GaussianNB(), target="y", threshold=0.5).fit(overconfident)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ByFBeta(0), "beta must be a number above 0"),
        (lambda: AtPrecision(0), r"least must lie in \(0, 1\]"),
        (lambda: AtRecall("all"), "least"),
        (lambda: AtCapacity(1.5), "share"),
        (lambda: ByCost(float("nan"), 1), "false_positive must be a finite number"),
    ],
)
def test_rules_check_their_numbers(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
