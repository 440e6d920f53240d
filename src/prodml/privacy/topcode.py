"""TopCode: the rare ends of a scale, cut to a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from prodml.errors import ConfigError
from prodml.ports import Key
from prodml.privacy.settings import finite_number
from prodml.privacy.transform import Action, Record, Treatment
from prodml.privacy.values import Reader, is_missing

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TopCode"]


@attrs.frozen
class TopCode:
    """Replace numbers above `high` by `high`, and those below `low` by `low`.

    Extreme values single people out: few are 103 years old. Numbers stay numbers; missing stays
    missing; infinities are cut as well.

    Parameters
    ----------
    high, low : float, optional
        The limits; at least one, and ``low < high``.

    Raises
    ------
    ConfigError
        If no limit is given, or they are the wrong way round.

    Examples
    --------
    >>> action = TopCode(high=90).bind("age", None)
    >>> action.one(103, {}), action.one(34, {})
    (90, 34)
    """

    word: ClassVar[str] = "topcode"
    treatment: ClassVar[Treatment] = "generalised"
    needs_key: ClassVar[bool] = False

    high: float | None = attrs.field(default=None, kw_only=True, validator=finite_number)
    low: float | None = attrs.field(default=None, kw_only=True, validator=finite_number)

    def __attrs_post_init__(self) -> None:
        if self.high is None and self.low is None:
            raise ConfigError("give high, low or both")
        if self.high is not None and self.low is not None and self.low >= self.high:
            raise ConfigError(f"low must be below high, got {self.low} and {self.high}")

    def bind(self, column: str, key: Key | None) -> Action:  # noqa: ARG002
        """Return the cut of a column."""
        reader = Reader(column, "TopCode")

        def one(value: object, _: Record) -> object:
            return None if is_missing(value) else self._cut(value, reader)

        def whole(series: pd.Series, _: pd.DataFrame) -> pd.Series:
            return self._cut_column(series, reader)

        return Action(one, whole)

    def residual(self) -> str:
        """Say what an attacker still learns."""
        return "the value, unless it is beyond a limit"

    def to_dict(self) -> dict[str, object]:
        """Return the settings, those that are set."""
        limits = {"high": self.high, "low": self.low}
        return {name: limit for name, limit in limits.items() if limit is not None}

    def _cut(self, value: object, reader: Reader) -> object:
        extent = reader.extent(value)
        if self.high is not None and extent > self.high:
            return self.high
        if self.low is not None and extent < self.low:
            return self.low
        return value

    def _cut_column(self, series: pd.Series, reader: Reader) -> pd.Series:
        import numpy as np
        import pandas as pd

        if pd.api.types.is_bool_dtype(series) or not pd.api.types.is_numeric_dtype(series):
            cut = [None if is_missing(v) else self._cut(v, reader) for v in series.tolist()]
            return pd.Series(cut, index=series.index, name=series.name)
        fractional = any(limit % 1 for limit in (self.high, self.low) if limit is not None)
        if fractional and pd.api.types.is_integer_dtype(series):
            series = series.astype("float64" if isinstance(series.dtype, np.dtype) else "Float64")
        return series.clip(lower=self.low, upper=self.high)
