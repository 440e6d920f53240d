"""No part of the rows may be shown worse, and finding one by chance is paid for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prodml.errors import ConfigError
from prodml.gate import Gate
from prodml.gate.slices import cut

N = 2000


@pytest.fixture
def harmed():
    """Better for the many, much worse for the few."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, N)
    few = np.arange(N) % 5 == 0
    champion = np.where(rng.random(N) < 0.8, y, 1 - y)
    challenger = np.where(rng.random(N) < np.where(few, 0.6, 0.95), y, 1 - y)
    columns = pd.DataFrame({"site": np.where(few, "small", "large"), "age": rng.normal(50, 9, N)})
    return y, {"labels": champion}, {"labels": challenger}, columns


def decided(gate, harmed):
    *rows, columns = harmed
    return gate.decide(*rows, columns=columns)


def test_a_slice_that_is_shown_worse_rejects_a_better_challenger(harmed):
    decision = decided(Gate("accuracy", slices=["site"]), harmed)
    assert decision.primary.verdict == "promote"
    assert decision.verdict == "reject"
    assert "site is small" in decision.reason
    assert {s.value: s.verdict for s in decision.slices} == {"small": "worse", "large": "holds"}


def test_a_margin_lets_a_slice_lose_as_much(harmed):
    decision = decided(Gate("accuracy", slices={"site": 0.5}), harmed)
    assert decision.verdict == "promote"
    assert "no slice is shown worse" in decision.reason


def test_the_gates_own_margin_is_for_columns_without_one(harmed):
    decision = decided(Gate("accuracy", slices=["site"], slice_margin=0.5), harmed)
    assert {s.margin for s in decision.slices} == {0.5}


def test_a_small_slice_is_undecided_and_allowed_or_held_as_the_gate_says(harmed):
    y, champion, challenger, columns = harmed
    rare = columns.assign(site=np.where(np.arange(N) < 10, "tiny", "rest"))
    rows = (y, champion, challenger, rare)
    allowed = decided(Gate("accuracy", slices=["site"]), rows)
    assert allowed.verdict == "promote"
    assert "1 of 2 undecided" in allowed.reason
    held = decided(Gate("accuracy", slices=["site"], undecided_slices="hold"), rows)
    assert held.verdict == "inconclusive"
    assert held.reason == "It cannot be told in 1 of 2 slices; this gate asks for all."
    tiny = next(s for s in held.slices if s.value == "tiny")
    assert (tiny.n_rows, tiny.why, tiny.p_worse) == (10, "fewer than 30 rows", None)


def test_a_slice_in_which_the_metric_is_undefined_is_undecided(harmed):
    y, champion, challenger, columns = harmed
    scores = np.random.default_rng(1).random((2, N))
    said = [
        {"labels": p["labels"], "scores": s}
        for p, s in zip((champion, challenger), scores, strict=True)
    ]
    by_truth = columns.assign(truth=y)
    decision = Gate("roc_auc", slices=["truth"]).decide(y, *said, columns=by_truth)
    assert {s.verdict for s in decision.slices} == {"undecided"}
    assert all("two rows of each class" in s.why or "two classes" in s.why for s in decision.slices)


def test_p_values_of_slices_are_holms(harmed):
    decision = decided(Gate("accuracy", slices=["site", "age"]), harmed)
    small = next(s for s in decision.slices if s.value == "small")
    alone = decided(Gate("accuracy", slices=["site"]), harmed)
    assert small.p_worse >= next(s for s in alone.slices if s.value == "small").p_worse
    assert [s.column for s in decision.slices] == ["site"] * 2 + ["age"] * 4


@pytest.mark.slow
def test_equal_models_are_rejected_for_a_slice_in_at_most_one_of_twenty_whole():
    share_rejected_for_a_slice(4000)


def test_equal_models_are_rejected_for_a_slice_in_at_most_one_of_twenty():
    share_rejected_for_a_slice(300)


def share_rejected_for_a_slice(n_trials):
    rng = np.random.default_rng(2)
    gate = Gate("accuracy", slices=["part"])
    part = {"part": np.arange(800) % 8}
    worse = 0
    for _ in range(n_trials):
        y = rng.integers(0, 2, 800)
        said = [{"labels": np.where(rng.random(800) < 0.85, y, 1 - y)} for _ in range(2)]
        decision = gate.decide(y, *said, columns=part)
        worse += any(s.verdict == "worse" for s in decision.slices)
    assert worse / n_trials <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / n_trials)


def test_a_column_that_is_not_there_is_named_with_the_known(harmed):
    with pytest.raises(ConfigError, match='wants the column "sight".*"site"'):
        decided(Gate("accuracy", slices=["sight"]), harmed)


def test_many_numbers_come_in_quarters_few_as_they_are():
    quarters = dict(cut("age", np.arange(100.0), 100))
    assert [int(rows.sum()) for rows in quarters.values()] == [25, 25, 25, 25]
    assert list(quarters)[-1].endswith("]")
    assert list(dict(cut("grade", np.array([1, 2, 2]), 3))) == ["1", "2"]


def test_every_row_is_in_exactly_one_slice():
    values = np.array([1.0, np.nan, 3.0, 4.0] * 30) + np.repeat(np.arange(30), 4)
    masks = [rows for _, rows in cut("x", values, 120)]
    assert (np.sum(masks, axis=0) == 1).all()


def test_missing_values_are_a_slice_of_their_own():
    assert list(dict(cut("site", np.array(["a", None, "b"], dtype=object), 3))) == [
        "a",
        "b",
        "missing",
    ]
    when = np.array(["2030-01-01", "NaT"], dtype="datetime64[D]")
    assert list(dict(cut("day", when, 2))) == ["2030-01-01", "missing"]


def test_flags_are_cut_in_two():
    assert list(dict(cut("young", np.array([True, False, True]), 3))) == ["False", "True"]


def test_a_column_of_ids_is_no_slice():
    with pytest.raises(ConfigError, match="has 150 values, at most 100"):
        list(cut("id", np.arange(150).astype(str), 150))


def test_a_column_of_another_length_is_refused():
    with pytest.raises(ConfigError, match="the comparison 3 rows"):
        list(cut("x", [1, 2], 3))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"slices": "site"}, r'such as \["site"\]'),
        ({"slices": 3}, "must name columns"),
        ({"slices": {"site": -1}}, "slice site needs a margin"),
        ({"slice_margin": -1}, "slice_margin"),
        ({"undecided_slices": "drop"}, "undecided_slices"),
    ],
)
def test_settings_outside_their_range_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        Gate("accuracy", **settings)
