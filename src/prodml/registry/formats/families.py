"""Objects that are alike are spelled once: a hundred trees of a forest differ in three attributes.

In the table of objects a family takes the places of all its members. ``["many", class, n, name,
column, ...]`` stands for `n` instances of one class; a column is ``["same", node]``,
``["run", node]`` (the last part of the first node counts up by one) or ``["each", node, ...]``.
``["trees", first, n]`` stands for `n` trees of the pool.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from prodml.errors import IntegrityError

__all__ = ["fold", "is_constant", "member_nodes", "unfold"]

_SMALLEST = 3
_CONSTANTS = ("float", "int", "scalar", "dtype", "type", "function")


def fold(objects: list[list[Any]]) -> list[list[Any]]:
    """Spell every run of objects that are alike as a family."""
    table: list[list[Any]] = []
    for kind, run in groupby(objects, _kind):
        members = list(run)
        if len(members) < _SMALLEST or kind[0] not in ("new", "tree"):
            table += members
        elif kind[0] == "tree":
            table += _fold_trees(members)
        else:
            table.append(_fold_instances(members))
    return table


def unfold(table: Any, *, most: int) -> list[Any]:
    """Return one entry per place; the members of a family all get the family's.

    Raises
    ------
    IntegrityError
        If there would be more than `most` places: a few bytes may not stand for millions of objects.
    """
    entries: list[Any] = []
    for entry in table:
        n = _size(entry)
        if len(entries) + n > most:
            raise IntegrityError("the file promises more objects than its size can hold")
        if entry[:1] == ["trees"]:
            entries += [["tree", entry[1] + i] for i in range(n)]
        else:
            entries += [entry] * n
    return entries


def member_nodes(column: Any, n: int) -> list[Any]:
    """Return the node of every member for one attribute."""
    kind: Any
    nodes: list[Any]
    kind, *nodes = column
    if kind == "same" and len(nodes) == 1:
        return nodes * n
    if kind == "each" and len(nodes) == n:
        return nodes
    if kind == "run" and len(nodes) == 1 and type(nodes[0][-1]) is int:
        *head, first = nodes[0]
        return [[*head, first + i] for i in range(n)]
    raise IntegrityError("an attribute of a family of objects is not one")


def is_constant(nodes: list[Any]) -> bool:
    """Say whether the one node of a column stands for a value that can be everybody's."""
    node = nodes[0] if len(nodes) == 1 else nodes
    return not isinstance(node, list) or node[0] in _CONSTANTS


def _kind(entry: list[Any]) -> tuple[Any, ...]:
    if entry[0] == "new":
        return ("new", entry[1], *entry[2::2])
    return (entry[0],)


def _fold_trees(members: list[list[Any]]) -> list[list[Any]]:
    first = members[0][1]
    if [place for _, place in members] == list(range(first, first + len(members))):
        return [["trees", first, len(members)]]
    return members


def _fold_instances(members: list[list[Any]]) -> list[Any]:
    names = members[0][2::2]
    columns = [[entry[i] for entry in members] for i in range(3, len(members[0]), 2)]
    spelled = [
        x for name, nodes in zip(names, columns, strict=True) for x in (name, _column(nodes))
    ]
    return ["many", members[0][1], len(members), *spelled]


def _column(nodes: list[Any]) -> list[Any]:
    first = nodes[0]
    # repr tells 1 from True and from 1.0, which compare equal.
    if all(node == first for node in nodes) and len(set(map(repr, nodes))) == 1:
        return ["same", first]
    if isinstance(first, list) and first[0] in ("ref", "array") and type(first[-1]) is int:
        *head, start = first
        if nodes == [[*head, start + i] for i in range(len(nodes))]:
            return ["run", first]
    return ["each", *nodes]


def _size(entry: Any) -> int:
    if not isinstance(entry, list) or not entry or entry[0] not in ("many", "trees"):
        return 1
    good = len(entry) == 3 and type(entry[1]) is int if entry[0] == "trees" else len(entry) >= 3
    if not good or type(entry[2]) is not int or entry[2] < 1:
        raise IntegrityError("a family of objects is not one")
    return entry[2]
