"""Whatever table comes in, a pandas frame goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from prodml.errors import ConfigError, SchemaError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa

__all__ = ["as_frame"]


def as_frame(data: object) -> pd.DataFrame:
    """Return `data` as a pandas frame whose columns have distinct text names.

    Parameters
    ----------
    data : pandas, polars or pyarrow table, numpy array, mapping of arrays, sequence of mappings
        A pandas frame is returned as it is, not copied. A two-dimensional array gets the columns
        ``x0``, ``x1``, …; a structured array those of its fields. The values of a mapping are taken by
        position. A key that a record lacks is a missing value. Neither polars nor pyarrow is
        imported to recognise its tables.

    Returns
    -------
    pandas.DataFrame
        Integers and booleans of polars and Arrow that have missing values come as pandas' nullable
        ``Int64`` and ``boolean``, so that they stay what they are.

    Raises
    ------
    SchemaError
        If there is no column, a name occurs twice, or a name is not text.
    ConfigError
        If `data` is no table at all.

    Examples
    --------
    >>> as_frame([{"age": 31, "city": "Oslo"}, {"age": 44}]).shape
    (2, 2)
    >>> list(as_frame({"age": [31, 44]}).columns)
    ['age']
    """
    frame = _convert(data)
    _check_names(frame)
    return frame


def _convert(data: object) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    foreign = _from_foreign(data)
    if foreign is not None:
        return foreign
    if isinstance(data, np.ndarray):
        return _from_array(data)
    if isinstance(data, Mapping):
        return _from_mapping(data)
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _from_records(data)
    # pandas 2 names the module inside pandas that a class was written in, which helps nobody.
    package = type(data).__module__.partition(".")[0]
    raise ConfigError(
        "a table may be a pandas, polars or pyarrow table, a 2-D or structured numpy array, a mapping of "
        f"arrays or a sequence of mappings, got {package}.{type(data).__qualname__}"
    )


def _from_foreign(data: Any) -> pd.DataFrame | None:
    """Take a polars or Arrow table; a package that is not loaded cannot have made `data`."""
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(data, polars.LazyFrame):
        raise ConfigError("a polars LazyFrame holds no rows yet: pass .collect()")
    if polars is not None and isinstance(data, polars.DataFrame):
        return _from_columns(data.columns, lambda i: _from_polars(data.to_series(i)))
    arrow = sys.modules.get("pyarrow")
    if arrow is not None and isinstance(data, arrow.Table | arrow.RecordBatch):
        return _from_columns(data.schema.names, lambda i: _from_arrow(data.column(i)))
    return None


def _from_columns(names: Sequence[str], column: Callable[[int], object]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame({i: column(i) for i in range(len(names))})
    frame.columns = pd.Index(names)  # set afterwards, so that a name that occurs twice is seen
    return frame


class _PolarsSeries(Protocol):
    dtype: object

    def is_null(self) -> _PolarsSeries: ...
    def null_count(self) -> int: ...
    def fill_null(self, value: object) -> _PolarsSeries: ...
    def cast(self, dtype: object) -> _PolarsSeries: ...
    def to_numpy(self) -> np.ndarray: ...
    def to_list(self) -> list[object]: ...


def _from_polars(series: _PolarsSeries) -> object:
    """Convert one polars column without pyarrow, which polars itself would ask for."""
    import pandas as pd
    import polars as pl

    dtype = cast("pl.DataType", series.dtype)
    if dtype in (pl.Categorical, pl.Enum):
        return pd.Categorical(series.cast(pl.String).to_list())
    if dtype == pl.String:
        return pd.Series(series.to_list(), dtype=pd.Series(["text"]).dtype)
    if not (dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean):
        return pd.Series(series.to_list(), dtype=object)
    return _from_polars_numbers(series, dtype)


def _from_polars_numbers(series: _PolarsSeries, dtype: pl.DataType) -> object:
    import pandas as pd
    import polars as pl

    if isinstance(dtype, pl.Decimal):
        return series.cast(pl.Float64).to_numpy()
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        naive: Any = pd.Series(series.to_numpy())
        return naive.dt.tz_localize("UTC").dt.tz_convert(dtype.time_zone)
    if not ((dtype.is_integer() or dtype == pl.Boolean) and series.null_count()):
        return series.to_numpy()
    full: Any = series.fill_null(dtype == pl.Boolean or 0).to_numpy()
    values: Any = pd.Series(full).astype(_nullable(str(dtype))).array
    values[series.is_null().to_numpy()] = pd.NA
    return values


def _nullable(name: str) -> Any:
    """``"uint8"`` to ``"UInt8"``, pandas' name for an integer that may be missing."""
    return {"Boolean": "boolean"}.get(name, name.replace("Uint", "UInt"))


def _from_arrow(column: pa.ChunkedArray | pa.Array) -> object:
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    whole = pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)
    if whole and column.null_count:
        name = {"bool": "boolean"}.get(str(column.type), str(column.type).replace("i", "I", 1))
        dtype = pd.api.types.pandas_dtype(name.replace("uInt", "UInt"))
        return column.to_pandas(types_mapper=lambda _: dtype)
    return column.to_pandas(date_as_object=False)


def _from_array(array: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    if array.dtype.names and array.ndim == 1:
        return _from_mapping({name: array[name] for name in array.dtype.names})
    if array.ndim != 2:
        raise ConfigError(
            f"an array must have two dimensions (rows, columns) or named fields, got shape {array.shape}"
        )
    frame = pd.DataFrame(array, columns=[f"x{i}" for i in range(array.shape[1])])
    return frame.infer_objects() if array.dtype == object else frame


def _from_mapping(data: Mapping[object, object]) -> pd.DataFrame:
    import pandas as pd

    lengths = {str(name): _length(name, values) for name, values in data.items()}
    if len(set(lengths.values())) > 1:
        raise ConfigError(f"columns must be of one length, got {lengths}")
    # Series would be aligned by their labels; a mapping of arrays goes by position.
    bare = {k: v.array if isinstance(v, pd.Series) else v for k, v in data.items()}
    try:
        return pd.DataFrame(bare)
    except (ValueError, TypeError) as exc:
        raise ConfigError("each value of a mapping must be one column of scalars") from exc


def _length(name: object, values: Any) -> int:
    if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
        raise ConfigError(
            f'the value of "{name}" is not a column but {type(values).__name__}. '
            "For a single record pass a list of one mapping: [record]"
        )
    return len(values)


def _from_records(data: Sequence[object]) -> pd.DataFrame:
    import pandas as pd

    wrong = next((i for i, row in enumerate(data) if not isinstance(row, Mapping)), None)
    if wrong is not None:
        found = type(data[wrong]).__name__
        raise ConfigError(f"a sequence must hold mappings, but item {wrong} is {found}")
    return pd.DataFrame([dict(cast("Mapping[str, object]", row)) for row in data])


def _check_names(frame: pd.DataFrame) -> None:
    columns = frame.columns
    if not len(columns):
        raise SchemaError("a table needs at least one column, got none")
    odd = [c for c in columns if not isinstance(c, str)]
    if odd:
        raise SchemaError(
            f"column names must be text, got {len(odd)} of type {type(odd[0]).__name__}. "
            "Rename them: frame.columns = [str(c) for c in frame.columns]"
        )
    if not columns.is_unique:
        twice = sorted(set(columns[columns.duplicated()]))
        raise SchemaError(f"column names must differ, these occur twice: {twice}", column=twice[0])
