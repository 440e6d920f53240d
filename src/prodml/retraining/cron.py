"""Cron expressions of five fields, in UTC, where no hour is ever missing or there twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import attrs

from prodml.errors import ConfigError, known_names

__all__ = ["Cron"]


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _DAYS),  # 0 and 7 are both Sunday
)
_PRESETS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
# A 29th of February on a given weekday can be 40 years off, across a century without leap day.
_FARTHEST_DAYS = 41 * 366


@attrs.frozen
class Cron:
    """Times that a cron expression names.

    Fields are minute, hour, day of month, month and day of week (0 or 7 is Sunday), each ``*``, a
    number, a name (``jan``, ``mon``), a range ``a-b``, a step ``*/n`` or ``a-b/n``, or a list of these.
    ``@hourly``, ``@daily``, ``@weekly``, ``@monthly`` and ``@yearly`` are known. If neither day field begins
    with ``*``, a day matches when either does; this is cron's own rule.

    Parameters
    ----------
    expression : str
        Such as ``"30 3 * * mon-fri"``.

    Raises
    ------
    ConfigError
        If it cannot be read, naming the field, or never comes (30 February).

    Notes
    -----
    Source: crontab(5) of Vixie cron; POSIX.1-2017, crontab.

    Examples
    --------
    >>> Cron("30 3 * * mon-fri").next_after(datetime(2026, 3, 6, 12, tzinfo=UTC)).isoformat()
    '2026-03-09T03:30:00+00:00'
    """

    expression: str
    _sets: tuple[frozenset[int], ...] = attrs.field(init=False, repr=False, eq=False)
    _either_day: bool = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.expression, str):
            raise ConfigError(f"a cron expression is text, got {type(self.expression).__name__}")
        fields = _split(self.expression)
        parsed = [_values(text, field) for text, field in zip(fields, _FIELDS, strict=True)]
        parsed[4] = {day % 7 for day in parsed[4]}
        object.__setattr__(self, "_sets", tuple(map(frozenset, parsed)))
        restricted = [not text.startswith("*") for text in (fields[2], fields[4])]
        object.__setattr__(self, "_either_day", all(restricted))
        self.next_after(datetime(2000, 1, 1, tzinfo=UTC))

    def matches(self, at: datetime) -> bool:
        """Whether the expression names the minute of this time.

        Parameters
        ----------
        at : datetime
            Aware; seconds are looked past.

        Returns
        -------
        bool

        Examples
        --------
        >>> Cron("@hourly").matches(datetime(2026, 1, 1, 5, 0, 59, tzinfo=UTC))
        True
        """
        at = _utc(at)
        return at.minute in self._sets[0] and at.hour in self._sets[1] and self._is_day(at.date())

    def next_after(self, at: datetime) -> datetime:
        """Return the first minute named that begins after this time.

        Parameters
        ----------
        at : datetime
            Aware.

        Returns
        -------
        datetime
            In UTC, on the minute.
        """
        at = _utc(at)
        for day in _days(at.date()):
            if not self._is_day(day):
                continue
            for found in self._times(day):
                if found > at:
                    return found
        raise ConfigError(f'the cron expression "{self.expression}" names a day that never comes')

    def _is_day(self, day: date) -> bool:
        if day.month not in self._sets[3]:
            return False
        in_month, in_week = day.day in self._sets[2], day.isoweekday() % 7 in self._sets[4]
        return (in_month or in_week) if self._either_day else (in_month and in_week)

    def _times(self, day: date) -> Iterator[datetime]:
        for hour in sorted(self._sets[1]):
            for minute in sorted(self._sets[0]):
                yield datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def _days(first: date) -> Iterator[date]:
    for offset in range(_FARTHEST_DAYS):
        yield first + timedelta(days=offset)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ConfigError("a schedule needs aware datetimes, such as datetime.now(UTC)")
    return at.astimezone(UTC)


def _split(expression: str) -> list[str]:
    text = expression.strip().lower()
    if text.startswith("@"):
        if text not in _PRESETS:
            raise ConfigError(f'no preset "{expression}". {known_names(text, _PRESETS)}')
        text = _PRESETS[text]
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ConfigError(
            "a cron expression has five fields (minute, hour, day of month, month, day of week), "
            f'got {len(fields)} in "{expression}"'
        )
    return fields


def _values(text: str, field: _Field) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        found |= _part(part, field)
    return found


def _part(part: str, field: _Field) -> set[int]:
    span, slash, step_text = part.partition("/")
    step = _step(step_text, field) if slash else 1
    if span == "*":
        return set(range(field.low, field.high + 1, step))
    first, dash, last = span.partition("-")
    low = _number(first, field)
    if not dash:
        # "5/15" is read as the crons that allow it do: from 5 on, every 15.
        return set(range(low, field.high + 1, step)) if slash else {low}
    high = _number(last, field)
    if field.names is _DAYS and high == 0 < low:
        high = 7  # "fri-sun"
    if high < low:
        raise ConfigError(f'the range "{span}" of the {field.name} runs backwards')
    return set(range(low, high + 1, step))


def _number(text: str, field: _Field) -> int:
    if text in field.names:
        return field.names.index(text) + field.low
    value = _digits(text)
    if value is None or not field.low <= value <= field.high:
        also = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
        span = f"{field.low} to {field.high}{also}"
        raise ConfigError(f'the {field.name} must be {span}, got "{text}"')
    return value


def _step(text: str, field: _Field) -> int:
    value = _digits(text)
    if not value:
        raise ConfigError(f'a step of the {field.name} must be at least 1, got "{text}"')
    return value


def _digits(text: str) -> int | None:
    # isdigit() alone takes superscripts, and int() takes signs and underscores: no cron does.
    return int(text) if text.isascii() and text.isdigit() else None
