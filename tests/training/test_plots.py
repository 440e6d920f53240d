from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import LinearSVC

from prodml.errors import ConfigError
from prodml.training import Trainer


def is_svg(text):
    return ET.fromstring(text).tag.endswith("svg")


def test_a_classification_shows_curves_calibration_and_slices(churn):
    run = Trainer(
        LogisticRegression(),
        target="churned",
        test_size=0.5,
        slices={"late": lambda f: f.index > 99},
    ).fit(churn)
    for kind in ("roc", "precision_recall", "calibration", "slices"):
        assert is_svg(run.plot(kind))
    page = run.plot()
    assert page.startswith("<!doctype html>")
    assert page.count("<svg") == 4


def test_a_calibrated_model_shows_both_curves(churn):
    run = Trainer(LogisticRegression(), target="churned", calibrate="sigmoid").fit(churn)
    assert "before" in run.plot("calibration")
    assert "calibrated" in run.plot("calibration")


def test_a_regression_shows_its_errors(prices):
    run = Trainer(LinearRegression(), target="price").fit(prices)
    assert is_svg(run.plot("residuals"))
    assert run.plot().count("<svg") == 1


def test_decision_values_have_a_roc_curve_and_no_calibration(churn):
    run = Trainer(LinearSVC(), target="churned").fit(churn)
    assert is_svg(run.plot("roc"))
    with pytest.raises(ConfigError, match="no chart 'calibration' of this run .it needs prob"):
        run.plot("calibration")


def test_three_classes_have_a_calibration_curve(churn):
    churn["churned"] = np.where(churn["spend"] > 3, "gold", churn["churned"])
    run = Trainer(LogisticRegression(), target="churned").fit(churn)
    assert run.plot().count("<svg") == 1


def test_an_unknown_chart_is_said_with_those_there_are(churn):
    run = Trainer(LogisticRegression(), target="churned").fit(churn)
    with pytest.raises(ConfigError, match='Did you mean "roc"'):
        run.plot("rocs")
