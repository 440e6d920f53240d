"""Bring one column, or one cell, to the kind it should have, without loss or not at all."""

from __future__ import annotations

from datetime import date, datetime
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from prodml.errors import SchemaError
from prodml.tables.kinds import Kind, kind_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cell_of", "column_of"]


def column_of(series: pd.Series, kind: Kind) -> pd.Series:
    """Return a column as the kind asked for, the same object where it is so already.

    Parameters
    ----------
    series : pandas.Series
        The column.
    kind : Kind
        What it should hold.

    Raises
    ------
    SchemaError
        If it holds something else.

    Examples
    --------
    >>> import pandas as pd
    >>> column_of(pd.Series([1.0, 2.0]), "integer").dtype
    dtype('int64')
    """
    found = kind_of(series)
    if found == kind or (kind == "number" and found == "integer"):
        return series
    if bool(series.isna().all()):
        filled: pd.Series = _all_missing(series, kind)
        return filled
    if kind == "integer" and found == "number":
        whole: pd.Series = _whole(series)
        return whole
    if kind == "category" and found in ("text", "integer", "boolean"):
        return series.astype("category")
    if kind == "text" and found == "category":
        plain: pd.Series = series.astype(series.cat.categories.dtype)
        if kind_of(plain) == "text":
            return plain
    raise _wrong_kind(str(series.name), kind, found)


def _all_missing(series: Any, kind: Kind) -> Any:
    """Give a column without any value the dtype that its values would have had."""
    import pandas as pd

    if kind == "time":
        return pd.to_datetime(series.astype(object))
    dtype = {"number": "float64", "integer": "float64", "category": "category"}.get(kind, "object")
    empty: Any = pd.Series([None] * len(series), index=series.index, name=series.name, dtype=object)
    return empty.astype(dtype)


def _whole(series: Any) -> Any:
    """Floats that are all whole as integers; with gaps they stay floats, since int64 has none."""
    present = series.dropna()
    fractions = int((present % 1 != 0).sum())  # infinity % 1 is NaN, and so counts
    if fractions:
        raise SchemaError(
            f'column "{series.name}" must hold integers, but {fractions} of {len(series)} values are not whole',
            column=str(series.name),
        )
    if len(present) < len(series) or bool((present.abs() >= 2**63).any()):
        return series
    return series.astype("int64")


def _wrong_kind(name: str, kind: Kind, found: Kind) -> SchemaError:
    return SchemaError(f'column "{name}" must hold {_KIND_WORDS[kind]}, got {found}', column=name)


_KIND_WORDS: dict[Kind, str] = {
    "number": "numbers",
    "integer": "integers",
    "boolean": "booleans",
    "category": "categories",
    "text": "text",
    "time": "times",
}


def cell_of(value: object, kind: Kind, field: str) -> object:
    """Return one value that is not missing as the kind asked for.

    Parameters
    ----------
    value : object
        A scalar of Python or numpy.
    kind : Kind
        What it should be.
    field : str
        Name for the message.

    Returns
    -------
    object
        A Python scalar: whole floats become int where integers are asked for, ISO 8601 text becomes
        datetime where times are.

    Raises
    ------
    SchemaError
        If it is of another kind. The message never holds the value.

    Examples
    --------
    >>> cell_of("2024-05-01T12:00", "time", "seen")
    datetime.datetime(2024, 5, 1, 12, 0)
    """
    value = _unboxed(value)
    converted = _CELLS[kind](value)
    if converted is None:
        raise SchemaError(
            f'field "{field}" must be {_CELL_WORDS[kind]}, got {type(value).__name__}', column=field
        )
    return converted


def _unboxed(value: Any) -> object:
    """Return the Python scalar inside a numpy one."""
    return (
        value.item() if hasattr(value, "dtype") and getattr(value, "shape", None) == () else value
    )


def _number(value: Any) -> object:
    if isinstance(value, int | float):
        return None if isinstance(value, bool) else value
    return float(value) if isinstance(value, Real) or _is_decimal(value) else None


def _is_decimal(value: object) -> bool:
    return type(value).__name__ == "Decimal"


def _integer(value: object) -> object:
    if isinstance(value, bool):
        return None
    if isinstance(value, Integral):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else None


def _boolean(value: object) -> object:
    return value if isinstance(value, bool) else None


def _category(value: object) -> object:
    return value if isinstance(value, str | int | float) else None


def _text(value: object) -> object:
    return value if isinstance(value, str) else None


def _time(value: object) -> object:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a date has no zone
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


_CELLS = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "category": _category,
    "text": _text,
    "time": _time,
}
_CELL_WORDS = {
    "number": "a number",
    "integer": "an integer",
    "boolean": "true or false",
    "category": "text, a whole number or a boolean",
    "text": "text",
    "time": "a time (a datetime, or text in ISO 8601)",
}
