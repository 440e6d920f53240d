"""Wrong uses of what a Trainer takes beyond the basics, of RunLog, of reproduce and of fingerprints."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import LinearSVC

from prodml import Trainer
from prodml.errors import ConfigError, ConflictError, SchemaError, UnknownNameError
from prodml.fingerprint import fingerprint_frame
from prodml.training import AtPrecision, ByCost, ByFBeta, RunLog, reproduce


def started(w):
    run = RunLog(w.storage).start()
    w.allow("runs/")
    return run


def begun(w, use):
    with started(w) as run:
        use(run)


def ended(w):
    run = started(w)
    run.finish()
    return run


TRAINER = {
    "a gap without time": (lambda w: w.train(gap="7D"), ConfigError, 'gap= is for split="time"'),
    "a gap of days as a number": (
        lambda w: w.train(
            w.clinic.assign(day=pd.date_range("2026", periods=120)),
            split="time",
            split_column="day",
            gap=7,
        ),
        ConfigError,
        'must be a duration such as "7D"',
    ),
    "a gap over everything": (
        lambda w: w.train(
            w.clinic.assign(day=range(120)), split="time", split_column="day", gap=500
        ),
        ConfigError,
        "leaves no row to train on",
    ),
    "a column to ignore that is not there": (
        lambda w: w.train(ignore=["patient"]),
        SchemaError,
        'no column "patient" for the ignored input',
    ),
    "a text for ignore": (
        lambda w: w.train(ignore="age"),
        ConfigError,
        "must be a list of columns",
    ),
    "a typo in a slice": (
        lambda w: w.train(slices=["agee"]),
        SchemaError,
        'no column "agee" for slices=. Did you mean "age"',
    ),
    "one slice as a text": (lambda w: w.train(slices="age"), ConfigError, "must be a list"),
    "a mask without a name": (
        lambda w: w.train(slices=[np.ones(120, bool)]),
        ConfigError,
        "a mask needs a name",
    ),
    "a mask of other rows": (
        lambda w: w.train(slices={"some": np.ones(3, bool)}),
        ConfigError,
        "3 values for 120 rows",
    ),
    "an unknown calibration": (
        lambda w: w.train(calibrate="platt"),
        ConfigError,
        'one of "sigmoid", "isotonic", "temperature"',
    ),
    "a calibrated regressor": (
        lambda w: w.train(target="bmi", estimator=LinearRegression(), calibrate="sigmoid"),
        ConfigError,
        "needs a classifier of scikit-learn's kind",
    ),
    "a threshold in percent": (lambda w: w.train(threshold=50), ConfigError, r"\(0, 1\), got 50"),
    "a threshold in words": (
        lambda w: w.train(threshold="f1"),
        ConfigError,
        "a rule such as ByCost",
    ),
    "the class of a rule": (
        lambda w: w.train(threshold=ByFBeta),
        ConfigError,
        "must be a number in",
    ),
    "a threshold of decision values": (
        lambda w: w.train(estimator=LinearSVC(), threshold=0.5),
        ConfigError,
        "needs probabilities, which a LinearSVC does not give",
    ),
    "a precision that nothing reaches": (
        lambda w: w.train(w.clinic.assign(age=1.0, bmi=1.0), threshold=AtPrecision(0.999)),
        ConfigError,
        "no threshold reaches a precision of 0.999",
    ),
    "costs in words": (lambda w: ByCost("low", 1), ConfigError, "false_positive must be a finite"),
    "a storage that is a path": (
        lambda w: w.train(storage="./runs"),
        ConfigError,
        r"storage must have get\(\)",
    ),
}

RUNS = {
    "a lease without length": (
        lambda w: RunLog(w.storage, lease=timedelta(0)),
        ConfigError,
        "at least a second",
    ),
    "an id that is no key": (
        lambda w: RunLog(w.storage).start(run_id="My run"),
        ConfigError,
        "named by segments",
    ),
    "an id twice": (
        lambda w: RunLog(w.storage).start(run_id=ended(w).run_id),
        ConflictError,
        "already",
    ),
    "a metric in words": (
        lambda w: begun(w, lambda run: run.log(loss="low")),
        ConfigError,
        "must be a number, got a str",
    ),
    "a list of metrics": (
        lambda w: begun(w, lambda run: run.log([1.0])),
        ConfigError,
        "map names to numbers",
    ),
    "a step in words": (
        lambda w: begun(w, lambda run: run.log(loss=1.0, step="one")),
        ConfigError,
        "step must be a whole number",
    ),
    "a run that is over": (lambda w: ended(w).log(loss=1.0), ConfigError, "is over"),
    "an unknown run": (
        lambda w: RunLog(w.storage).get("nobody"),
        UnknownNameError,
        'no run "nobody"',
    ),
    "an unknown status": (
        lambda w: RunLog(w.storage).search(status="done"),
        ConfigError,
        "one of running, finished, failed, died",
    ),
}

REPRODUCE = {
    "no record": (
        lambda w: reproduce(w.model, w.clinic, trainer=Trainer(w.model, target="sick")),
        ConfigError,
        "has no record of a training",
    ),
    "an estimator for a trainer": (
        lambda w: reproduce(w.runs[0], w.clinic, trainer=LogisticRegression()),
        ConfigError,
        "trainer must be a Trainer",
    ),
    "a fingerprint of a list": (
        lambda w: fingerprint_frame([1]),
        ConfigError,
        "pandas or polars DataFrame",
    ),
    "a fingerprint beside a frame": (
        lambda w: fingerprint_frame(w.clinic).compare(w.clinic),
        ConfigError,
        "takes what fingerprint_frame",
    ),
}


def table(rows):
    return pytest.mark.parametrize(("call", "error", "says"), rows.values(), ids=rows)


@table(TRAINER)
def test_trainer_refuses(refused, call, error, says):
    refused(call, error, says)


@table(RUNS)
def test_run_log_refuses(refused, call, error, says):
    refused(call, error, says)


@table(REPRODUCE)
def test_reproduce_and_fingerprints_refuse(refused, call, error, says):
    refused(call, error, says)
