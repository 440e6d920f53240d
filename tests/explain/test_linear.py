from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from prodml.explain import Explainer

EXACT = 1e-10


def data(classes=0):
    rng = np.random.default_rng(0)
    X = rng.normal(3, 2, size=(200, 5))
    signal = X @ [1.0, -2.0, 0.5, 0.0, 3.0] + rng.normal(size=200)
    return X, signal if not classes else np.digitize(
        signal, np.quantile(signal, np.arange(1, classes) / classes)
    )


MODELS = [
    (LinearRegression(), 0),
    (make_pipeline(StandardScaler(), Ridge()), 0),
    (LogisticRegression(), 2),
    (LogisticRegression(max_iter=1000), 3),
    (make_pipeline(StandardScaler(), StandardScaler(with_mean=False), LogisticRegression()), 2),
    (RidgeClassifier(), 3),
    (LinearSVC(), 2),
    (SGDClassifier(random_state=0), 3),
    (SVC(kernel="linear"), 2),
]


@pytest.mark.parametrize(("model", "classes"), MODELS, ids=lambda v: str(v)[:40])
def test_a_linear_model_meets_the_oracle(model, classes, interventional):
    X, y = data(classes)
    model.fit(X, y)
    explainer = Explainer(model, background=X[:50])
    explanation = explainer.explain(X[60:62])
    function = getattr(model, "decision_function", model.predict)
    assert (explainer.method, explainer.is_exact) == ("linear", True)
    assert explanation.values.shape == (2, 5, 1 if classes < 3 else classes)
    for i in range(2):
        expected = interventional(function, X[60 + i : 61 + i], X[:50])
        assert np.abs(explanation.values[i] - expected).max() < EXACT


def test_sparse_weights_are_weights():
    X, y = data(3)
    model = SGDClassifier(random_state=0).fit(X, y)
    dense = Explainer(model, background=X[:50]).explain(X[:5]).values
    model.sparsify()
    explainer = Explainer(model, background=X[:50])
    assert explainer.method == "linear"
    assert np.abs(explainer.explain(X[:5]).values - dense).max() < EXACT


def test_coefficients_alone_do_not_make_a_model_linear(interventional):
    X, y = data()
    model = PoissonRegressor().fit(X / 10, np.abs(y))
    explainer = Explainer(model, background=X[:20] / 10)
    assert explainer.method == "enumeration"
    expected = interventional(model.predict, X[60:61] / 10, X[:20] / 10)
    assert np.abs(explainer.explain(X[60:61] / 10).values[0] - expected).max() < EXACT


def test_probabilities_of_a_linear_model_are_enumerated(interventional):
    X, y = data(2)
    model = LogisticRegression().fit(X, y)
    explainer = Explainer(model, background=X[:20], output="probability")
    assert explainer.method == "enumeration"
    values = explainer.explain(X[60:61]).values
    assert values.shape == (1, 5, 2)
    assert np.abs(values[0] - interventional(model.predict_proba, X[60:61], X[:20])).max() < EXACT


class OddCoefficients:
    """Has what looks like weights, and is none of it."""

    def __init__(self, coef):
        self.coef_ = coef
        self.intercept_ = 0.0

    def predict(self, X):
        return np.asarray(X)[:, 0] * 2.0


@pytest.mark.parametrize(
    "coef", [[[1.0]], [["a", "b"]], [[5.0, 5.0]]], ids=["width", "text", "wrong"]
)
def test_weights_that_do_not_fit_are_not_used(coef):
    X = np.random.default_rng(0).normal(size=(20, 2))
    explainer = Explainer(OddCoefficients(coef), background=X)
    assert explainer.method == "enumeration"
    assert explainer.explain(X[:1]).values[0, 0, 0] == pytest.approx(2 * (X[0, 0] - X[:, 0].mean()))
