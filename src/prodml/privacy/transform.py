"""What becomes of one column: the protocol of transforms, and how values are mapped.

A transform is a frozen value that says what to do. Bound to a column (and to a key, where it needs
one) it becomes an `Action` with two paths of one result: a single value, and a whole column, in
which each distinct value is worked on once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

import attrs

from prodml.errors import SchemaError
from prodml.ports import Key
from prodml.privacy.values import is_missing

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Action", "Record", "Transform", "Treatment", "by_value"]

Record: TypeAlias = Mapping[str, object]
Treatment: TypeAlias = Literal["removed", "pseudonymised", "generalised", "masked", "kept"]


@attrs.frozen
class Action:
    """A transform bound to a column.

    Parameters
    ----------
    one : callable
        ``one(value, record) -> value`` for a single record.
    column : callable
        ``column(series, frame) -> series`` for a whole column; equal to `one` row by row.
    reads : tuple of str, default ()
        Other columns that must be there.
    """

    one: Callable[[object, Record], object]
    column: Callable[[pd.Series, pd.DataFrame], pd.Series]
    reads: tuple[str, ...] = ()


@runtime_checkable
class Transform(Protocol):
    """What a transform looks like; a frozen value without any secret in it."""

    word: ClassVar[str]
    """Names the transform in a stored policy."""
    treatment: ClassVar[Treatment]
    """What the column is afterwards, in the words of data protection law."""
    needs_key: ClassVar[bool]
    """Whether `bind` wants a key."""

    def bind(self, column: str, key: Key | None) -> Action | None:
        """Return what to do with a column; None if the column goes."""
        ...

    def residual(self) -> str:
        """Say what an attacker still learns from the result."""
        ...

    def to_dict(self) -> dict[str, object]:
        """Return its settings, JSON-able."""
        ...


def by_value(function: Callable[[object], str]) -> Action:
    """Make an action from a function of one value that is present; missing stays missing.

    Parameters
    ----------
    function : callable
        Maps one value that is not missing to text. Called once per distinct value of a column.

    Returns
    -------
    Action
        Gives text in pandas's text dtype, and a category for a category.
    """

    def one(value: object, _: Record) -> str | None:
        return None if is_missing(value) else function(value)

    def column(series: pd.Series, _: pd.DataFrame) -> pd.Series:
        return _map_distinct(series, function)

    return Action(one, column)


def _map_distinct(series: pd.Series, function: Callable[[object], str]) -> pd.Series:
    import pandas as pd

    codes, distinct = _factorized(series)
    # pandas 2 keeps text as object, pandas 3 as str.
    dtype: Any = pd.Series(["a"]).dtype
    text = pd.array([function(value) for value in distinct], dtype=dtype)
    values: Any = text.take(codes, allow_fill=True)
    if isinstance(series.dtype, pd.CategoricalDtype):
        # Sorted by what they became: the order of the originals would tell something.
        values = pd.Categorical(values)
    return pd.Series(values, index=series.index, name=series.name)


def _factorized(series: pd.Series) -> tuple[NDArray[np.intp], list[object]]:
    import pandas as pd

    try:
        codes, distinct = pd.factorize(series)
    except TypeError:  # its message may show the value; the error below does not carry it along
        pass
    else:
        return codes, distinct.tolist()
    raise SchemaError(
        f'column "{series.name}" holds values that cannot be compared, such as lists; '
        "a column holds scalars",
        column=str(series.name),
    )
