"""One holdout, many challengers: luck adds up, unless each look is paid for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from prodml.errors import ProdmlWarning
from prodml.gate import Gate
from prodml.gate.reuse import spent


def test_all_levels_together_are_alpha():
    total = sum(spent(0.05, uses) for uses in range(100_000))
    assert total == pytest.approx(0.05, abs=1e-6)
    assert spent(0.05, 0) == 0.05 * 6 / math.pi**2


def equal(rng, n=300):
    y = rng.integers(0, 2, n)
    return y, np.where(rng.random(n) < 0.85, y, 1 - y)


def share_that_let_one_in(n_trials, gate, n_challengers=20):
    """How often any of many challengers, each as good as the champion, is promoted."""
    rng = np.random.default_rng(7)
    let_in = 0
    for _ in range(n_trials):
        y, champion = equal(rng)
        for uses in range(n_challengers):
            challenger = np.where(rng.random(len(y)) < 0.85, y, 1 - y)
            if gate.decide(y, {"labels": champion}, {"labels": challenger}, uses=uses).is_promotion:
                let_in += 1
                break
    return let_in / n_trials


@pytest.mark.parametrize("n_trials", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_without_a_remedy_luck_adds_up(n_trials):
    assert share_that_let_one_in(n_trials, Gate("accuracy", warn_after=1000)) > 0.25


@pytest.mark.parametrize("n_trials", [150, pytest.param(2000, marks=pytest.mark.slow)])
def test_with_it_the_best_of_many_equals_is_let_in_in_one_of_twenty(n_trials):
    found = share_that_let_one_in(n_trials, Gate("accuracy", reuse="alpha-spending"))
    assert found <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / n_trials)


def test_a_later_look_asks_for_more():
    y = np.ones(200, dtype=int)
    champion, challenger = y.copy(), y.copy()
    champion[:14] = 0
    challenger[14:18] = 0
    gate = Gate("accuracy", reuse="alpha-spending")
    said = ({"labels": champion}, {"labels": challenger})
    first, tenth = (gate.decide(y, *said, uses=uses) for uses in (0, 9))
    assert (first.verdict, tenth.verdict) == ("promote", "inconclusive")
    assert tenth.alpha_used == spent(0.05, 9) < first.alpha_used < tenth.alpha == 0.05
    assert tenth.high - tenth.low > first.high - first.low


def test_rows_that_have_decided_often_are_warned_about():
    y, champion = equal(np.random.default_rng(0))
    said = ({"labels": champion}, {"labels": champion})
    with pytest.warns(ProdmlWarning, match="decided 10 times before"):
        Gate("accuracy").decide(y, *said, uses=10)
    Gate("accuracy").decide(y, *said, uses=9)
    Gate("accuracy", reuse="alpha-spending").decide(y, *said, uses=10)
