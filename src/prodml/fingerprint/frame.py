"""Digests of pandas frames, column by column, so that a mismatch names the column.

What counts is the content: names and their order, the logical kind and width of each column, the
values, which of them are missing, and the row index (in a leaf of its own). What does not count is
the way the content is kept: block layout, memory order, `object` or `str` or Arrow for text, nullable or plain
integers, the unit of a time, the pandas version.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import attrs

from prodml._extras import require
from prodml.errors import ConfigError, IntegrityError
from prodml.fingerprint.arrays import combine
from prodml.fingerprint.columns import content
from prodml.fingerprint.comparison import FrameComparison
from prodml.fingerprint.values import Digester

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["FrameFingerprint", "fingerprint_frame", "pandas_digest"]

_MANY_CELLS = 500_000  # from here on threads are worth starting


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
        return self.compare(other).sentences

    def compare(self, other: FrameFingerprint) -> FrameComparison:
        """Say in which parts another frame differs from this one.

        Parameters
        ----------
        other : FrameFingerprint
            Of the other frame.

        Returns
        -------
        FrameComparison
            Prints one sentence per difference; true if there is none.

        Raises
        ------
        ConfigError
            If `other` is no fingerprint.
        """
        if not isinstance(other, FrameFingerprint):
            raise ConfigError(
                "compare() takes what fingerprint_frame() returned for the other frame, "
                f"got a {type(other).__name__}"
            )
        mine, theirs = [n for n, _ in self.columns], [n for n, _ in other.columns]
        return FrameComparison(
            changed=self._changed_columns(other),
            only_here=tuple(name for name in mine if name not in theirs),
            only_there=tuple(name for name in theirs if name not in mine),
            n_rows=(self.n_rows, other.n_rows),
            is_reordered=mine != theirs and sorted(mine) == sorted(theirs),
            is_index_equal=self.index == other.index,
        )

    def _changed_columns(self, other: FrameFingerprint) -> tuple[str, ...]:
        remaining, changed = list(other.columns), []
        for column in self.columns:
            if column in remaining:
                remaining.remove(column)
            elif column[0] in [name for name, _ in remaining]:
                changed.append(column[0])
        return tuple(changed)

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


def fingerprint_frame(frame: pd.DataFrame | pl.DataFrame) -> FrameFingerprint:
    """Return one digest per column of a frame, and one for all of it.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Of pandas or polars: columns of numbers, booleans, text, categories, times, durations,
        periods, intervals, Arrow's types, or objects that `fingerprint_value` can digest. Never
        changed.

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
    O(cells); about the speed of SHA-256 over the values. Columns of a large frame are digested by
    as many threads as there are processors, since SHA-256 leaves the interpreter alone meanwhile.

    Examples
    --------
    >>> import pandas as pd
    >>> a = fingerprint_frame(pd.DataFrame({"x": [1, 2], "y": ["a", None]}))
    >>> b = fingerprint_frame(pd.DataFrame({"x": [1, 3], "y": ["a", None]}))
    >>> a.differences(b)
    ['column "x" differs']
    """
    import pandas as pd

    if _is_polars(frame):
        return fingerprint_frame(_from_polars(frame))
    if not isinstance(frame, pd.DataFrame):
        raise ConfigError(
            f"fingerprint_frame takes a pandas or polars DataFrame, got a {type(frame).__name__}; "
            "prodml.tables.as_frame makes one of most tables"
        )
    shown = [_shown(label) for label in frame.columns]
    series = [frame.iloc[:, i] for i in range(len(shown))]
    columns = tuple(zip(shown, _leaves(list(frame.columns), series), strict=True))
    index = "sha256:" + _index_digest(frame.index).hex()
    n_rows = len(frame)
    parts = [str(n_rows), index, *[digest for _, digest in columns]]
    digest = combine("frame", [part.encode() for part in parts]).hex()
    return FrameFingerprint(f"sha256:{digest}", columns, n_rows, index)


def _leaves(labels: list[Any], series: list[pd.Series]) -> list[str]:
    n_workers = min(len(series), _n_cpus())
    if n_workers < 2 or len(series) * len(series[0]) < _MANY_CELLS:
        return list(map(_leaf, labels, series))
    # The slowest kind first, so that no worker is left alone with it at the end.
    order = sorted(range(len(series)), key=lambda i: not _is_slow(series[i]))
    with ThreadPoolExecutor(n_workers) as pool:
        found = dict(
            zip(order, pool.map(lambda i: _leaf(labels[i], series[i]), order), strict=True)
        )
    return [found[i] for i in range(len(series))]


def _n_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _is_slow(series: pd.Series) -> bool:
    return getattr(series.dtype, "kind", "O") == "O"


def _is_polars(frame: object) -> bool:
    polars = sys.modules.get("polars")
    return isinstance(frame, getattr(polars, "DataFrame", ()))


def _from_polars(frame: Any) -> pd.DataFrame:
    require("pyarrow", for_="fingerprint_frame of a polars frame")
    converted: pd.DataFrame = frame.to_pandas(use_pyarrow_extension_array=True)
    return converted


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
        kind, parts = content(series)
    except ConfigError as exc:
        raise ConfigError(f'column "{_shown(label)}": {exc}') from exc
    name = Digester().digest(str(label) if isinstance(label, str) else label)
    length = len(series).to_bytes(8, "little")
    return "sha256:" + combine("column", [name, kind.encode(), length, *parts]).hex()


def _index_digest(index: pd.Index) -> bytes:
    leaves = [_level(index.names[i], index.get_level_values(i)) for i in range(index.nlevels)]
    return combine("index", [leaf.encode() for leaf in leaves])


def _level(label: object, index: pd.Index) -> str:
    steps = _steps(index)
    if steps is None:
        return _leaf(label, index.to_series())
    name = Digester().digest(label)
    return "sha256:" + combine("steps", [name, *(str(n).encode() for n in steps)]).hex()


def _steps(index: pd.Index) -> tuple[int, int, int] | None:
    """Return start, step and length of evenly spaced integers, however they are kept."""
    import numpy as np
    import pandas as pd

    n = len(index)
    if isinstance(index, pd.RangeIndex):
        return (index.start if n else 0), (index.step if n > 1 else 0), n
    if index.dtype != np.dtype("int64"):
        return None
    values = index.to_numpy()
    if n < 2:
        return (int(values[0]) if n else 0), 0, n
    gaps = np.diff(values)
    return (int(values[0]), int(gaps[0]), n) if (gaps == gaps[0]).all() else None
