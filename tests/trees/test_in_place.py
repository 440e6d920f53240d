"""Trees are walked where they lie; arrays that are not those of trees never crash or hang the walk."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from prodml.errors import IntegrityError
from prodml.trees import TreeEnsemble
from prodml.trees.in_place import WalkInPlace


@pytest.fixture(scope="module")
def forest():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 4))
    rows[::7, 1] = np.nan
    return TreeEnsemble.from_estimator(RandomForestRegressor(40).fit(rows, rows[:, 0])), rows


def in_place(trees, **changes):
    names = ("offsets", "left", "right", "feature", "threshold", "missing_left")
    arrays = {name: getattr(trees, name) for name in names}
    return WalkInPlace(**{**arrays, "depth": trees.walk.depth, **changes})


def test_it_finds_the_leaves_that_the_prepared_walk_finds(forest):
    trees, rows = forest
    rows = rows.astype(np.float32)
    for some in (rows, rows[:1], np.tile(rows, (7, 1))):  # the last needs several blocks
        assert in_place(trees).leaves(some).tolist() == trees.walk.leaves(some).tolist()


def test_a_tree_that_is_deeper_than_it_claims_is_refused(forest):
    trees, rows = forest
    with pytest.raises(IntegrityError, match="deeper than the 2 steps"):
        in_place(trees, depth=2).leaves(rows.astype(np.float32))


@pytest.mark.parametrize(("name", "value"), [("left", 10**8), ("right", 10**8), ("feature", 99)])
def test_an_index_out_of_range_is_refused(forest, name, value):
    trees, rows = forest
    wild = np.full_like(getattr(trees, name), value)
    with pytest.raises(IntegrityError, match="leads out"):
        in_place(trees, **{name: wild}).leaves(rows.astype(np.float32))


def test_a_cycle_ends(forest):
    trees, rows = forest
    with pytest.raises(IntegrityError, match="deeper"):
        in_place(trees, left=np.zeros_like(trees.left), right=np.zeros_like(trees.right)).leaves(
            rows.astype(np.float32)
        )
