"""The calibration error bin by bin."""

from __future__ import annotations

import numpy as np
import pytest

from prodml.errors import ConfigError
from prodml.gate import Gate
from prodml.stats.ece import ece


def slow(happened, given):
    total = 0.0
    for low in range(10):
        inside = [i for i, p in enumerate(given) if min(int(p * 10), 9) == low]
        if inside:
            gap = np.mean([happened[i] for i in inside]) - np.mean([given[i] for i in inside])
            total += len(inside) / len(given) * abs(gap)
    return total


def test_two_classes_are_judged_by_the_positive_one():
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, 200), rng.random(200)
    assert ece(y, p) == pytest.approx(slow(y, p))
    assert ece(y, np.c_[1 - p, p]) == ece(y, p)


def test_more_classes_are_judged_by_the_one_chosen():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, 200)
    p = rng.dirichlet([1, 1, 1], 200)
    assert ece(y, p) == pytest.approx(slow(y == p.argmax(axis=1), p.max(axis=1)))


def test_scores_that_are_no_probabilities_are_refused():
    with pytest.raises(ConfigError, match="probabilities must lie"):
        ece([0, 1], [0.5, 3.0])


def test_a_challenger_that_lost_its_calibration_is_rejected():
    rng = np.random.default_rng(2)
    p = rng.random(2000)
    y = (rng.random(2000) < p).astype(int)
    sure = np.clip(0.5 + 2 * (p - 0.5), 0.01, 0.99)
    said = [{"labels": (s > 0.5).astype(int), "scores": s} for s in (p, sure)]
    gate = Gate("accuracy", margin=0.05, guardrails={"ece": 0.02}, n_resamples=500)
    decision = gate.decide(y, *said)
    assert decision.primary.verdict == "promote"
    assert (decision.verdict, decision.guardrails[0].verdict) == ("reject", "reject")
