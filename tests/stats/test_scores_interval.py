from __future__ import annotations

import math

import numpy as np
import pytest

from prodml.errors import ConfigError
from prodml.stats.intervals import wilson
from prodml.stats.scores import SCORES, Score
from prodml.stats.scores_interval import score_interval


def sample(n, seed):
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < 0.4).astype(int)
    return truth, 0.3 * truth + 0.7 * rng.random(n)


def test_accuracy_is_wilsons():
    truth, scores = sample(200, 0)
    said = (scores > 0.6).astype(int)
    found = score_interval(SCORES["accuracy"], truth, said)
    assert found[1:] == wilson((truth == said).sum(), 200)


@pytest.mark.parametrize("name", ["f1", "roc_auc", "brier", "log_loss", "balanced_accuracy"])
@pytest.mark.parametrize("n", [300, 3000])
def test_the_interval_covers_the_score_of_many_rows(name, n):
    score = SCORES[name]
    many, theirs = sample(200_000, 99)
    given = (lambda s: (s > 0.6).astype(int)) if score.needs == "labels" else (lambda s: s)
    true_value = score(many, given(theirs))
    found = []
    for seed in range(30):
        truth, scores = sample(n, seed)
        interval = score_interval(score, truth, given(scores), seed=seed)
        assert interval.low < interval.value < interval.high
        found.append(interval.low <= true_value <= interval.high)
    assert np.mean(found) >= 0.83


def test_more_rows_than_are_drawn_at_a_time_give_a_narrower_interval():
    few, many = (score_interval(SCORES["f1"], *_labels(n)) for n in (2000, 32_000))
    assert (many.high - many.low) / (few.high - few.low) == pytest.approx(0.25, rel=0.25)


def _labels(n):
    truth, scores = sample(n, 5)
    return truth, (scores > 0.6).astype(int)


def test_too_few_rows_have_a_score_and_no_interval():
    one = score_interval(SCORES["mae"], [1.0], [2.0])
    assert (one.value, math.isnan(one.low), math.isnan(one.high)) == (1.0, True, True)
    area = score_interval(SCORES["roc_auc"], [0, 0, 1], [0.1, 0.2, 0.3])
    assert (area.value, math.isnan(area.low)) == (1.0, True)
    rare = Score("rare", lambda t, p: float(p[t == 1].mean()) if (t == 1).any() else _none())
    found = score_interval(rare, np.array([1] + [0] * 9), np.ones(10))
    assert (found.value, math.isnan(found.low)) == (1.0, True)


def _none():
    raise ConfigError("no such row")


def test_a_score_that_cannot_be_taken_is_an_error():
    with pytest.raises(ConfigError, match="every class"):
        score_interval(SCORES["roc_auc"], [1, 1], [0.1, 0.2], classes=[0, 1])
