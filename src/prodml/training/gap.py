"""A gap in time as a number, with the times in the same unit."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from prodml.errors import ConfigError
from prodml.ports.duck import is_number

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["gap_in_time"]


def gap_in_time(times: pd.Series, gap: object) -> tuple[NDArray[np.generic], float]:
    """Return the times as numbers, and the gap in their unit.

    Parameters
    ----------
    times : pandas.Series
        Without missing values: datetimes, or numbers.
    gap : timedelta, str or number
        A duration such as ``"7D"`` for datetimes; a number for numbers. Not negative.

    Returns
    -------
    tuple of ndarray and float
        In seconds for datetimes.

    Raises
    ------
    ConfigError
        If the two do not go together.

    Examples
    --------
    >>> import pandas as pd
    >>> gap_in_time(pd.Series([1, 2, 4]), 2)[1]
    2.0
    >>> gap_in_time(pd.Series(pd.to_datetime(["2026-01-01", "2026-01-02"])), "1D")[1]
    86400.0
    """
    import numpy as np

    from prodml.tables import kind_of

    name, kind = times.name, kind_of(times)
    if kind == "time":
        moments = times.to_numpy(dtype="M8[ns]", na_value=np.datetime64("NaT", "ns"))
        return moments.view(np.int64) / 1e9, _seconds(gap, str(name))
    if kind not in ("number", "integer"):
        raise ConfigError(f'gap= needs times or numbers in the split column, "{name}" holds {kind}')
    if isinstance(gap, bool) or not is_number(gap) or not 0 <= float(gap) < float("inf"):  # type: ignore[arg-type]
        raise ConfigError(
            f'gap must be a number of at least 0, as "{name}" holds numbers, got {gap!r:.60}'
        )
    return times.to_numpy(dtype=np.float64), float(gap)  # type: ignore[arg-type]


def _seconds(gap: object, name: str) -> float:
    import pandas as pd

    try:
        found = pd.Timedelta(gap) if isinstance(gap, str | timedelta) else None
    except ValueError:
        found = None
    if found is None or not found >= pd.Timedelta(0):
        raise ConfigError(
            f'gap must be a duration such as "7D" or a timedelta, as "{name}" holds times, '
            f"got {gap!r:.60}"
        )
    return float(found.total_seconds())
