"""One column as plain arrays, and back: one small pair of functions for each way pandas keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from prodml.errors import IntegrityError, SchemaError
from prodml.tables.kinds import kind_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["decode_column", "encode_column"]

Parts: TypeAlias = "dict[str, np.ndarray]"
Header: TypeAlias = dict[str, object]

_NULLABLE = ("boolean", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64")  # fmt: skip
_PLAIN = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64")  # fmt: skip


def encode_column(series: pd.Series) -> tuple[Header, Parts]:
    """Take a column apart.

    Parameters
    ----------
    series : pandas.Series
        Of a known kind.

    Returns
    -------
    header : dict
        ``layout`` (which pair of functions), ``dtype`` and ``kind``.
    parts : dict of str to ndarray
        Plain arrays.

    Raises
    ------
    SchemaError
        If its values cannot be stored.
    """
    import pandas as pd

    kind = kind_of(series)
    series = _own_memory(series)
    dtype = series.dtype
    name = str(dtype)
    if isinstance(dtype, pd.CategoricalDtype):
        layout, extra, parts = "category", *_put_category(series)
    elif name in _NULLABLE:
        layout, extra, parts = "nullable", {}, _put_nullable(series)
    elif name in _PLAIN:
        layout, extra, parts = "plain", {}, {"values": series.to_numpy()}
    elif pd.api.types.is_object_dtype(dtype):
        layout, extra, parts = "object", *_put_objects(series)
    elif kind == "time":
        layout, extra, parts = "time", *_put_time(series)
    else:
        layout, extra, parts = "text", {}, _put_text(series, series.isna().to_numpy())
    return {"layout": layout, "dtype": name, "kind": kind, **extra}, parts


def _own_memory(series: Any) -> Any:
    """Bring sparse and Arrow columns to pandas' own types."""
    import pandas as pd

    if isinstance(series.dtype, pd.SparseDtype):
        return series.sparse.to_dense()
    if not isinstance(series.dtype, pd.ArrowDtype):
        return series
    kind = kind_of(series)
    if kind == "time":
        return pd.Series(pd.to_datetime(series.array.__array__()), index=series.index)
    target = {"integer": "Int64", "number": "Float64", "boolean": "boolean", "text": "string"}
    return series.astype(target[kind])


def decode_column(header: Mapping[str, object], parts: Parts) -> pd.Series:
    """Put a column together again.

    Parameters
    ----------
    header : mapping
        As `encode_column` gave it.
    parts : dict of str to ndarray
        Likewise.

    Raises
    ------
    IntegrityError, ValueError, TypeError, KeyError
        If they do not fit together.
    """
    return _TAKE[str(header["layout"])](header, parts)


# -- numbers and booleans ---------------------------------------------------------------------------


def _take_plain(header: Mapping[str, Any], parts: Parts) -> Any:
    import pandas as pd

    values = _flat(parts["values"])
    if str(values.dtype) != header["dtype"] or header["dtype"] not in _PLAIN:
        raise IntegrityError("a stored column is of another dtype than its header says")
    return pd.Series(values)


def _put_nullable(series: Any) -> Parts:
    missing = series.isna().to_numpy()
    values = series.to_numpy(dtype=str(series.dtype).lower().replace("boolean", "bool"), na_value=0)
    return {"values": values, "missing": missing}


def _take_nullable(header: Mapping[str, Any], parts: Parts) -> Any:
    import pandas as pd

    if header["dtype"] not in _NULLABLE:
        raise IntegrityError(f"a stored column has an unknown dtype {header['dtype']!r:.40}")
    values = pd.Series(_flat(parts["values"])).astype(header["dtype"]).array
    values[_flat(parts["missing"]).astype(bool)] = pd.NA
    return pd.Series(values)


def _flat(array: np.ndarray) -> np.ndarray:
    if array.ndim != 1:
        raise IntegrityError("a stored column is not one-dimensional")
    return array


# -- text -------------------------------------------------------------------------------------------


def _put_text(series: Any, missing: np.ndarray) -> Parts:
    import numpy as np

    values = series.to_numpy(dtype=object)
    encoded = [
        b"" if m else v.encode("utf-8", "surrogatepass")
        for v, m in zip(values, missing, strict=True)
    ]
    ends = np.cumsum([len(e) for e in encoded], dtype=np.int64)
    return {"ends": ends, "utf8": np.frombuffer(b"".join(encoded), np.uint8), "missing": missing}


def _take_text(header: Mapping[str, Any], parts: Parts) -> Any:
    import numpy as np
    import pandas as pd

    values = _texts(parts)
    missing = _flat(parts["missing"]).astype(bool)
    if header["dtype"] == "string":
        values[missing] = pd.NA
        return pd.Series(values, dtype="string")
    values[missing] = np.nan
    # `str` under pandas 3, objects under pandas 2: each version's own text.
    return pd.Series(values, dtype=pd.Series(["text"]).dtype)


def _texts(parts: Parts) -> np.ndarray:
    import numpy as np

    ends, raw = _flat(parts["ends"]).astype(np.int64), parts["utf8"].tobytes()
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    if (
        len(parts["missing"]) != len(ends)
        or bool((starts > ends).any())
        or (ends[-1:] != len(raw)).any()
    ):
        raise IntegrityError("a stored text column has offsets outside its bytes")
    values = np.empty(len(ends), dtype=object)
    bounds = zip(starts.tolist(), ends.tolist(), strict=True)
    values[:] = [raw[a:b].decode("utf-8", "surrogatepass") for a, b in bounds]
    return values


# -- times ------------------------------------------------------------------------------------------


def _put_time(series: Any) -> tuple[Header, Parts]:
    import pandas as pd

    zone = series.dt.tz
    # The zone of "this machine" would mean another one where the bytes are read.
    if zone is not None and (
        "tzlocal" in str(zone) or pd.api.types.pandas_dtype(str(series.dtype)) != series.dtype
    ):
        raise SchemaError(
            f'column "{series.name}" is in a time zone without a name that can be stored. '
            'Convert it: .dt.tz_convert("UTC")',
            column=str(series.name),
        )
    bare = series if zone is None else series.dt.tz_convert("UTC").dt.tz_localize(None)
    values = bare.to_numpy()
    return {"unit": str(values.dtype)}, {"values": values.view("int64")}


def _take_time(header: Mapping[str, Any], parts: Parts) -> Any:
    import pandas as pd

    dtype = pd.api.types.pandas_dtype(str(header["dtype"]))
    if header["unit"] not in _UNITS or not pd.api.types.is_datetime64_any_dtype(dtype):
        raise IntegrityError("a stored time column has an unknown unit or dtype")
    series: Any = pd.Series(_flat(parts["values"]).astype("int64").view(str(header["unit"])))
    zone = getattr(dtype, "tz", None)
    return series if zone is None else series.dt.tz_localize("UTC").dt.tz_convert(zone)


_UNITS = tuple(f"datetime64[{unit}]" for unit in ("s", "ms", "us", "ns"))


# -- categories -------------------------------------------------------------------------------------


def _put_category(series: Any) -> tuple[Header, Parts]:
    import pandas as pd

    levels = pd.Series(series.cat.categories, name=series.name)
    header, own = encode_column(levels)
    parts = {f"levels.{part}": array for part, array in own.items()}
    parts["codes"] = series.cat.codes.to_numpy()
    return {"ordered": bool(series.cat.ordered), "levels": header}, parts


def _take_category(header: Mapping[str, Any], parts: Parts) -> Any:
    import pandas as pd

    own = {k.removeprefix("levels."): v for k, v in parts.items() if k.startswith("levels.")}
    levels = header["levels"]
    if levels.get("layout") == "category":
        raise IntegrityError("a stored category has categories for levels")
    index = pd.Index(decode_column(levels, own))
    # Checks that each code has its level.
    return pd.Series(
        pd.Categorical.from_codes(_flat(parts["codes"]), index, ordered=header["ordered"])
    )


# -- objects ----------------------------------------------------------------------------------------

# How missing objects are marked; 0 is an object that is there.
_NONE, _NAN, _NA, _NAT = 1, 2, 3, 4


def _put_objects(series: Any) -> tuple[Header, Parts]:
    import numpy as np
    import pandas as pd

    missing = series.isna().to_numpy()
    values = series.to_numpy(dtype=object)
    marks = np.zeros(len(values), dtype=np.uint8)
    marks[missing] = [_mark(v) for v in values[missing]]
    found = pd.api.types.infer_dtype(series, skipna=True)
    if found in ("string", "empty"):
        return {"of": "text"}, {**_put_text(series, missing), "marks": marks}
    if found == "boolean":
        flags = np.where(missing, False, values).astype(bool)
        return {"of": "boolean"}, {"values": flags, "marks": marks}
    if found == "date":
        values = values.copy()
        values[missing] = None
        days = values.astype("datetime64[D]")
        return {"of": "date"}, {"values": days.view("int64"), "marks": marks}
    try:
        header, parts = encode_column(_inferred(series, missing, found))
    except OverflowError as exc:
        raise SchemaError(
            f'column "{series.name}" holds integers beyond 64 bits. Convert it: .astype(float)',
            column=str(series.name),
        ) from exc
    return {"of": header}, parts


def _inferred(series: Any, missing: np.ndarray, found: str) -> Any:
    """Objects that are numbers or times have a dtype of their own, and gain it."""
    import numpy as np
    import pandas as pd

    if found in ("datetime", "datetime64"):
        return pd.to_datetime(series)
    if found == "integer":
        return series.astype("Int64" if missing.any() else "int64")
    values = series.to_numpy(dtype=object, copy=True)
    values[missing] = np.nan
    return pd.Series(values.astype("float64"), name=series.name)


def _mark(value: object) -> int:
    name = type(value).__name__
    if value is None:
        return _NONE
    return {"NAType": _NA, "NaTType": _NAT}.get(name, _NAN)


def _take_objects(header: Mapping[str, Any], parts: Parts) -> Any:
    import numpy as np
    import pandas as pd

    of = header["of"]
    if isinstance(of, dict):
        return decode_column(of, parts)
    if of == "text":
        values = _texts(parts)
    elif of == "boolean":
        values = _flat(parts["values"]).astype(bool).astype(object)
    else:
        values = _flat(parts["values"]).astype("int64").view("datetime64[D]").astype(object)
    marks = _flat(parts["marks"])
    for code, marker in enumerate((None, np.nan, pd.NA, pd.NaT), start=1):
        values[marks == code] = marker
    return pd.Series(values, dtype=object)


_TAKE: Mapping[str, Callable[[Mapping[str, object], Parts], pd.Series]] = {
    "plain": _take_plain,
    "nullable": _take_nullable,
    "text": _take_text,
    "time": _take_time,
    "category": _take_category,
    "object": _take_objects,
}
