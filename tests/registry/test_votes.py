"""What a forest's compiled trees answer one by one is what scikit-learn answers, bit for bit."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)

from prodml.registry.formats.votes import forest_rows, forest_votes

RNG = np.random.default_rng(8)
X = RNG.normal(size=(120, 5))
LABELS = np.array(["low", "mid", "high"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]
NUMBERS = X[:, 0] + RNG.normal(size=120)


@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
@pytest.mark.parametrize("labels", [LABELS, LABELS == "low", (X[:, 0] > 0) + 5])
def test_a_forest_of_classes(kind, labels):
    model = kind(30, random_state=0).fit(X, labels)
    votes = forest_votes(model, forest_rows(model, X))
    assert votes["predict_proba"].tobytes() == model.predict_proba(X).tobytes()
    assert votes["predict"].tolist() == model.predict(X).tolist()


@pytest.mark.parametrize("kind", [RandomForestRegressor, ExtraTreesRegressor])
def test_a_forest_of_numbers(kind):
    model = kind(30, random_state=0).fit(X, NUMBERS)
    votes = forest_votes(model, forest_rows(model, X))
    assert list(votes) == ["predict"]
    assert votes["predict"].tobytes() == model.predict(X).tobytes()


def test_a_frame_with_the_columns_it_knows():
    frame = pd.DataFrame(X, columns=list("abcde"))
    model = RandomForestClassifier(20, random_state=0).fit(frame, LABELS)
    rows = forest_rows(model, frame)
    assert forest_votes(model, rows)["predict_proba"].tobytes() == (
        model.predict_proba(frame).tobytes()
    )
    assert forest_rows(model, frame[list("edcba")]) is None
    assert forest_rows(model, X) is None  # scikit-learn would warn


@pytest.mark.parametrize(
    "rows",
    [X[:, :4], [[1.0] * 5], np.full((1, 5), np.nan), np.full((1, 5), 1e300), np.array(["a"] * 5)],
    ids=["narrow", "a list", "missing", "too large", "text"],
)
def test_rows_for_which_scikit_learn_must_be_asked(rows):
    model = RandomForestClassifier(5, random_state=0).fit(X, LABELS)
    assert forest_rows(model, rows) is None


def test_models_for_which_scikit_learn_must_be_asked():
    class Mine(RandomForestClassifier):
        """Might predict in a way of its own."""

    two_outputs = RandomForestRegressor(3).fit(X, np.stack([NUMBERS, NUMBERS], axis=1))
    for model in (Mine(3).fit(X, LABELS), two_outputs, GradientBoostingClassifier().fit(X, LABELS)):
        assert forest_rows(model, X) is None
        assert forest_votes(model, X.astype(np.float32)) is None
