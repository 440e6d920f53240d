"""A frame as inert bytes, and back.

Each column becomes a few plain arrays in the container of `prodml.fingerprint`, described by its
dtype's name. Equal frames have equal bytes; nothing in the bytes can run.

What comes back is what went in, with these simplifications: sparse columns come back dense,
columns on Arrow memory as pandas' own types, objects that are numbers as numbers, and an index of
integers in even steps as a range. Which of None, NaN, NA and NaT marked a missing object is kept,
since encoders tell them apart.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodml.errors import IntegrityError, ProdmlError, SchemaError
from prodml.fingerprint.canonical import MAX_INTEGER
from prodml.fingerprint.container import pack, unpack
from prodml.tables.columns import decode_column, encode_column
from prodml.tables.frame import as_frame

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["decode_frame", "encode_frame"]

_FORMAT = "prodml.frame/1"


def encode_frame(frame: object) -> bytes:
    """Write a frame as inert bytes.

    Parameters
    ----------
    frame : table
        Whatever `as_frame` takes; every column of a known `Kind`. A plain index is kept.

    Returns
    -------
    bytes
        The same for equal frames.

    Raises
    ------
    SchemaError
        If a column is of no known kind, or the index has several levels.

    Examples
    --------
    >>> decode_frame(encode_frame({"age": [31, None], "city": ["Oslo", None]}))
        age  city
    0  31.0  Oslo
    1   NaN   ...
    """
    table = as_frame(frame)
    arrays: dict[str, np.ndarray] = {}
    columns = []
    for i, name in enumerate(table.columns):
        columns.append({"name": name, **_put(table[name], str(i), arrays)})
    header = {
        "format": _FORMAT,
        "rows": len(table),
        "columns": columns,
        "columns_name": table.columns.name if isinstance(table.columns.name, str) else None,
        "index": _put_index(table.index, arrays),
    }
    return pack(header, arrays)


def _put(series: Any, prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, object]:
    header, own = encode_column(series)
    arrays.update({f"{prefix}.{part}": array for part, array in own.items()})
    return header


def _put_index(index: pd.Index, arrays: dict[str, np.ndarray]) -> dict[str, object]:
    import pandas as pd

    if index.nlevels > 1:
        raise SchemaError("an index of several levels cannot be stored: pass frame.reset_index()")
    name = index.name if isinstance(index.name, str) else None
    steps = _steps(index)
    if steps is not None:
        return {"name": name, "range": [steps.start, steps.stop, steps.step]}
    values = pd.Series(index, name="(index)")
    return {"name": name, **_put(values, "index", arrays)}


def _steps(index: pd.Index) -> range | None:
    """Return the range that an index counts through; equal indexes count through the same one."""
    import numpy as np
    import pandas as pd

    # Rows chosen from a RangeIndex have plain integers in pandas 2.2, and still a range in pandas 3.
    if index.dtype != "int64":
        return None
    n = len(index)
    start = int(index[0]) if n else 0
    step = int(index[1]) - start if n > 1 else 1
    stop = start + n * step
    if not step or max(abs(start), abs(stop)) > MAX_INTEGER:
        return None
    counts = isinstance(index, pd.RangeIndex) or np.array_equal(index, np.arange(start, stop, step))
    return range(start, stop, step) if counts else None


def decode_frame(data: bytes | memoryview | Path) -> pd.DataFrame:
    """Read what `encode_frame` wrote.

    Parameters
    ----------
    data : bytes, memoryview or Path
        The bytes, or a file that holds them.

    Returns
    -------
    pandas.DataFrame
        A frame of its own, safe to change.

    Raises
    ------
    IntegrityError
        If the bytes are not such a frame, whatever was done to them.
    """
    header, arrays = unpack(data)
    try:
        return _rebuild(header, arrays)
    except ProdmlError:
        raise
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        OverflowError,
        AttributeError,
        RecursionError,
    ) as exc:
        raise IntegrityError(
            "these bytes are no stored frame: its parts do not fit together"
        ) from exc


def _rebuild(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    import pandas as pd

    if header.get("format") != _FORMAT:
        raise IntegrityError(
            f"these bytes are no stored frame: format {header.get('format')!r:.40}"
        )
    columns = header["columns"]
    n_rows = header["rows"]
    found = {i: decode_column(c, _parts(arrays, f"{i}.")) for i, c in enumerate(columns)}
    if any(len(values) != n_rows for values in found.values()):
        raise IntegrityError("these bytes are no stored frame: a column lacks rows")
    frame = pd.DataFrame(found, index=pd.RangeIndex(n_rows), copy=True)
    frame.index = _index(header["index"], arrays)
    frame.columns = pd.Index([str(c["name"]) for c in columns], name=header["columns_name"])
    return as_frame(frame)


def _parts(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def _index(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Any:
    import pandas as pd

    name = header["name"]
    if "range" in header:
        start, stop, step = header["range"]
        return pd.RangeIndex(start, stop, step, name=name)
    return pd.Index(decode_column(header, _parts(arrays, "index.")), name=name)
