"""Digests of pandas frames, column by column, so that a mismatch names the column.

What counts is the content: names and their order, the logical kind and width of each column, the
values, which of them are missing, and the row index (in a leaf of its own). What does not count is
the way the content is kept: block layout, memory order, `object` or `str` or Arrow for text, nullable or plain
integers, the unit of a time, the pandas version.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs

from prodml.errors import ConfigError, IntegrityError
from prodml.fingerprint.arrays import combine, numeric_bytes, numeric_name, text_parts
from prodml.fingerprint.values import Digester

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["FrameFingerprint", "fingerprint_frame", "pandas_digest"]


@attrs.frozen
class FrameFingerprint:
    """What a frame was, in one digest per column.

    Parameters
    ----------
    digest : str
        Stands for the whole frame.
    columns : tuple of (str, str)
        Name and digest of each column, in order.
    n_rows : int
        Number of rows.
    index : str
        Digest of the row index.
    """

    digest: str
    columns: tuple[tuple[str, str], ...]
    n_rows: int
    index: str

    def differences(self, other: FrameFingerprint) -> list[str]:
        """Say in which parts another frame differs from this one.

        Parameters
        ----------
        other : FrameFingerprint
            Of the other frame.

        Returns
        -------
        list of str
            One sentence per part; empty if the frames are equal.
        """
        return list(self._differences(other))

    def _differences(self, other: FrameFingerprint) -> Iterator[str]:
        if self.n_rows != other.n_rows:
            yield f"{self.n_rows} rows here, {other.n_rows} there"
        mine, theirs = [n for n, _ in self.columns], [n for n, _ in other.columns]
        for name in mine:
            if name not in theirs:
                yield f'column "{name}" is only here'
        for name in theirs:
            if name not in mine:
                yield f'column "{name}" is only there'
        if mine != theirs and sorted(mine) == sorted(theirs):
            yield "the columns stand in another order"
        yield from self._changed_columns(other)
        if self.index != other.index and self.n_rows == other.n_rows:
            yield "the row index differs"

    def _changed_columns(self, other: FrameFingerprint) -> Iterator[str]:
        remaining = list(other.columns)
        for column in self.columns:
            if column in remaining:
                remaining.remove(column)
            elif column[0] in [name for name, _ in remaining]:
                yield f'column "{column[0]}" differs'

    def to_dict(self) -> dict[str, Any]:
        """Return the fingerprint as JSON could hold it."""
        return {
            "digest": self.digest,
            "n_rows": self.n_rows,
            "index": self.index,
            "columns": [list(column) for column in self.columns],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> FrameFingerprint:
        """Return the fingerprint that `to_dict` wrote.

        Raises
        ------
        IntegrityError
            If `data` is not what `to_dict` wrote.
        """
        try:
            columns = tuple((str(name), str(digest)) for name, digest in data["columns"])
            return cls(data["digest"], columns, data["n_rows"], data["index"])
        except (KeyError, TypeError, ValueError) as exc:
            raise IntegrityError(f"not the fingerprint of a frame: {exc!r}") from None


def fingerprint_frame(frame: pd.DataFrame) -> FrameFingerprint:
    """Return one digest per column of a frame, and one for all of it.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Columns of numbers, booleans, text, categories, times, durations, or objects that
        `fingerprint_value` can digest. Never changed.

    Returns
    -------
    FrameFingerprint
        Equal for equal frames. Missing text is missing text, whether None, NaN or NA; every NaN is
        the same; 0.0 and -0.0 are not. A category counts by its value: the order of the categories
        counts only where they are ordered, as it does for pandas.

    Raises
    ------
    ConfigError
        If `frame` is no DataFrame, or a column holds what cannot be digested; names the column.

    Notes
    -----
    O(cells); about the speed of SHA-256 over the values.

    Examples
    --------
    >>> import pandas as pd
    >>> a = fingerprint_frame(pd.DataFrame({"x": [1, 2], "y": ["a", None]}))
    >>> b = fingerprint_frame(pd.DataFrame({"x": [1, 3], "y": ["a", None]}))
    >>> a.differences(b)
    ['column "x" differs']
    """
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise ConfigError(
            f"fingerprint_frame takes a pandas DataFrame, got a {type(frame).__name__}; "
            "prodml.tables.as_frame makes one of most tables"
        )
    columns = tuple(
        (_shown(label), _leaf(label, frame.iloc[:, i])) for i, label in enumerate(frame.columns)
    )
    index = "sha256:" + _index_digest(frame.index).hex()
    n_rows = len(frame)
    parts = [str(n_rows), index, *[digest for _, digest in columns]]
    digest = combine("frame", [part.encode() for part in parts]).hex()
    return FrameFingerprint(f"sha256:{digest}", columns, n_rows, index)


def pandas_digest(value: pd.DataFrame | pd.Series | pd.Index) -> bytes:
    """Return the 32 bytes that stand for a frame, a series with its index, or an index.

    Parameters
    ----------
    value : DataFrame, Series or Index
        The value.

    Returns
    -------
    bytes
        SHA-256.
    """
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return bytes.fromhex(fingerprint_frame(value).digest.removeprefix("sha256:"))
    if isinstance(value, pd.Series):
        return combine("series", [_leaf(value.name, value).encode(), _index_digest(value.index)])
    return _index_digest(value)


def _shown(label: object) -> str:
    return str(label) if isinstance(label, str) else repr(label)


def _leaf(label: Any, series: pd.Series) -> str:
    try:
        kind, parts = _content(series)
    except ConfigError as exc:
        raise ConfigError(f'column "{_shown(label)}": {exc}') from exc
    name = Digester().digest(str(label) if isinstance(label, str) else label)
    length = len(series).to_bytes(8, "little")
    return "sha256:" + combine("column", [name, kind.encode(), length, *parts]).hex()


def _index_digest(index: pd.Index) -> bytes:
    leaves = [
        _leaf(index.names[level], index.get_level_values(level).to_series())
        for level in range(index.nlevels)
    ]
    return combine("index", [leaf.encode() for leaf in leaves])


def _content(  # noqa: PLR0911  (a table of kinds)
    series: pd.Series,
) -> tuple[str, list[bytes | memoryview]]:
    """Return the logical kind of a column, and its content as bytes."""
    import pandas as pd
    from pandas.api import types

    dtype = series.dtype
    if isinstance(dtype, pd.SparseDtype):
        return _content(series.astype(dtype.subtype))
    if isinstance(dtype, pd.CategoricalDtype):
        return _categories(series)
    if _is_text(series):
        return "text", _texts(series)
    if types.is_datetime64_any_dtype(dtype) and not _is_date(series):
        return f"time {_zone(series)}", _times(series, "M")
    if types.is_timedelta64_dtype(dtype) or getattr(dtype, "kind", "") == "m":
        return "duration", _times(series, "m")
    if types.is_bool_dtype(dtype) or types.is_numeric_dtype(dtype):
        return _numbers(series)
    return _objects(series)


def _is_text(series: pd.Series) -> bool:
    from pandas.api import types

    if series.dtype == object:
        return types.infer_dtype(series, skipna=True) in ("string", "empty")
    return types.is_string_dtype(series.dtype)


def _mask(series: pd.Series) -> tuple[np.ndarray, memoryview | bytes]:
    missing = series.isna().to_numpy(dtype=bool)
    return missing, numeric_bytes(missing) if missing.any() else b""


def _texts(series: pd.Series) -> list[bytes | memoryview]:
    missing, mask = _mask(series)
    values = series.to_numpy(dtype=object)
    if len(mask):
        values = values.copy()
        values[missing] = ""
    return [mask, *text_parts(values.tolist())]


def _numbers(series: pd.Series) -> tuple[str, list[bytes | memoryview]]:
    import numpy as np

    if isinstance(series.dtype, np.dtype):
        values = series.to_numpy()
        return f"number {numeric_name(values.dtype)}", [b"", numeric_bytes(values)]
    plain = getattr(series.dtype, "numpy_dtype", None)
    if not isinstance(plain, np.dtype) or plain.kind not in "biuf":
        return _objects(series)
    _, mask = _mask(series)
    values = series.to_numpy(dtype=plain, na_value=plain.type(0))
    return f"number {numeric_name(plain)}", [mask, numeric_bytes(values)]


def _is_date(series: pd.Series) -> bool:
    return str(series.dtype).startswith("date") and "pyarrow" in str(series.dtype)


def _zone(series: pd.Series) -> str:
    return str(series.dt.tz)


def _times(series: pd.Series, kind: str) -> list[bytes | memoryview]:
    """Return seconds and nanoseconds: the same instants in any unit, without overflow."""
    import numpy as np

    missing, mask = _mask(series)
    if kind == "M" and series.dt.tz is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    values = series.to_numpy(dtype=f"{kind}8[{_unit(series)}]")
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[np.datetime_data(values.dtype)[0]]
    ticks = np.where(missing, 0, values.view(np.int64))
    seconds, rest = np.divmod(ticks, per_second)
    return [mask, numeric_bytes(seconds), numeric_bytes(rest * (10**9 // per_second))]


def _unit(series: pd.Series) -> str:
    return str(series.dt.unit)


def _categories(series: pd.Series) -> tuple[str, list[bytes | memoryview]]:
    import numpy as np

    categories = series.cat.categories
    digester = Digester(root="category")
    keys = [digester.digest(value) for value in categories.tolist()]
    ordered = bool(series.cat.ordered)
    rank = np.arange(len(keys)) if ordered else _ranks(keys)
    codes = series.cat.codes.to_numpy()
    missing = codes < 0
    if keys:
        codes = np.where(missing, 0, rank[codes]).astype(np.int64)
    mask = numeric_bytes(missing) if missing.any() else b""
    kinds = combine("categories", keys if ordered else sorted(keys))
    return f"category ordered={ordered}", [mask, kinds, numeric_bytes(codes.astype(np.int64))]


def _ranks(keys: list[bytes]) -> np.ndarray:
    import numpy as np

    order = sorted(range(len(keys)), key=keys.__getitem__)
    rank = np.empty(len(keys), dtype=np.int64)
    rank[order] = np.arange(len(keys))
    return rank


def _objects(series: pd.Series) -> tuple[str, list[bytes | memoryview]]:
    digester = Digester(root="a value")
    kind = "object" if series.dtype == object else f"object {series.dtype}"
    return kind, [digester.digest(value) for value in series.to_numpy(dtype=object).tolist()]
