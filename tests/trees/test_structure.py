"""Hostile node arrays are refused, with the tree and the node named."""

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier

from prodml.errors import IntegrityError
from prodml.trees import TreeEnsemble, check_nodes, tree_depths


@pytest.fixture(scope="module")
def trees(rows, three):
    return TreeEnsemble.from_estimator(
        RandomForestClassifier(3, max_depth=3, random_state=0).fit(rows, three)
    )


def changed(trees, name, node, value):
    array = getattr(trees, name).copy()
    array[node] = value
    return attrs.evolve(trees, **{name: array})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("left", 0),  # its own parent: an endless loop
        ("left", 10_000),
        ("right", -5),
        ("left", -1),  # half a leaf
        ("feature", 6),
        ("feature", -1),
        ("threshold", np.nan),
        ("threshold", -np.inf),
    ],
)
def test_a_hostile_root_is_named(trees, name, value):
    with pytest.raises(IntegrityError, match="tree 0, node 0"):
        changed(trees, name, 0, value).validate()


def test_a_hostile_node_of_a_later_tree_is_named_by_its_place_in_that_tree(trees):
    node = int(trees.offsets[2]) + 1
    with pytest.raises(IntegrityError, match="tree 2, node 1"):
        changed(trees, "feature", node, 99).validate()


def test_a_child_of_two_parents_is_refused(trees):
    # Node 1's left child is node 2; let the root's right child be node 2 as well.
    with pytest.raises(IntegrityError, match="exactly one parent"):
        changed(trees, "right", 0, 2).validate()


def test_a_value_that_is_not_finite_is_named(trees):
    leaf = int(np.flatnonzero(trees.left == -1)[0])
    with pytest.raises(IntegrityError, match=f"tree 0, node {leaf}: the value"):
        changed(trees, "value", leaf, np.nan).validate()


def test_a_threshold_may_be_infinite(trees):
    assert changed(trees, "threshold", 0, np.inf).validate()


@pytest.mark.parametrize(
    "changes",
    [
        {"offsets": np.array([0, 3])},
        {"offsets": np.array([0])},
        {"n_features": 1},
        {"right": np.array([1])},
        {"combine": "max"},
        {"link": "probit"},
        {"classes": np.array([1, 2])},
        {"classes": None},
        {"base": np.zeros(5)},
        {"base": np.zeros(0)},
        {"combine": "single"},
        {"left": np.zeros(3)},
        {"missing_left": np.zeros(2, dtype=bool)},
        {"threshold": np.zeros(3, dtype=np.float32)},
    ],
    ids=lambda c: next(iter(c)),
)
def test_parts_that_do_not_fit_together_are_refused(trees, changes):
    with pytest.raises(IntegrityError):
        attrs.evolve(trees, **changes).validate()


def test_offsets_that_fall_are_refused(trees):
    offsets = trees.offsets.copy()
    offsets[1] = offsets[2]
    with pytest.raises(IntegrityError, match="rise"):
        attrs.evolve(trees, offsets=offsets).validate()


def test_boosted_trees_that_do_not_share_out_over_the_classes_are_refused(trees):
    parts = {"combine": "sum", "value": trees.value[:, :1], "base": np.zeros(2)}
    with pytest.raises(IntegrityError, match="add up"):
        attrs.evolve(trees, classes=np.array([0, 1]), link="softmax", **parts).validate()


@settings(max_examples=150)
@given(data=st.data())
def test_what_passes_is_a_tree_and_what_is_a_tree_passes(data):
    """Against a slow walk from the root, over all small arrays."""
    n = data.draw(st.integers(1, 6))
    child = st.integers(-1, n)
    left = np.array(data.draw(st.lists(child, min_size=n, max_size=n)))
    right = np.array(data.draw(st.lists(child, min_size=n, max_size=n)))
    arrays = {"left": left, "right": right, "feature": np.zeros(n, int), "threshold": np.zeros(n)}
    try:
        check_nodes(offsets=np.array([0, n]), n_features=1, **arrays)
    except IntegrityError:
        assert not is_tree(left, right)
    else:
        assert is_tree(left, right)


@pytest.mark.parametrize("settings", [{"max_depth": 4}, {"max_leaf_nodes": 9}, {}], ids=str)
def test_the_depth_of_every_tree_is_what_scikit_learn_says(settings, rows, three):
    forest = RandomForestClassifier(5, random_state=0, **settings).fit(rows, three)
    trees = TreeEnsemble.from_estimator(forest)
    depths = tree_depths(offsets=trees.offsets, left=trees.left, right=trees.right)
    assert depths.tolist() == [tree.get_depth() for tree in forest.estimators_]


def is_tree(left, right):
    seen, todo = [], [0]
    while todo:
        node = todo.pop()
        seen.append(node)
        if left[node] == right[node] == -1:
            continue
        children = [left[node], right[node]]
        if any(not node < c < len(left) for c in children) or len(seen) > len(left):
            return False
        todo += children
    return sorted(seen) == list(range(len(left)))
