"""Pipelines, explained in their raw columns."""

# ruff: noqa: PD011  # `values` is an Explanation's
from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    SplineTransformer,
    StandardScaler,
)

from prodml.explain import Explainer
from prodml.explain.encoding import encoding_of

EXACT = 1e-10


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(0)
    n = 200
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, n).astype(float),
            "town": rng.choice(["north", "south", "east", "10", "1"], n),
            "income": rng.lognormal(10, 0.5, n),
            "plan": rng.choice(["a", "b", "c"], n),
        }
    )


@pytest.fixture(scope="module")
def target(people):
    score = people["age"] / 20 + (people["town"] == "north") * 2 - (people["plan"] == "b")
    return (score > score.median()).astype(int)


def columns(**options):
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["age", "income"]),
            ("names", OneHotEncoder(handle_unknown="ignore", **options), ["town", "plan"]),
        ]
    )


PIPELINES = {
    "one-hot, logistic": (make_pipeline(columns(), LogisticRegression()), "linear"),
    "one-hot, dropped": (make_pipeline(columns(drop="first"), LogisticRegression()), "linear"),
    "one-hot, dense": (make_pipeline(columns(sparse_output=False), LogisticRegression()), "linear"),
    "one-hot, rare ones joined": (
        make_pipeline(columns(min_frequency=45), LogisticRegression()),
        "linear",
    ),
    "one-hot, forest": (
        make_pipeline(columns(), RandomForestClassifier(10, random_state=0)),
        "trees, interventional",
    ),
    "one-hot, boosting": (
        make_pipeline(columns(), GradientBoostingClassifier(n_estimators=10, random_state=0)),
        "trees, interventional",
    ),
    "dense, histogram boosting": (
        make_pipeline(
            columns(sparse_output=False),
            HistGradientBoostingClassifier(max_iter=10, random_state=0),
        ),
        "trees, interventional",
    ),
    "ordinal, selected": (
        Pipeline(
            [
                (
                    "encode",
                    make_column_transformer(
                        (OrdinalEncoder(), ["plan", "town"]), remainder="passthrough"
                    ),
                ),
                ("nothing", "passthrough"),
                ("select", SelectKBest(k=3)),
                ("model", RandomForestClassifier(10, random_state=0)),
            ]
        ),
        "trees, interventional",
    ),
    "bins and splines": (
        make_pipeline(
            ColumnTransformer(
                [
                    ("bins", KBinsDiscretizer(4, strategy="uniform"), ["age"]),
                    ("splines", SplineTransformer(4), make_column_selector("income")),
                    ("gone", "drop", ["town"]),
                    (
                        "counted",
                        FunctionTransformer(lambda c: (c == "a").to_numpy(float)),
                        ["plan"],
                    ),
                ]
            ),
            LogisticRegression(max_iter=1000),
        ),
        "linear",
    ),
}


@pytest.mark.parametrize("which", PIPELINES)
def test_raw_columns_meet_the_oracle(which, people, target, interventional):
    pipeline, method = PIPELINES[which]
    pipeline.fit(people, target)
    explainer = Explainer(pipeline, background=people[:20])
    explanation = explainer.explain(people[50:52])
    assert explainer.method.startswith(method)
    assert explanation.feature_names == ("age", "town", "income", "plan")
    margin = explanation.output_scale == "margin"
    function = pipeline.decision_function if margin else pipeline.predict_proba
    for i in range(2):
        expected = interventional(function, people[50 + i : 51 + i], people[:20])
        assert np.abs(explanation.values[i] - expected).max() < EXACT


def test_grouping_is_said(people, target):
    pipeline = PIPELINES["one-hot, logistic"][0].fit(people, target)
    assert Explainer(pipeline, background=people).method == "linear, encoded columns grouped"


def test_grouped_columns_meet_the_path_oracle_without_background(people, path_dependent):
    encoder = ColumnTransformer(
        [("names", OneHotEncoder(sparse_output=False), ["town", "plan"])], remainder="passthrough"
    )
    forest = RandomForestRegressor(3, max_depth=5, random_state=0)
    pipeline = make_pipeline(encoder, forest).fit(
        people, people["age"] + (people["town"] == "north")
    )
    values = Explainer(pipeline).explain(people[:2]).values
    owners = [1] * 5 + [3] * 3 + [0, 2]
    for i in range(2):
        row = encoder.transform(people[i : i + 1])
        trees = [path_dependent(tree.tree_, row, owners) for tree in forest.estimators_]
        assert np.abs(values[i] - np.mean(trees, axis=0)).max() < EXACT


MIXED = {
    "PCA": PCA(2),
    "products": PolynomialFeatures(2),
    "row norm": Normalizer(),
    "anything": FunctionTransformer(lambda X: X[:, ::-1]),
}


@pytest.mark.parametrize("which", MIXED)
def test_mixed_columns_are_explained_as_a_whole(which, people, interventional):
    X = people[["age", "income"]].to_numpy()
    pipeline = make_pipeline(StandardScaler(), MIXED[which], LinearRegression()).fit(X, X[:, 0])
    explainer = Explainer(pipeline, background=X[:20])
    assert explainer.method == "enumeration"
    expected = interventional(pipeline.predict, X[50:51], X[:20])
    assert np.abs(explainer.explain(X[50:51]).values[0] - expected).max() < EXACT


def test_mixed_columns_inside_a_column_transformer_are_noticed(people, target):
    encoder = ColumnTransformer(
        [("mixed", PCA(1), ["age", "income"]), ("names", OneHotEncoder(), ["town", "plan"])]
    )
    pipeline = make_pipeline(encoder, LogisticRegression(max_iter=5000)).fit(people, target)
    assert Explainer(pipeline, background=people[:20]).method == "enumeration"


def test_a_text_column_is_one_player(target):
    notes = pd.DataFrame(
        {"note": ["good day", "bad day", "good", "bad luck"] * 50, "n": np.arange(200.0)}
    )
    pipeline = make_pipeline(
        make_column_transformer((CountVectorizer(), "note"), (MinMaxScaler(), ["n"])),
        LogisticRegression(),
    ).fit(notes, [1, 0, 1, 0] * 50)
    explanation = Explainer(pipeline, background=notes[:20]).explain(notes[:1])
    assert explanation.method == "linear, encoded columns grouped"
    assert explanation.reasons(1)[0].feature == "note"
    assert explanation.additivity_error < 1e-9


@pytest.mark.parametrize(
    "spec",
    [[0, 2], [-4, -2], slice(0, 3, 2), np.array([True, False, True, False]), slice("age", "town")],
    ids=str,
)
def test_columns_may_be_named_in_any_way(spec, people, target, interventional):
    numbers = people.assign(town=people["town"].astype("category").cat.codes, plan=0.0)
    pipeline = make_pipeline(
        ColumnTransformer([("scaled", StandardScaler(), spec)], remainder="passthrough"),
        LogisticRegression(max_iter=5000),
    ).fit(numbers, target)
    values = Explainer(pipeline, background=numbers[:20]).explain(numbers[50:51]).values
    expected = interventional(pipeline.decision_function, numbers[50:51], numbers[:20])
    assert np.abs(values[0] - expected).max() < 1e-8


class Shout(TransformerMixin, BaseEstimator):
    """A transformer of somebody else's that does not name what it gives."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return np.asarray(X, dtype=float) * 2


@pytest.mark.parametrize("step", [Shout(), PolynomialFeatures(2)], ids=["nameless", "constant"])
def test_what_cannot_be_traced_is_explained_as_a_whole(step):
    X = np.arange(10.0)[:, None]
    pipeline = make_pipeline(step, LinearRegression()).fit(X, X[:, 0])
    explainer = Explainer(pipeline, background=X)
    assert explainer.method == "enumeration"
    assert explainer.explain(X[:1]).values.ravel() == pytest.approx([-4.5])


def test_sparse_columns_are_columns(people, target, interventional):
    names = people[["town", "plan"]]
    pipeline = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(names, target)
    values = Explainer(pipeline, background=names[:20]).explain(names[50:51]).values
    expected = interventional(pipeline.decision_function, names[50:51], names[:20])
    assert np.abs(values[0] - expected).max() < EXACT


def test_a_search_is_explained_by_its_best_model(people, target):
    search = GridSearchCV(
        make_pipeline(columns(), LogisticRegression()), {"logisticregression__C": [0.1, 1.0]}, cv=2
    ).fit(people, target)
    explanation = Explainer(search, background=people[:20]).explain(people[:3])
    assert explanation.method.startswith("linear")
    direct = Explainer(search.best_estimator_, background=people[:20]).explain(people[:3])
    assert np.array_equal(explanation.values, direct.values)


def test_frames_between_the_steps_are_fine(people, target):
    pipeline = make_pipeline(columns(sparse_output=False), LogisticRegression())
    pipeline.set_output(transform="pandas").fit(people, target)
    explanation = Explainer(pipeline, background=people[:20]).explain(people[:3])
    assert explanation.method.startswith("linear")
    assert explanation.additivity_error < 1e-9


def test_a_pipeline_in_a_pipeline_is_unfolded(people, target):
    inner = make_pipeline(StandardScaler(with_mean=False), LogisticRegression(max_iter=1000))
    pipeline = make_pipeline(columns(), inner).fit(people, target)
    encoding, final = encoding_of(pipeline, 4)
    assert isinstance(final, LogisticRegression)
    assert sorted(set(encoding.owners.tolist())) == [0, 1, 2, 3]
