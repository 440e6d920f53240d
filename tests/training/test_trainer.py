from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, f1_score, r2_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from prodml.errors import ConfigError, SchemaError, UnknownNameError
from prodml.gate import Gate
from prodml.stats.scores import SCORES
from prodml.training import Trainer, TrainingRun

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Journal:
    """Remembers what was appended."""

    def __init__(self):
        self.events = []

    def append(self, type, payload):  # noqa: A002
        self.events.append((type, payload))


class Majority:
    """Not scikit-learn's: no parameters, no tags, counts and repeats."""

    def fit(self, inputs, target):
        values, counts = np.unique(target, return_counts=True)
        self.answer = values[counts.argmax()]

    def predict(self, rows):
        return np.full(len(rows), self.answer)


def test_the_scores_are_those_of_the_holdout(churn):
    run = Trainer(LogisticRegression(), target="churned").fit(churn)
    y, model = run.holdout_target, run.estimator
    assert run.metrics["accuracy"] == accuracy_score(y, model.predict(run.holdout))
    assert run.metrics["f1"] == f1_score(y, model.predict(run.holdout), pos_label="yes")
    scores = model.predict_proba(run.holdout)[:, 1]
    assert run.metrics["roc_auc"] == pytest.approx(roc_auc_score(y == "yes", scores))
    assert list(run.metrics)[:5] == ["accuracy", "f1", "roc_auc", "log_loss", "brier"]


def test_training_scores_stand_beside_them(churn):
    run = Trainer(DecisionTreeClassifier(), target="churned").fit(churn)
    assert run.metrics["train_accuracy"] == 1.0 > run.metrics["accuracy"]


def test_holdout_and_reference_are_the_rows_apart_without_the_target(churn):
    run = Trainer(LogisticRegression(), target="churned").fit(churn)
    assert (len(run.holdout), len(run.reference)) == (50, 150)
    assert list(run.holdout.columns) == ["tenure", "spend"] == list(run.schema.names)
    assert not set(run.holdout.index) & set(run.reference.index)
    assert (churn["churned"][run.holdout.index] == run.holdout_target).all()


def test_a_stratified_holdout_has_the_share_of_the_whole(churn):
    run = Trainer(LogisticRegression(), target="churned").fit(churn)
    share = (churn["churned"] == "yes").mean()
    assert (run.holdout_target == "yes").mean() == pytest.approx(share, abs=0.02)


def test_a_regression_is_seen_and_scored(prices):
    run = Trainer(LinearRegression(), target="price").fit(prices)
    assert run.task == "regression"
    assert [name for name in run.metrics if "_" not in name] == ["rmse", "mae", "r2"]
    assert run.metrics["r2"] == pytest.approx(
        r2_score(run.holdout_target, run.estimator.predict(run.holdout))
    )


def test_three_classes_are_scored_by_averages(churn):
    churn["plan"] = np.where(churn["spend"] > 3, "gold", churn["churned"])
    run = Trainer(RandomForestClassifier(20), target="plan").fit(churn.drop(columns="churned"))
    assert list(run.metrics)[:4] == ["accuracy", "f1_macro", "roc_auc", "log_loss"]


def test_the_estimator_itself_is_never_touched(churn):
    mine = RandomForestClassifier(5)
    run = Trainer(mine, target="churned").fit(churn)
    assert mine.random_state is None
    assert not hasattr(mine, "classes_")
    assert run.estimator is not mine


@pytest.mark.parametrize(
    "model", [RandomForestClassifier(5), HistGradientBoostingClassifier(max_iter=5)]
)
def test_two_fits_of_one_seed_are_the_same_model(churn, model):
    first, second = (Trainer(model, target="churned", random_state=7).fit(churn) for _ in "ab")
    assert first.record["estimator"]["state"] == second.record["estimator"]["state"]
    assert first.record["predictions"] == second.record["predictions"]
    assert first.record["data"] == second.record["data"]
    assert first.record["split"] == second.record["split"]
    assert first.metrics == second.metrics
    assert first.run_id != second.run_id


def test_another_seed_is_another_split_and_another_model(churn):
    first, second = (
        Trainer(RandomForestClassifier(5), target="churned", random_state=s).fit(churn)
        for s in (1, 2)
    )
    assert first.record["split"]["digest"] != second.record["split"]["digest"]
    assert first.record["estimator"]["state"] != second.record["estimator"]["state"]


def test_the_seed_reaches_every_open_random_state_and_no_other(churn):
    model = make_pipeline(RandomForestClassifier(5), memory=None)
    run = Trainer(model, target="churned", random_state=11).fit(churn)
    seeds = run.record["seeds"]
    assert seeds["root"] == 11
    assert set(seeds["parts"]) == {"split", "folds", "estimator", "global", "intervals"}
    assert len(set(seeds["parts"].values())) == 5
    drawn = {"randomforestclassifier__random_state": run.estimator[0].random_state}
    assert seeds["estimator"] == drawn
    fixed = Trainer(RandomForestClassifier(5, random_state=3), target="churned").fit(churn)
    assert fixed.estimator.random_state == 3
    assert fixed.record["seeds"]["estimator"] == {}


def test_a_drawn_seed_is_recorded_and_gives_the_same_again(churn):
    trainer = Trainer(RandomForestClassifier(5), target="churned", random_state=None)
    drawn = trainer.fit(churn)
    again = trainer.set_params(random_state=drawn.record["seeds"]["root"]).fit(churn)
    assert again.record["estimator"]["state"] == drawn.record["estimator"]["state"]
    other = Trainer(RandomForestClassifier(5), target="churned", random_state=None).fit(churn)
    assert other.record["seeds"]["root"] != drawn.record["seeds"]["root"]


def test_the_record_is_json_and_names_what_it_was_made_from(churn):
    run = Trainer(LogisticRegression(C=0.5), target="churned", clock=lambda: NOON).fit(churn)
    record = json.loads(json.dumps(run.record, allow_nan=False))
    assert record["data"]["n_rows"] == 200
    assert set(record["data"]["columns"]) == {"tenure", "spend", "churned"}
    assert record["split"]["kind"] == "stratified"
    assert (record["split"]["n_train"], record["split"]["n_test"]) == (150, 50)
    assert record["estimator"]["class"] == "sklearn.linear_model._logistic.LogisticRegression"
    assert record["estimator"]["code"].startswith("sha256:")
    assert record["environment"]["packages"]["numpy"] == np.__version__
    assert record["started"] == "2026-03-01T12:00:00+00:00"
    assert record["wall_seconds"] >= record["fit_seconds"] > 0
    assert run.params["C"] == 0.5


def test_a_changed_cell_changes_its_column_and_no_other(churn):
    before = Trainer(LogisticRegression(), target="churned").fit(churn).record["data"]
    churn.loc[3, "spend"] += 1e-9
    after = Trainer(LogisticRegression(), target="churned").fit(churn).record["data"]
    changed = [c for c in before["columns"] if before["columns"][c] != after["columns"][c]]
    assert changed == ["spend"]
    assert before["digest"] != after["digest"]


def test_a_split_in_time_tests_on_the_latest_rows(churn):
    churn["day"] = pd.date_range("2026-01-01", periods=200)[::-1]
    run = Trainer(LogisticRegression(), target="churned", split="time", split_column="day").fit(
        churn
    )
    assert run.schema.names == ("tenure", "spend")
    days = churn["day"]
    assert days[run.reference.index].max() < days[run.holdout.index].min()


def test_a_split_by_group_keeps_customers_apart(churn):
    churn["customer"] = [f"c{i // 4}" for i in range(200)]
    run = Trainer(
        LogisticRegression(), target="churned", split="group", split_column="customer", cv=3
    ).fit(churn)
    customers = churn["customer"]
    assert not set(customers[run.reference.index]) & set(customers[run.holdout.index])
    assert "cv_accuracy" in run.metrics


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_folds_give_a_mean_and_a_spread(churn, n_jobs):
    with parallel_config(backend="threading"):
        run = Trainer(
            LogisticRegression(), target="churned", cv=4, n_jobs=n_jobs, metrics="accuracy"
        ).fit(churn)
    assert set(run.metrics) == {"accuracy", "train_accuracy", "cv_accuracy", "cv_accuracy_std"}
    assert 0.6 < run.metrics["cv_accuracy"] < 1.0
    assert 0 < run.metrics["cv_accuracy_std"] < 0.2


def test_progress_changes_nothing(churn):
    quiet, shown = (
        Trainer(LogisticRegression(), target="churned", cv=3, progress=p).fit(churn)
        for p in (False, True)
    )
    assert quiet.metrics == shown.metrics


def test_a_score_that_a_fold_cannot_take_has_no_mean(churn):
    # Ten rows in time, the positive ones all late: early folds test on one class.
    churn = churn.head(40).assign(day=range(40))
    churn["churned"] = np.where(churn["day"] % 2 == 0, "no", "yes")
    churn.loc[churn["day"].between(8, 20), "churned"] = "no"
    run = Trainer(DummyClassifier(), target="churned", split="time", split_column="day", cv=4).fit(
        churn
    )
    assert "cv_accuracy" in run.metrics
    assert "cv_roc_auc" not in run.metrics


@pytest.mark.parametrize(
    ("metrics", "names"),
    [
        ("recall", ["recall"]),
        (["accuracy", SCORES["brier"]], ["accuracy", "brier"]),
        (accuracy_score, ["accuracy_score"]),
        ({"hits": accuracy_score, "auc": "roc_auc"}, ["hits", "auc"]),
    ],
)
def test_metrics_may_be_names_scores_callables_and_mappings(churn, metrics, names):
    run = Trainer(LogisticRegression(), target="churned", metrics=metrics).fit(churn)
    assert [n for n in run.metrics if not n.startswith("train_")] == names


def test_an_estimator_without_probabilities_leaves_their_scores_out_and_says_so(churn):
    run = Trainer(LinearSVC(), target="churned").fit(churn)
    assert "roc_auc" in run.metrics  # from its decision function
    assert "log_loss" not in run.metrics
    assert "[0, 1]" in run.record["metrics_left_out"]["log_loss"]


def test_a_metric_that_was_asked_for_and_cannot_be_taken_is_an_error(churn):
    trainer = Trainer(Majority(), target="churned", metrics=["accuracy", "roc_auc"])
    with pytest.raises(ConfigError, match="roc_auc cannot be taken: the estimator gives no prob"):
        trainer.fit(churn)


def test_an_estimator_that_is_not_scikit_learns_is_copied_and_fitted(churn):
    mine = Majority()
    run = Trainer(mine, target="churned").fit(churn)
    assert not hasattr(mine, "answer")
    assert run.task == "classification"
    assert run.params == {}
    assert set(run.record["metrics_left_out"]) == {"roc_auc", "log_loss", "brier"}


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (np.arange(40) / 7, "regression"),
        (np.arange(40), "regression"),
        (np.arange(40) % 3, "classification"),
        (np.arange(40) % 2 == 0, "classification"),
        (np.arange(40) % 2 * 1.0, "classification"),
        (pd.Categorical(["a", "b"] * 20), "classification"),
        (pd.array([1, 2] * 20, dtype="Int64"), "classification"),
    ],
)
def test_the_target_tells_the_task_where_the_estimator_does_not(values, task):
    class Silent(Majority):
        def predict(self, rows):
            return np.full(len(rows), self.answer)

    frame = pd.DataFrame({"x": np.arange(40.0), "y": values})
    assert Trainer(Silent(), target="y", split="random").fit(frame).task == task


def test_an_older_estimator_says_its_kind_in_an_attribute(prices):
    class Old(Majority):
        _estimator_type = "regressor"

    assert Trainer(Old(), target="rooms").fit(prices).task == "regression"


def test_tags_that_fail_are_looked_past(prices):
    class Odd(Majority):
        _estimator_type = "regressor"

        def __sklearn_tags__(self):
            raise AttributeError("older below newer")

    assert Trainer(Odd(), target="rooms").fit(prices).task == "regression"


def test_records_arrays_and_mappings_are_tables_too():
    rows = [{"x": float(i), "y": int(i > 10)} for i in range(30)]
    from_records = Trainer(LogisticRegression(), target="y").fit(rows)
    arrays = {"x": np.arange(30.0), "y": (np.arange(30) > 10).astype(int)}
    from_arrays = Trainer(LogisticRegression(), target="y").fit(arrays)
    assert from_records.record["predictions"] == from_arrays.record["predictions"]


def test_the_run_is_kept_and_the_trainer_is_clonable(churn):
    trainer = Trainer(RandomForestClassifier(5), target="churned", test_size=0.4)
    run = trainer.fit(churn)
    assert trainer.run_ is run
    copy = clone(trainer)
    assert not hasattr(copy, "run_")
    assert copy.get_params()["estimator__n_estimators"] == 5
    assert copy.test_size == 0.4


def test_parameters_are_set_at_any_depth(churn):
    trainer = Trainer(RandomForestClassifier(5), target="churned")
    trainer.set_params(test_size=0.5, estimator__n_estimators=3)
    assert len(trainer.fit(churn).estimator.estimators_) == 3
    with pytest.raises(ConfigError, match='no parameter "testsize". Did you mean "test_size"'):
        trainer.set_params(testsize=0.1)


def test_construction_checks_nothing():
    assert repr(Trainer(KMeans(), target="x", test_size=9)) == 'Trainer(KMeans, target="x")'


def test_a_log_sees_start_and_finish(churn):
    log = Journal()
    run = Trainer(LogisticRegression(), target="churned").fit(churn, log=log, run_id="r-1")
    assert run.run_id == "r-1"
    assert [name for name, _ in log.events] == ["run_started", "run_finished"]
    assert log.events[1][1] == {"run_id": "r-1", "metrics": run.metrics}


def test_a_log_sees_a_failure_without_its_message(churn):
    log = Journal()
    with pytest.raises(SchemaError):
        Trainer(LogisticRegression(), target="missing").fit(churn, log=log)
    assert [name for name, _ in log.events] == ["run_started", "run_failed"]
    assert log.events[1][1]["error"] == "SchemaError"


def test_a_run_id_starts_with_the_time(churn):
    run = Trainer(LogisticRegression(), target="churned", clock=lambda: NOON).fit(churn)
    assert run.run_id.startswith("20260301t120000-")


def test_a_gate_judges_two_runs_on_the_same_holdout(churn):
    strong = Trainer(LogisticRegression(), target="churned", test_size=0.4).fit(churn)
    weak = Trainer(DummyClassifier(), target="churned", test_size=0.4).fit(churn)
    decision = Gate("accuracy").decide(
        strong.holdout_target, weak.predictions(), strong.predictions()
    )
    assert decision.verdict == "promote"
    assert len(strong.predictions(on="reference")) == 120
    with pytest.raises(ConfigError, match='"holdout" or "reference"'):
        strong.predictions(on="training")


def test_a_run_prints_as_a_table_without_any_row(churn):
    run = Trainer(LogisticRegression(), target="churned", cv=3).fit(churn)
    text = repr(run)
    assert 'LogisticRegression for "churned" (classification), trained on 150 rows' in text
    assert "cross-validation" in text
    assert "<table" in run._repr_html_()
    plain = json.loads(json.dumps(run.to_dict()))
    assert set(plain) == {
        "run_id",
        "task",
        "target",
        "schema",
        "params",
        "metrics",
        "record",
    }
    assert "cross-validation" not in repr(
        Trainer(LogisticRegression(), target="churned").fit(churn)
    )


def test_a_run_is_frozen(churn):
    run = Trainer(LogisticRegression(), target="churned").fit(churn)
    assert isinstance(run, TrainingRun)
    with pytest.raises(AttributeError):
        run.metrics = {}


# What goes wrong, and how it is said.


def test_a_missing_target_is_said_with_the_nearest_column(churn):
    with pytest.raises(SchemaError, match='no column "churn" .*Did you mean "churned"') as caught:
        Trainer(LogisticRegression(), target="churn").fit(churn)
    assert caught.value.column == "churn"


def test_a_target_with_gaps_is_counted(churn):
    churn.loc[:4, "churned"] = None
    with pytest.raises(SchemaError, match='"churned" is missing in 5 of 200 rows'):
        Trainer(LogisticRegression(), target="churned").fit(churn)


@pytest.mark.parametrize(
    ("model", "value", "message"),
    [(LogisticRegression(), "yes", "one class only"), (Ridge(), 3.5, "one value only")],
)
def test_a_target_of_one_value_is_refused(churn, model, value, message):
    churn["churned"] = value
    with pytest.raises(SchemaError, match=message):
        Trainer(model, target="churned").fit(churn)


def test_an_empty_table_is_refused(churn):
    with pytest.raises(SchemaError, match="no rows"):
        Trainer(LogisticRegression(), target="churned").fit(churn.head(0))


def test_a_table_of_the_target_alone_is_refused(churn):
    with pytest.raises(SchemaError, match="no column is left"):
        Trainer(LogisticRegression(), target="churned").fit(churn[["churned"]])


def test_a_target_of_times_is_refused(churn):
    churn["day"] = pd.Timestamp("2026-01-01")
    with pytest.raises(SchemaError, match="holds times"):
        Trainer(LogisticRegression(), target="day").fit(churn)


def test_text_columns_are_named_and_their_values_are_not(churn):
    churn["city"] = "Hammerfest"
    churn["since"] = pd.Timestamp("2026-01-01")
    with pytest.raises(SchemaError, match=r'"city" \(text\), "since" \(time\)') as caught:
        Trainer(LogisticRegression(), target="churned").fit(churn)
    assert "OneHotEncoder" in str(caught.value)
    assert "Hammerfest" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_text_columns_are_fine_for_an_estimator_that_encodes_them(churn):
    churn["city"] = np.where(churn["tenure"] > 0, "Oslo", "Rome")
    encode = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    run = Trainer(make_pipeline(encode, LogisticRegression()), target="churned").fit(churn)
    assert run.schema.names == ("tenure", "spend", "city")


def test_columns_with_gaps_are_named(churn):
    churn.loc[:9, "spend"] = np.nan
    with pytest.raises(SchemaError, match=r'"spend" \(\d+ of 150 rows\).*SimpleImputer'):
        Trainer(LogisticRegression(), target="churned").fit(churn)


def test_other_errors_of_an_estimator_come_through(churn):
    with pytest.raises(ValueError, match="C"):
        Trainer(LogisticRegression(C=-1), target="churned").fit(churn)


@pytest.mark.parametrize("words", ["could not convert", "Input contains NaN"])
def test_an_error_that_the_columns_do_not_explain_comes_through(churn, words):
    class Odd(Majority):
        def fit(self, inputs, target):
            raise ValueError(words)

    with pytest.raises(ValueError, match=words) as caught:
        Trainer(Odd(), target="churned").fit(churn)
    assert not isinstance(caught.value, SchemaError)


@pytest.mark.parametrize(
    ("model", "target", "message"),
    [
        (KMeans(), "churned", "needs a classifier or a regressor, KMeans is a clusterer"),
        (LogisticRegression(), "spend", "numbers with fractions, but LogisticRegression is a cl"),
        (DecisionTreeRegressor(), "churned", "holds text, but DecisionTreeRegressor is a regress"),
        (LogisticRegression, "churned", r"LogisticRegression\(\), not the class"),
        (object(), "churned", "object lacks fit"),
    ],
)
def test_an_estimator_that_cannot_learn_this_is_refused(churn, model, target, message):
    with pytest.raises(ConfigError, match=message):
        Trainer(model, target=target).fit(churn)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"test_size": 0}, r"test_size must lie in \(0, 1\)"),
        ({"test_size": 1.0}, "test_size"),
        ({"cv": 1}, "at least 2 folds"),
        ({"random_state": -1}, r"\[0, 2\*\*32\)"),
        ({"random_state": 2**32}, "random_state"),
        ({"random_state": 1.5}, "whole number"),
        ({"target": 3}, "target must name a column"),
        ({"split": "sideways"}, 'split must be one of "auto"'),
        ({"split": "time"}, "needs split_column="),
        ({"split": "stratified-group"}, "split_column=, the column of the groups"),
        ({"gap": 3}, 'gap= is for split="time", not "stratified"'),
        ({"ignore": "spend"}, "must be a list of columns"),
        ({"ignore": ["spent"]}, 'no column "spent" for the ignored input'),
        ({"cv": 2.5}, "whole number"),
        ({"calibrate": "platt"}, 'one of "sigmoid", "isotonic", "temperature"'),
        ({"threshold": 1.5}, r"threshold must lie in \(0, 1\)"),
        ({"threshold": "f1"}, "a number in .* or a rule such as ByCost"),
        ({"slices": "spend"}, "must be a list of columns and functions"),
        ({"slices": ["spent"]}, 'no column "spent" for slices'),
        ({"slices": [3]}, "name of a column or a function"),
        ({"slices": {"short": [True]}}, "1 values for 200 rows"),
        ({"split_column": "spend"}, "is for split="),
        ({"metrics": [3]}, "a metric must be"),
        ({"metrics": "rmse"}, "rmse is a score of regression, this is a classification"),
    ],
)
def test_settings_outside_their_range_are_refused(churn, settings, message):
    with pytest.raises((ConfigError, SchemaError), match=message):
        Trainer(LogisticRegression(), **{"target": "churned", **settings}).fit(churn)


def test_a_regression_cannot_be_stratified(prices):
    with pytest.raises(ConfigError, match="is for classes"):
        Trainer(Ridge(), target="price", split="stratified").fit(prices)


def test_an_unknown_metric_is_said_with_the_nearest(churn):
    with pytest.raises(UnknownNameError, match='Did you mean "accuracy"'):
        Trainer(LogisticRegression(), target="churned", metrics="acuracy").fit(churn)


def test_a_split_column_must_be_there_without_gaps(churn):
    trainer = Trainer(LogisticRegression(), target="churned", split="group", split_column="who")
    with pytest.raises(SchemaError, match='no column "who" for the split'):
        trainer.fit(churn)
    churn["who"] = ["a", "b", None, "c"] * 50
    with pytest.raises(SchemaError, match='"who" is missing in 50 of 200'):
        trainer.fit(churn)


def test_too_few_rows_of_a_class_are_refused(churn):
    few = churn.head(20).assign(churned=["yes"] + ["no"] * 19)
    with pytest.raises(ConfigError, match="the rarest has 1"):
        Trainer(LogisticRegression(), target="churned").fit(few)


def test_training_rows_of_one_class_are_refused(churn):
    late = churn.assign(churned=["no"] * 160 + ["yes"] * 40, day=range(200))
    trainer = Trainer(LogisticRegression(), target="churned", split="time", split_column="day")
    with pytest.raises(ConfigError, match="150 training rows have only one value"):
        trainer.fit(late)
