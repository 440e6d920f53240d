from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from prodml.errors import ProdmlWarning
from prodml.stats.scores import Score
from prodml.training import Trainer


@pytest.fixture
def people():
    """For the old the outcome is a coin; the model cannot know."""
    rng = np.random.default_rng(0)
    n = 1600
    age, x = rng.uniform(20, 80, n), rng.normal(size=n)
    clear = np.where(x > 0, "yes", "no")
    return pd.DataFrame(
        {
            "age": age,
            "x": x,
            "sex": rng.choice(["f", "m"], n),
            "since": pd.date_range("2020", periods=n, freq="D"),
            "y": np.where(age > 65, rng.choice(["yes", "no"], n), clear),
        }
    )


def fitted(people, slices, **settings):
    settings = {"ignore": ["sex", "since"], **settings}
    return Trainer(LogisticRegression(), target="y", slices=slices, **settings).fit(people)


def test_a_slice_has_rows_and_scores_with_intervals(people):
    run = fitted(people, ["sex"])
    names = [s["slice"] for s in run.record["slices"]]
    assert names == ["sex = f", "sex = m"]
    assert sum(s["n_rows"] for s in run.record["slices"]) == 400
    sex = people["sex"][run.holdout.index].to_numpy()
    said = run.estimator.predict(run.holdout)
    right = (said == run.holdout_target)[sex == "f"].mean()
    score = run.record["slices"][0]["metrics"]["accuracy"]
    assert score["value"] == right
    assert score["low"] < right < score["high"]
    assert set(run.record["slices"][0]["metrics"]) == set(list(run.metrics)[:5])


def test_numbers_and_times_are_cut_at_the_quartiles_of_the_training_rows(people):
    run = fitted(people, ["age", "since"])
    ages = [s for s in run.record["slices"] if "age" in s["slice"]]
    assert len(ages) == 4
    assert all(60 < s["n_rows"] < 140 for s in ages)
    first = people["age"][run.reference.index].quantile(0.25)
    assert ages[0]["slice"].startswith("age < ")
    assert float(ages[0]["slice"].removeprefix("age < ")) == pytest.approx(first, rel=1e-3)
    times = [s["slice"] for s in run.record["slices"] if "since" in s["slice"]]
    assert times[0].startswith("since < 2021-")


def test_the_slice_that_is_worse_is_named(people):
    run = fitted(people, ["age"])
    assert any(name.endswith("≤ age") for name in run.record["weak_slices"])
    assert any("worse than the whole" in line for line in run.advice)
    assert "Slices of the holdout" in repr(run)
    assert "Slices of the holdout" in run._repr_html_()


def test_functions_and_masks_are_slices(people):
    def old(frame):
        return frame["age"] > 65

    run = fitted(people, {"old": old, "first": np.arange(1600) < 800, "half": lambda f: f["sex"]})
    names = [s["slice"] for s in run.record["slices"]]
    assert names == ["old", "first", "half = f", "half = m"]
    listed = fitted(people, [old]).record["slices"]
    assert listed[0] == run.record["slices"][0]


def test_small_slices_are_warned_of(people):
    people["sex"] = np.where(np.arange(1600) % 80 == 0, "x", people["sex"])
    with pytest.warns(ProdmlWarning, match=r"fewer than 30 rows.*sex = x \(\d+ rows\)") as said:
        run = fitted(people, ["sex"])
    assert run.record["small_slices"] != []
    assert said[0].filename == __file__  # the caller can act, so it is his line


def test_what_is_missing_is_a_slice_and_the_rare_are_one_together(people):
    levels = np.array([f"c{i:02d}" for i in range(30)])
    people["sex"] = pd.Series(levels[np.arange(1600) % 30]).mask(np.arange(1600) % 3 == 0)
    with pytest.warns(ProdmlWarning, match="fewer than 30"):
        run = fitted(people, ["sex"], test_size=0.4)
    names = [s["slice"] for s in run.record["slices"]]
    assert names[-1] == "sex is missing"
    assert len(names) <= 22
    assert sum(s["n_rows"] for s in run.record["slices"]) == 640


def test_few_numbers_are_levels(people):
    people["sex"] = np.arange(1600) % 3
    names = [s["slice"] for s in fitted(people, ["sex"]).record["slices"]]
    assert names == ["sex = 0", "sex = 1", "sex = 2"]


def test_a_score_that_a_slice_is_too_small_for_is_left_out_there(people):
    mask = (people["y"] == "yes").to_numpy()
    run = fitted(people, {"yes alone": mask})
    assert "roc_auc" not in run.record["slices"][0]["metrics"]
    assert "accuracy" in run.record["slices"][0]["metrics"]


def test_a_regression_is_sliced_too(people):
    people["y"] = 3 * people["x"] + people["age"] / 10
    run = Trainer(
        LinearRegression(),
        target="y",
        slices=["sex"],
        ignore=["sex", "since"],
        metrics=["mae", "r2"],
    ).fit(people.assign(y=people["y"] + np.random.default_rng(1).normal(size=1600)))
    score = run.record["slices"][0]["metrics"]["r2"]
    assert score["low"] < score["value"] < score["high"]


def test_an_empty_slice_is_left_out(people):
    assert fitted(people, {"nobody": np.zeros(1600, dtype=bool)}).record["slices"] == []


def test_a_score_of_your_own_gets_the_labels_themselves(people):
    def missed(y_true, y_pred):
        return float(np.mean((y_true == "yes") & (y_pred == "no")))

    own = Score("missed", missed, greater_is_better=False, task="classification")
    run = fitted(people, ["sex"], metrics=[own])
    shares = [s["n_rows"] * s["metrics"]["missed"]["value"] for s in run.record["slices"]]
    assert sum(shares) == pytest.approx(400 * run.metrics["missed"])
    assert run.metrics["missed"] > 0


def test_dates_in_a_column_of_objects_are_cut_as_times(people):
    people["since"] = people["since"].dt.date
    names = [s["slice"] for s in fitted(people, ["since"]).record["slices"]]
    assert len(names) == 4
    assert names[0].startswith("since < 2021-")
