from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import LinearSVC

from prodml.errors import ConfigError
from prodml.gate import Predictions


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    return X, (X[:, 0] > 0).astype(int)


def test_a_model_of_two_classes_gives_the_probability_of_the_positive_one(rows):
    X, y = rows
    model = LogisticRegression().fit(X, y)
    said = Predictions.of(model, X)
    np.testing.assert_array_equal(said.labels, model.predict(X))
    np.testing.assert_array_equal(said.scores, model.predict_proba(X)[:, 1])
    assert said.classes.tolist() == [0, 1]


def test_a_model_of_three_classes_gives_a_column_each(rows):
    X, _ = rows
    model = LogisticRegression().fit(X, np.arange(60) % 3)
    assert Predictions.of(model, X).scores.shape == (60, 3)


def test_a_model_without_probabilities_gives_its_decision_function(rows):
    X, y = rows
    model = LinearSVC().fit(X, y)
    np.testing.assert_array_equal(Predictions.of(model, X).scores, model.decision_function(X))


def test_a_regression_gives_numbers_only(rows):
    X, _ = rows
    said = Predictions.of(LinearRegression().fit(X, X[:, 0]), X)
    assert said.scores is None
    assert said.classes is None


def test_a_classifier_that_has_no_scores_gives_labels_only(rows):
    X, _ = rows

    class Always:
        classes_ = np.array([0, 1])

        def predict(self, rows):
            return np.zeros(len(rows), dtype=int)

    assert repr(Predictions.of(Always(), X)) == "Predictions(60 rows, labels only)"


def test_predictions_show_no_values():
    assert repr(Predictions(["secret"], [0.5])) == "Predictions(1 rows, with scores)"
    assert len(Predictions([1, 2])) == 2


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([[0, 1]], None, "labels must have one dimension"),
        ([0, 1], [0.5], r"scores must have shape .* got \(1,\)"),
        ([0, 1], np.zeros((2, 2, 2)), "scores must have shape"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(labels, scores, message):
    with pytest.raises(ConfigError, match=message):
        Predictions(labels, scores)


def test_a_mapping_needs_labels_and_knows_its_names():
    with pytest.raises(ConfigError, match='need "labels"'):
        Predictions.from_mapping({"scores": [0.5]})
    with pytest.raises(ConfigError, match='Did you mean "labels"'):
        Predictions.from_mapping({"label": [0]})


def test_importing_the_gate_loads_no_heavy_package():
    code = (
        "import sys, prodml.gate; "
        "print([m for m in ('numpy', 'pandas', 'scipy', 'sklearn') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
