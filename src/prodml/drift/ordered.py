"""A column's finite numbers in rising order, whatever pandas keeps them in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from prodml.tables import Kind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Ordered", "ordered", "same_precision"]


@attrs.frozen(eq=False)
class Ordered:
    """Finite values in rising order, and how many rows had none."""

    finite: NDArray[Any]
    n_missing: int
    n_infinite: int


def ordered(series: pd.Series, kind: Kind) -> Ordered:
    """Sort a column of numbers or times.

    Parameters
    ----------
    series : pandas.Series
        Numbers of any dtype, or times with or without a zone; missing values may be among them.
    kind : {"number", "integer", "time"}
        What it holds.

    Returns
    -------
    Ordered
        float32 stays float32, integers become int64, times microseconds since 1970 in UTC.
    """
    array = _microseconds(series) if kind == "time" else _numbers(series)
    if array.dtype.kind == "i":
        return Ordered(np.sort(array), len(series) - len(array), 0)
    values = np.sort(array)
    # Infinities and NaN are at the ends now: three searches find them without another pass.
    first = int(np.searchsorted(values, -np.inf, "right"))
    last = int(np.searchsorted(values, np.inf, "left"))
    end = int(np.searchsorted(values, np.nan, "left"))
    n_missing = len(series) - len(array) + len(values) - end
    return Ordered(values[first:last], n_missing, first + end - last)


def _numbers(series: pd.Series) -> NDArray[Any]:
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "iuf":
        return _plain(series.to_numpy())
    if getattr(dtype, "kind", "") in "iu":  # a nullable dtype: integers stay exact
        return _plain(series.dropna().to_numpy(dtype=np.dtype(f"{dtype.kind}8")))
    width = "f4" if str(dtype).lower().startswith("float32") else "f8"
    return series.to_numpy(dtype=width, na_value=np.nan)


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    """Bring to int64, float32 or float64; the few integers beyond int64 become floats."""
    if array.dtype.kind == "f":
        return (
            array
            if array.dtype.itemsize in (4, 8)
            else array.astype(_FLOATS[array.dtype.itemsize < 4])
        )
    if array.dtype == np.uint64 and len(array) and array.max() > np.iinfo(np.int64).max:
        return array.astype(np.float64)
    return array.astype(np.int64, copy=False)


_FLOATS = {True: np.float32, False: np.float64}


def _microseconds(series: pd.Series) -> NDArray[Any]:
    import pandas as pd

    times = pd.to_datetime(series.dropna())
    if not pd.api.types.is_datetime64_any_dtype(times.dtype):  # nothing there to tell by
        return np.zeros(0, np.int64)
    if not isinstance(times.dtype, np.dtype):
        times = pd.to_datetime(times, utc=True).dt.tz_localize(None)
    return times.to_numpy().astype("datetime64[us]").view(np.int64)


def same_precision(grid: NDArray[Any], values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Bring both to the coarser of their float types.

    A price of 0.1 is another number in float32 than in float64; left alone, a mere change of dtype
    would look like drift of every row. Rounding keeps the order, so both sides stay sorted.
    """
    floats = [a.dtype for a in (grid, values) if a.dtype.kind == "f"]
    if not floats or grid.dtype == values.dtype:
        return grid, values
    coarse = min(floats, key=lambda dtype: dtype.itemsize)
    with np.errstate(over="ignore"):  # beyond float32 is infinite there, which keeps the order too
        return grid.astype(coarse, copy=False), values.astype(coarse, copy=False)
