"""The paired bootstrap against scipy's BCa and against what is known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from prodml.errors import ConfigError
from prodml.stats.bootstrap import (
    bca_interval,
    bootstrap_means,
    bootstrap_paired,
    bootstrap_weighted,
)
from prodml.stats.resampling import Blocks, Groups
from prodml.stats.scores import roc_auc


def skewed(seed, n=60):
    rng = np.random.default_rng(seed)
    return rng.exponential(size=(2, n))


def test_the_interval_is_scipys_bca_on_the_same_draws():
    gaps = skewed(0)[1] - skewed(0)[0]
    peer = stats.bootstrap((gaps,), np.mean, confidence_level=0.9, n_resamples=2000, method="BCa")
    left_out = (gaps.sum() - gaps) / (len(gaps) - 1)
    ours = bca_interval(gaps.mean(), peer.bootstrap_distribution, left_out, level=0.9)
    assert ours == pytest.approx(tuple(peer.confidence_interval), abs=0.02)


def test_means_agree_with_the_general_way():
    first, second = skewed(1)
    quick = bootstrap_means(first, second, n_resamples=4000)
    slow = bootstrap_paired(
        lambda rows: (first[rows].mean(), second[rows].mean()), 60, n_resamples=4000, rng=1
    )
    assert quick.difference == pytest.approx(slow.difference)
    assert (quick.low, quick.high) == pytest.approx((slow.low, slow.high), abs=0.05)
    assert quick.standard_error == pytest.approx(slow.standard_error, rel=0.06)


def test_counts_of_few_values_are_drawn_as_the_rows_would_be():
    rng = np.random.default_rng(2)
    first, second = rng.integers(0, 2, (2, 300))
    found = bootstrap_means(first, second, n_resamples=8000)
    exact = (second - first).std() / np.sqrt(300)
    assert found.standard_error == pytest.approx(exact, rel=0.03)
    assert found.p_value == pytest.approx(
        2 * stats.norm.sf(abs(found.difference) / exact), abs=0.02
    )


def test_the_bound_and_the_p_value_tell_the_same():
    first, second = skewed(5)
    found = bootstrap_means(first, second, level=0.9)
    at_low = bootstrap_means(first, second, null=found.low)
    at_high = bootstrap_means(first, second, null=found.high)
    assert at_low.p_greater == pytest.approx(0.05, abs=0.003)
    assert at_high.p_less == pytest.approx(0.05, abs=0.003)


@pytest.mark.parametrize("seed", range(30))
def test_the_interval_never_says_other_than_the_p_value(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 2, (2, 60)) if seed % 2 else rng.normal(size=(2, 60)) + 0.1
    found = bootstrap_means(first, second, n_resamples=500, rng=seed)
    assert (found.low > 0) == (found.p_greater < 0.05)
    assert (found.high < 0) == (found.p_less < 0.05)


def test_copies_of_rows_add_nothing_when_they_are_one_group():
    first, second = skewed(8)
    once = bootstrap_means(first, second)
    groups = Groups.of(np.tile(np.arange(60), 3), 180)
    thrice = bootstrap_means(np.tile(first, 3), np.tile(second, 3), units=groups)
    assert (thrice.low, thrice.high, thrice.p_value) == pytest.approx(
        (once.low, once.high, once.p_value)
    )
    assert (thrice.unit, thrice.n_units, thrice.n_rows) == ("group", 60, 180)
    alone = bootstrap_means(np.tile(first, 3), np.tile(second, 3))
    assert alone.standard_error < 0.7 * thrice.standard_error


def test_sums_of_groups_are_drawn_as_their_rows_would_be():
    first, second = skewed(9)
    groups = Groups.of(np.arange(60) % 17, 60)
    slow = bootstrap_weighted(
        lambda w: (w @ first / w.sum(axis=1), w @ second / w.sum(axis=1)), groups, n_resamples=8000
    )
    quick = bootstrap_means(first, second, units=groups, n_resamples=8000)
    assert (quick.low, quick.high) == pytest.approx((slow.low, slow.high), abs=0.03)


def test_memory_makes_blocks_and_blocks_make_it_wider():
    rng = np.random.default_rng(10)
    noise = np.convolve(rng.normal(size=419), np.ones(20), mode="valid")
    zero = np.zeros(400)
    by_row = bootstrap_means(zero, noise)
    by_block = bootstrap_means(zero, noise, units=Blocks(np.arange(400), 30.0))
    assert by_block.standard_error > 2.5 * by_row.standard_error
    assert (by_block.unit, by_block.n_units) == ("block", 7)


def test_few_groups_are_read_by_student():
    first, second = skewed(11)
    few = bootstrap_means(first, second, units=Groups.of(np.arange(60) % 4, 60))
    assert few.high - few.low > 2 * 1.9 * few.standard_error


def test_the_same_seed_gives_the_same_comparison():
    first, second = skewed(6)
    assert bootstrap_means(first, second, rng=9) == bootstrap_means(first, second, rng=9)
    assert bootstrap_means(first, second, rng=9) != bootstrap_means(first, second, rng=10)


def test_a_generator_may_be_passed_for_a_seed():
    first, second = skewed(6)
    seeded = bootstrap_means(first, second, rng=np.random.default_rng(9))
    assert seeded == bootstrap_means(first, second, rng=9)


def test_identical_models_have_p_one():
    found = bootstrap_means([1.0, 2.0, 4.0], [1.0, 2.0, 4.0])
    assert (found.p_value, found.p_greater, found.low, found.high) == (1.0, 1.0, 0.0, 0.0)


@pytest.mark.parametrize(("shift", "p_greater"), [(1.0, 0.0), (-1.0, 1.0)])
def test_a_difference_that_never_varies_is_certain(shift, p_greater):
    first = np.array([1.0, 2.0, 4.0])
    assert bootstrap_means(first, first + shift).p_greater == p_greater


def test_resamples_without_a_class_are_left_out():
    y = np.r_[np.zeros(60), np.ones(4)].astype(int)
    one = np.arange(64.0)
    found = bootstrap_paired(
        lambda rows: (roc_auc(y[rows], -one[rows]), roc_auc(y[rows], one[rows])), 64
    )
    assert found.difference == 1.0


def test_a_score_that_most_resamples_leave_undefined_is_refused():
    y = np.r_[np.zeros(60), np.ones(1)].astype(int)
    one = np.arange(61.0)
    with pytest.raises(ConfigError, match=r"undefined on \d+ of 2000 resamples"):
        bootstrap_paired(lambda rows: (roc_auc(y[rows], one[rows]), 0.5), 61)


def test_more_rows_than_blocks_are_left_out_by_blocks():
    first, second = skewed(7, n=900)
    calls = []

    def statistic(rows):
        calls.append(len(rows))
        return first[rows].mean(), second[rows].mean()

    bootstrap_paired(statistic, 900, n_resamples=100)
    assert len(calls) == 2 + 100 + 200
    assert set(calls[-200:]) == {895, 896}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"level": 1.0}, "level"), ({"n_resamples": 99}, "n_resamples must be at least 100")],
)
def test_settings_outside_their_range_are_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        bootstrap_means([1.0, 2.0], [1.0, 2.0], **wrong)


def test_rows_must_pair_up_and_be_at_least_two():
    with pytest.raises(ConfigError, match="same rows"):
        bootstrap_means([1.0, 2.0], [1.0])
    with pytest.raises(ConfigError, match="at least 2 rows"):
        bootstrap_means([1.0], [1.0])
