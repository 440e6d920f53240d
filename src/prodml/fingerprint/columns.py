"""The content of a column as a logical kind and canonical bytes.

Whatever keeps the values, the bytes are the same: nullable or plain, Arrow or numpy, any unit of
time. Nothing here depends on the machine, the version of pandas or the order of memory.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeAlias

from prodml.fingerprint.arrays import combine, narrow, numeric_bytes, numeric_name, text_parts
from prodml.fingerprint.values import Digester

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["content"]

Parts: TypeAlias = list[bytes | memoryview]

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_MOST_DISTANT = 1 << 32
_MOST_SECONDS = 9_223_372_036  # of an int64 of nanoseconds


def content(series: pd.Series) -> tuple[str, Parts]:  # noqa: PLR0911  (a table of kinds)
    """Return the logical kind of a column, and its content as bytes.

    Parameters
    ----------
    series : pandas.Series
        Of any dtype whose values can be digested.

    Returns
    -------
    tuple of str and list
        What it is, such as ``"number f8"`` or ``"text"``, and its parts: first which values are
        missing (empty if none is), then the values.

    Raises
    ------
    ConfigError
        If a value cannot be digested.

    Examples
    --------
    >>> import pandas as pd
    >>> content(pd.Series([True, None], dtype="boolean"))[0]
    'number b1'
    """
    import pandas as pd
    from pandas.api import types

    dtype = series.dtype
    if isinstance(dtype, pd.SparseDtype):
        return content(series.astype(dtype.subtype))
    if isinstance(dtype, pd.CategoricalDtype):
        return _categories(series)
    if isinstance(dtype, pd.PeriodDtype):
        return _periods(series, dtype)
    if isinstance(dtype, pd.IntervalDtype):
        return _intervals(series, dtype)
    if _is_text(series):
        return "text", _texts(series)
    if types.is_datetime64_any_dtype(dtype) and not _is_date(series):
        return f"time {series.dt.tz}", _times(series, "M")
    if types.is_timedelta64_dtype(dtype) or getattr(dtype, "kind", "") == "m":
        return "duration", _times(series, "m")
    if types.is_bool_dtype(dtype) or types.is_numeric_dtype(dtype):
        return _numbers(series)
    if str(dtype).startswith("dictionary<"):
        arrow: Any = series.array
        return content(arrow.__arrow_array__().to_pandas())
    return _objects(series)


def _is_text(series: pd.Series) -> bool:
    from pandas.api import types

    if series.dtype == object:
        return types.infer_dtype(series, skipna=True) in ("string", "empty")
    return types.is_string_dtype(series.dtype)


def _mask(series: pd.Series) -> tuple[np.ndarray, memoryview | bytes]:
    missing = series.isna().to_numpy(dtype=bool)
    return missing, numeric_bytes(missing) if missing.any() else b""


def _texts(series: pd.Series) -> Parts:
    missing, mask = _mask(series)
    from_arrow = _arrow_texts(series)
    if from_arrow is not None:
        return [mask, *from_arrow]
    values = series.to_numpy(dtype=object)
    if len(mask):
        values = values.copy()
        values[missing] = ""
    return [mask, *text_parts(values.tolist())]


def _arrow_texts(series: pd.Series) -> Parts | None:
    """Return what `text_parts` would, out of Arrow's buffers; None if they cannot be had."""
    arrow: Any = sys.modules.get("pyarrow")
    if arrow is None or not hasattr(arrow, "large_string"):
        return None
    import numpy as np

    values = series.to_numpy() if series.dtype == object else series.array
    try:
        texts = arrow.array(values, type=arrow.large_string(), from_pandas=True)
    except (arrow.ArrowException, UnicodeError):
        return None  # a lone surrogate is no text for Arrow
    if hasattr(texts, "chunks"):
        texts = arrow.concat_arrays(texts.chunks)
    if texts.null_count:
        texts = texts.fill_null("")
    if len(texts) == 0:
        return text_parts([])
    _, places, data = texts.buffers()
    offsets = np.frombuffer(places, dtype="<i8")[texts.offset : texts.offset + len(texts) + 1]
    run = b"" if data is None else memoryview(data)[offsets[0] : offsets[-1]]
    return [run, narrow(np.diff(offsets))]


def _numbers(series: pd.Series) -> tuple[str, Parts]:
    import numpy as np

    if isinstance(series.dtype, np.dtype):
        values = series.to_numpy()
        return f"number {numeric_name(values.dtype)}", [b"", *_plain(values)]
    plain = getattr(series.dtype, "numpy_dtype", None)
    if not isinstance(plain, np.dtype) or plain.kind not in "biuf":
        return _objects(series)
    _, mask = _mask(series)
    values = series.to_numpy(dtype=plain, na_value=plain.type(0))
    return f"number {numeric_name(plain)}", [mask, *_plain(values)]


def _plain(values: np.ndarray) -> Parts:
    """Return the bytes of numbers; of wide integers that are close together, least and distances.

    Counts, codes and ids become an eighth as long, and SHA-256 is what takes the time.
    """
    if values.dtype.kind not in "iu" or values.dtype.itemsize < 8 or len(values) == 0:
        return [numeric_bytes(values)]
    least, most = int(values.min()), int(values.max())
    if most - least >= _MOST_DISTANT:
        return [numeric_bytes(values)]
    return [str(least).encode(), narrow(values - values.dtype.type(least))]


def _is_date(series: pd.Series) -> bool:
    return str(series.dtype).startswith("date") and "pyarrow" in str(series.dtype)


def _times(series: pd.Series, kind: str) -> Parts:
    """Return nanoseconds, or seconds and nanoseconds where they are too many for 64 bits."""
    import numpy as np

    missing, mask = _mask(series)
    if kind == "M" and series.dt.tz is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    values = series.to_numpy(dtype=f"{kind}8[{series.dt.unit}]")
    per_second = _PER_SECOND[np.datetime_data(values.dtype)[0]]
    ticks = values.view(np.int64)
    if len(mask):
        ticks = np.where(missing, 0, ticks)
    if len(ticks) == 0 or max(-int(ticks.min()), int(ticks.max())) // per_second < _MOST_SECONDS:
        return [mask, numeric_bytes(ticks * (10**9 // per_second))]
    seconds, rest = np.divmod(ticks, per_second)
    return [mask, numeric_bytes(seconds), numeric_bytes(rest * (10**9 // per_second))]


def _periods(series: pd.Series, dtype: pd.PeriodDtype) -> tuple[str, Parts]:
    import numpy as np
    import pandas as pd

    missing, mask = _mask(series)
    ordinals = np.where(missing, 0, pd.PeriodIndex(series).asi8)
    return f"period {dtype.freq.freqstr}", [mask, numeric_bytes(ordinals)]


def _intervals(series: pd.Series, dtype: pd.IntervalDtype) -> tuple[str, Parts]:
    import pandas as pd

    both = pd.IntervalIndex(series.array)
    _, mask = _mask(series)
    kind, left = content(both.left.to_series())
    _, right = content(both.right.to_series())
    return f"interval {dtype.closed} of {kind}", [mask, *left, *right]


def _categories(series: pd.Series) -> tuple[str, Parts]:
    import numpy as np

    categories = series.cat.categories
    digester = Digester(root="category")
    keys = [digester.digest(value) for value in categories.tolist()]
    ordered = bool(series.cat.ordered)
    rank = np.arange(len(keys)) if ordered else _ranks(keys)
    codes = series.cat.codes.to_numpy()
    missing = codes < 0
    if keys:
        codes = np.where(missing, 0, rank[codes])
    mask = numeric_bytes(missing) if missing.any() else b""
    kinds = combine("categories", keys if ordered else sorted(keys))
    # Where there are no categories every code is -1, which the mask says already.
    return f"category ordered={ordered}", [mask, kinds, narrow(codes) if keys else b""]


def _ranks(keys: list[bytes]) -> np.ndarray:
    import numpy as np

    order = sorted(range(len(keys)), key=keys.__getitem__)
    rank = np.empty(len(keys), dtype=np.int64)
    rank[order] = np.arange(len(keys))
    return rank


def _objects(series: pd.Series) -> tuple[str, Parts]:
    digester = Digester(root="a value")
    kind = "object" if series.dtype == object else f"object {series.dtype}"
    return kind, [digester.digest(value) for value in series.to_numpy(dtype=object).tolist()]
