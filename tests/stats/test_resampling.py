"""What is drawn, how often, and how long a stretch of time should be."""

from __future__ import annotations

import numpy as np
import pytest

from prodml.errors import ConfigError
from prodml.stats.resampling import Blocks, Cells, Groups, Rows, block_length, group_codes


def ar(seed, n, memory):
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=n + 200)
    x = np.zeros(n + 200)
    for i in range(1, n + 200):
        x[i] = memory * x[i - 1] + noise[i]
    return x[200:]


@pytest.mark.parametrize(
    "units",
    [Rows(12), Groups.of(list("aabbccddeeff"), 12), Blocks(np.arange(12)[::-1], 3.0)],
    ids=["rows", "groups", "blocks"],
)
def test_a_draw_says_how_often_each_row_is_in_it(units):
    drawn = units.draw(50, np.random.default_rng(0))
    assert drawn.shape == (50, 12)
    assert (drawn >= 0).all()
    assert (drawn == np.round(drawn)).all()
    assert (drawn.sum(axis=1) == 12).all()
    assert units.whole().tolist() == [[1.0] * 12]


def test_rows_of_a_group_are_drawn_together():
    codes = np.array([0, 1, 0, 2, 1, 0])
    drawn = Groups(codes, 3).draw(20, np.random.default_rng(1))
    assert (drawn[:, 0] == drawn[:, 2]).all()
    assert (drawn[:, 1] == drawn[:, 4]).all()


def test_kinds_are_drawn_as_often_as_their_rows_would_be():
    drawn = Cells(np.array([10, 30])).draw(4000, np.random.default_rng(2))
    assert (drawn.sum(axis=1) == 40).all()
    assert drawn[:, 0].mean() == pytest.approx(10, abs=0.2)
    assert drawn[:, 0].std() == pytest.approx(np.sqrt(40 * 0.25 * 0.75), rel=0.05)


def test_blocks_are_stretches_of_time_of_the_mean_length_asked_for():
    order = np.random.default_rng(3).permutation(600)
    drawn = Blocks(order, 20.0).draw(300, np.random.default_rng(4))
    in_time = drawn[:, order] > 0
    # Where a row is drawn, the next in time is drawn unless the stretch ends there.
    follows = in_time[:, 1:][in_time[:, :-1]].mean()
    alone = (Rows(600).draw(300, np.random.default_rng(4)) > 0).mean()
    assert follows > 0.9
    assert alone < 0.7


def test_counts_of_stretches_are_those_of_their_rows():
    """The same draws, row by row."""
    n, length = 50, 4.0
    drawn = Blocks(np.arange(n), length).draw(40, np.random.default_rng(9))
    rng = np.random.default_rng(9)
    begins = rng.random((40, n)) < 1 / length
    begins[:, 0] = True
    starts = iter(rng.integers(0, n, int(begins.sum())))
    for line, counts in zip(begins, drawn, strict=True):
        slow, at = np.zeros(n), 0
        for is_start in line:
            at = next(starts) if is_start else (at + 1) % n
            slow[at] += 1
        assert (slow == counts).all()


def test_every_part_is_left_out_once():
    for units in (Rows(7), Groups.of([1, 1, 2, 2, 2, 3, 3], 7), Blocks(np.arange(7), 2.0)):
        weights, alike = units.left_out()
        assert ((1 - weights).sum(axis=0) == 1).all()
        assert (alike == 1).all()


def test_one_row_of_each_kind_is_left_out_as_often_as_there_are_rows():
    weights, alike = Cells(np.array([2, 5])).left_out()
    assert weights.tolist() == [[1, 5], [2, 4]]
    assert alike.tolist() == [2, 5]


def test_more_rows_than_parts_are_left_out_in_parts():
    assert Rows(1000).left_out()[0].shape == (200, 1000)
    assert Groups.of(np.arange(1000) // 2, 1000).left_out()[0].shape == (200, 1000)


def test_a_series_without_memory_needs_no_blocks():
    lengths = [block_length(ar(seed, 1000, 0.0)) for seed in range(20)]
    assert np.median(lengths) < 3


# Patton, Politis & White 2009: (2 G^2 / D)^(1/3) n^(1/3) is best for the stationary bootstrap, which for
# an autoregression of order 1 is (2 rho / (1 - rho^2))^(2/3) n^(1/3).
@pytest.mark.parametrize("rho", [0.3, 0.5, 0.7])
def test_the_length_is_near_the_best_one_of_an_autoregression(rho):
    best = (2 * rho / (1 - rho**2)) ** (2 / 3) * 4000 ** (1 / 3)
    found = np.median([block_length(ar(seed, 4000, rho)) for seed in range(20)])
    assert found == pytest.approx(best, rel=0.25)


def test_a_series_that_never_varies_or_is_short_has_blocks_of_one():
    assert block_length(np.ones(100)) == 1.0
    assert block_length([1.0, 2.0, 1.0]) == 1.0


def test_a_series_that_never_forgets_is_cut_in_five():
    assert block_length(np.arange(200.0)) <= 40.0


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([1, 1], "speaks of 2 rows, the comparison of 3"),
        ([1, None, 2], "groups has 1 missing"),
        ([1, "a", 2.0], "several kinds"),
    ],
)
def test_groups_that_fit_no_rows_are_refused(groups, message):
    given = np.array(groups, dtype=object)
    with pytest.raises(ConfigError, match=message):
        group_codes(given, 3)


def test_one_group_cannot_be_resampled():
    with pytest.raises(ConfigError, match="at least 2 groups"):
        Groups.of(["a", "a"], 2)
