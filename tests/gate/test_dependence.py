"""Rows that depend on each other are not counted as if each were news."""

from __future__ import annotations

import numpy as np
import pytest

from prodml.errors import ConfigError
from prodml.gate import Gate, Predictions


def copies(times=10, n=80):
    """The same few patients, each seen many times."""
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, n)
    scores = np.clip(
        0.25 + 0.5 * y + rng.normal(0, 0.25, (2, n)) + [[0.0], [0.05]] * (2 * y - 1), 0, 1
    )
    labels = (scores > 0.5).astype(int)
    patient = np.tile(np.arange(n), times)
    said = [
        Predictions(np.tile(p, times), np.tile(s, times))
        for p, s in zip(labels, scores, strict=True)
    ]
    return np.tile(y, times), *said, {"patient": patient, "at": np.arange(n * times)}


@pytest.mark.parametrize("metric", ["accuracy", "roc_auc", "f1", "brier", "average_precision"])
def test_copies_of_patients_say_no_more_than_the_patients(metric):
    *rows, columns = copies()
    *once, _ = copies(times=1)
    grouped = Gate(metric, groups="patient").decide(*rows, columns=columns)
    alone = Gate(metric).decide(*rows)
    few = Gate(metric, groups="patient").decide(*once, columns={"patient": np.arange(80)})
    assert (grouped.unit, grouped.n_units, grouped.n_rows) == ("group", 80, 800)
    assert grouped.high - grouped.low > 2.5 * (alone.high - alone.low)
    assert grouped.p_value == pytest.approx(few.p_value, abs=0.02)


@pytest.mark.parametrize("metric", ["accuracy", "roc_auc", "f1", "brier"])
def test_time_is_cut_in_blocks_whatever_the_order_of_the_rows(metric):
    rng = np.random.default_rng(5)
    n = 600
    slow = np.repeat(rng.normal(size=n // 30), 30)  # what the two disagree on comes in spells
    y = (rng.random(n) < 0.5).astype(int)
    sides = (2 * y - 1) * (1 + [[0.9], [-0.9]] * slow)
    scores = 1 / (1 + np.exp(-(sides + 0.5 * rng.normal(size=n))))
    said = [Predictions((s > 0.5).astype(int), s) for s in scores]
    by_time = Gate(metric, times="at").decide(y, *said, columns={"at": np.arange(n)})
    by_row = Gate(metric).decide(y, *said)
    assert by_time.unit == "block"
    assert by_time.n_units < n / 3
    assert by_time.high - by_time.low > 1.5 * (by_row.high - by_row.low)
    back = [Predictions(p.labels[::-1], p.scores[::-1]) for p in said]
    turned = Gate(metric, times="at").decide(y[::-1], *back, columns={"at": np.arange(n)[::-1]})
    assert turned.p_value == pytest.approx(by_time.p_value, abs=0.03)


def test_the_length_of_a_block_may_be_given():
    *rows, columns = copies()
    decision = Gate("brier", times="at", block=40).decide(*rows, columns=columns)
    assert decision.n_units == 10


def test_a_decision_of_groups_says_so():
    *rows, columns = copies()
    assert "(800 rows in 80 groups)" in repr(
        Gate("brier", groups="patient").decide(*rows, columns=columns)
    )


def test_numbers_of_groups_are_compared_too():
    rng = np.random.default_rng(6)
    y = rng.normal(size=300)
    said = [{"labels": y + rng.normal(size=300) * s} for s in (1.0, 0.5)]
    columns = {"shop": np.arange(300) % 50}
    for metric in ("rmse", "mae", "r2", "median_ae"):
        decision = Gate(metric, groups="shop").decide(y, *said, columns=columns)
        assert (decision.verdict, decision.unit) == ("promote", "group")


@pytest.mark.parametrize(
    ("settings", "columns", "message"),
    [
        ({"groups": "g", "times": "t"}, {}, "not both"),
        ({"groups": "patients"}, {"patient": [1, 2]}, 'wants the column "patients"'),
        ({"groups": "g"}, None, 'wants the column "g"'),
        ({"groups": "g"}, {"g": [1, 2, 3]}, "speaks of 3 rows, y_true of 2"),
        ({"times": "t"}, {"t": [1.0, float("nan")]}, "times has 1 missing"),
        ({"block": 0.5}, {}, "block must be at least 1"),
    ],
)
def test_groups_and_times_that_do_not_fit_are_refused(settings, columns, message):
    with pytest.raises(ConfigError, match=message):
        Gate("accuracy", **settings).decide(
            [0, 1], {"labels": [0, 1]}, {"labels": [0, 1]}, columns=columns
        )
