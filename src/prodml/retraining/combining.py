"""Triggers made of triggers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import attrs

from prodml.errors import ConfigError
from prodml.ports.duck import check_methods
from prodml.retraining.context import Context, Reason
from prodml.retraining.cron import Cron, read_zone
from prodml.retraining.triggers import Trigger

__all__ = [
    "AllOf",
    "AnyOf",
    "AtMostEvery",
    "Not",
    "QuietHours",
    "check_trigger",
    "check_triggers",
    "crons",
    "next_due",
]


class _Several:
    """What `AnyOf` and `AllOf` share: the triggers they are made of."""

    def __init__(self, *triggers: Trigger) -> None:
        if not triggers:
            raise ConfigError(f"{type(self).__name__} needs at least one trigger")
        for trigger in triggers:
            check_trigger(trigger)
        self.triggers = triggers

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.triggers))})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Several) or type(self) is not type(other):
            return False
        return self.triggers == other.triggers

    def __hash__(self) -> int:
        return hash((type(self), self.triggers))


class AnyOf(_Several):
    """When any of several triggers fires; a list of triggers means the same.

    Parameters
    ----------
    *triggers : Trigger
        At least one.

    Examples
    --------
    >>> from prodml.retraining import OnDrift, OnNewLabels
    >>> AnyOf(OnDrift(), OnNewLabels(500))
    AnyOf(OnDrift(min_share=0.0), OnNewLabels(n=500))
    """

    def due(self, context: Context) -> Reason | None:
        """Return the reasons of all that fire, as one; None if none does."""
        return _one([r for t in self.triggers if (r := t.due(context)) is not None], " or ")


class AllOf(_Several):
    """When all of several triggers fire, such as drift and enough labels to learn from it.

    Parameters
    ----------
    *triggers : Trigger
        At least one.

    Examples
    --------
    >>> from prodml.retraining import OnDrift, OnNewLabels
    >>> AllOf(OnDrift(), OnNewLabels(500)).due(Context(datetime(2026, 3, 2, tzinfo=UTC)))
    """

    def due(self, context: Context) -> Reason | None:
        """Return their reasons as one, or None if any does not fire."""
        reasons = [t.due(context) for t in self.triggers]
        fired = [r for r in reasons if r is not None]
        return _one(fired, " and ") if len(fired) == len(reasons) else None


@attrs.frozen
class Not:
    """When a trigger does not fire; of use inside `AllOf`.

    Parameters
    ----------
    trigger : Trigger
        The one.
    """

    trigger: Trigger = attrs.field()

    def __attrs_post_init__(self) -> None:
        check_trigger(self.trigger)

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """Nothing: it is due when its trigger is not."""
        return ()

    def due(self, context: Context) -> Reason | None:
        """Return a reason if the trigger has none."""
        if self.trigger.due(context) is not None:
            return None
        return Reason("not", f"{self.trigger!r} did not fire")


@attrs.frozen
class AtMostEvery:
    """A trigger that is heard only so long after the last run.

    Parameters
    ----------
    interval : timedelta
        Least time between the starts of two runs.
    trigger : Trigger
        The one.

    Examples
    --------
    >>> from prodml.retraining import OnDrift
    >>> AtMostEvery(timedelta(days=1), OnDrift())
    AtMostEvery(interval=datetime.timedelta(days=1), trigger=OnDrift(min_share=0.0))
    """

    interval: timedelta
    trigger: Trigger

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.interval, timedelta) or self.interval <= timedelta(0):
            raise ConfigError(
                f"interval must be a timedelta longer than nothing, got {self.interval!r:.40}"
            )
        check_trigger(self.trigger)

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """The trigger."""
        return (self.trigger,)

    def due(self, context: Context) -> Reason | None:
        """Return the trigger's reason, if the last run is long enough ago."""
        if context.last_run is not None and context.now < context.last_run + self.interval:
            return None
        return self.trigger.due(context)


def _clock_time(text: str | time) -> time:
    if isinstance(text, time):
        return text
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007  (a time of day has no zone)
    except (TypeError, ValueError) as exc:
        raise ConfigError(f'a time of day is written such as "22:00", got {text!r:.40}') from exc


@attrs.frozen
class QuietHours:
    """A trigger that is not heard at certain hours; what fires then is heard when they are over.

    Parameters
    ----------
    trigger : Trigger
        The one.
    start, end : str
        Times of day, such as ``"08:00"`` and ``"18:00"``, the end exclusive; over midnight if
        `start` is later.
    zone : str, optional
        Whose wall clocks are meant, such as ``"Europe/Oslo"``; None for UTC.
    weekdays_only : bool, default False
        Saturdays and Sundays are not quiet.

    Examples
    --------
    >>> from prodml.retraining import OnNewLabels
    >>> busy = QuietHours(OnNewLabels(10), start="08:00", end="18:00")
    >>> noon, night = (datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (12, 20))
    >>> busy.due(Context(noon, n_new_labels=10))
    >>> print(busy.due(Context(night, n_new_labels=10)))
    new_labels: 10 new labels, 10 are enough
    """

    trigger: Trigger
    start: time = attrs.field(converter=_clock_time, kw_only=True)
    end: time = attrs.field(converter=_clock_time, kw_only=True)
    zone: str | None = attrs.field(default=None, kw_only=True)
    weekdays_only: bool = attrs.field(default=False, kw_only=True)
    _zone: ZoneInfo | None = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        check_trigger(self.trigger)
        if self.start == self.end:
            raise ConfigError(f"quiet hours from {self.start:%H:%M} to {self.end:%H:%M} are none")
        object.__setattr__(self, "_zone", read_zone(None, None, self.zone))

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """The trigger."""
        return (self.trigger,)

    def is_quiet(self, at: datetime) -> bool:
        """Say whether a time is within the quiet hours."""
        wall = at.astimezone(UTC if self._zone is None else self._zone)
        begun = wall.time() >= self.start
        over = wall.time() >= self.end
        night = self.start > self.end
        is_within = (begun or not over) if night else (begun and not over)
        day = wall - timedelta(days=1) if night and not begun else wall  # the day it began on
        return is_within and not (self.weekdays_only and day.isoweekday() > 5)

    def due(self, context: Context) -> Reason | None:
        """Return the trigger's reason, unless it is quiet now."""
        return None if self.is_quiet(context.now) else self.trigger.due(context)


def crons(triggers: Iterable[Trigger]) -> Iterator[Cron]:
    """Yield every cron expression among triggers, and among those they are made of."""
    for trigger in triggers:
        cron = getattr(trigger, "cron", None)
        if isinstance(cron, Cron):
            yield cron
        yield from crons(getattr(trigger, "triggers", ()))


def next_due(triggers: Sequence[Trigger], context: Context) -> datetime | None:
    """Return the next time that a schedule names; None if there is none among the triggers.

    A time that has passed means now.
    """
    times = [next_due(getattr(trigger, "triggers", ()), context) for trigger in triggers]
    asked = [getattr(trigger, "next_due", None) for trigger in triggers]
    times += [ask(context) for ask in asked if ask is not None]
    return min((at for at in times if at is not None), default=None)


def check_trigger(trigger: object) -> None:
    """Refuse what is no trigger."""
    check_methods(trigger, "due", what="a trigger", such_as="OnDrift()")


def check_triggers(triggers: object) -> None:
    """Refuse what is no list of triggers, or an empty one."""
    listed = isinstance(triggers, Iterable) and not isinstance(triggers, str)
    found: tuple[object, ...] = tuple(triggers) if listed else ()  # type: ignore[arg-type]
    if not found:
        raise ConfigError(
            "triggers must be a list of at least one trigger, such as [OnSchedule(...)]"
        )
    for trigger in found:
        check_trigger(trigger)


def _one(reasons: Sequence[Reason], word: str) -> Reason | None:
    if len(reasons) < 2:
        return reasons[0] if reasons else None
    name = word.join(dict.fromkeys(reason.trigger for reason in reasons))
    return Reason(name, "; ".join(reason.message for reason in reasons))
