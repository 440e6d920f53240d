"""The five fields of a cron expression, read into sets of numbers."""

from __future__ import annotations

from typing import NamedTuple

from prodml.errors import ConfigError, known_names

__all__ = ["Fields", "parse"]


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


class Fields(NamedTuple):
    """What an expression names.

    Parameters
    ----------
    texts : tuple of str
        The five fields as written, in small letters, presets written out.
    minutes, hours : tuple of int
        The numbers in each, rising.
    days, months, weekdays : frozenset of int
        The numbers in each; Sunday is 0.
    """

    texts: tuple[str, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    @property
    def either_day(self) -> bool:
        """Whether a day matches when one of its two fields does: neither begins with a star."""
        return not self.texts[2].startswith("*") and not self.texts[4].startswith("*")

    @property
    def is_frequent(self) -> bool:
        """Whether it runs by the hour rather than at a time of day: a star leads hour or minute."""
        return self.texts[0].startswith("*") or self.texts[1].startswith("*")


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


def parse(expression: str) -> Fields:
    """Read an expression.

    Raises
    ------
    ConfigError
        Names the field that cannot be read.
    """
    if not isinstance(expression, str):
        raise ConfigError(f"a cron expression is text, got {type(expression).__name__}")
    texts = _split(expression)
    sets = [_values(text, field) for text, field in zip(texts, _FIELDS, strict=True)]
    sets[4] = {day % 7 for day in sets[4]}
    minutes, hours = (tuple(sorted(numbers)) for numbers in sets[:2])
    return Fields(tuple(texts), minutes, hours, *map(frozenset, sets[2:]))


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
