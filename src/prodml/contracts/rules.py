"""One rule each: which rows of a column break it, and whether one value keeps it.

Rules look past missing values, except the one about missing values.
"""

# ruff: noqa: D102 - the protocol says once what the two methods of every rule do
from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from prodml.errors import ContractError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = [
    "Between",
    "Length",
    "Matches",
    "NotNull",
    "OneOf",
    "Rows",
    "Rule",
    "Unique",
    "Whole",
    "Within",
]


class Rule(Protocol):
    """What a check is made of."""

    def __str__(self) -> str:
        """Say the rule in words that follow a column's name."""
        ...

    def breaks(self, series: Any) -> np.ndarray:
        """Return a boolean per row, True where the rule is broken."""
        ...

    def allows(self, value: object) -> bool:
        """Whether one value, not missing unless the rule is about that, keeps the rule."""
        ...


@attrs.frozen
class NotNull:
    """No value is missing."""

    def __str__(self) -> str:
        return "is not missing"

    def breaks(self, series: pd.Series) -> np.ndarray:
        return series.isna().to_numpy()

    def allows(self, value: object) -> bool:
        return value is not None


@attrs.frozen
class Whole:
    """Numbers are whole."""

    def __str__(self) -> str:
        return "is a whole number"

    def breaks(self, series: Any) -> np.ndarray:
        import numpy as np

        numbers, present = _numbers(series)
        return _spread(present, ~(np.isfinite(numbers) & (np.trunc(numbers) == numbers)))

    def allows(self, value: object) -> bool:
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


@attrs.frozen
class Between:
    """Numbers are finite and lie in a closed range.

    Parameters
    ----------
    low, high : float or None
        Ends; None is open.
    """

    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.low is None and self.high is None:
            return "is finite"
        return f"lies in {_range(self.low, self.high)}"

    def breaks(self, series: Any) -> np.ndarray:
        import numpy as np

        numbers, present = _numbers(series)
        fine = np.isfinite(numbers)
        if self.low is not None:
            fine &= numbers >= self.low
        if self.high is not None:
            fine &= numbers <= self.high
        return _spread(present, ~fine)

    def allows(self, value: Any) -> bool:
        finite = isinstance(value, int) or math.isfinite(value)
        above = self.low is None or value >= self.low
        return finite and above and (self.high is None or value <= self.high)


@attrs.frozen
class Within:
    """Times lie in a closed range.

    Parameters
    ----------
    low, high : datetime or None
        Ends; None is open. An end without a zone is read on the clock of the data's own zone.
    """

    low: datetime | None = None
    high: datetime | None = None

    def __str__(self) -> str:
        ends = (e.isoformat() if e else None for e in (self.low, self.high))
        return f"lies in {_range(*ends)}"

    def breaks(self, series: Any) -> np.ndarray:
        import numpy as np
        import pandas as pd

        times = pd.to_datetime(series) if series.dtype == object else series
        fine: np.ndarray = np.ones(len(times), dtype=bool)
        for end, sign in ((self.low, 1), (self.high, -1)):
            if end is not None:
                after = _ordered(times, pd.Timestamp(end), str(series.name))
                fine &= (after >= 0) if sign > 0 else (after <= 0)
        broken: np.ndarray = ~fine & series.notna().to_numpy()
        return broken

    def allows(self, value: Any) -> bool:
        return all(
            sign * _compare(value, end) >= 0
            for end, sign in ((self.low, 1), (self.high, -1))
            if end is not None
        )


def _ordered(times: Any, end: Any, name: str) -> np.ndarray:
    """Return -1, 0 or 1 per row: before, at or after `end`; missing is 0."""
    zoned = times.dt.tz is not None
    if end.tz is not None and not zoned:
        raise ContractError(
            f'column "{name}" must hold times with a zone, got times without', column=name
        )
    if end.tz is None and zoned:
        times = times.dt.tz_localize(None)
    order: np.ndarray = (times > end).to_numpy().astype(int) - (times < end).to_numpy().astype(int)
    return order


def _compare(value: datetime, end: datetime) -> int:
    if end.tzinfo is not None and value.tzinfo is None:
        raise ContractError("must be a time with a zone")
    if end.tzinfo is None:
        value = value.replace(tzinfo=None)
    return (value > end) - (value < end)


@attrs.frozen
class OneOf:
    """Values are among the levels."""

    levels: tuple[object, ...]

    def __str__(self) -> str:
        return f"is one of {len(self.levels)} levels"

    def breaks(self, series: pd.Series) -> np.ndarray:
        return ~series.isin(list(self.levels)).to_numpy() & series.notna().to_numpy()

    def allows(self, value: object) -> bool:
        return value in self.levels


@attrs.frozen(slots=False)
class Matches:
    """The whole text matches a regular expression of Python's `re`."""

    pattern: str

    def __str__(self) -> str:
        return f"matches {self.pattern!r}"

    def breaks(self, series: pd.Series) -> np.ndarray:
        return _of_distinct(series, lambda text: self._compiled.fullmatch(text) is None)

    def allows(self, value: Any) -> bool:
        return self._compiled.fullmatch(value) is not None

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)


@attrs.frozen
class Length:
    """The text has so many characters."""

    low: int | None = None
    high: int | None = None

    def __str__(self) -> str:
        return f"has a length in {_range(self.low, self.high)}"

    def breaks(self, series: pd.Series) -> np.ndarray:
        return _of_distinct(series, lambda text: not self.allows(text))

    def allows(self, value: Any) -> bool:
        return (self.low or 0) <= len(value) <= (math.inf if self.high is None else self.high)


@attrs.frozen
class Unique:
    """No value occurs twice; every row of a group of equal ones breaks the rule."""

    def __str__(self) -> str:
        return "is unique"

    def breaks(self, series: pd.Series) -> np.ndarray:
        return series.duplicated(keep=False).to_numpy() & series.notna().to_numpy()

    def allows(self, value: object) -> bool:  # noqa: ARG002 - one record is alone
        return True


@attrs.frozen
class Rows:
    """A function of the host's says which rows are fine.

    Parameters
    ----------
    function : callable
        Takes a Series (or, for a whole table, a DataFrame) and returns a boolean per row.
    name : str
        What it checks, in words.
    """

    function: Callable[[Any], object]
    name: str

    def __str__(self) -> str:
        return self.name

    def breaks(self, series: Any) -> np.ndarray:
        broken = self.fails(series)
        return broken & series.notna().to_numpy() if series.ndim == 1 else broken

    def fails(self, data: Any) -> np.ndarray:
        """Return a boolean per row, True where the function did not say True."""
        import numpy as np
        import pandas as pd

        try:
            answer: Any = self.function(data)
        except Exception as exc:
            raise ContractError(f'check "{self.name}" failed with {type(exc).__name__}') from exc
        answers = pd.Series(answer) if np.ndim(answer) == 1 else pd.Series(dtype=bool)
        if len(answers) != len(data) or (len(answers.dropna()) and not _is_boolean(answers)):
            raise ContractError(f'check "{self.name}" must return one boolean per row')
        return ~answers.astype(object).eq(True).to_numpy(dtype=bool)

    def allows(self, value: object) -> bool:
        import pandas as pd

        return not self.fails(pd.Series([value]))[0]


def _is_boolean(answers: Any) -> bool:
    from pandas.api import types

    return types.infer_dtype(answers, skipna=True) == "boolean"


def _range(low: object, high: object) -> str:
    left = "(-inf" if low is None else f"[{low}"
    right = "inf)" if high is None else f"{high}]"
    return f"{left}, {right}"


def _numbers(series: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the values that are there, in a plain dtype, and where they are."""
    present = series.notna().to_numpy()
    values = series if present.all() else series[present]
    plain = getattr(series.dtype, "numpy_dtype", series.dtype)
    return values.to_numpy(dtype=plain if plain.kind in "iuf" else "float64"), present


def _spread(present: np.ndarray, broken: np.ndarray) -> np.ndarray:
    import numpy as np

    rows = np.zeros(len(present), dtype=bool)
    rows[present] = broken
    return rows


def _of_distinct(series: Any, breaks: Callable[[Any], bool]) -> np.ndarray:
    """Judge each distinct value once. Python's own rules, so that a batch and a record agree."""
    import numpy as np
    import pandas as pd

    codes, distinct = pd.factorize(series)
    judged = np.array([breaks(value) for value in distinct], dtype=bool)
    return np.append(judged, False)[codes]  # code -1 is missing, and never breaks
