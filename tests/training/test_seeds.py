from __future__ import annotations

import random

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from prodml.training import Trainer
from prodml.training.seeds import Seeds, global_state


class Guessing:
    """Draws from the global generators, as older code does."""

    def fit(self, inputs, target):
        self.shift = np.random.random() + random.random()  # noqa: NPY002

    def predict(self, rows):
        return np.where(rows["tenure"] > self.shift - 1, "yes", "no")


def test_every_part_has_a_seed_of_its_own_from_one_root():
    seeds = Seeds.of(7)
    assert len(set(seeds.parts.values())) == len(seeds.parts)
    assert Seeds.of(7) == seeds != Seeds.of(8)
    assert Seeds.of(None).root != Seeds.of(None).root


def test_an_estimator_that_draws_from_global_generators_gives_the_same_again(churn):
    trainer = Trainer(Guessing(), target="churned", cv=3)
    first = trainer.fit(churn)
    np.random.random(5)  # noqa: NPY002
    random.random()
    second = trainer.fit(churn)
    assert first.estimator.shift == second.estimator.shift
    assert first.metrics == second.metrics


def test_what_the_caller_draws_is_what_he_would_have_drawn(churn):
    def draws():
        return random.random(), np.random.random()  # noqa: NPY002

    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    expected = draws()
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    Trainer(LogisticRegression(), target="churned", cv=2).fit(churn)
    assert draws() == expected


def test_the_state_is_put_back_after_an_error_too():
    random.seed(5)
    expected = random.random()
    random.seed(5)
    with pytest.raises(KeyError), global_state(1):
        random.random()
        raise KeyError
    assert random.random() == expected
