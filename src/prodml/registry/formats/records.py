"""All arrays of records of a model in one set of columns per kind: a boosting has hundreds of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from prodml.errors import IntegrityError

__all__ = ["RecordPool", "RecordReader"]


class RecordPool:
    """Collects one-dimensional arrays of records; those of one kind become one array per field."""

    def __init__(self) -> None:
        self._parts: dict[np.dtype, list[np.ndarray]] = {}
        self._sizes: dict[np.dtype, int] = {}

    def add(self, array: np.ndarray) -> list[int]:
        """Take an array in; return its kind, where it begins and how long it is."""
        begin = self._sizes.get(array.dtype, 0)
        self._parts.setdefault(array.dtype, []).append(np.ascontiguousarray(array))
        self._sizes[array.dtype] = begin + len(array)
        return [list(self._parts).index(array.dtype), begin, len(array)]

    def kinds(self) -> list[list[Any]]:
        """Return how each kind is laid out: whether it is aligned, and the names of its fields."""
        return [[bool(dtype.isalignedstruct), *(dtype.names or ())] for dtype in self._parts]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the columns."""
        columns = {}
        for kind, (dtype, parts) in enumerate(self._parts.items()):
            joined = np.concatenate([part.view(np.uint8) for part in parts]).view(dtype)
            for name in dtype.names or ():
                columns[f"records.{kind}.{name}"] = np.ascontiguousarray(joined[name])
        return columns


class RecordReader:
    """Gives back the arrays that a pool took in."""

    def __init__(self, kinds: Any, arrays: Mapping[str, np.ndarray]) -> None:
        self._kinds = kinds
        self._arrays = arrays
        self._joined: dict[int, np.ndarray] = {}

    def get(self, kind: Any, begin: Any, size: Any) -> np.ndarray:
        """Return a fresh array of the records of a kind from one place on."""
        if not all(type(n) is int and n >= 0 for n in (kind, begin, size)):
            raise IntegrityError("the place of an array of records is not one")
        if kind not in self._joined:
            self._joined[kind] = self._join(kind)
        if begin + size > len(self._joined[kind]):
            raise IntegrityError("an array of records lies outside those of the file")
        return self._joined[kind][begin : begin + size].copy()

    def _join(self, kind: int) -> np.ndarray:
        if not isinstance(self._kinds, list) or kind >= len(self._kinds):
            raise IntegrityError("the file does not say how its records are laid out")
        aligned, *names = self._kinds[kind]
        columns = [(name, self._arrays.get(f"records.{kind}.{name}")) for name in names]
        if not columns or any(
            c is None or c.ndim != 1 or c.dtype.kind not in "biuf" for _, c in columns
        ):
            raise IntegrityError("an array of records is not one")
        fields = {name: column for name, column in columns if column is not None}
        if len({len(column) for column in fields.values()}) != 1 or len(fields) != len(names):
            raise IntegrityError("the fields of an array of records differ in length")
        layout = [(name, column.dtype) for name, column in fields.items()]
        joined = np.zeros(len(fields[names[0]]), dtype=np.dtype(layout, align=bool(aligned)))
        for name, column in fields.items():
            joined[name] = column
        return joined
