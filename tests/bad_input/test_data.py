"""Wrong uses of Pipeline, Contract, Trainer, Gate and DriftDetector."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import StandardScaler

from prodml import Check, Contract, DriftDetector, Gate, Pipeline, Trainer
from prodml.errors import (
    ConfigError,
    ContractError,
    IntegrityError,
    NotFittedError,
    SchemaError,
    StepError,
    UnknownNameError,
)
from prodml.gate import Predictions
from prodml.pipeline import step


def first(x):
    return x


def second(first):
    return first


def broken(x):
    raise KeyError(x["patient"].iloc[0])


def two():
    return Pipeline([first, second])


def doubled(frame):
    return pd.concat([frame, frame], axis=1)


PIPELINE = {
    "no steps": (lambda w: Pipeline([]), ConfigError, "at least one step"),
    "a function for the list": (lambda w: Pipeline(first), ConfigError, "got function"),
    "a step that is a number": (lambda w: Pipeline([42]), ConfigError, "int has none of these"),
    "a class for an object": (
        lambda w: Pipeline([first, StandardScaler]),
        ConfigError,
        r"must be an object: StandardScaler\(...\)",
    ),
    "two steps of one name": (lambda w: Pipeline([first, first]), ConfigError, 'called "first"'),
    "a cycle": (
        lambda w: Pipeline([("first", step(first, inputs={"x": "second"})), second]),
        ConfigError,
        "form a cycle",
    ),
    "a parameter that does not exist": (
        lambda w: Pipeline([step(first, inputs={"y": "z"})]),
        UnknownNameError,
        'no parameter "y" of step "first"',
    ),
    "an input left out": (lambda w: two().run(), ConfigError, r'needs the input "x": pass run\(x='),
    "a typo in an input": (lambda w: two().run(xx=1), ConfigError, 'Did you mean "x"'),
    "a typo in a target": (
        lambda w: two().run(x=1, targets=["secnd"]),
        UnknownNameError,
        'no step "secnd". Did you mean "second"',
    ),
    "targets as one text": (
        lambda w: two().run(x=1, targets="second"),
        ConfigError,
        r"sequence of names: \[\"second\"\]",
    ),
    "keep as one text": (
        lambda w: two().run(x=1, keep="first"),
        ConfigError,
        "keep must be a coll",
    ),
    "overrides as a list": (
        lambda w: two().run(x=1, overrides=["first"]),
        ConfigError,
        "overrides must map steps to values",
    ),
    "an executor by name": (
        lambda w: two().run(x=1, executor="threads"),
        ConfigError,
        r"executor must have submit\(\)",
    ),
    "a path for a journal": (
        lambda w: two().run(x=1, journal="runs/1"),
        ConfigError,
        r"journal must have append\(\)",
    ),
    "an event hook that cannot be called": (
        lambda w: two().run(x=1, on_event=[]),
        ConfigError,
        "on_event must be a function",
    ),
    "an unknown result": (lambda w: two().run(x=1)["frst"], UnknownNameError, 'no step "frst"'),
    "an unknown step": (lambda w: two()["third"], UnknownNameError, 'no step "third". Known'),
    "retries below zero": (lambda w: step(first, retries=-1), ConfigError, "retries must not"),
    "a timeout in words": (
        lambda w: step(first, timeout_s="10s"),
        ConfigError,
        "timeout_s must be a number",
    ),
    "a step that quotes a cell": (
        lambda w: Pipeline([broken]).run(x=w.people),
        StepError,
        'step "broken" of pipeline "pipeline" failed with KeyError. Inputs: x = .* of 120 rows',
    ),
    "a scaler that meets names": (
        lambda w: Pipeline([("scale", StandardScaler())]).run(data=w.people),
        StepError,
        'step "scale" .* failed with ValueError',
    ),
    "apply before a run": (
        lambda w: Pipeline([first, ("scale", StandardScaler())]).apply(w.inputs),
        StepError,
        "failed with NotFittedError",
    ),
    "a parameter nobody has": (
        lambda w: two().set_params(nme="x"),
        UnknownNameError,
        'no parameter "nme". Did you mean "name"',
    ),
}

CONTRACT = {
    "no columns": (lambda w: Contract({}), ConfigError, "at least one column"),
    "a kind in words": (
        lambda w: Contract({"age": "number"}),
        ConfigError,
        r'column "age" takes Check values, such as Check.number\(min=0\)',
    ),
    "a type for a check": (lambda w: Contract({"age": float}), ConfigError, '"age" takes Check'),
    "a check that was not called": (
        lambda w: Contract({"age": Check.number}),
        ConfigError,
        '"age" takes Check values',
    ),
    "ends swapped": (lambda w: Check.number(min=5, max=1), ConfigError, "got 5 and 1"),
    "an end in words": (
        lambda w: Check.number(min="a"),
        ConfigError,
        "ends of a range are numbers",
    ),
    "a share in percent": (lambda w: Check.number(mostly=95), ConfigError, r"\(0, 1\].*got 95"),
    "a share in words": (lambda w: Check.number(mostly="all"), ConfigError, "got 'all'"),
    "no levels": (lambda w: Check.one_of(None), ConfigError, "levels must be a collection"),
    "a broken pattern": (lambda w: Check.text(matches="("), ConfigError, "no regular expression"),
    "an unknown severity": (
        lambda w: Check.number(severity="bad"),
        ConfigError,
        '"error" or "warn"',
    ),
    "a missing column": (
        lambda w: w.contract.split(w.clinic.rename(columns={"age": "agee"})),
        ContractError,
        'no column "age". Did you mean "agee"',
    ),
    "text where numbers belong": (
        lambda w: w.contract.split(w.people.assign(age=w.people.patient)),
        ContractError,
        'column "age" must hold numbers, got text',
    ),
    "rows that break a rule": (
        lambda w: w.contract.check(w.clinic.assign(age=-1)),
        ContractError,
        "120 of 120 rows",
    ),
    "names that break a pattern": (
        lambda w: Contract({"patient": Check.text(matches="x")}).check(w.people),
        ContractError,
        '"patient" matches .x.: not so in 120 of 120 rows',
    ),
    "a rule that quotes a cell": (
        lambda w: Contract(
            {"patient": Check.rows(lambda s: s.astype(float), name="numeric")}
        ).split(w.people),
        ContractError,
        'check "numeric" failed with ValueError',
    ),
    "a frame without columns": (
        lambda w: w.contract.split(pd.DataFrame()),
        SchemaError,
        "at least one column, got none",
    ),
    "a frame without rows": (
        lambda w: w.contract.split(w.clinic.iloc[:0]),
        ContractError,
        "1 rows or more are needed, got 0",
    ),
    "columns twice": (
        lambda w: w.contract.split(doubled(w.clinic)),
        SchemaError,
        "column names must differ",
    ),
    "a file name for a table": (
        lambda w: w.contract.split("people.csv"),
        ConfigError,
        "a table may be a pandas, .* got builtins.str",
    ),
    "one column for a table": (
        lambda w: w.contract.split(w.clinic["age"]),
        ConfigError,
        "got pandas.*Series",
    ),
    "columns of two lengths": (
        lambda w: w.contract.split({"age": [1, 2], "sick": ["yes"]}),
        ConfigError,
        "of one length",
    ),
    "a record of another kind": (
        lambda w: w.contract.check_record({"age": w.people.patient[0], "sick": "yes"}),
        ContractError,
        'field "age" must be a number, got str',
    ),
    "something else that was stored": (lambda w: Contract.from_dict(None), ConfigError, '"format"'),
}

TRAINER = {
    "a typo in the target": (
        lambda w: w.train(target="sik"),
        SchemaError,
        'no column "sik" for the target. Did you mean "sick"',
    ),
    "arguments swapped": (
        lambda w: Trainer(w.clinic, target="sick").fit(LogisticRegression()),
        ConfigError,
        "an estimator needs fit and predict, DataFrame lacks fit",
    ),
    "a class for an estimator": (
        lambda w: w.train(estimator=LogisticRegression),
        ConfigError,
        r"LogisticRegression\(\), not the class",
    ),
    "a file name for the data": (lambda w: w.train("people.csv"), ConfigError, "got builtins.str"),
    "a test size in percent": (lambda w: w.train(test_size=25), ConfigError, r"\(0, 1\), got 25"),
    "a test size in words": (lambda w: w.train(test_size="a"), ConfigError, "got 'a'"),
    "one fold": (lambda w: w.train(cv=1), ConfigError, "at least 2 folds, got 1"),
    "folds in words": (lambda w: w.train(cv="5"), ConfigError, "at least 2 folds, got '5'"),
    "a typo in a metric": (
        lambda w: w.train(metrics="acuracy"),
        UnknownNameError,
        'no score "acuracy". Did you mean "accuracy"',
    ),
    "a number for metrics": (lambda w: w.train(metrics=5), ConfigError, "metrics must be names"),
    "a metric that gives text": (
        lambda w: w.train(metrics={"m": lambda y, p: "good"}),
        ConfigError,
        "the score m must be a number, got a str",
    ),
    "a metric of the other task": (lambda w: w.train(metrics="rmse"), ConfigError, "of regression"),
    "an unknown split": (lambda w: w.train(split="strat"), ConfigError, "got 'strat'"),
    "a split by time without one": (lambda w: w.train(split="time"), ConfigError, "split_column="),
    "names among the inputs": (
        lambda w: w.train(w.people),
        SchemaError,
        r'these columns are not: "patient" \(text\)',
    ),
    "no rows": (lambda w: w.train(w.clinic.iloc[:0]), SchemaError, "the table has no rows"),
    "no columns": (lambda w: w.train(pd.DataFrame()), SchemaError, "got none"),
    "columns twice": (lambda w: w.train(doubled(w.clinic)), SchemaError, "must differ"),
    "one class": (
        lambda w: w.train(w.clinic.assign(sick="yes")),
        SchemaError,
        "one class only in 120 rows",
    ),
    "a target with gaps": (
        lambda w: w.train(w.clinic.assign(sick=w.clinic.sick.where(w.clinic.age > 30))),
        SchemaError,
        r"is missing in \d+ of 120 rows. Drop them first",
    ),
    "nothing but the target": (
        lambda w: w.train(w.clinic[["sick"]]),
        SchemaError,
        "no column is left",
    ),
    "gaps among the inputs": (
        lambda w: w.train(w.clinic.assign(age=math.nan)),
        SchemaError,
        "takes no missing values",
    ),
    "infinity among the inputs": (
        lambda w: w.train(w.clinic.assign(age=math.inf)),
        SchemaError,
        r'hold infinity: "age" \(90 of 90 rows\)',
    ),
    "a regressor for classes": (
        lambda w: w.train(estimator=LinearRegression()),
        ConfigError,
        "holds text, but LinearRegression is a regressor",
    ),
    "a log that is a path": (
        lambda w: Trainer(LogisticRegression(), target="sick").fit(w.clinic, log="runs/1"),
        ConfigError,
        r"log must have append\(\)",
    ),
}

GATE = {
    "alpha in percent": (
        lambda w: Gate(alpha=5),
        ConfigError,
        r"alpha must lie in \(0, 1\), got 5",
    ),
    "alpha in words": (lambda w: Gate(alpha="0.05"), ConfigError, "got '0.05'"),
    "a margin in words": (lambda w: Gate(margin="1%"), ConfigError, "margin must be at least 0"),
    "guardrails as a list": (lambda w: Gate(guardrails=["recall"]), ConfigError, "got list"),
    "a typo in its metric": (
        lambda w: Gate("acuracy").decide(w.truth, w.said(w.truth), w.said(w.truth)),
        UnknownNameError,
        'Did you mean "accuracy"',
    ),
    "other rows": (
        lambda w: w.gate.decide(w.truth, w.said(w.truth[:5]), w.said(w.truth)),
        ConfigError,
        "speaks of 5 rows, y_true of 100",
    ),
    "models for predictions": (
        lambda w: w.gate.decide(w.truth, w.model, w.model),
        ConfigError,
        'a mapping with "labels" and "scores", got Pipeline',
    ),
    "no truth": (
        lambda w: w.gate.decide([None] * 100, w.said(w.truth), w.said(w.truth)),
        ConfigError,
        "100 missing values",
    ),
    "labels of two kinds": (
        lambda w: w.gate.decide(w.truth, w.said(np.ones(100)), w.said(w.truth)),
        ConfigError,
        "numbers on one side and text on the other",
    ),
    "a model that was never fitted": (
        lambda w: Predictions.of(LogisticRegression(), w.inputs),
        NotFittedError,
        "LogisticRegression is not fitted yet",
    ),
    "a file name for a model": (
        lambda w: Predictions.of("model.pkl", w.inputs),
        ConfigError,
        r"model must have predict\(\)",
    ),
}

DRIFT = {
    "detect before fit": (
        lambda w: DriftDetector().detect(w.inputs),
        NotFittedError,
        r"call fit\(reference\)",
    ),
    "alpha above one": (
        lambda w: DriftDetector(alpha=5).fit(w.inputs),
        ConfigError,
        "Did you mean 0.05",
    ),
    "an unknown correction": (
        lambda w: DriftDetector(correction="bonf").fit(w.inputs),
        ConfigError,
        "no correction 'bonf'",
    ),
    "a typo in the columns": (
        lambda w: DriftDetector(columns=["agee"]).fit(w.inputs),
        SchemaError,
        'Did you mean "age"',
    ),
    "an unknown kind": (
        lambda w: DriftDetector(kinds={"age": "numeric"}).fit(w.inputs),
        ConfigError,
        "no kind 'numeric'",
    ),
    "three rows": (
        lambda w: DriftDetector().fit(w.inputs[:3]),
        SchemaError,
        "has 3 rows, .* needs at least",
    ),
    "a column gone": (
        lambda w: w.detector().detect(w.inputs.drop(columns="age")),
        SchemaError,
        'the data lack column "age"',
    ),
    "numbers that became text": (
        lambda w: w.detector().detect(w.people.assign(age=w.people.patient)),
        SchemaError,
        'column "age" must hold numbers, got text',
    ),
    "cells that are lists": (
        lambda w: DriftDetector().fit({"notes": [[w.people.patient[0]]] * 50}),
        SchemaError,
        'column "notes" holds objects',
    ),
    "a table for counts": (
        lambda w: w.detector().judge(w.inputs),
        ConfigError,
        "judge takes what .* got a DataFrame",
    ),
    "a stored detector with a flipped bit": (
        lambda w: DriftDetector.from_bytes(w.detector().to_bytes()[:-1] + b"x"),
        IntegrityError,
        "has changed since it was written",
    ),
    "a stored detector cut short": (
        lambda w: DriftDetector.from_bytes(w.detector().to_bytes()[:50]),
        IntegrityError,
        "not a container: 50 bytes",
    ),
    "a file name for bytes": (
        lambda w: DriftDetector.from_bytes("drift.bin"),
        ConfigError,
        "bytes or the Path of a file",
    ),
    "a column nobody watches": (
        lambda w: w.detector().detect(w.inputs)["agee"],
        UnknownNameError,
        'no column "agee". Did you mean "age"',
    ),
}


def table(rows):
    return pytest.mark.parametrize(("call", "error", "says"), rows.values(), ids=rows)


@table(PIPELINE)
def test_pipeline_refuses(refused, call, error, says):
    refused(call, error, says)


@table(CONTRACT)
def test_contract_refuses(refused, call, error, says):
    refused(call, error, says)


@table(TRAINER)
def test_trainer_refuses(refused, call, error, says):
    refused(call, error, says)


@table(GATE)
def test_gate_refuses(refused, call, error, says):
    refused(call, error, says)


@table(DRIFT)
def test_drift_detector_refuses(refused, call, error, says):
    refused(call, error, says)
