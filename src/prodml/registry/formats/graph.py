"""A fitted estimator as a graph of plain values, and back.

A node is what JSON holds: ``None``, booleans, text and small integers stand for themselves,
everything else is a list that begins with a tag. Objects stand in one table and are named by their
place in it, so that what is shared stays shared and cycles need no recursion. Reading makes objects
with ``cls.__new__`` and fills their ``__dict__``; nothing in the file is ever called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache, partial
from types import MappingProxyType
from typing import Any

import numpy as np

from prodml.errors import IntegrityError, UntrustedModelError
from prodml.registry.formats import arrays as spell
from prodml.registry.formats.arrays import Unstorable
from prodml.registry.formats.classes import (
    class_name,
    class_named,
    function_name,
    function_named,
    type_name,
    type_named,
)
from prodml.registry.formats.compiled import read_compiled, write_compiled
from prodml.registry.formats.forest import TreePool, read_trees

__all__ = ["Reader", "Writer"]

_SAFE_INTEGER = 2**53
_MAX_DEPTH = 100


class Writer:
    """Spells values as nodes; collects the objects, trees and buffers they refer to."""

    def __init__(self) -> None:
        self.objects: list[list[Any]] = []
        self.trees = TreePool()
        self.arrays: dict[str, np.ndarray] = {}
        self._places: dict[int, int] = {}
        self._buffers: dict[int, tuple[np.ndarray, str]] = {}
        self._alive: list[object] = []  # ids stay unique only while their objects live
        self._todo: list[tuple[int, object, str]] = []
        self._path: list[str] = []

    def write(self, value: object) -> Any:
        """Spell a value and all it refers to.

        Raises
        ------
        UntrustedModelError
            If something in it has no inert spelling; names its type and where it is.
        """
        try:
            root = self.node(value)
            while self._todo:
                place, instance, path = self._todo.pop()
                self._path = [path]
                self.objects[place] = self._object(instance)
        except Unstorable as bad:
            raise UntrustedModelError(_not_covered(str(bad), "".join(self._path))) from None
        except RecursionError:
            raise UntrustedModelError(_not_covered("a value that contains itself", "")) from None
        return root

    def node(self, value: object) -> Any:
        """Spell one value."""
        if value is None or isinstance(value, bool) or type(value) is str:
            return value
        if type(value) is int:
            return value if abs(value) < _SAFE_INTEGER else ["int", str(value)]
        if type(value) is float:
            return ["float", value.hex()]
        if isinstance(value, np.ndarray):
            return self._array(value)
        speller = _SPELLERS.get(type(value))
        return speller(self, value) if speller else self._other(value)

    def buffer(self, array: np.ndarray) -> str:
        """Keep an array for the container; return its name there."""
        name = f"a{len(self.arrays)}"
        self.arrays[name] = array
        return name

    def member(self, name: object, value: object) -> Any:
        """Spell a value that stands under a name; errors then say where."""
        self._path.append(f".{name}" if isinstance(name, str) else f"[{name!r:.40}]")
        node = self.node(value)
        self._path.pop()
        return node

    def _array(self, array: np.ndarray) -> Any:
        if isinstance(array, np.ma.MaskedArray):
            return spell.write_masked(self, array)
        if type(array) is not np.ndarray:
            raise Unstorable(f"a {type(array).__qualname__}")
        if array.dtype.kind in "biuf" and array.dtype.names is None:
            return self._shared_array(array)
        return spell.write_array(self, array)

    def _shared_array(self, array: np.ndarray) -> Any:
        known = self._buffers.get(id(array))
        node = spell.write_array(self, array) if known is None else ["array", *known[1].split()]
        self._buffers[id(array)] = (array, f"{node[1]} {node[2]}")
        return node

    def _other(self, value: object) -> Any:
        if isinstance(value, np.generic | np.dtype):
            return spell.write_scalar(value)
        if isinstance(value, type):
            return _listed("type", type_name(value), value)
        if type(value).__module__.startswith("scipy.sparse"):
            return spell.write_sparse(self, value)
        if type(value).__module__ == "sklearn.utils._bunch":
            return ["bunch", *self._pairs(dict(value))]  # type: ignore[call-overload]
        return self._function(value) or ["ref", self._place(value)]

    def _function(self, value: object) -> list[Any] | None:
        if type(value) is partial and not value.args:
            return ["partial", self.node(value.func), *self._pairs(value.keywords)]
        name = function_name(value) if callable(value) else None
        return None if name is None else ["function", name]

    def _place(self, value: object) -> int:
        if id(value) not in self._places:
            self._places[id(value)] = len(self.objects)
            self._alive.append(value)
            self._todo.append((len(self.objects), value, "".join(self._path)))
            self.objects.append([])
        return self._places[id(value)]

    def _object(self, value: object) -> list[Any]:
        compiled = write_compiled(self, value)
        if compiled is not None:
            return compiled
        name = class_name(type(value))
        if name is None:
            raise Unstorable(f"a {type(value).__module__}.{type(value).__qualname__}")
        dropped = _DROPPED.get(name, ())
        # A folder of cached pickles belongs to the machine, not to the model.
        state = {
            k: None if k == "memory" else v for k, v in vars(value).items() if k not in dropped
        }
        return ["new", name, *[x for k, v in state.items() for x in (k, self.member(k, v))]]

    def _items(self, values: Any) -> list[Any]:
        return [self.member(i, item) for i, item in enumerate(values)]

    def _pairs(self, mapping: Mapping[Any, Any]) -> list[Any]:
        return [x for k, v in mapping.items() for x in (self.node(k), self.member(k, v))]

    def _set(self, values: Any) -> list[Any]:
        return sorted((self.node(item) for item in values), key=repr)


class Reader:
    """Turns nodes back into values."""

    def __init__(
        self,
        objects: list[Any],
        trees: list[Any],
        arrays: Mapping[str, np.ndarray],
    ) -> None:
        self._table = objects
        self._tree_rows = trees
        self._arrays = arrays
        self._copies: dict[str, np.ndarray] = {}
        self._made: dict[int, Any] = {}
        self._making: set[int] = set()
        self._depth = 0

    def read(self, root: Any) -> Any:
        """Return the value of a node, every object below it filled."""
        for place in range(len(self._table)):
            self._object(place)
        for place, entry in enumerate(self._table):
            if entry[0] == "new":
                self._fill(self._made[place], entry[2:])
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

    def buffer(self, name: str) -> np.ndarray:
        """Return a writable array of the container; the same one each time."""
        if name not in self._copies:
            if name not in self._arrays:
                raise IntegrityError(f"no array {name!r:.40} in the file")
            self._copies[name] = self._arrays[name].copy()
        return self._copies[name]

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
            self._making.add(place)
            entry = self._table[place]
            new = isinstance(entry, list) and len(entry) > 1 and entry[0] == "new"
            self._made[place] = _bare(entry[1]) if new else read_compiled(self, entry)
        return self._made[place]

    def _fill(self, instance: Any, flat: list[Any]) -> None:
        state = dict(zip(flat[0::2], flat[1::2], strict=True))
        kind: Any = type(instance)
        for name, node in state.items():
            _check_attribute(kind, name)
            instance.__dict__[name] = self.value(node)

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


def _listed(tag: str, name: str | None, value: object) -> list[Any]:
    if name is None:
        raise Unstorable(f"the {tag} {getattr(value, '__qualname__', value)}")
    return [tag, name]


def _not_covered(what: str, path: str) -> str:
    where = f" at {path.lstrip('.')}" if path else ""
    return (
        f"the model holds {what}{where}, which the inert format does not cover. Register it with "
        'trust="pickle" to store it pickled; whoever loads it must then say trust="pickle" as well, '
        "because unpickling can run any code."
    )


# Rebuilt from the rest after reading.
_DROPPED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"sklearn.isotonic.IsotonicRegression": ("f_",)}
)

_SPELLERS: Mapping[type, Callable[[Writer, Any], Any]] = MappingProxyType(
    {
        list: lambda w, v: ["list", *w._items(v)],  # noqa: SLF001
        tuple: lambda w, v: ["tuple", *w._items(v)],  # noqa: SLF001
        set: lambda w, v: ["set", *w._set(v)],  # noqa: SLF001
        frozenset: lambda w, v: ["frozenset", *w._set(v)],  # noqa: SLF001
        dict: lambda w, v: ["dict", *w._pairs(v)],  # noqa: SLF001
        slice: lambda w, v: ["slice", w.node(v.start), w.node(v.stop), w.node(v.step)],
    }
)


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
        **dict.fromkeys(("array", "text", "time", "objects", "records"), spell.read_array),
    }
)


def _partial(function: Any, keywords: dict[Any, Any]) -> Any:
    if function_name(function) is None:
        raise IntegrityError("only a listed function can be given arguments")
    return partial(function, **keywords)


def _bunch(members: dict[Any, Any]) -> Any:
    from sklearn.utils import Bunch

    return Bunch(**members)
