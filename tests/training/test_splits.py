from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError
from prodml.training.splits import SPLITS, fold_rows, split_rows

classes = st.lists(st.integers(0, 3), min_size=12, max_size=80).filter(
    lambda values: min(np.unique(values, return_counts=True)[1]) >= 3 and len(set(values)) >= 3
)


def told(kind, values):
    codes = np.array(values)
    names = {"random": [], "stratified": ["target"], "stratified-group": ["target", "column"]}
    return dict.fromkeys(names.get(kind, ["column"]), codes)


@given(classes, st.sampled_from(SPLITS), st.floats(0.05, 0.95), st.integers(0, 9))
def test_every_row_is_on_exactly_one_side(values, kind, test_size, seed):
    split = split_rows(
        kind, n_rows=len(values), test_size=test_size, seed=seed, **told(kind, values)
    )
    rows = np.concatenate([split.train, split.test])
    assert sorted(rows.tolist()) == list(range(len(values)))
    assert len(split.train) > 0
    assert len(split.test) > 0
    assert np.all(np.diff(split.train) > 0)


@given(classes, st.floats(0.1, 0.9), st.integers(0, 9))
def test_a_stratified_split_keeps_the_shares(values, test_size, seed):
    target = np.array(values)
    split = split_rows(
        "stratified", n_rows=len(target), test_size=test_size, seed=seed, target=target
    )
    for value in np.unique(target):
        wanted = (target == value).sum() * test_size
        assert abs((target[split.test] == value).sum() - wanted) <= 1.5
        assert value in target[split.train]
        assert value in target[split.test]


@given(classes, st.floats(0.1, 0.9))
def test_a_split_in_time_tests_on_what_comes_after(values, test_size):
    times = np.array(values)
    split = split_rows("time", n_rows=len(times), test_size=test_size, seed=0, column=times)
    assert times[split.train].max() < times[split.test].min()


@given(classes, st.floats(0.1, 0.9), st.integers(0, 9))
def test_a_group_is_on_one_side(values, test_size, seed):
    groups = np.array(values)
    split = split_rows("group", n_rows=len(groups), test_size=test_size, seed=seed, column=groups)
    assert not set(groups[split.train]) & set(groups[split.test])


def test_the_same_seed_gives_the_same_rows():
    def test_rows(seed):
        return split_rows("random", n_rows=100, test_size=0.25, seed=seed).test.tolist()

    assert test_rows(3) == test_rows(3) != test_rows(4)


def test_a_quarter_of_a_hundred_rows_is_25():
    assert len(split_rows("random", n_rows=100, test_size=0.25, seed=0).test) == 25


@pytest.mark.parametrize("kind", ["stratified", "random", "group"])
def test_each_row_is_tested_in_exactly_one_fold(kind):
    values = np.arange(60) % 6
    folds = list(fold_rows(kind, 5, n_rows=60, seed=1, **told(kind, values)))
    assert len(folds) == 5
    assert sorted(np.concatenate([f.test for f in folds]).tolist()) == list(range(60))
    assert all(len(f.train) + len(f.test) == 60 for f in folds)


def test_stratified_folds_keep_the_shares():
    target = np.repeat([0, 1], [50, 10])
    for fold in fold_rows("stratified", 5, n_rows=60, seed=0, target=target):
        assert target[fold.test].sum() == 2


def test_a_group_is_in_one_fold():
    groups = np.arange(60) % 7
    for fold in fold_rows("group", 3, n_rows=60, seed=0, column=groups):
        assert not set(groups[fold.train]) & set(groups[fold.test])


def test_a_fold_in_time_trains_on_the_past_only():
    times = np.random.default_rng(0).permutation(50)
    folds = list(fold_rows("time", 4, n_rows=50, seed=0, column=times))
    for fold in folds:
        assert times[fold.train].max() < times[fold.test].min()
    assert [len(f.train) for f in folds] == [10, 20, 30, 40]


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("stratified", [0, 0, 0, 1], "2 rows of each class, the rarest has 1"),
        ("time", [7, 7, 7], "2 different times"),
        ("group", [7, 7, 7], "2 groups"),
        ("random", [1], "at least 2 rows"),
    ],
)
def test_rows_that_cannot_be_split_are_refused(kind, values, message):
    with pytest.raises(ConfigError, match=message):
        split_rows(kind, n_rows=len(values), test_size=0.5, seed=0, **told(kind, values))


def test_a_split_by_nothing_is_refused():
    with pytest.raises(ConfigError, match="values to split by"):
        split_rows("group", n_rows=4, test_size=0.5, seed=0)


def test_ties_at_the_oldest_time_still_leave_something_to_train_on():
    split = split_rows("time", n_rows=4, test_size=0.75, seed=0, column=np.array([1, 1, 1, 2]))
    assert split.train.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("kind", "values", "what"),
    [
        ("stratified", [0, 0, 0, 1, 1], "rows of the rarest class, got 2"),
        ("random", [0, 1], "rows, got 2"),
        ("time", [0, 1, 2], "times, got 3"),
        ("group", [0, 1, 0, 1], "groups, got 2"),
    ],
)
def test_more_folds_than_there_is_to_fold_are_refused(kind, values, what):
    with pytest.raises(ConfigError, match=what):
        list(fold_rows(kind, 3, n_rows=len(values), seed=0, **told(kind, values)))


def test_one_fold_is_refused():
    with pytest.raises(ConfigError, match="at least 2 folds"):
        list(fold_rows("random", 1, n_rows=9, seed=0))


@given(st.integers(0, 9), st.floats(0.15, 0.6))
def test_whole_groups_keep_the_shares_of_classes(seed, test_size):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 60, 600)
    target = (rng.random(600) < 0.3).astype(int)
    split = split_rows(
        "stratified-group",
        n_rows=600,
        test_size=test_size,
        seed=seed,
        target=target,
        column=groups,
    )
    assert not set(groups[split.train]) & set(groups[split.test])
    assert len(split.test) == pytest.approx(600 * test_size, abs=12)
    assert target[split.test].mean() == pytest.approx(target.mean(), abs=0.03)


def test_folds_of_whole_groups_test_every_row_once_and_keep_the_shares():
    rng = np.random.default_rng(0)
    groups, target = rng.integers(0, 40, 400), (rng.random(400) < 0.25).astype(int)
    folds = list(fold_rows("stratified-group", 4, n_rows=400, seed=0, target=target, column=groups))
    assert sorted(np.concatenate([f.test for f in folds]).tolist()) == list(range(400))
    for fold in folds:
        assert not set(groups[fold.train]) & set(groups[fold.test])
        assert target[fold.test].mean() == pytest.approx(target.mean(), abs=0.05)


def test_as_many_groups_as_folds_are_enough():
    groups, target = np.repeat([0, 1, 2], [10, 1, 1]), np.array([0, 1] * 6)
    folds = fold_rows("stratified-group", 3, n_rows=12, seed=0, target=target, column=groups)
    assert sorted(len(f.test) for f in folds) == [1, 1, 10]


def test_a_gap_leaves_out_what_was_too_late_to_be_known():
    times = np.arange(20.0)
    split = split_rows("time", n_rows=20, test_size=0.25, seed=0, column=times, gap=3.0)
    assert split.test.tolist() == [15, 16, 17, 18, 19]
    assert split.train.tolist() == list(range(13))
    folds = list(fold_rows("time", 3, n_rows=20, seed=0, column=times, gap=2.0))
    assert all(times[f.train].max() <= times[f.test].min() - 2.0 for f in folds)


def test_a_gap_that_leaves_nothing_is_refused():
    with pytest.raises(ConfigError, match="leaves no row to train on"):
        split_rows("time", n_rows=9, test_size=0.3, seed=0, column=np.arange(9.0), gap=50.0)


def test_a_single_group_cannot_be_split():
    same = np.zeros(6, dtype=int)
    for kind in ("group", "stratified-group"):
        with pytest.raises(ConfigError, match="at least 2 groups"):
            split_rows(kind, n_rows=6, test_size=0.5, seed=0, target=same, column=same)
