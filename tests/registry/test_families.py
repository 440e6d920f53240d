"""Objects that are alike are spelled once, and a few bytes cannot stand for millions of them."""

import pytest

from prodml.errors import IntegrityError
from prodml.registry.formats.families import fold, member_nodes, unfold


def trees(n):
    return [
        [
            "new",
            "Tree",
            "depth",
            3,
            "seed",
            7 + i * i,
            "tree_",
            ["ref", 10 + i],
            "labels",
            ["x", i % 2],
        ]
        for i in range(n)
    ]


def test_a_family_is_one_entry():
    table = fold(trees(4))
    seeds, places = ["each", 7, 8, 11, 16], ["run", ["ref", 10]]
    labels = ["each", ["x", 0], ["x", 1], ["x", 0], ["x", 1]]
    columns = ["depth", ["same", 3], "seed", seeds, "tree_", places, "labels", labels]
    assert table == [["many", "Tree", 4, *columns]]
    assert unfold(table, most=9) == table * 4


def test_two_are_no_family():
    assert fold(trees(2)) == trees(2)


def test_one_and_true_are_not_the_same():
    objects = [["new", "A", "x", value] for value in (1, True, 1)]
    assert fold(objects) == [["many", "A", 3, "x", ["each", 1, True, 1]]]


def test_trees_in_the_order_of_the_pool_are_counted():
    assert fold([["tree", i] for i in range(3, 7)]) == [["trees", 3, 4]]
    assert unfold([["trees", 3, 2]], most=2) == [["tree", 3], ["tree", 4]]
    shuffled = [["tree", i] for i in (2, 0, 1)]
    assert fold(shuffled) == shuffled


def test_columns_give_every_member_its_node():
    assert member_nodes(["same", 3], 2) == [3, 3]
    assert member_nodes(["each", 1, 2], 2) == [1, 2]
    assert member_nodes(["run", ["array", "a0", "C", 4]], 2) == [
        ["array", "a0", "C", 4],
        ["array", "a0", "C", 5],
    ]


@pytest.mark.parametrize(
    "column", [["same"], ["each", 1], ["run", ["ref", "x"]], ["run", ["ref", 1], 2], ["other", 1]]
)
def test_a_column_that_makes_no_sense_is_refused(column):
    with pytest.raises(IntegrityError, match="family"):
        member_nodes(column, 2)


@pytest.mark.parametrize(
    "entry",
    [["many", "A"], ["many", "A", "3"], ["many", "A", 0], ["trees", 0], ["trees", "0", 3]],
)
def test_an_entry_that_makes_no_sense_is_refused(entry):
    with pytest.raises(IntegrityError, match="family"):
        unfold([entry], most=100)


@pytest.mark.parametrize("entry", [["many", "A", 10**9], ["trees", 0, 10**9]])
def test_a_few_bytes_cannot_stand_for_millions_of_objects(entry):
    with pytest.raises(IntegrityError, match="more objects than its size can hold"):
        unfold([entry], most=100)
