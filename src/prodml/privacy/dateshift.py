"""DateShift: every date of a person moved by that person's own number of days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

import attrs

from prodml.errors import KeyMaterialError, SchemaError
from prodml.ports import Key
from prodml.privacy.keyed import derive, keyed_hash
from prodml.privacy.settings import text, whole
from prodml.privacy.transform import Action, Record, Treatment
from prodml.privacy.values import Reader, is_missing

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DateShift"]


@attrs.frozen
class DateShift:
    """Move dates by a secret number of days, the same for all dates of one subject.

    Intervals within a subject stay what they were; the calendar is lost. The shift of a subject is
    ``HMAC-SHA256(K, utf8(subject))``, its first 8 bytes as a big-endian number modulo
    ``2 * max_days + 1``, less `max_days`, with
    ``K = HKDF-SHA256(secret, info="prodml/dateshift/v1/" + domain)``. Dates, datetimes and ISO 8601
    text stay what they are; missing stays missing.

    Parameters
    ----------
    subject : str
        Column that says whose date it is, read before its own transform. A missing subject is an
        error: without a subject there is no shift.
    max_days : int, default 180
        Dates move by at most so many days in either direction, 1 to 36500.
    domain : str, default ""
        Date columns and tables of one domain shift alike.

    Raises
    ------
    ConfigError
        If an argument is out of range.

    Examples
    --------
    >>> from prodml.ports import Key
    >>> key = Key("k1", bytes.fromhex("8f1d7a60c3e24b95d0a1f2c4e5b69788"))
    >>> shift = DateShift(subject="patient")
    >>> record = {"patient": 7, "admitted": "2024-03-01", "discharged": "2024-03-05"}
    >>> shift.bind("admitted", key).one("2024-03-01", record)
    '2024-05-09'
    >>> shift.bind("discharged", key).one("2024-03-05", record)
    '2024-05-13'
    """

    word: ClassVar[str] = "dateshift"
    treatment: ClassVar[Treatment] = "pseudonymised"
    needs_key: ClassVar[bool] = True

    subject: str = attrs.field(kw_only=True, validator=text())
    max_days: int = attrs.field(default=180, kw_only=True, validator=whole(1, 36_500))
    domain: str = attrs.field(default="", kw_only=True, validator=text())

    def bind(self, column: str, key: Key | None) -> Action:
        """Return the shift of a column."""
        if key is None:
            raise KeyMaterialError(f'DateShift needs a key for column "{column}"')
        days_of = self._days(key)
        reader = Reader(column, "DateShift")

        def one(value: object, record: Record) -> object:
            if is_missing(value):
                return None
            return _moved(value, days_of(record[self.subject]), reader)

        def whole_column(series: pd.Series, frame: pd.DataFrame) -> pd.Series:
            return _moved_column(series, frame[self.subject], days_of, reader)

        return Action(one, whole_column, reads=(self.subject,))

    def residual(self) -> str:
        """Say what an attacker still learns."""
        return f"intervals between a subject's dates, the date to within {self.max_days} days"

    def to_dict(self) -> dict[str, object]:
        """Return the settings."""
        return {"subject": self.subject, "max_days": self.max_days, "domain": self.domain}

    def _days(self, key: Key) -> Callable[[object], int]:
        digest = keyed_hash(derive(key.secret, f"prodml/dateshift/v1/{self.domain}"))
        subjects = Reader(self.subject, "DateShift")
        span = 2 * self.max_days + 1

        def days_of(subject: object) -> int:
            if is_missing(subject):
                raise SchemaError(
                    f'column "{self.subject}" lacks the subject of a date: without it there is no '
                    "shift. Drop such rows, or give them a subject",
                    column=self.subject,
                )
            # 64 bits modulo a few thousand: the bias is below 1e-14.
            return int.from_bytes(digest(subjects.bytes(subject))[:8], "big") % span - self.max_days

        return days_of


def _moved(value: object, days: int, reader: Reader) -> object:
    delta = timedelta(days=days)
    day = reader.date(value)
    if isinstance(value, str):
        return _as_written(value, day + delta)
    if isinstance(value, datetime) and value.tzinfo is not None:
        # Wall clocks jump, instants do not: the interval is kept in UTC.
        return (value.astimezone(UTC) + delta).astimezone(value.tzinfo)
    return (value if isinstance(value, date) else day) + delta


def _as_written(text: str, day: date) -> str:
    has_time = "T" in text or " " in text
    if isinstance(day, datetime) and not has_time:
        return day.date().isoformat()
    return day.isoformat()


def _moved_column(
    series: pd.Series, subjects: pd.Series, days_of: Callable[[object], int], reader: Reader
) -> pd.Series:
    import numpy as np
    import pandas as pd

    if bool((series.notna() & subjects.isna()).any()):
        days_of(None)
    codes, distinct = pd.factorize(subjects)
    days = np.array([*map(days_of, distinct.tolist()), 0])[codes]
    if isinstance(series.dtype, np.dtype | pd.DatetimeTZDtype) and series.dtype.kind == "M":
        return series + pd.to_timedelta(days, unit="D").as_unit(series.dt.unit)
    moved = [
        None if is_missing(value) else _moved(value, int(n), reader)
        for value, n in zip(series.tolist(), days, strict=True)
    ]
    dtype = None if isinstance(series.dtype, pd.CategoricalDtype) else series.dtype
    return pd.Series(moved, index=series.index, name=series.name, dtype=dtype)
