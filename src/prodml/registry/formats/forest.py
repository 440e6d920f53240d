"""All trees of a model in one set of columns, validated before scikit-learn sees them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np

from prodml.errors import IntegrityError
from prodml.registry.formats.arrays import Unstorable
from prodml.trees import check_nodes, tree_depths

__all__ = ["TreePool", "check_pool", "pool_columns", "read_trees"]

# Field of scikit-learn's node, and the array it is stored in.
_FIELDS = {
    "left_child": "trees.left",
    "right_child": "trees.right",
    "feature": "trees.feature",
    "threshold": "trees.threshold",
    "impurity": "trees.impurity",
    "n_node_samples": "trees.n_rows",
    "weighted_n_node_samples": "trees.cover",
    "missing_go_to_left": "trees.missing_left",
}
_DTYPES = {"left_child": "<i4", "right_child": "<i4", "feature": "<i4", "n_node_samples": "<i8"}
_VALUES = "trees.value"


class TreePool:
    """Collects scikit-learn's trees; hundreds of small trees become nine arrays."""

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self._nodes: list[np.ndarray] = []
        self._values: list[np.ndarray] = []

    def add(self, tree: Any) -> int:
        """Take a tree in; return its number."""
        _, (n_features, n_classes, _), state = tree.__reduce__()
        nodes, values = state["nodes"], state["values"]
        if set(nodes.dtype.names) != set(_FIELDS) or len(nodes) >= 2**31:
            raise Unstorable("a tree with nodes of an unknown kind")
        row = [len(nodes), int(n_features), [int(n) for n in n_classes], int(state["max_depth"])]
        self.rows.append(row)
        self._nodes.append(nodes)
        self._values.append(values.ravel())
        return len(self.rows) - 1

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the columns; empty if there is no tree."""
        if not self.rows:
            return {}
        # As plain bytes: numpy compares the fields of records one by one before it joins them.
        joined = np.concatenate([np.ascontiguousarray(n).view(np.uint8) for n in self._nodes])
        nodes = joined.view(self._nodes[0].dtype)
        columns = {
            name: nodes[field].astype(_DTYPES.get(field, nodes[field].dtype))
            for field, name in _FIELDS.items()
        }
        return {**columns, _VALUES: np.concatenate(self._values)}


def read_trees(rows: list[Any], arrays: Mapping[str, np.ndarray]) -> list[Any]:
    """Rebuild every tree, once all of them have passed `check_nodes`.

    Raises
    ------
    IntegrityError
        If the arrays are not those of trees that can be walked safely.
    """
    if not rows:
        return []
    offsets, columns, n_classes = check_pool(rows, arrays)
    # scikit-learn reserves room for a path by the claimed depth, and then writes the real path.
    depth = tree_depths(offsets=offsets, left=columns["left_child"], right=columns["right_child"])
    claimed = np.array([row[3] for row in rows])
    if (claimed < depth).any():
        raise IntegrityError(f"tree {int(np.argmax(claimed < depth))} is deeper than it says")
    nodes, values = _as_nodes(columns), arrays[_VALUES]
    widths = np.array([len(classes) * max(classes) for classes in n_classes])
    begins, bounds = offsets.tolist(), [0, *np.cumsum(np.diff(offsets) * widths).tolist()]
    cuts = zip(begins, begins[1:], bounds, bounds[1:], strict=False)
    parts = [(nodes[begin:end], values[first:last]) for begin, end, first, last in cuts]
    return _compiled(rows, parts)


def check_pool(
    rows: list[Any], arrays: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, dict[str, np.ndarray], list[list[int]]]:
    """Refuse arrays that are not those of trees; return offsets, columns and numbers of classes.

    Little memory is needed beyond the arrays themselves, which may lie in a mapped file.
    """
    sizes, n_features, n_classes, _ = _columns_of(rows)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    columns = _checked_columns(arrays, int(offsets[-1]))
    names = {"left": "left_child", "right": "right_child"}
    walked = {k: columns[names.get(k, k)] for k in ("left", "right", "feature", "threshold")}
    check_nodes(offsets=offsets, n_features=n_features, **walked)
    if (columns["missing_go_to_left"] > 1).any():
        raise IntegrityError("a tree sends missing values neither left nor right")
    n_values = sum(s * len(c) * max(c) for s, c in zip(sizes.tolist(), n_classes, strict=True))
    if arrays[_VALUES].dtype != np.float64 or arrays[_VALUES].shape != (n_values,):
        raise IntegrityError("the trees' values do not fit their nodes")
    return offsets, columns, n_classes


def pool_columns(rows: list[Any], arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return the arrays of a `TreeEnsemble` as they lie in the file, without reading them."""
    sizes = _columns_of(rows)[0] if rows else np.zeros(0, dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    columns = _checked_columns(arrays, int(offsets[-1]))
    return {
        "offsets": offsets,
        "left": columns["left_child"],
        "right": columns["right_child"],
        "feature": columns["feature"],
        "threshold": columns["threshold"],
        "missing_left": columns["missing_go_to_left"].view(np.bool_),
        "cover": columns["weighted_n_node_samples"],
        "value": arrays[_VALUES],
    }


def _columns_of(rows: list[Any]) -> tuple[np.ndarray, np.ndarray, list[list[int]], np.ndarray]:
    sizes, n_features, n_classes, depths = zip(*rows, strict=True)
    flat = [*sizes, *n_features, *depths, *chain.from_iterable(n_classes)]
    whole = set(map(type, flat)) == {int} and min(flat) >= 0 and max(flat) < 2**31
    least = whole and all(n_classes) and min(*sizes, *n_features, *map(min, n_classes), 1)
    if not least:
        raise IntegrityError("a tree has sizes that no tree has")
    return np.array(sizes), np.array(n_features), list(n_classes), np.array(depths)


def _checked_columns(arrays: Mapping[str, np.ndarray], n_nodes: int) -> dict[str, np.ndarray]:
    from sklearn.tree._tree import NODE_DTYPE

    if set(NODE_DTYPE.names) != set(_FIELDS):
        raise IntegrityError("this scikit-learn keeps its trees in another way")
    columns = {}
    for field, name in _FIELDS.items():
        expected = np.dtype(_DTYPES.get(field, NODE_DTYPE[field]))
        column = arrays.get(name)
        if column is None or column.dtype != expected or column.shape != (n_nodes,):
            raise IntegrityError(f"the array {name} is missing or does not fit the trees")
        columns[field] = column
    if _VALUES not in arrays:
        raise IntegrityError(f"the array {_VALUES} is missing")
    return columns


def _as_nodes(columns: Mapping[str, np.ndarray]) -> Any:
    from sklearn.tree._tree import NODE_DTYPE

    nodes: Any = np.zeros(len(columns["feature"]), dtype=NODE_DTYPE)
    for field, column in columns.items():
        nodes[field] = column
    return nodes


def _compiled(rows: list[Any], parts: list[tuple[np.ndarray, np.ndarray]]) -> list[Any]:
    from sklearn.tree._tree import Tree

    shapes = {tuple(counts): np.array(counts, dtype=np.intp) for _, _, counts, _ in rows}
    trees = []
    for (size, n_features, counts, depth), (nodes, values) in zip(rows, parts, strict=True):
        tree = Tree(n_features, shapes[tuple(counts)], len(counts))
        shaped = values.reshape(size, len(counts), max(counts))
        tree.__setstate__(
            {"max_depth": depth, "node_count": size, "nodes": nodes, "values": shaped}
        )
        trees.append(tree)
    return trees
