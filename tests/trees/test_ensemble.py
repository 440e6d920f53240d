"""TreeEnsemble predicts what scikit-learn predicts, to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from prodml.errors import ConfigError, IntegrityError, NotFittedError, SchemaError
from prodml.trees import TreeEnsemble
from prodml.trees.ensemble import _sum_in_order

CLASSIFIERS = [
    DecisionTreeClassifier(),
    DecisionTreeClassifier(max_leaf_nodes=7, criterion="log_loss"),
    DecisionTreeClassifier(ccp_alpha=0.01),
    DecisionTreeClassifier(max_depth=1),
    ExtraTreeClassifier(),
    RandomForestClassifier(n_estimators=13),
    RandomForestClassifier(n_estimators=9, max_leaf_nodes=12, class_weight="balanced_subsample"),
    RandomForestClassifier(n_estimators=1),
    ExtraTreesClassifier(n_estimators=13, max_features=None, bootstrap=True),
    GradientBoostingClassifier(n_estimators=17),
    GradientBoostingClassifier(n_estimators=9, subsample=0.6, max_features=3, learning_rate=0.37),
    GradientBoostingClassifier(n_estimators=7, init="zero"),
]
REGRESSORS = [
    DecisionTreeRegressor(),
    DecisionTreeRegressor(criterion="absolute_error", max_depth=4),
    ExtraTreeRegressor(),
    RandomForestRegressor(n_estimators=13),
    RandomForestRegressor(n_estimators=11, min_samples_leaf=4),
    ExtraTreesRegressor(n_estimators=13),
    GradientBoostingRegressor(n_estimators=17),
    GradientBoostingRegressor(n_estimators=9, loss="quantile", alpha=0.8),
    GradientBoostingRegressor(n_estimators=9, loss="huber", subsample=0.7),
    GradientBoostingRegressor(n_estimators=30, n_iter_no_change=3, init="zero"),
]
SEEDS = [0, 1, 2]


def bits(values):
    values = np.asarray(values)
    return values.tobytes() if values.dtype.kind != "O" else repr(values.tolist())


def thresholds_and_neighbours(trees, like):
    """Rows whose values lie on a threshold, or one float32 step beside it."""
    picked = np.random.default_rng(0).permutation(np.flatnonzero(trees.left != -1))[:60]
    rows = np.repeat(like[:1], 3 * len(picked), axis=0).astype(np.float32)
    for i, node in enumerate(picked):
        at = np.float32(trees.threshold[node])
        around = (np.nextafter(at, np.float32(-np.inf)), at, np.nextafter(at, np.float32(np.inf)))
        rows[3 * i : 3 * i + 3, trees.feature[node]] = around
    return rows


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=repr)
@pytest.mark.parametrize("target", ["two", "three"])
def test_a_classifier_is_predicted_bit_for_bit(estimator, target, seed, rows, request):
    y = request.getfixturevalue(target)
    model = estimator.__class__(**estimator.get_params()).set_params(random_state=seed).fit(rows, y)
    trees = TreeEnsemble.from_estimator(model)
    for X in (rows, rows[:1], thresholds_and_neighbours(trees, rows)):
        assert bits(trees.predict_proba(X)) == bits(model.predict_proba(X))
        assert trees.predict(X).tolist() == model.predict(X).tolist()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("estimator", REGRESSORS, ids=repr)
def test_a_regressor_is_predicted_bit_for_bit(estimator, seed, rows, number):
    model = estimator.__class__(**estimator.get_params())
    model.set_params(random_state=seed).fit(rows, number)
    trees = TreeEnsemble.from_estimator(model)
    for X in (rows, rows[:1], thresholds_and_neighbours(trees, rows)):
        assert bits(trees.predict(X)) == bits(model.predict(X))


@pytest.mark.parametrize(
    "estimator",
    [RandomForestRegressor(n_estimators=9), DecisionTreeRegressor(), ExtraTreesRegressor(5)],
    ids=repr,
)
def test_a_regressor_of_several_outputs_is_predicted_bit_for_bit(estimator, rows, number):
    model = estimator.fit(rows, np.stack([number, -number, number**2], axis=1))
    trees = TreeEnsemble.from_estimator(model)
    assert bits(trees.predict(rows)) == bits(model.predict(rows))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "estimator",
    [DecisionTreeClassifier(), RandomForestClassifier(9), ExtraTreesClassifier(9)],
    ids=repr,
)
def test_missing_values_go_where_the_estimator_sends_them(estimator, seed, gaps, rows, three):
    model = estimator.set_params(random_state=seed).fit(gaps, three)
    trees = TreeEnsemble.from_estimator(model)
    for X in (gaps, rows, np.full((2, 6), np.nan)):
        assert bits(trees.predict_proba(X)) == bits(model.predict_proba(X))


def test_a_forest_that_never_saw_a_gap_still_predicts_on_one(rows, gaps, number):
    model = RandomForestRegressor(7, random_state=0).fit(rows, number)
    assert bits(TreeEnsemble.from_estimator(model).predict(gaps)) == bits(model.predict(gaps))


def test_more_rows_than_a_block_give_the_same_predictions(rows, three):
    model = RandomForestClassifier(40, random_state=0).fit(rows, three)
    many = np.tile(rows, (25, 1))
    got = TreeEnsemble.from_estimator(model).predict_proba(many)
    assert bits(got) == bits(model.predict_proba(many))


def test_boosting_refuses_gaps_as_scikit_learn_does(rows, gaps, two):
    model = GradientBoostingClassifier(n_estimators=2).fit(rows, two)
    with pytest.raises(SchemaError, match="missing"):
        TreeEnsemble.from_estimator(model).predict(gaps)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e39])
def test_what_is_too_large_for_float32_is_refused(value, rows, two):
    trees = TreeEnsemble.from_estimator(DecisionTreeClassifier().fit(rows, two))
    with pytest.raises(SchemaError, match="float32"):
        trees.predict(np.full((1, 6), value))


def test_rows_of_another_width_are_refused(rows, two):
    trees = TreeEnsemble.from_estimator(DecisionTreeClassifier().fit(rows, two))
    with pytest.raises(SchemaError, match="6 columns"):
        trees.predict(rows[:, :5])


def test_no_rows_give_no_predictions(rows, number, three):
    forest = TreeEnsemble.from_estimator(RandomForestClassifier(3).fit(rows, three))
    boosted = TreeEnsemble.from_estimator(
        GradientBoostingRegressor(n_estimators=3).fit(rows, number)
    )
    assert forest.predict_proba(rows[:0]).shape == (0, 3)
    assert boosted.predict(rows[:0]).shape == (0,)


def test_another_kind_of_estimator_is_named(rows, number):
    with pytest.raises(ConfigError, match="LinearRegression"):
        TreeEnsemble.from_estimator(LinearRegression().fit(rows, number))


def test_an_estimator_that_is_not_fitted_is_refused():
    with pytest.raises(NotFittedError, match="RandomForestClassifier"):
        TreeEnsemble.from_estimator(RandomForestClassifier())


def test_a_classifier_of_several_outputs_is_refused(rows, three):
    model = RandomForestClassifier(2).fit(rows, np.stack([three, three], axis=1))
    with pytest.raises(ConfigError, match="several outputs"):
        TreeEnsemble.from_estimator(model)


def test_boosting_from_another_model_is_refused(rows, number):
    model = GradientBoostingRegressor(n_estimators=2, init=LinearRegression()).fit(rows, number)
    with pytest.raises(ConfigError, match="LinearRegression"):
        TreeEnsemble.from_estimator(model)


def test_a_regressor_has_no_probabilities(rows, number):
    with pytest.raises(ConfigError, match="predict_proba"):
        TreeEnsemble.from_estimator(DecisionTreeRegressor().fit(rows, number)).predict_proba(rows)


def test_an_ensemble_survives_being_taken_apart(rows, three):
    model = GradientBoostingClassifier(n_estimators=4).fit(rows, three)
    header, arrays = TreeEnsemble.from_estimator(model).to_arrays()
    again = TreeEnsemble.from_arrays(header, arrays)
    assert bits(again.predict_proba(rows)) == bits(model.predict_proba(rows))


def test_parts_of_something_else_are_refused(rows, three):
    header, arrays = TreeEnsemble.from_estimator(
        DecisionTreeClassifier().fit(rows, three)
    ).to_arrays()
    with pytest.raises(IntegrityError, match="parts"):
        TreeEnsemble.from_arrays({**header, "more": 1}, arrays)


def test_the_values_of_the_estimator_cannot_be_changed_through_its_trees(rows, number):
    model = DecisionTreeRegressor(max_depth=2).fit(rows, number)
    before = model.predict(rows)
    trees = TreeEnsemble.from_estimator(model)
    trees.value[:] = 0
    assert bits(model.predict(rows)) == bits(before)


@given(
    st.lists(st.lists(st.floats(-1e12, 1e12), min_size=3, max_size=3), min_size=1, max_size=60),
    st.integers(1, 3),
)
@settings(max_examples=60)
def test_terms_are_added_one_after_the_other(terms, width):
    terms = np.array(terms)[:, :width].copy()
    expected = np.zeros(width)
    for term in terms:
        expected = expected + term
    assert bits(_sum_in_order(np.zeros(width), terms)) == bits(expected)
