"""Every score against scikit-learn's, and what scikit-learn lets pass."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from prodml.errors import ConfigError, UnknownNameError
from prodml.stats import scores
from prodml.stats.scores import SCORES, Score, find_score


def three_classes(seed, n=300):
    rng = np.random.default_rng(seed)
    y = rng.choice(["cat", "dog", "eel"], n, p=[0.5, 0.3, 0.2])
    pred = np.where(rng.random(n) < 0.6, y, rng.choice(["cat", "dog", "eel"], n))
    raw = rng.gamma(1.0, size=(n, 3)) + 2.0 * (y[:, None] == np.array(["cat", "dog", "eel"]))
    return y, pred, raw / raw.sum(axis=1, keepdims=True)


def two_classes(seed, n=300, *, ties=True):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    score = np.clip(rng.normal(0.4 + 0.2 * y, 0.2), 0.0, 1.0)
    return y, np.round(score, 1) if ties else score


LABEL_ORACLES = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "precision_macro": lambda t, p: sk.precision_score(t, p, average="macro"),
    "precision_weighted": lambda t, p: sk.precision_score(t, p, average="weighted"),
    "recall_macro": lambda t, p: sk.recall_score(t, p, average="macro"),
    "recall_weighted": lambda t, p: sk.recall_score(t, p, average="weighted"),
    "f1_macro": lambda t, p: sk.f1_score(t, p, average="macro"),
    "f1_weighted": lambda t, p: sk.f1_score(t, p, average="weighted"),
    "matthews": sk.matthews_corrcoef,
}


@pytest.mark.parametrize("name", LABEL_ORACLES)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_label_score_of_three_classes_is_the_one_of_scikit_learn(name, seed):
    y, pred, _ = three_classes(seed)
    assert SCORES[name](y, pred) == pytest.approx(LABEL_ORACLES[name](y, pred), abs=1e-12)


@pytest.mark.parametrize("name", ["precision", "recall", "f1", "matthews", "accuracy"])
def test_a_label_score_of_two_classes_is_the_one_of_scikit_learn(name):
    y, score = two_classes(3)
    oracle = {
        "precision": sk.precision_score,
        "recall": sk.recall_score,
        "f1": sk.f1_score,
        "matthews": sk.matthews_corrcoef,
        "accuracy": sk.accuracy_score,
    }[name]
    assert SCORES[name](y, score > 0.5) == pytest.approx(oracle(y, score > 0.5), abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_macro_f1_of_any_labels_is_the_one_of_scikit_learn(pairs):
    y, pred = np.array(pairs).T
    oracle = sk.f1_score(y, pred, average="macro", zero_division=0)
    assert SCORES["f1_macro"](y, pred) == pytest.approx(oracle, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ties", [True, False])
def test_scores_of_probabilities_are_those_of_scikit_learn(seed, ties):
    y, score = two_classes(seed, ties=ties)
    assert scores.roc_auc(y, score) == pytest.approx(sk.roc_auc_score(y, score), abs=1e-12)
    assert scores.average_precision(y, score) == pytest.approx(sk.average_precision_score(y, score))
    assert scores.brier(y, score) == pytest.approx(sk.brier_score_loss(y, score), abs=1e-12)
    assert scores.log_loss(y, score) == pytest.approx(sk.log_loss(y, score), rel=1e-12)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(-5, 5)), min_size=2, max_size=40).filter(
        lambda rows: len({y for y, _ in rows}) == 2
    )
)
def test_roc_auc_counts_the_pairs_that_are_in_order(rows):
    y, score = np.array([r[0] for r in rows]), np.array([r[1] for r in rows], dtype=float)
    gaps = score[y][:, None] - score[~y][None, :]
    slow = ((gaps > 0) + 0.5 * (gaps == 0)).mean()
    assert scores.roc_auc(y, score) == pytest.approx(slow, abs=1e-12)


def test_roc_auc_of_three_classes_is_the_mean_of_each_against_the_rest():
    y, _, probabilities = three_classes(5)
    oracle = sk.roc_auc_score(y, probabilities, multi_class="ovr", average="macro")
    assert scores.roc_auc(y, probabilities) == pytest.approx(oracle, abs=1e-12)


def test_log_loss_of_three_classes_is_the_one_of_scikit_learn():
    y, _, probabilities = three_classes(6)
    assert scores.log_loss(y, probabilities) == pytest.approx(sk.log_loss(y, probabilities))


def test_brier_of_three_classes_sums_over_the_classes():
    y, _, probabilities = three_classes(7)
    slow = np.mean(
        [sum((p - (c == t)) ** 2 for c, p in zip(("cat", "dog", "eel"), row, strict=True))
         for t, row in zip(y, probabilities, strict=True)]
    )  # fmt: skip
    assert scores.brier(y, probabilities) == pytest.approx(slow)


def test_log_loss_of_a_sure_and_wrong_row_is_clipped_to_36():
    assert scores.log_loss([0, 1], [0.0, 0.0]) == pytest.approx(-np.log(np.finfo(float).eps) / 2)


@pytest.mark.parametrize(
    ("name", "oracle"),
    [
        ("mae", sk.mean_absolute_error),
        ("mse", sk.mean_squared_error),
        ("rmse", sk.root_mean_squared_error),
        ("median_ae", sk.median_absolute_error),
        ("r2", sk.r2_score),
    ],
)
def test_a_score_of_numbers_is_the_one_of_scikit_learn(name, oracle):
    rng = np.random.default_rng(2)
    y = rng.normal(size=101)
    pred = y + rng.normal(size=101)
    assert SCORES[name](y, pred) == pytest.approx(oracle(y, pred), rel=1e-12)


@pytest.mark.parametrize("name", [n for n, s in SCORES.items() if s.rows])
def test_the_mean_of_the_rows_is_the_score(name):
    score = SCORES[name]
    y, values = two_classes(8)
    pred = values if score.task == "regression" or score.needs == "scores" else values > 0.5
    rows = score.per_row(y, pred)
    assert rows.shape == (300,)
    assert rows.mean() == pytest.approx(score(y, pred))


def test_a_score_that_is_no_mean_over_rows_has_no_rows():
    assert SCORES["roc_auc"].per_row([0, 1], [0.1, 0.2]) is None


@pytest.mark.parametrize("name", SCORES)
def test_no_rows_are_refused_by_every_score(name):
    with pytest.raises(ConfigError, match="empty"):
        SCORES[name]([], [])


@pytest.mark.parametrize("name", SCORES)
def test_arrays_of_different_length_are_refused_by_every_score(name):
    with pytest.raises(ConfigError, match="same rows, got 3 and 2"):
        SCORES[name]([0, 1, 1], [0, 1])


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("side", [0, 1])
def test_nan_is_refused_by_every_score(name, side):
    arrays = [[0.0, 1.0, 1.0], [0.0, 1.0, 1.0]]
    arrays[side] = [0.0, float("nan"), 1.0]
    with pytest.raises(ConfigError, match=r"NaN|missing"):
        SCORES[name](*arrays)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_a_missing_label_is_refused(missing):
    with pytest.raises(ConfigError, match="y_true has 1 missing"):
        scores.accuracy(np.array(["a", missing], dtype=object), ["a", "b"])


def test_labels_may_be_dates_but_not_missing_ones():
    days = np.array(["2026-01-01", "NaT"], dtype="datetime64[D]")
    assert scores.accuracy(days[:1], days[:1]) == 1.0
    with pytest.raises(ConfigError, match="1 missing"):
        scores.accuracy(days, days)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "log_loss", "brier"])
def test_one_class_alone_is_refused(name):
    with pytest.raises(ConfigError, match="class"):
        SCORES[name]([1, 1, 1], [0.2, 0.4, 0.6])


def test_log_loss_of_one_class_counts_once_all_classes_are_known():
    assert scores.log_loss([1, 1], [0.5, 0.5], classes=[0, 1]) == pytest.approx(np.log(2))


def test_roc_auc_needs_rows_of_every_class_even_when_all_are_known():
    with pytest.raises(ConfigError, match="rows of every class"):
        scores.roc_auc([1, 1], [0.5, 0.5], classes=[0, 1])


def test_average_precision_needs_a_positive_row():
    with pytest.raises(ConfigError, match="positive class"):
        scores.average_precision([0, 0], [0.5, 0.5], classes=[0, 1])


def test_average_precision_of_three_classes_is_refused():
    y, _, probabilities = three_classes(1)
    with pytest.raises(ConfigError, match="two classes"):
        scores.average_precision(y, probabilities)


def test_binary_f1_of_three_classes_points_to_the_averages():
    y, pred, _ = three_classes(1)
    with pytest.raises(ConfigError, match="macro"):
        scores.f1(y, pred)


def test_an_unknown_average_is_refused():
    with pytest.raises(ConfigError, match="average must be"):
        scores.f1([0, 1], [0, 1], average="micro")


def test_a_constant_prediction_has_no_precision_and_no_correlation():
    assert scores.precision([0, 1], [0, 0]) == 0.0
    assert scores.matthews([0, 1], [0, 0]) == 0.0


def test_r2_of_a_constant_target_is_refused():
    with pytest.raises(ConfigError, match="constant"):
        scores.r2([2.0, 2.0], [1.0, 2.0])


def test_scores_that_are_no_probabilities_have_no_log_loss():
    with pytest.raises(ConfigError, match=r"\[0, 1\]"):
        scores.log_loss([0, 1], [-2.0, 3.0])


def test_probabilities_that_do_not_sum_to_one_are_refused():
    with pytest.raises(ConfigError, match="sum to 1"):
        scores.brier([0, 1], [[0.2, 0.2], [0.5, 0.5]])


def test_numbers_and_text_are_no_labels_of_one_kind():
    with pytest.raises(ConfigError, match="one kind"):
        scores.accuracy([0, 1], ["0", "1"])
    with pytest.raises(ConfigError, match="one kind"):
        scores.f1([0, 1], [0, 1], classes=["a", "b"])


def test_labels_that_cannot_be_sorted_are_refused():
    mixed = np.array(["a", 1], dtype=object)
    with pytest.raises(ConfigError, match="sorted"):
        scores.accuracy(mixed, mixed)


def test_a_label_outside_the_classes_is_refused_without_showing_it():
    with pytest.raises(ConfigError, match="1 labels are none of the 2 classes") as caught:
        scores.f1(["a", "secret"], ["a", "a"], classes=["a", "b"])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("classes", [[1, 0], [0, 0, 1]])
def test_classes_must_be_sorted_and_distinct(classes):
    with pytest.raises(ConfigError, match="distinct and sorted"):
        scores.f1([0, 1], [0, 1], classes=classes)


def test_labels_have_one_dimension():
    with pytest.raises(ConfigError, match="one dimension"):
        scores.accuracy([[0, 1]], [[0, 1]])


def test_scores_have_at_most_two_dimensions():
    with pytest.raises(ConfigError, match="1 or 2 dimensions"):
        scores.roc_auc([0, 1], np.zeros((2, 2, 2)))


def test_words_are_no_numbers():
    with pytest.raises(ConfigError, match="must hold numbers"):
        scores.mae(["a", "b"], [1.0, 2.0])


def test_a_score_is_found_by_name_with_near_names_in_the_error():
    assert find_score("f1") is SCORES["f1"]
    with pytest.raises(UnknownNameError, match='Did you mean "roc_auc"'):
        find_score("roc-auc")


def test_a_score_of_ones_own_passes_through():
    mine = Score("cost", lambda t, p: float(np.sum(t != p)), greater_is_better=False)
    assert find_score(mine) is mine
    assert mine(np.array([0, 1]), np.array([1, 1]), classes=[0, 1]) == 1.0


def test_a_score_that_is_not_finite_is_an_error():
    with pytest.raises(ConfigError, match="the score odd came out as nan on 2 rows"):
        Score("odd", lambda t, p: float("nan"))([0, 1], [0, 1])
