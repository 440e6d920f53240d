"""A fitted estimator as a graph of plain values.

A node is what JSON holds: ``None``, booleans, text and small integers stand for themselves,
everything else is a list that begins with a tag. Objects stand in one table and are named by their
place in it, so that what is shared stays shared and cycles need no recursion. `restore` reads them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from prodml.errors import UntrustedModelError
from prodml.registry.formats import arrays as spell
from prodml.registry.formats.arrays import Unstorable
from prodml.registry.formats.classes import class_name, function_name, type_name
from prodml.registry.formats.compiled import write_compiled
from prodml.registry.formats.families import fold
from prodml.registry.formats.forest import TreePool
from prodml.registry.formats.records import RecordPool

__all__ = ["ALL_TWINS_BYTES", "THREADS", "Writer"]

_SAFE_INTEGER = 2**53
# Arrays up to this size are stored once when several have the same content, up to so many bytes.
_TWIN_BYTES, ALL_TWINS_BYTES = 1 << 12, 1 << 20
# What has no parts and always has a spelling.
_PLAIN = frozenset({type(None), bool, int, float, str})
# Numbers of threads: those of the machine, whichever it is.
THREADS = ("_n_threads", "n_threads")


class Writer:
    """Spells values as nodes; collects the objects, trees and buffers they refer to."""

    def __init__(self) -> None:
        self.objects: list[list[Any]] = []
        self.trees = TreePool()
        self.records = RecordPool()
        self.arrays: dict[str, np.ndarray] = {}
        self._places: dict[int, int] = {}
        self._buffers: dict[int, tuple[np.ndarray, list[Any]]] = {}
        self._twins: dict[tuple[str, tuple[int, ...], str, bytes], list[Any]] = {}
        self._twin_bytes = 0
        self._alive: list[object] = []  # ids stay unique only while their objects live
        self._todo: deque[tuple[int, object, str]] = deque()
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
                place, instance, path = self._todo.popleft()
                self._path = [path]
                self.objects[place] = self._object(instance)
        except Unstorable as bad:
            raise UntrustedModelError(_not_covered(str(bad), "".join(self._path))) from None
        except RecursionError:
            raise UntrustedModelError(_not_covered("a value that contains itself", "")) from None
        return root

    def table(self) -> list[list[Any]]:
        """Return the table of objects, those that are alike spelled once."""
        return fold(self.objects)

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
        if type(value) in _PLAIN:
            return self.node(value)
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

    def _shared_array(self, array: np.ndarray) -> list[Any]:
        """Spell an array; what is one object stays one, what is equal is stored once."""
        if id(array) in self._buffers:
            return self._buffers[id(array)][1]
        node = self._twin(array) if array.nbytes <= _TWIN_BYTES else None
        node = node or [*spell.write_array(self, array), 0]
        self._buffers[id(array)] = (array, node)
        return node

    def _twin(self, array: np.ndarray) -> list[Any] | None:
        order = "F" if array.flags.f_contiguous else "C"
        content = (array.dtype.str, array.shape, order, array.tobytes())
        known = self._twins.get(content)
        if known is None:
            self._twins[content] = node = [*spell.write_array(self, array), 0]
            return node
        if self._twin_bytes + array.nbytes > ALL_TWINS_BYTES:
            return None
        self._twin_bytes += array.nbytes
        known = [*known[:-1], known[-1] + 1]
        self._twins[content] = known
        return known

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
        kind: Any = type(value)
        name = class_name(kind)
        if name is None:
            raise Unstorable(f"a {kind.__module__}.{kind.__qualname__}")
        dropped = _DROPPED.get(name, ())
        entry: list[Any] = ["new", name]
        for k, v in vars(value).items():
            if k not in dropped:
                kept = _OF_THE_MACHINE.get(k, v)
                plain = kept is None or kept is True or kept is False or type(kept) is str
                entry += (k, kept if plain else self.member(k, kept))
        return entry

    def _items(self, values: Any) -> list[Any]:
        return [self.member(i, item) for i, item in enumerate(values)]

    def _pairs(self, mapping: Mapping[Any, Any]) -> list[Any]:
        return [x for k, v in mapping.items() for x in (self.node(k), self.member(k, v))]

    def _set(self, values: Any) -> list[Any]:
        return sorted((self.node(item) for item in values), key=repr)


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


# What belongs to the machine, not to the model: a folder of cached pickles, a number of workers.
_OF_THE_MACHINE: Mapping[str, object] = MappingProxyType(
    {"memory": None, "n_jobs": None, **dict.fromkeys(THREADS, 1)}
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
