"""The graph of plain values as a fitted estimator again.

Objects are made with ``cls.__new__`` and their ``__dict__`` is filled; nothing in the file is ever
called, and every class, function and attribute it names is looked up in `classes` first.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache, partial
from types import MappingProxyType
from typing import Any

import numpy as np

from prodml.errors import IntegrityError
from prodml.registry.formats import arrays as spell
from prodml.registry.formats.classes import class_named, function_name, function_named, type_named
from prodml.registry.formats.compiled import read_compiled
from prodml.registry.formats.families import is_constant, member_nodes, unfold
from prodml.registry.formats.forest import read_trees
from prodml.registry.formats.graph import ALL_TWINS_BYTES, THREADS
from prodml.registry.formats.records import RecordReader

__all__ = ["Reader"]

_MAX_DEPTH = 100
# Every object of a model costs bytes in the file: so many objects are free, then one per so many bytes.
_FREE_OBJECTS, _BYTES_PER_OBJECT = 10_000, 16


class Reader:
    """Turns nodes back into values."""

    def __init__(
        self,
        objects: list[Any],
        trees: list[Any],
        arrays: Mapping[str, np.ndarray],
        records: Any = None,
    ) -> None:
        self._tree_rows = trees
        self.records = RecordReader(records, arrays)
        self._arrays = arrays
        size = sum(array.nbytes for array in arrays.values())
        self._table = unfold(objects, most=_FREE_OBJECTS + size // _BYTES_PER_OBJECT)
        self._twin_bytes = 0
        self._copies: dict[tuple[str, int], np.ndarray] = {}
        self._made: dict[int, Any] = {}
        self._making: set[int] = set()
        self._depth = 0

    def read(self, root: Any) -> Any:
        """Return the value of a node, every object below it filled."""
        for place in range(len(self._table)):
            self._object(place)
        place = 0
        while place < len(self._table):
            entry = self._table[place]
            if entry[0] == "new":
                self._fill(self._made[place], entry[2:])
            if entry[0] == "many":
                self._fill_family(place, entry)
            place += entry[2] if entry[0] == "many" else 1
        return self.value(root)

    @property
    def objects(self) -> list[Any]:
        """Every object of the table, in its order."""
        return [self._made[place] for place in range(len(self._table))]

    @cached_property
    def trees(self) -> list[Any]:
        """The validated trees of the file."""
        return read_trees(self._tree_rows, self._arrays)

    def value(self, node: Any) -> Any:
        """Return the value of one node."""
        if node is None or isinstance(node, (bool, str, int)):
            return node
        if not isinstance(node, list) or not node or not isinstance(node[0], str):
            raise IntegrityError(f"not a node: {node!r:.60}")
        reader = _READERS.get(node[0])
        if reader is None:
            raise IntegrityError(f"unknown tag {node[0]!r:.40}")
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise IntegrityError(f"values nest deeper than {_MAX_DEPTH}")
        value = reader(self, node)
        self._depth -= 1
        return value

    def buffer(self, name: str, twin: int = 0) -> np.ndarray:
        """Return a writable array of the container; the same one each time, but one per twin."""
        key = (name, twin)
        if key not in self._copies:
            if name not in self._arrays or type(twin) is not int:
                raise IntegrityError(f"no array {name!r:.40} in the file")
            self._copies[key] = self._arrays[name].copy()
            self._twin_bytes += self._arrays[name].nbytes if twin else 0
            if self._twin_bytes > ALL_TWINS_BYTES:
                raise IntegrityError("the file repeats its arrays too often")
        return self._copies[key]

    def tree(self, index: int) -> Any:
        """Return a tree of the pool."""
        if type(index) is not int or not 0 <= index < len(self.trees):
            raise IntegrityError(f"no tree {index!r:.20} in the file")
        return self.trees[index]

    def _object(self, place: Any) -> Any:
        if type(place) is not int or not 0 <= place < len(self._table):
            raise IntegrityError(f"no object {place!r:.20} in the file")
        if place not in self._made:
            if place in self._making:
                raise IntegrityError("a compiled object contains itself")
            entry = self._table[place]
            if isinstance(entry, list) and len(entry) > 1 and entry[0] in ("new", "many"):
                self._made[place] = _bare(entry[1])
            else:
                self._making.add(place)
                self._made[place] = read_compiled(self, entry)
        return self._made[place]

    def _fill(self, instance: Any, flat: list[Any]) -> None:
        state = dict(zip(flat[0::2], flat[1::2], strict=True))
        kind: Any = type(instance)
        for name, node in state.items():
            _check_attribute(kind, name)
            instance.__dict__[name] = self.value(node)
            if name in THREADS:
                instance.__dict__[name] = _threads_here()

    def _fill_family(self, place: int, entry: list[Any]) -> None:
        n, names, columns = entry[2], entry[3::2], entry[4::2]
        members = [self._made[place + i].__dict__ for i in range(n)]
        kind: Any = type(self._made[place])
        same = [column[0] == "same" and is_constant(column[1:]) for column in columns]
        shared = {
            name: self.value(column[1]) if alike else None
            for name, column, alike in zip(names, columns, same, strict=True)
        }
        for name in names:
            _check_attribute(kind, name)
        for state in members:
            state.update(shared)  # every name, so that they keep their order
        for name, column, alike in zip(names, columns, same, strict=True):
            if not alike:
                for state, value in zip(members, self._column(column, n), strict=True):
                    state[name] = value

    def _column(self, column: list[Any], n: int) -> list[Any]:
        nodes = member_nodes(column, n)
        kind = nodes[0][:1] if column[0] == "run" else None
        if kind == ["ref"]:
            return [self._object(place) for _, place in nodes]
        if kind == ["array"]:
            return [spell.read_array(self, node) for node in nodes]
        return [self.value(node) for node in nodes]

    def _items(self, node: list[Any]) -> list[Any]:
        return [self.value(item) for item in node[1:]]

    def _pairs(self, node: list[Any]) -> dict[Any, Any]:
        keys, values = node[1::2], node[2::2]
        return {self.value(k): self.value(v) for k, v in zip(keys, values, strict=True)}


def _bare(name: Any) -> Any:
    if not isinstance(name, str):
        raise IntegrityError("a class is named by text")
    cls: Any = class_named(name)
    return cls.__new__(cls)


@lru_cache(maxsize=4096)  # a forest has the same attributes a hundred times over
def _check_attribute(cls: type, name: object) -> None:
    if not isinstance(name, str) or not name.isidentifier() or name.startswith("__"):
        raise IntegrityError(f"{name!r:.60} is not the name of an attribute")
    known = inspect.getattr_static(cls, name, None)
    if callable(known) or hasattr(known, "__get__"):
        raise IntegrityError(f"the file would hide {cls.__name__}.{name}, which is a method")


def _threads_here() -> int:
    from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

    return int(_openmp_effective_n_threads())


def _read_integer(text: Any) -> int:
    if not isinstance(text, str) or len(text) > 80:
        raise IntegrityError("an integer is not one")
    return int(text)


_READERS: Mapping[str, Callable[[Reader, list[Any]], Any]] = MappingProxyType(
    {
        "int": lambda _, n: _read_integer(n[1]),
        "float": lambda _, n: float.fromhex(n[1]),
        "list": lambda r, n: r._items(n),  # noqa: SLF001
        "tuple": lambda r, n: tuple(r._items(n)),  # noqa: SLF001
        "set": lambda r, n: set(r._items(n)),  # noqa: SLF001
        "frozenset": lambda r, n: frozenset(r._items(n)),  # noqa: SLF001
        "dict": lambda r, n: r._pairs(n),  # noqa: SLF001
        "bunch": lambda r, n: _bunch(r._pairs(n)),  # noqa: SLF001
        "slice": lambda r, n: slice(*r._items(n)),  # noqa: SLF001
        "ref": lambda r, n: r._object(n[1]),  # noqa: SLF001
        "type": lambda _, n: type_named(n[1]),
        "function": lambda _, n: function_named(n[1]),
        "partial": lambda r, n: _partial(r.value(n[1]), r._pairs(n[1:])),  # noqa: SLF001
        "scalar": lambda _, n: spell.read_scalar(n),
        "dtype": lambda _, n: spell.read_dtype(n),
        "sparse": spell.read_sparse,
        "masked": spell.read_masked,
        **dict.fromkeys(("array", "text", "time", "objects", "records", "rows"), spell.read_array),
    }
)


def _partial(function: Any, keywords: dict[Any, Any]) -> Any:
    if function_name(function) is None:
        raise IntegrityError("only a listed function can be given arguments")
    return partial(function, **keywords)


def _bunch(members: dict[Any, Any]) -> Any:
    from sklearn.utils import Bunch

    return Bunch(**members)
