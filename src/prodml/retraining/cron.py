"""Cron expressions of five fields, in UTC or on the wall clocks of a time zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs

from prodml.errors import ConfigError
from prodml.retraining.cron_fields import Fields, parse

__all__ = ["Cron", "read_zone"]

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
# A 29th of February on a given weekday can be 40 years off, across a century without leap day.
_FARTHEST_DAYS = 41 * 366


def read_zone(_: object, __: object, zone: str | None) -> ZoneInfo | None:
    """Return a time zone, None for UTC; ConfigError if there is none of the name."""
    if zone is None or zone == "UTC":
        return None
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, TypeError, OSError) as exc:
        raise ConfigError(
            f"no time zone {zone!r:.60} on this machine. A zone is named such as "
            '"Europe/Oslo"; where a system has none, pip install tzdata brings them'
        ) from exc


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
    zone : str, optional
        Name of the time zone whose wall clocks are meant, such as ``"Europe/Oslo"``; None for UTC,
        where no hour is ever missing or there twice.

    Raises
    ------
    ConfigError
        If it cannot be read, naming the field, or never comes (30 February).

    Notes
    -----
    When wall clocks are set forward, a time of day that is skipped comes at the first minute after the gap;
    when they are set back, one that is there twice comes the first time only. Expressions whose hour
    or minute begins with ``*`` run by the hour and simply go on: they skip what is skipped and repeat
    what is repeated. These are the rules of Vixie cron.

    Source: crontab(5) and cron(8) of Vixie cron; POSIX.1-2017, crontab.

    Examples
    --------
    >>> Cron("30 3 * * mon-fri").next_after(datetime(2026, 3, 6, 12, tzinfo=UTC)).isoformat()
    '2026-03-09T03:30:00+00:00'
    """

    expression: str
    zone: str | None = None
    _fields: Fields = attrs.field(init=False, repr=False, eq=False)
    _zone: ZoneInfo | None = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_fields", parse(self.expression))
        object.__setattr__(self, "_zone", read_zone(None, None, self.zone))
        self.next_after(datetime(2000, 1, 1, tzinfo=UTC))

    @property
    def five_fields(self) -> str:
        """The expression with presets written out, for schedulers that know none."""
        return " ".join(self._fields.texts)

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
        minute = _utc(at).replace(second=0, microsecond=0)
        return self.next_after(minute - timedelta(microseconds=1)) == minute

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
        for day in self._days(at):
            found = self._first_of_day(day, at)
            if found is not None:
                return found
        raise ConfigError(f'the cron expression "{self.expression}" names a day that never comes')

    def _days(self, at: datetime) -> Iterator[date]:
        # A wall clock is at most a day off, and a gap may carry a time over midnight.
        first = at.date() if self._zone is None else at.astimezone(self._zone).date() - _DAY
        for offset in range(_FARTHEST_DAYS):
            day = first + timedelta(days=offset)
            if self._is_day(day):
                yield day

    def _is_day(self, day: date) -> bool:
        fields = self._fields
        if day.month not in fields.months:
            return False
        in_month, in_week = day.day in fields.days, day.isoweekday() % 7 in fields.weekdays
        return (in_month or in_week) if fields.either_day else (in_month and in_week)

    def _first_of_day(self, day: date, at: datetime) -> datetime | None:
        offset = timedelta(0) if self._zone is None else _steady_offset(day, self._zone)
        if offset is None:
            times = (time for wall in self._walls(day) for time in self._instants(wall, self._zone))
            return min((time for time in times if time > at), default=None)
        target = (at + offset).replace(tzinfo=None)
        found = next((wall for wall in self._walls(day, target) if wall > target), None)
        return None if found is None else found.replace(tzinfo=UTC) - offset

    def _walls(self, day: date, after: datetime | None = None) -> Iterator[datetime]:
        """Yield the wall clock times of a day in order, less the hours that are over."""
        for hour in self._fields.hours:
            begin = datetime(day.year, day.month, day.day, hour)  # noqa: DTZ001
            if after is not None and begin + _HOUR <= after:
                continue
            for minute in self._fields.minutes:
                yield begin.replace(minute=minute)

    def _instants(self, wall: datetime, zone: ZoneInfo | None) -> Iterator[datetime]:
        """Yield when this wall clock time is: once, or never or twice when clocks are set."""
        if zone is None:
            return
        first, second = (_instant(wall, zone, fold) for fold in (0, 1))
        if first is not None:
            yield first
        if self._fields.is_frequent:
            if second is not None and second != first:
                yield second
        elif first is None:
            yield _after_gap(wall, zone)


def _steady_offset(day: date, zone: ZoneInfo) -> timedelta | None:
    """Return how far the zone's clocks are ahead of UTC all day, or None if they are set that day."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    before, after = (midnight - _HOUR).utcoffset(), (midnight + _DAY + _HOUR).utcoffset()
    return before if before == after else None


def _instant(wall: datetime, zone: ZoneInfo, fold: int) -> datetime | None:
    local = wall.replace(tzinfo=zone, fold=fold)
    at = local.astimezone(UTC)
    return at if at.astimezone(zone).replace(tzinfo=None, fold=0) == wall else None


def _after_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    found = None
    while found is None:
        wall += _MINUTE
        found = _instant(wall, zone, 0)
    return found


def _utc(at: datetime) -> datetime:
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise ConfigError("a schedule needs aware datetimes, such as datetime.now(UTC)")
    return at.astimezone(UTC)
