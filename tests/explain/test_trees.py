"""Trees against enumeration through the model's own functions, and against shap."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeRegressor

from prodml.errors import ConfigError
from prodml.explain import Explainer, tree_game
from prodml.explain.leaves import leaf_blocks
from prodml.trees import TreeEnsemble

N_FEATURES = 5
EXACT = 1e-10


def data(n=300, n_features=N_FEATURES, *, classes=0, seed=0, gaps=0.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_features))
    signal = X[:, 0] + X[:, 1] * X[:, 2] - np.abs(X[:, 3]) + 0.3 * X[:, -1]
    y = signal if not classes else np.digitize(signal, np.linspace(-1, 1, classes - 1))
    X[rng.random(X.shape) < gaps] = np.nan
    return X, y


REGRESSORS = [
    DecisionTreeRegressor(random_state=0),
    ExtraTreeRegressor(random_state=0, max_depth=5),
    RandomForestRegressor(10, random_state=0),
    ExtraTreesRegressor(5, max_depth=5, random_state=0),
    GradientBoostingRegressor(n_estimators=20, random_state=0),
    HistGradientBoostingRegressor(max_iter=20, random_state=0),
]
CLASSIFIERS = [
    DecisionTreeClassifier(max_depth=6, random_state=0),
    RandomForestClassifier(10, random_state=0),
    ExtraTreesClassifier(5, max_depth=5, random_state=0),
    GradientBoostingClassifier(n_estimators=10, random_state=0),
    GradientBoostingClassifier(n_estimators=10, init="zero", random_state=0),
    HistGradientBoostingClassifier(max_iter=10, random_state=0),
]


def name(model):
    return type(model).__name__


@pytest.mark.parametrize("model", REGRESSORS, ids=name)
def test_a_regressor_meets_the_oracle(model, interventional):
    X, y = data()
    model.fit(X, y)
    explainer = Explainer(model, background=X[:20])
    explanation = explainer.explain(X[100:102])
    assert explainer.method == "trees, interventional"
    assert explanation.output_scale == "prediction"
    assert explanation.values.shape == (2, N_FEATURES, 1)
    for i in range(2):
        expected = interventional(model.predict, X[100 + i : 101 + i], X[:20])
        assert np.abs(explanation.values[i] - expected).max() < EXACT


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("model", CLASSIFIERS, ids=name)
def test_a_classifier_meets_the_oracle(model, classes, interventional):
    X, y = data(classes=classes)
    model.fit(X, y)
    explanation = Explainer(model, background=X[:20]).explain(X[100:102])
    margin = hasattr(model, "decision_function")
    function = model.decision_function if margin else model.predict_proba
    assert explanation.output_scale == ("margin" if margin else "probability")
    assert explanation.values.shape == (2, N_FEATURES, 1 if margin and classes == 2 else classes)
    assert explanation.method == "trees, interventional"
    for i in range(2):
        expected = interventional(function, X[100 + i : 101 + i], X[:20])
        assert np.abs(explanation.values[i] - expected).max() < EXACT


def test_an_exponential_loss_is_explained_on_its_margin(interventional):
    X, y = data(classes=2)
    model = GradientBoostingClassifier(loss="exponential", n_estimators=10, random_state=0).fit(
        X, y
    )
    values = Explainer(model, background=X[:30]).explain(X[100:101]).values
    expected = interventional(model.decision_function, X[100:101], X[:30])
    assert np.abs(values[0] - expected).max() < EXACT


def test_several_targets_are_several_outputs(interventional):
    X, y = data()
    model = RandomForestRegressor(5, random_state=0).fit(X, np.stack([y, -2 * y], axis=1))
    explanation = Explainer(model, background=X[:30]).explain(X[100:101])
    assert explanation.output_names == ("prediction 0", "prediction 1")
    expected = interventional(model.predict, X[100:101], X[:30])
    assert np.abs(explanation.values[0] - expected).max() < EXACT


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeRegressor(max_depth=6, random_state=0),
        RandomForestClassifier(5, random_state=0),
        HistGradientBoostingRegressor(max_iter=10, random_state=0),
    ],
    ids=name,
)
def test_missing_values_go_where_the_model_sends_them(model, interventional):
    X, y = data(gaps=0.2)
    y = (y > 0).astype(int) if isinstance(model, RandomForestClassifier) else y
    model.fit(X, y)
    rows = X[np.isnan(X).any(axis=1)][:3]
    function = getattr(model, "predict_proba", model.predict)
    values = Explainer(model, background=X[:20]).explain(rows).values
    for i, row in enumerate(rows):
        expected = interventional(function, row[None], X[:20])
        assert np.abs(values[i] - expected).max() < EXACT


def test_rows_on_a_threshold_go_the_way_the_model_sends_them(interventional):
    X, y = data(n=60)
    X = X.astype(np.float32).astype(np.float64)
    model = RandomForestRegressor(5, random_state=0).fit(X, y)
    tree = model.estimators_[0].tree_
    row = X[:1].copy()
    for feature in range(N_FEATURES):
        thresholds = tree.threshold[(tree.feature == feature) & (tree.children_left >= 0)]
        # Between the float64 threshold and the float32 next to it the two precisions disagree.
        row[0, feature] = np.nextafter(thresholds[0], np.inf)
    values = Explainer(model, background=X[:20]).explain(row).values
    assert np.abs(values[0] - interventional(model.predict, row, X[:20])).max() < EXACT


def test_infinite_values_are_left_and_right_of_everything(interventional):
    X, y = data()
    model = HistGradientBoostingRegressor(max_iter=10, random_state=0).fit(X, y)
    row = X[:1].copy()
    row[0, :2] = [-np.inf, np.inf]
    values = Explainer(model, background=X[:20]).explain(row).values
    assert np.abs(values[0] - interventional(model.predict, row, X[:20])).max() < EXACT


@pytest.mark.parametrize("path", ["tables", "pairs"])
def test_long_paths_meet_the_oracle(path, interventional, monkeypatch):
    X, _ = data(n=120, n_features=10)
    # Targets without a pattern make a tree that asks every column.
    model = DecisionTreeRegressor(random_state=0).fit(X, np.random.default_rng(1).normal(size=120))
    if path == "pairs":
        monkeypatch.setattr(tree_game, "_TABLE_PLAYERS", 0)
    explainer = Explainer(model, background=X[:6])
    values = explainer.explain(X[50:51]).values
    trees = TreeEnsemble.from_estimator(model)
    blocks = leaf_blocks(trees, trees.value, np.arange(10))
    assert max(block.n_players for block in blocks) > 8
    expected = interventional(model.predict, X[50:51], X[:6])
    assert np.abs(values[0] - expected).max() < EXACT


@pytest.mark.parametrize("background", [True, False])
@pytest.mark.parametrize("room", [0, 2000])
def test_tables_change_nothing_but_the_speed(background, room, monkeypatch):
    X, y = data()
    model = RandomForestRegressor(5, random_state=0).fit(X, y)
    given = {"background": X[:30]} if background else {}
    with_tables = Explainer(model, **given).explain(X[:20]).values
    monkeypatch.setattr(tree_game, "_TABLE_BYTES", room)
    monkeypatch.setattr(tree_game, "_CHUNK", 500)
    without = Explainer(model, **given).explain(X[:20]).values
    assert np.abs(with_tables - without).max() < 1e-12


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_without_background_a_tree_meets_the_path_oracle(gaps, path_dependent):
    X, y = data(gaps=gaps)
    model = DecisionTreeRegressor(max_depth=7, random_state=0).fit(X, y)
    explainer = Explainer(model)
    assert explainer.method == "trees, path-dependent"
    values = explainer.explain(X[:5]).values
    for i in range(5):
        assert np.abs(values[i] - path_dependent(model.tree_, X[i])).max() < EXACT


def test_without_background_the_base_is_the_mean_of_the_training_rows():
    X, y = data()
    model = DecisionTreeRegressor(max_depth=5, random_state=0).fit(X, y)
    assert Explainer(model).base_values == pytest.approx([y.mean()], abs=1e-12)


@pytest.fixture(scope="module")
def shap():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap
    return shap


@pytest.mark.parametrize("model", [*REGRESSORS[1:], *CLASSIFIERS[1:4]], ids=name)
def test_without_background_shap_says_the_same(model, shap):
    n_classes = 2 if model in CLASSIFIERS else 0
    X, y = data(n=400, n_features=12, classes=n_classes)
    model.fit(X, y)
    ours = Explainer(model).explain(X[:20])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = np.asarray(shap.TreeExplainer(model).shap_values(X[:20]))
    # shap compares in float32 for histogram boosting, and so sends a few rows elsewhere.
    allowed = 1e-9 if "Hist" not in name(model) else 1e-5
    assert np.abs(ours.values - theirs.reshape(ours.values.shape)).max() < allowed


def test_a_stump_that_never_splits_contributes_nothing():
    X = np.zeros((10, 2))
    model = DecisionTreeRegressor().fit(X, np.arange(10.0))
    for given in ({}, {"background": X}):
        explanation = Explainer(model, **given).explain(X[:1])
        assert explanation.values.tolist() == [[[0.0], [0.0]]]
        assert explanation.base_values.tolist() == [4.5]


def test_a_path_of_more_columns_than_bits_is_sampled_instead():
    n = 64
    X = np.vstack([np.eye(n), np.zeros(n)])
    model = DecisionTreeRegressor(random_state=0).fit(X, np.arange(n + 1.0))
    assert model.get_depth() > 62
    explainer = Explainer(model, background=X[-1:], budget=200)
    assert explainer.method.startswith("permutation sampling")
    assert explainer.explain(X[:1]).additivity_error < 1e-10
    with pytest.raises(ConfigError, match="background="):
        Explainer(model)


def test_trees_that_cannot_be_read_are_explained_from_outside(interventional):
    X, y = data()
    model = HistGradientBoostingRegressor(max_iter=5, random_state=0).fit(X, y)
    model.trees = model._predictors
    del model._predictors

    class Renamed:
        """A later scikit-learn, that keeps its trees elsewhere."""

        n_features_in_ = N_FEATURES

        def predict(self, X):
            model._predictors = model.trees
            try:
                return model.predict(X)
            finally:
                del model._predictors

    from prodml.explain.histogram import histogram_trees

    assert histogram_trees(model) is None
    values = Explainer(Renamed(), background=X[:10]).explain(X[50:51]).values
    assert np.abs(values[0] - interventional(Renamed().predict, X[50:51], X[:10])).max() < EXACT


def test_a_node_without_weight_breaks_nothing():
    X = np.array([[0.0], [1.0], [2.0], [3.0]])
    weight = np.array([1.0, 1.0, 0.0, 1.0])
    model = DecisionTreeRegressor().fit(X, [0.0, 1.0, 5.0, 9.0], sample_weight=weight)
    explanation = Explainer(model).explain(X)
    assert np.isfinite(explanation.values).all()
    assert explanation.additivity_error < 1e-9


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_a_prediction_that_is_no_sum_is_not_taken_for_one(loss, interventional):
    X, y = data(n_features=4)
    model = HistGradientBoostingRegressor(loss=loss, max_iter=10).fit(X, np.exp(y / 3))
    explainer = Explainer(model, background=X[:20])
    assert explainer.method == "enumeration"
    expected = interventional(model.predict, X[50:51], X[:20])
    assert np.abs(explainer.explain(X[50:51]).values[0] - expected).max() < EXACT


@pytest.mark.parametrize("model", CLASSIFIERS[4:], ids=name)
def test_probabilities_of_boosting_are_enumerated(model, interventional):
    X, y = data(classes=2)
    model.fit(X, y)
    explainer = Explainer(model, background=X[:20], output="probability")
    assert (explainer.method, explainer.is_exact) == ("enumeration", True)
    explanation = explainer.explain(X[100:101])
    assert explanation.values.shape == (1, N_FEATURES, 2)
    expected = interventional(model.predict_proba, X[100:101], X[:20])
    assert np.abs(explanation.values[0] - expected).max() < EXACT


def test_many_rows_and_one_row_are_the_same():
    X, y = data()
    model = RandomForestRegressor(10, random_state=0).fit(X, y)
    explainer = Explainer(model, background=X[:50])
    together = explainer.explain(X[:30]).values
    alone = np.concatenate([explainer.explain(X[i : i + 1]).values for i in range(30)])
    assert np.abs(together - alone).max() < 1e-12
