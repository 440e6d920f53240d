# ruff: noqa: PD011  # `values` is an Explanation's
from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from prodml.errors import ConfigError, NotFittedError, ProdmlWarning, SchemaError
from prodml.explain import Explainer


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(150, 3)), columns=["age", "income", "debt"])


@pytest.fixture(scope="module")
def target(frame):
    return np.where(frame["income"] > frame["debt"], "yes", "no")


@pytest.fixture(scope="module")
def forest(frame, target):
    return RandomForestClassifier(5, random_state=0).fit(frame, target)


@pytest.fixture(scope="module")
def logistic(frame, target):
    return LogisticRegression().fit(frame, target)


def test_a_classifier_on_the_probability_scale_keeps_all_its_classes(forest, logistic, frame):
    for model in (forest, logistic):
        explanation = Explainer(model, background=frame, output="probability").explain(frame[:2])
        assert explanation.values.shape == (2, 3, 2)
        assert explanation.output_names == ("no", "yes")
        assert np.allclose(explanation.values[:, :, 0], -explanation.values[:, :, 1])


def test_a_binary_margin_is_named_after_the_class_it_speaks_for(logistic, frame):
    explainer = Explainer(logistic, background=frame)
    assert (explainer.output_scale, explainer.output_names) == ("margin", ("yes",))


def test_predictions_are_the_models_own(logistic, frame):
    explanation = Explainer(logistic, background=frame).explain(frame)
    # Of the rows as they were handed on: another memory layout may add up in another order.
    assert explanation.data.equals(frame)
    expected = logistic.decision_function(explanation.data)
    assert np.array_equal(explanation.predictions[:, 0], expected)
    total = explanation.base_values + explanation.values.sum(axis=1)
    assert np.abs(total - explanation.predictions).max() < 1e-12
    assert explanation.additivity_error == np.abs(total - explanation.predictions).max()


def test_it_says_what_it_does(forest, frame):
    explainer = Explainer(forest, background=frame)
    assert repr(explainer) == (
        "Explainer(trees, interventional; probability of no, yes by 3 columns, 100 background rows)"
    )
    assert explainer.is_exact


def test_a_large_background_is_sampled_by_seed(logistic, frame):
    one, same, other = (
        Explainer(logistic, background=frame, max_background=20, random_state=seed).base_values
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other
    assert Explainer(logistic, background=frame, max_background=20).n_background == 20
    assert Explainer(logistic, background=frame, max_background=500).n_background == 150


# --- rows come in many forms ---------------------------------------------------------------------


def test_rows_may_be_frames_records_arrays_or_one_record(logistic, frame):
    explainer = Explainer(logistic, background=frame)
    reference = explainer.explain(frame[:2]).values
    records = frame[:2].to_dict("records")
    assert np.array_equal(explainer.explain(records).values, reference)
    assert np.array_equal(explainer.explain(records[0]).values, reference[:1])
    assert np.array_equal(explainer.explain(frame[:2].to_numpy()).values, reference)
    assert np.array_equal(explainer.explain(frame[:2].to_dict("list")).values, reference)


def test_columns_go_by_name_and_others_are_left_out(logistic, frame):
    explainer = Explainer(logistic, background=frame)
    shuffled = frame[["debt", "age", "income"]].assign(name="Ann")
    assert np.array_equal(explainer.explain(shuffled).values, explainer.explain(frame).values)


def test_names_come_from_the_background_where_the_model_has_none(frame, target):
    model = DecisionTreeClassifier(random_state=0).fit(frame.to_numpy(), target)
    explainer = Explainer(model, background=frame)
    assert explainer.feature_names == ("age", "income", "debt")
    assert Explainer(model).feature_names == ("x0", "x1", "x2")
    named = Explainer(model, feature_names=["a", "b", "c"])
    assert named.explain({"a": 0.0, "b": 1.0, "c": 2.0}).feature_names == ("a", "b", "c")


def test_without_any_names_rows_go_by_position(frame, target):
    model = DecisionTreeClassifier(random_state=0).fit(frame.to_numpy(), target)
    explainer = Explainer(model)
    by_frame = explainer.explain(frame[:3])
    assert np.array_equal(by_frame.values, explainer.explain(frame[:3].to_numpy()).values)
    assert list(frame.columns) == ["age", "income", "debt"]


def test_the_index_of_the_rows_does_not_matter(forest, frame):
    explainer = Explainer(forest, background=frame.set_index(frame.index[::-1]))
    odd = frame[:5].set_index(pd.Index(["a", "a", "b", "c", "a"]))
    assert np.array_equal(explainer.explain(odd).values, explainer.explain(frame[:5]).values)


# --- bad input -----------------------------------------------------------------------------------


def test_a_missing_column_is_named_with_its_nearest(logistic, frame):
    explainer = Explainer(logistic, background=frame)
    with pytest.raises(
        SchemaError, match='the rows lack column "income". Did you mean "incom"'
    ) as e:
        explainer.explain(frame.rename(columns={"income": "incom"}))
    assert e.value.column == "income"


@pytest.mark.parametrize("width", [2, 4])
def test_rows_of_another_width_are_refused(logistic, frame, width):
    explainer = Explainer(logistic, background=frame)
    with pytest.raises(SchemaError, match=f"rows have {width} columns, but the model takes 3"):
        explainer.explain(np.zeros((1, width)))


def test_a_background_of_another_width_is_refused(logistic):
    with pytest.raises(SchemaError, match="background rows have 2 columns, but the model takes 3"):
        Explainer(logistic, background=np.zeros((5, 2)))


def test_a_background_without_a_column_is_refused(logistic, frame):
    with pytest.raises(SchemaError, match='background rows lack column "debt"'):
        Explainer(logistic, background=frame[["age", "income"]])


def test_no_rows_are_refused(logistic, frame):
    with pytest.raises(SchemaError, match="there are no rows"):
        Explainer(logistic, background=frame).explain(frame[:0])
    with pytest.raises(SchemaError, match="there are no background rows"):
        Explainer(logistic, background=frame[:0])


def test_gaps_the_model_cannot_take_are_named(logistic, frame):
    explainer = Explainer(logistic, background=frame)
    with pytest.raises(SchemaError, match='cannot predict the rows.*missing in "debt"') as caught:
        explainer.explain(frame[:2].assign(debt=[1.0, np.nan]))
    assert caught.value.column == "debt"
    with pytest.raises(SchemaError, match="cannot predict the background rows"):
        Explainer(logistic, background=frame.assign(age=np.nan))


def test_a_cell_the_model_chokes_on_is_not_shown(logistic, frame):
    explainer = Explainer(logistic, background=frame)
    with pytest.raises(SchemaError, match="raised a ValueError") as caught:
        explainer.explain({"age": "very old", "income": 1.0, "debt": 0.0})
    assert "very old" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        RandomForestClassifier(),
        make_pipeline(StandardScaler(), LinearRegression()),
    ],
    ids=lambda m: type(m).__name__,
)
def test_an_unfitted_model_is_refused(model, frame):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        Explainer(model, background=frame)


@pytest.mark.parametrize("model", [None, "model.pkl", StandardScaler(), lambda X: X])
def test_a_model_that_cannot_predict_is_refused(model, frame):
    with pytest.raises(ConfigError, match="a model with a predict method is needed"):
        Explainer(model, background=frame)


def test_a_class_is_no_model(frame):
    with pytest.raises(ConfigError, match="got the class LogisticRegression"):
        Explainer(LogisticRegression, background=frame)


def test_all_but_trees_need_a_background(logistic, forest):
    with pytest.raises(
        ConfigError, match="a LogisticRegression on the scale of its margin .* background="
    ):
        Explainer(logistic)
    assert Explainer(forest).method == "trees, path-dependent"


@pytest.mark.parametrize(
    ("model", "output", "message"),
    [
        ("forest", "margin", "RandomForestClassifier has no decision_function"),
        ("tree", "probability", "DecisionTreeRegressor has no predict_proba"),
        ("tree", "margin", "DecisionTreeRegressor has no decision_function"),
        ("forest", "log-odds", 'output must be "auto"'),
    ],
)
def test_a_scale_the_model_does_not_have_is_refused(model, output, message, forest, frame):
    tree = DecisionTreeRegressor().fit(frame, frame["age"])
    with pytest.raises(ConfigError, match=message):
        Explainer({"forest": forest, "tree": tree}[model], output=output)


def test_a_classifier_that_only_gives_labels_is_refused(frame, target):
    class Labels:
        classes_ = np.array(["no", "yes"])
        n_features_in_ = 3

        def predict(self, X):
            return np.full(len(X), "yes")

    with pytest.raises(ConfigError, match="only gives labels"):
        Explainer(Labels(), background=frame)


def test_a_classifier_of_several_targets_is_refused(frame, target):
    both = np.stack([target, target], axis=1)
    model = RandomForestClassifier(3).fit(frame, both)
    with pytest.raises(ConfigError, match="several targets"):
        Explainer(model, background=frame)


def test_a_model_that_tells_nothing_needs_names_or_a_background():
    class Opaque:
        def predict(self, X):
            return np.asarray(X)[:, 0]

    with pytest.raises(ConfigError, match="pass feature_names= or background="):
        Explainer(Opaque())


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "b"], "2 feature_names were given, but the model takes 3"),
        (["a", "b", "b"], "different names"),
        ("abc", "list of different names"),
    ],
)
def test_names_that_do_not_fit_are_refused(names, message, frame, target):
    model = DecisionTreeClassifier().fit(frame.to_numpy(), target)
    with pytest.raises(ConfigError, match=message):
        Explainer(model, feature_names=names)


def test_names_that_contradict_the_model_are_refused(forest):
    with pytest.raises(ConfigError, match="leave feature_names out"):
        Explainer(forest, feature_names=["a", "b", "c"])


@pytest.mark.parametrize("argument", ["max_background", "budget"])
@pytest.mark.parametrize("value", [0, -1, 2.5, True, "many"])
def test_counts_that_are_none_are_refused(argument, value, forest):
    with pytest.raises(ConfigError, match=f"{argument} must be a whole number at least 1"):
        Explainer(forest, **{argument: value})


class Moody:
    """Changes its mind: contributions cannot add up to what it says next."""

    def __init__(self):
        self.calls = 0

    def predict(self, X):
        self.calls += 1
        return np.asarray(X, dtype=float).sum(axis=1) + self.calls


def test_contributions_that_do_not_add_up_are_reported_with_the_size():
    explainer = Explainer(Moody(), background=np.zeros((2, 3)))
    with pytest.warns(
        ProdmlWarning, match=r"miss the model's prediction by up to .* \(allowed: "
    ) as w:
        explanation = explainer.explain(np.ones((1, 3)))
    assert explanation.additivity_error > 0.5
    assert w[0].filename == __file__


def test_a_margin_without_probabilities_is_explained(frame, target):
    model = Perceptron().fit(frame, target)
    assert Explainer(model, background=frame).output_scale == "margin"


def test_odd_classifiers_are_explained_too(frame, target):
    model = NearestCentroid().fit(frame, target)
    explainer = Explainer(model, background=frame[:20])
    assert explainer.explain(frame[:3]).additivity_error < 1e-9


def test_neither_importing_nor_explaining_loads_shap():
    script = (
        "import sys, prodml.explain\n"
        "assert not {'sklearn', 'shap', 'pandas'} & set(sys.modules)\n"
        "import numpy as np\n"
        "from sklearn.tree import DecisionTreeRegressor\n"
        "X = np.eye(4)\n"
        "e = prodml.explain.Explainer(DecisionTreeRegressor().fit(X, X[:, 0])).explain(X)\n"
        "e.plot('waterfall', row=0), repr(e)\n"
        "assert 'shap' not in sys.modules and 'matplotlib' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)
