"""Models about which nothing is known."""

# ruff: noqa: PD011  # `values` is an Explanation's
from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPClassifier

from prodml.errors import ConfigError, SchemaError
from prodml.explain import Explainer
from prodml.explain.coalitions import MixedRows, enumerated, n_sweeps, sampled


class Product:
    """A regressor with a product in it, and nothing else of scikit-learn."""

    def predict(self, X):
        X = np.asarray(X, dtype=float)
        return X[:, 0] * X[:, 1] + np.sin(X[:, 2:]).sum(axis=1)


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(size=(30, 4))


def test_enumeration_meets_the_oracle(points, interventional):
    explainer = Explainer(Product(), background=points[:10])
    assert (explainer.method, explainer.is_exact) == ("enumeration", True)
    explanation = explainer.explain(points[20:22])
    assert explanation.standard_errors is None
    for i in range(2):
        expected = interventional(Product().predict, points[20 + i : 21 + i], points[:10])
        assert np.abs(explanation.values[i] - expected).max() < 1e-12


def test_a_product_is_shared_equally():
    explainer = Explainer(Product(), background=np.zeros((1, 4)))
    values = explainer.explain(np.array([[3.0, 2.0, 0.0, 0.0]])).values
    assert values.ravel() == pytest.approx([3.0, 3.0, 0.0, 0.0])


def test_one_column_takes_all():
    class Square:
        def predict(self, X):
            return np.asarray(X)[:, 0] ** 2

    explainer = Explainer(Square(), background=np.arange(5.0)[:, None], budget=1)
    assert explainer.method == "enumeration"
    assert explainer.explain(np.array([[4.0]])).values.ravel() == pytest.approx([16 - 6])


def test_a_small_budget_means_sampling_with_errors(points):
    explainer = Explainer(Product(), background=points[:10], budget=100)
    assert not explainer.is_exact
    assert explainer.method == "permutation sampling, 2 pairs of orders"
    explanation = explainer.explain(points[20:21])
    assert explanation.standard_errors.shape == explanation.values.shape
    assert "estimated" in repr(explanation)


def test_samples_add_up_exactly(points):
    explanation = Explainer(Product(), background=points[:10], budget=100).explain(points)
    assert explanation.additivity_error < 1e-12


def test_the_same_seed_gives_the_same_and_another_does_not(points):
    def values(seed):
        explainer = Explainer(Product(), background=points[:10], budget=100, random_state=seed)
        return explainer.explain(points[:3]).values

    assert np.array_equal(values(1), values(1))
    assert not np.array_equal(values(1), values(2))


def test_a_sampled_row_does_not_depend_on_the_rows_around_it(points):
    explainer = Explainer(Product(), background=points[:10], budget=100)
    alone = explainer.explain(points[7:8]).values[0]
    assert np.array_equal(explainer.explain(points).values[7], alone)


def wobble(X):
    X = np.asarray(X, dtype=float)
    return (X[:, 0] * X[:, 1] * X[:, 2] + np.maximum(X[:, 3], X[:, 4]))[:, None]


def test_standard_errors_cover_the_truth_as_often_as_they_promise():
    points = pd.DataFrame(np.random.default_rng(3).normal(size=(13, 5)))
    game = MixedRows(wobble, points[:12])
    truth = enumerated(game, points[12:])
    scores = []
    for seed in range(60):
        values, errors = sampled(game, points[12:], sweeps=6, rng=np.random.default_rng(seed))
        scores.append(((values - truth) / errors).ravel())
    scores = np.array(scores)
    covered = (np.abs(scores) < norm.ppf(0.975)).mean()
    # 300 scores, 60 degrees of freedom each: 0.95 within three standard errors of the simulation.
    assert 0.91 < covered < 0.99
    # Unbiased: the mean of 60 scores has a standard error of 0.13.
    assert np.abs(scores.mean(axis=0)).max() < 0.52


def test_more_budget_means_smaller_errors(points):
    few, many = (
        Explainer(Product(), background=points[:10], budget=budget).explain(points[20:21])
        for budget in (60 * 2, 60 * 50)
    )
    assert few.method != many.method or few.is_exact
    sampled_few = few.standard_errors
    assert sampled_few is not None


def test_the_budget_is_kept():
    assert n_sweeps(10_000, 6, 10) == 100
    assert n_sweeps(1, 6, 10) == 2
    calls = []

    class Counting(Product):
        def predict(self, X):
            calls.append(len(X))
            return super().predict(X)

    points = np.random.default_rng(0).normal(size=(30, 20))
    explainer = Explainer(Counting(), background=points[:10], budget=4000)
    calls.clear()
    explainer.explain(points[20:21])
    # The row itself, and the two ends of every walk, come on top.
    assert 0.9 * 4000 <= sum(calls) <= 4000 + 12


def test_too_many_columns_cannot_be_enumerated():
    frame = pd.DataFrame(np.zeros((1, 13)))
    with pytest.raises(ConfigError, match="at most 12 columns"):
        enumerated(MixedRows(lambda f: np.zeros((len(f), 1)), frame), frame)


@pytest.mark.parametrize(
    "model",
    [KNeighborsRegressor(5), MLPClassifier((5,), max_iter=2000, random_state=0)],
    ids=lambda m: type(m).__name__,
)
def test_other_models_meet_the_oracle(model, interventional):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 4))
    model.fit(X, X[:, 0] > 0 if hasattr(model, "predict_proba") else X[:, 0])
    function = getattr(model, "predict_proba", model.predict)
    explanation = Explainer(model, background=X[:20]).explain(X[50:51])
    expected = interventional(function, X[50:51], X[:20])
    assert np.abs(explanation.values[0] - expected).max() < 1e-10


@pytest.fixture
def categories():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"town": rng.choice(["n", "s", "e"], 200), "age": rng.normal(size=200)})
    return frame.astype({"town": "category"})


def test_native_categories_are_explained(categories, interventional):
    y = (categories["town"] == "n") ^ (categories["age"] > 0)
    model = HistGradientBoostingClassifier(max_iter=10, categorical_features="from_dtype")
    model.fit(categories, y)
    explainer = Explainer(model, background=categories[:30])
    assert explainer.method == "enumeration"
    row = categories[50:51]
    expected = interventional(
        lambda f: model.decision_function(f.astype(categories.dtypes)), row, categories[:30]
    )
    assert np.abs(explainer.explain(row).values[0] - expected).max() < 1e-10
    # The same row as a record: its town is text, not yet a category.
    record = {"town": str(row["town"].iloc[0]), "age": float(row["age"].iloc[0])}
    assert np.abs(explainer.explain(record).values[0] - expected).max() < 1e-10


def test_a_category_the_background_does_not_have_is_refused(categories):
    model = HistGradientBoostingClassifier(max_iter=5, categorical_features="from_dtype")
    model.fit(categories, categories["town"] == "n")
    explainer = Explainer(model, background=categories[:30])
    with pytest.raises(SchemaError, match='"town"'):
        explainer.explain({"town": "Atlantis", "age": 0.0})
