"""What a column holds, in six words that mean the same under every pandas version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from prodml.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KINDS", "Kind", "is_missing", "kind_of"]

Kind: TypeAlias = Literal["number", "integer", "boolean", "category", "text", "time"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# What `pandas.api.types.infer_dtype` says of an object column, and what we call it. A column of
# nothing but missing values holds no evidence against being text.
_OF_OBJECTS: dict[str, Kind] = {
    "string": "text",
    "empty": "text",
    "boolean": "boolean",
    "integer": "integer",
    "floating": "number",
    "mixed-integer-float": "number",
    "decimal": "number",
    "datetime": "time",
    "datetime64": "time",
    "date": "time",
}

_MISSING_TYPES = frozenset({"NAType", "NaTType"})


def kind_of(series: pd.Series) -> Kind:
    """Name the kind of values a column holds.

    Parameters
    ----------
    series : pandas.Series
        Any length; missing values are looked past.

    Returns
    -------
    {"number", "integer", "boolean", "category", "text", "time"}
        A categorical column is always ``"category"``, whatever its levels are. A column of objects
        is judged by its values; one of missing values alone is ``"text"``.

    Raises
    ------
    SchemaError
        If the column holds none of these: durations, periods, bytes, complex numbers, or a mixture.

    Examples
    --------
    >>> import pandas as pd
    >>> kind_of(pd.Series([1.5, None])), kind_of(pd.Series(["a", None]))
    ('number', 'text')
    >>> kind_of(pd.Series([True, None, False]))
    'boolean'
    """
    import pandas as pd  # heavy: only when a table is there anyway
    from pandas.api import types

    if isinstance(series.dtype, pd.CategoricalDtype):
        return "category"
    if types.is_object_dtype(series.dtype):
        return _kind_of_objects(series)
    return _kind_of_dtype(series)


def _kind_of_dtype(series: pd.Series) -> Kind:
    from pandas.api import types

    dtype = series.dtype
    if types.is_bool_dtype(dtype):
        return "boolean"
    if types.is_integer_dtype(dtype):
        return "integer"
    if types.is_float_dtype(dtype) or "decimal" in str(dtype):
        return "number"
    if types.is_datetime64_any_dtype(dtype) or str(dtype).startswith("date32"):
        return "time"
    if types.is_string_dtype(dtype):
        return "text"
    raise _no_kind(series, str(dtype))


def _kind_of_objects(series: Any) -> Kind:
    from pandas.api import types

    found = types.infer_dtype(series, skipna=True)
    if found not in _OF_OBJECTS:
        raise _no_kind(series, f"objects ({found})")
    return _OF_OBJECTS[found]


def _no_kind(series: pd.Series, found: str) -> SchemaError:
    name = str(series.name)
    return SchemaError(
        f'column "{name}" holds {found}, which is none of {", ".join(KINDS)}. '
        "Convert it first: durations with .dt.total_seconds(), mixtures with .astype(str) "
        "where nothing is missing.",
        column=name,
    )


def is_missing(value: object) -> bool:
    """Whether one value is missing: None, NaN, NaT or NA.

    Parameters
    ----------
    value : object
        A scalar.

    Returns
    -------
    bool
        False for anything that is not a scalar.

    Examples
    --------
    >>> is_missing(None), is_missing(float("nan")), is_missing(0), is_missing("")
    (True, True, False, False)
    """
    if value is None:
        return True
    if isinstance(value, float):
        return value != value  # noqa: PLR0124 - NaN alone differs from itself
    return type(value).__name__ in _MISSING_TYPES or (
        hasattr(value, "dtype") and getattr(value, "shape", None) == () and bool(value != value)  # noqa: PLR0124
    )
