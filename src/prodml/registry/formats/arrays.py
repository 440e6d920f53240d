"""Arrays, numpy scalars and dtypes as nodes of a stored model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from prodml.errors import IntegrityError

if TYPE_CHECKING:
    from prodml.registry.formats.graph import Writer
    from prodml.registry.formats.restore import Reader

__all__ = [
    "Unstorable",
    "read_array",
    "read_dtype",
    "read_masked",
    "read_scalar",
    "read_sparse",
    "write_array",
    "write_masked",
    "write_scalar",
    "write_sparse",
]

_TIME = re.compile(r"<[mM]8\[(ns|us|ms|s|m|h|D)\]", re.ASCII)
_DTYPE = re.compile(r"\|O|\|b1|\|[iu]1|<[iu][248]|<f[248]|<U\d{1,6}", re.ASCII)
_SPARSE = ("csr_matrix", "csc_matrix", "csr_array", "csc_array")


class Unstorable(Exception):  # noqa: N818  (never leaves the formats)
    """A value without an inert spelling; the text says what it is."""


def write_array(writer: Writer, array: np.ndarray) -> list[Any]:
    """Spell an array: its buffer goes to the container, the node says how to read it."""
    kind = array.dtype.kind
    if array.dtype.names is not None:
        return _write_records(writer, array)
    if kind == "O":
        return [
            "objects",
            list(array.shape),
            *[writer.node(item) for item in array.ravel().tolist()],
        ]
    # Fortran order is kept: matrix products round differently in the other order.
    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    plain = array.T if order == "F" else array
    if kind == "U":
        return _write_text(writer, plain, order)
    if kind in "mM" and _TIME.fullmatch(array.dtype.str):
        return [
            "time",
            writer.buffer(np.ascontiguousarray(plain).view("<i8")),
            order,
            array.dtype.str,
        ]
    if kind not in "biuf" or array.dtype.itemsize > 8:
        raise Unstorable(f"an array of dtype {array.dtype}")
    return ["array", writer.buffer(plain), order]


def _write_text(writer: Writer, plain: np.ndarray, order: str) -> list[Any]:
    width = plain.dtype.itemsize // 4
    points = np.ascontiguousarray(plain).astype(f"<U{width}" if width else "<U1")
    width = max(width, 1)
    cells = np.frombuffer(points.tobytes(), dtype="<u4").reshape(*plain.shape, width)
    return ["text", writer.buffer(cells), order]


def _write_records(writer: Writer, array: np.ndarray) -> list[Any]:
    names = array.dtype.names or ()
    aligned = bool(array.dtype.isalignedstruct)
    rebuilt = np.dtype([(name, array.dtype[name]) for name in names], align=aligned)
    if rebuilt != array.dtype:
        raise Unstorable(f"an array of dtype {array.dtype}")
    if array.ndim == 1 and all(array.dtype[name].kind in "biuf" for name in names):
        return ["rows", *writer.records.add(array)]
    fields = [[name, write_array(writer, np.ascontiguousarray(array[name]))] for name in names]
    return ["records", aligned, *fields]


def read_array(reader: Reader, node: list[Any]) -> np.ndarray:
    """Read a node that `write_array` wrote; the array is a fresh, writable copy."""
    tag = node[0]
    if tag == "objects":
        return _read_objects(reader, node)
    if tag == "records":
        return _read_records(reader, node)
    if tag == "rows":
        return reader.records.get(*node[1:])
    plain = reader.buffer(*node[1:2], *node[3:4]) if tag == "array" else reader.buffer(node[1])
    if tag == "text":
        plain = _read_text(plain)
    if tag == "time":
        if not _TIME.fullmatch(node[3]) or plain.dtype != np.int64:
            raise IntegrityError("a time array is not one")
        plain = plain.view(node[3])
    if node[2] not in ("C", "F"):
        raise IntegrityError(f"unknown memory order {node[2]!r:.20}")
    return plain.T if node[2] == "F" else plain


def _read_text(cells: np.ndarray) -> np.ndarray:
    if cells.dtype != np.uint32 or cells.ndim < 1 or cells.shape[-1] < 1:
        raise IntegrityError("a text array is not one")
    if cells.size and int(cells.max()) > 0x10FFFF:
        raise IntegrityError("a text array holds what is no character")
    width = cells.shape[-1]
    return np.frombuffer(cells.tobytes(), dtype=f"<U{width}").reshape(cells.shape[:-1]).copy()


def _read_objects(reader: Reader, node: list[Any]) -> np.ndarray:
    items = [reader.value(item) for item in node[2:]]
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array.reshape(_shape(node[1]))


def _read_records(reader: Reader, node: list[Any]) -> np.ndarray:
    fields = [(str(name), read_array(reader, field)) for name, field in node[2:]]
    if not fields or any(field.ndim != 1 or field.dtype.kind not in "biuf" for _, field in fields):
        raise IntegrityError("an array of records is not one")
    if len({len(field) for _, field in fields}) != 1:
        raise IntegrityError("the fields of an array of records differ in length")
    dtype = np.dtype([(name, field.dtype) for name, field in fields], align=bool(node[1]))
    array = np.zeros(len(fields[0][1]), dtype=dtype)
    for name, field in fields:
        array[name] = field
    return array


def _shape(sizes: list[Any]) -> tuple[int, ...]:
    if not all(type(n) is int and n >= 0 for n in sizes) or len(sizes) > 32:
        raise IntegrityError("a shape is not a short list of sizes")
    return tuple(sizes)


def write_scalar(scalar: np.generic | np.dtype) -> list[Any]:
    """Spell a numpy scalar with its dtype, or a dtype alone."""
    if isinstance(scalar, np.dtype):
        return _write_dtype(scalar)
    if isinstance(scalar, np.str_):
        return ["scalar", "str", str(scalar)]
    if scalar.dtype.kind == "f" and scalar.dtype.itemsize <= 8:
        return ["scalar", scalar.dtype.str, float(scalar).hex()]
    if scalar.dtype.kind in "biu":
        return ["scalar", scalar.dtype.str, str(int(scalar))]
    raise Unstorable(f"a numpy scalar of dtype {scalar.dtype}")


def read_scalar(node: list[Any]) -> np.generic:
    """Read a node that `write_scalar` wrote."""
    _, code, text = node
    if code == "str":
        return np.str_(text)
    dtype = read_dtype(["dtype", code])
    if dtype.kind not in "biuf":
        raise IntegrityError(f"no scalar is of dtype {code!r:.20}")
    number: np.generic = dtype.type(float.fromhex(text) if dtype.kind == "f" else int(text))
    return number


def _write_dtype(dtype: np.dtype) -> list[Any]:
    if not _DTYPE.fullmatch(dtype.str):
        raise Unstorable(f"the dtype {dtype}")
    return ["dtype", dtype.str]


def read_dtype(node: list[Any]) -> np.dtype:
    """Read a node of a dtype."""
    if not isinstance(node[1], str) or not _DTYPE.fullmatch(node[1]):
        raise IntegrityError(f"unknown dtype {node[1]!r:.40}")
    return np.dtype(node[1])


def write_sparse(writer: Writer, matrix: Any) -> list[Any]:
    """Spell a compressed sparse matrix by its three arrays."""
    name = type(matrix).__name__
    if name not in _SPARSE:
        raise Unstorable(f"a sparse {name}")
    parts = [write_array(writer, part) for part in (matrix.data, matrix.indices, matrix.indptr)]
    return ["sparse", name, list(matrix.shape), *parts]


def read_sparse(reader: Reader, node: list[Any]) -> Any:
    """Read a node that `write_sparse` wrote; every index is checked."""
    import scipy.sparse

    _, name, shape, *parts = node
    if name not in _SPARSE or len(parts) != 3:
        raise IntegrityError(f"unknown sparse matrix {name!r:.40}")
    data, indices, indptr = (read_array(reader, part) for part in parts)
    matrix = getattr(scipy.sparse, name)((data, indices, indptr), shape=_shape(shape))
    matrix.check_format(full_check=True)
    return matrix


def write_masked(writer: Writer, array: np.ma.MaskedArray[Any, Any]) -> list[Any]:
    """Spell a masked array by its values and its mask."""
    mask = np.ma.getmaskarray(array)
    return ["masked", write_array(writer, np.asarray(array.data)), write_array(writer, mask)]


def read_masked(reader: Reader, node: list[Any]) -> np.ma.MaskedArray[Any, Any]:
    """Read a node that `write_masked` wrote."""
    return np.ma.MaskedArray(read_array(reader, node[1]), mask=read_array(reader, node[2]))
