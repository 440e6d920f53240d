"""Bounds without a test: latency, size, loading, and thresholds from elsewhere."""

from __future__ import annotations

import json

import numpy as np
import pytest

from prodml.errors import ConfigError
from prodml.gate import (
    Facts,
    Gate,
    GateDecision,
    GenericChangeThreshold,
    GenericValueThreshold,
    MetricThreshold,
    ThresholdGate,
)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 1000)
    return y, *({"labels": np.where(rng.random(1000) < s, y, 1 - y)} for s in (0.8, 0.9))


@pytest.mark.parametrize(
    ("facts", "verdict", "reason"),
    [
        (Facts(champion_latency_s=0.010, challenger_latency_s=0.012), "promote", "better"),
        (Facts(champion_latency_s=0.010, challenger_latency_s=0.030), "reject", "latency breaks its bound: 0.03 s, 3 times"),
        (Facts(champion_latency_s=0.010), "inconclusive", "latency was not measured"),
        (None, "inconclusive", "latency was not measured"),
    ],
)  # fmt: skip
def test_a_slower_challenger_is_rejected(rows, facts, verdict, reason):
    decision = Gate("accuracy", max_latency_ratio=1.5).decide(*rows, facts=facts)
    assert decision.verdict == verdict
    assert reason in decision.reason


def test_a_larger_challenger_is_rejected(rows):
    facts = Facts(champion_size_bytes=1000, challenger_size_bytes=4000)
    assert Gate("accuracy", max_size_ratio=2).decide(*rows, facts=facts).verdict == "reject"
    assert Gate("accuracy", max_size_ratio=4).decide(*rows, facts=facts).verdict == "promote"
    assert Gate("accuracy").decide(*rows, facts=facts).checks == ()


def test_a_challenger_that_does_not_load_is_rejected(rows):
    assert Gate("accuracy").decide(*rows, facts=Facts(loads=True)).verdict == "promote"
    assert Gate("accuracy").decide(*rows, facts=Facts(loads=False)).verdict == "reject"


def test_measures_are_above_zero():
    with pytest.raises(ConfigError, match="champion_latency_s must be more than 0"):
        Facts(champion_latency_s=0)


# The cases of MLflow's own documentation of MetricThreshold, and its rule for a baseline of 0.
@pytest.mark.parametrize(
    ("threshold", "champion", "challenger", "holds"),
    [
        (MetricThreshold(threshold=0.8), 0.5, 0.8, True),
        (MetricThreshold(threshold=0.8), 0.5, 0.79, False),
        (MetricThreshold(threshold=0.8, greater_is_better=False), 0.5, 0.8, True),
        (MetricThreshold(threshold=0.8, greater_is_better=False), 0.5, 0.81, False),
        (MetricThreshold(min_absolute_change=0.125), 0.5, 0.625, True),
        (MetricThreshold(min_absolute_change=0.125), 0.5, 0.6, False),
        (MetricThreshold(min_absolute_change=0.125, greater_is_better=False), 0.5, 0.375, True),
        (MetricThreshold(min_absolute_change=0.125, greater_is_better=False), 0.5, 0.4, False),
        (MetricThreshold(min_relative_change=0.25), 0.5, 0.625, True),
        (MetricThreshold(min_relative_change=0.25), 0.5, 0.62, False),
        (MetricThreshold(min_relative_change=0.25), -0.5, -0.375, True),
        (MetricThreshold(min_relative_change=0.25), -0.5, -0.4, False),
        (MetricThreshold(min_relative_change=0.25), 0.0, 0.0, False),
        (MetricThreshold(min_relative_change=0.25), 0.0, 1e-9, True),
        (MetricThreshold(threshold=0.9, min_absolute_change=0.1), 0.5, 0.7, False),
        (GenericValueThreshold(lower_bound=0.5), 0.0, 0.5, True),
        (GenericValueThreshold(lower_bound={"value": 0.5}), 0.0, 0.49, False),
        (GenericValueThreshold(upper_bound={"value": 0.5}), 0.0, 0.51, False),
        (GenericChangeThreshold(absolute={"value": -1e-10}), 0.5, 0.5, True),
        (GenericChangeThreshold(absolute={"value": -1e-10}), 0.5, 0.49, False),
        (GenericChangeThreshold(absolute=0.0, direction="LOWER_IS_BETTER"), 0.5, 0.4, True),
        (GenericChangeThreshold(absolute=0.0, direction="LOWER_IS_BETTER"), 0.5, 0.6, False),
        (GenericChangeThreshold(relative={"value": 0.5}), 0.5, 0.75, True),
        (GenericChangeThreshold(relative={"value": 0.5}), 0.5, 0.7, False),
        (GenericChangeThreshold(relative=0.1), 0.0, 0.1, True),
        (GenericChangeThreshold(relative=0.1), 0.0, 0.0, False),
    ],
)  # fmt: skip
def test_a_threshold_means_what_it_means_where_it_comes_from(
    threshold, champion, challenger, holds
):
    assert (threshold.faults(champion, challenger) == []) is holds


def test_mlflows_own_answers_are_ours():
    validation = pytest.importorskip("mlflow.models.evaluation.validation", reason="needs mlflow")
    rng = np.random.default_rng(1)
    for _ in range(300):
        asked = {
            "threshold": float(rng.choice([0.0, 0.5])),
            "min_absolute_change": float(rng.choice([0.1, 0.25])),
            "min_relative_change": float(rng.choice([0.1, 0.5])),
            "greater_is_better": bool(rng.integers(2)),
        }
        champion, challenger = (float(x) for x in rng.choice([-0.5, 0.0, 0.25, 0.5, 1.0], 2))
        theirs = validation.MetricThreshold(**asked)
        result = validation._MetricValidationResult("m", challenger, theirs, champion)
        sign = 1 if asked["greater_is_better"] else -1
        result.threshold_failed = sign * (challenger - asked["threshold"]) < 0
        result.min_absolute_change_failed = (
            sign * (challenger - champion) < asked["min_absolute_change"]
        )
        wanted = asked["min_relative_change"] * abs(champion) or 1e-10
        result.min_relative_change_failed = sign * (challenger - champion) < wanted
        assert (MetricThreshold(**asked).faults(champion, challenger) == []) is result.is_success()


def test_a_threshold_has_to_hold_beside_the_test(rows):
    floor = {"accuracy": MetricThreshold(threshold=0.95)}
    decision = Gate("accuracy", thresholds=floor).decide(*rows)
    assert decision.primary.verdict == "promote"
    assert decision.verdict == "reject"
    assert "accuracy threshold breaks its bound" in decision.reason


def test_a_threshold_gate_decides_by_points_and_says_what_the_test_says(rows):
    y, champion, _ = rows
    luckier = champion["labels"].copy()
    luckier[np.flatnonzero(luckier != y)[:2]] ^= 1
    gate = ThresholdGate(
        {
            "accuracy": [
                MetricThreshold(min_absolute_change=0.001),
                GenericValueThreshold(lower_bound=0.7),
            ]
        }
    )
    decision = gate.decide(y, champion, {"labels": luckier})
    assert decision.verdict == "promote"
    assert "point estimates" in decision.reason
    assert "says inconclusive" in decision.reason
    assert [c.verdict for c in decision.checks] == ["promote", "promote"]


def test_a_threshold_gate_rejects_what_breaks_a_threshold(rows):
    gate = ThresholdGate(
        {"recall": GenericValueThreshold(lower_bound=0.99)}, tested=Gate("accuracy")
    )
    decision = gate.decide(*rows)
    assert (decision.verdict, decision.metric) == ("reject", "accuracy")
    assert "recall threshold is broken" in decision.reason


def test_a_decision_with_everything_survives_json(rows):
    gate = Gate(
        "accuracy",
        slices=["half"],
        max_size_ratio=2,
        thresholds={"recall": MetricThreshold(threshold=0.1)},
    )
    decision = gate.decide(
        *rows,
        columns={"half": np.arange(1000) % 2},
        facts=Facts(champion_size_bytes=1, challenger_size_bytes=1),
        holdout="sha256:ab",
        uses=3,
    )
    assert GateDecision.from_dict(json.loads(json.dumps(decision.to_dict()))) == decision
    assert (decision.holdout, decision.uses, decision.alpha_used, decision.seed) == (
        "sha256:ab",
        3,
        0.05,
        0,
    )
    assert "half 1" in repr(decision)
    assert "size: promote" in repr(decision)
    assert decision._repr_html_().count("<table") == 3


def test_a_decision_is_cut_to_the_slices_that_speak_against(rows):
    decision = Gate("accuracy", slices=["part"], slice_margin=0.3).decide(
        *rows, columns={"part": np.arange(1000) % 10}
    )
    short = decision.shortened(3)
    assert (len(short.slices), short.slices_left_out, short.verdict) == (3, 7, decision.verdict)
    assert max(s.p_worse for s in short.slices) == sorted(s.p_worse for s in decision.slices)[2]
    assert decision.shortened(10) is decision


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (MetricThreshold, "none was given"),
        (lambda: MetricThreshold(threshold="0.8"), "threshold must be a number"),
        (lambda: MetricThreshold(min_absolute_change=-1), "min_absolute_change"),
        (lambda: MetricThreshold(min_relative_change=2), r"must lie in \[0, 1\]"),
        (lambda: GenericChangeThreshold(direction="UP"), "direction"),
        (lambda: GenericValueThreshold(lower_bound="low"), "lower_bound must be a number"),
        (lambda: ThresholdGate({}), "at least one metric"),
        (lambda: Gate("accuracy", max_latency_ratio=0), "max_latency_ratio must be more than 0"),
        (lambda: Gate("accuracy", reuse="ladder"), "reuse"),
        (lambda: Gate("accuracy", warn_after=0), "warn_after"),
    ],
)
def test_settings_outside_their_range_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
