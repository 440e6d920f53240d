"""A score of weights is the score of the rows drawn that often."""

from __future__ import annotations

import numpy as np
import pytest

from prodml.errors import ConfigError
from prodml.stats.ece import ECE
from prodml.stats.scores import SCORES, Score
from prodml.stats.weighted_scores import weighted

N = 40


def rows(score, seed, *, k=2, ties=True):
    rng = np.random.default_rng(seed)
    if score.task == "regression":
        y, said = np.round(rng.normal(size=(2, N)), 1 if ties else 9)
        return y, said, None
    y = np.r_[np.arange(k), rng.integers(0, k, N - k)]
    if score.needs == "labels":
        return y, rng.integers(0, k, N), np.arange(k)
    raw = rng.gamma(1.0, size=(N, k)) + 0.5 * np.eye(k)[y]
    if ties:
        raw = np.ceil(raw * 2)
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    return y, probabilities[:, 1] if k == 2 else probabilities, np.arange(k)


def drawn(seed, size=20):
    return np.random.default_rng(seed).multinomial(N, np.full(N, 1 / N), size=size)


def slow(score, y, said, classes, counts):
    row_numbers = np.repeat(np.arange(N), counts)
    try:
        return score(y[row_numbers], said[row_numbers], classes=classes)
    except ConfigError:
        return np.nan


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("name", SCORES)
def test_weights_count_as_rows_drawn_that_often(name, ties):
    score = SCORES[name]
    y, said, classes = rows(score, 3, ties=ties)
    counts = drawn(4)
    found = weighted(score, y, said, classes)(counts.astype(float))
    expected = [slow(score, y, said, classes, line) for line in counts]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(
    "name",
    [
        "roc_auc",
        "log_loss",
        "brier",
        "f1_macro",
        "recall_weighted",
        "matthews",
        "balanced_accuracy",
    ],
)
def test_three_classes_are_weighed_as_well(name):
    score = SCORES[name]
    y, said, classes = rows(score, 5, k=3)
    counts = drawn(6)
    found = weighted(score, y, said, classes)(counts.astype(float))
    expected = [slow(score, y, said, classes, line) for line in counts]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("k", [2, 3])
def test_the_calibration_error_is_weighed_as_well(k):
    y, said, classes = rows(ECE, 7, k=k)
    counts = drawn(8)
    found = weighted(ECE, y, said, classes)(counts.astype(float))
    np.testing.assert_allclose(found, [slow(ECE, y, said, classes, line) for line in counts])


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_a_class_that_is_not_drawn_leaves_the_score_undefined(name):
    y = np.array([0, 0, 0, 1])
    score = weighted(SCORES[name], y, np.array([0.1, 0.2, 0.3, 0.4]), np.arange(2))
    assert np.isnan(score(np.array([[2.0, 1.0, 1.0, 0.0]]))).all()


def test_a_score_of_ones_own_has_no_such_form():
    own = Score("f1", lambda t, p: 1.0, task="classification")
    assert weighted(own, np.zeros(3), np.zeros(3), np.arange(2)) is None


def test_a_mean_over_rows_of_ones_own_has():
    cubes = Score("cubes", lambda t, p: 0.0, rows=lambda t, p: np.abs(t - p) ** 3)
    found = weighted(cubes, np.array([1.0, 3.0]), np.array([0.0, 1.0]), None)
    assert found(np.array([[1.0, 1.0], [0.0, 2.0]])).tolist() == [4.5, 8.0]


def test_many_classes_are_left_to_the_score_itself():
    codes = np.arange(30)
    assert weighted(SCORES["f1_macro"], codes, codes, codes) is None


def test_two_class_scores_of_three_classes_are_refused_in_words():
    codes = np.arange(3)
    with pytest.raises(ConfigError, match='Use "f1_macro"'):
        weighted(SCORES["f1"], codes, codes, codes)
