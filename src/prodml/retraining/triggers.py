"""What may start a run. A trigger of your own is any object with `due`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

import attrs

from prodml import display
from prodml.errors import ConfigError, UnknownNameError
from prodml.ports.duck import is_number
from prodml.retraining.context import Context, Reason, Scores
from prodml.retraining.cron import Cron

__all__ = ["Manual", "OnDrift", "OnNewLabels", "OnPerformance", "OnSchedule", "Trigger"]


class Trigger(Protocol):
    """Says whether there is a reason to train again. Pure: the context is all it may look at."""

    def due(self, context: Context, /) -> Reason | None:
        """Return why a run is due, or None."""
        ...


def _interval(every: timedelta | str | Cron) -> timedelta | Cron:
    if isinstance(every, str):
        return Cron(every)
    if isinstance(every, timedelta) and every <= timedelta(0):
        raise ConfigError(f"every must be longer than nothing, got {every}")
    if not isinstance(every, timedelta | Cron):
        raise ConfigError(
            'every must be a timedelta or a cron expression such as "0 3 * * *", '
            f"got {type(every).__name__}"
        )
    return every


def _not_negative(_: object, field: attrs.Attribute[timedelta], value: object) -> None:
    if not isinstance(value, timedelta) or value < timedelta(0):
        raise ConfigError(
            f"{field.name} must be a timedelta of nothing or more, such as timedelta(seconds=30), "
            f"got {value!r:.40}"
        )


@attrs.frozen
class OnSchedule:
    """At fixed times.

    Parameters
    ----------
    every : timedelta or str
        With a timedelta a run is due at once if there was none yet, and then so long after the
        last one was started. With a cron expression (see `Cron`) it is due when a time that it
        names has passed since the last run, or since the loop was first asked; also if it is first
        asked at such a time. Times missed while nothing ran count once.
    zone : str, optional
        Whose wall clocks a cron expression means, such as ``"Europe/Oslo"``; None for UTC.
    tolerance : timedelta, default 30 s
        A cron time that is no further ahead counts as come: whoever starts the loop on the minute may
        have a clock that is ahead of this machine's, and would otherwise miss the time by a second and
        wait a whole period.

    Raises
    ------
    ConfigError
        If it is neither.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> at_six = Context(datetime(2026, 3, 2, 6, tzinfo=UTC), datetime(2026, 3, 1, 6, tzinfo=UTC))
    >>> print(OnSchedule("0 3 * * *").due(at_six))
    schedule: 0 3 * * * was due at 2026-03-02 03:00 UTC
    """

    every: timedelta | Cron = attrs.field(converter=_interval)
    zone: str | None = attrs.field(default=None, kw_only=True)
    tolerance: timedelta = attrs.field(
        default=timedelta(seconds=30), kw_only=True, validator=_not_negative
    )

    def __attrs_post_init__(self) -> None:
        if self.zone is None:
            return
        if not isinstance(self.every, Cron):
            raise ConfigError("zone is for cron expressions; a timedelta is as long everywhere")
        if self.every.zone not in (None, self.zone):
            raise ConfigError(f"the Cron is of {self.every.zone}, zone says {self.zone}")
        object.__setattr__(self, "every", Cron(self.every.expression, self.zone))

    @property
    def cron(self) -> Cron | None:
        """The expression; None if it is a timedelta."""
        return self.every if isinstance(self.every, Cron) else None

    def due(self, context: Context) -> Reason | None:
        """Return why a run is due, or None."""
        if isinstance(self.every, Cron):
            return self._due_by_cron(self.every, context)
        if context.last_run is None:
            return Reason("schedule", "there was no run yet")
        passed = context.now - context.last_run
        if passed < self.every:
            return None
        took, every = (display.duration(t.total_seconds()) for t in (passed, self.every))
        return Reason("schedule", f"the last run was {took} ago, and one is due every {every}")

    def next_due(self, context: Context) -> datetime:
        """Return when it is due next, in UTC; a time that has passed if it is due already."""
        if isinstance(self.every, Cron):
            return self.every.next_after(self._since(context))
        return context.now if context.last_run is None else context.last_run + self.every

    def _due_by_cron(self, cron: Cron, context: Context) -> Reason | None:
        due = cron.next_after(self._since(context))
        if due > context.now + self.tolerance:
            return None
        return Reason("schedule", f"{cron.expression} was due at {due:%Y-%m-%d %H:%M} UTC")

    def _since(self, context: Context) -> datetime:
        """Return the time after which cron times are open."""
        if context.last_run is not None:
            return context.last_run + self.tolerance  # it may have answered a time just ahead of it
        if context.first_check is not None:
            return context.first_check
        return context.now.replace(second=0, microsecond=0) - timedelta(microseconds=1)


@attrs.frozen
class OnDrift:
    """When enough columns drifted.

    Parameters
    ----------
    min_share : float, default 0.0
        Least share of the tested columns, in [0, 1]; with 0 any drifted column will do.

    Examples
    --------
    >>> OnDrift(min_share=0.3)
    OnDrift(min_share=0.3)
    """

    min_share: float = 0.0

    def __attrs_post_init__(self) -> None:
        if not is_number(self.min_share) or not 0.0 <= self.min_share <= 1.0:
            raise ConfigError(f"min_share must lie in [0, 1], got {self.min_share!r:.40}")

    def due(self, context: Context) -> Reason | None:
        """Return why a run is due, or None; without a report there is no reason."""
        drift = context.drift
        if drift is None or not drift.drifted or drift.share < self.min_share:
            return None
        return Reason("drift", f"{display.percent(drift.share)} of the columns drifted")


@attrs.frozen
class OnPerformance:
    """When a score has passed a limit.

    Parameters
    ----------
    metric : str
        Name of the score.
    below : float, optional
        Train again if the score is lower; for scores of which more is better.
    above : float, optional
        Train again if it is higher; for errors and losses. Exactly one of the two is given.
    sure : bool, default False
        Only if its whole confidence interval has passed the limit, so that chance does not start
        runs. The accuracy of a `PredictionLog` has an interval.
    min_labels : int, default 0
        Only if so many outcomes are known.
    min_coverage : float, default 0.0
        Only if the outcome of such a share of the predictions is known, in [0, 1]: those that come
        first are seldom like the rest.

    Raises
    ------
    ConfigError
        If both or neither limit are given, or a number is outside its range.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> context = Context(datetime(2026, 3, 2, tzinfo=UTC), performance={"accuracy": 0.81})
    >>> print(OnPerformance("accuracy", below=0.85).due(context))
    performance: accuracy is 0.81, below 0.85
    """

    metric: str
    below: float | None = attrs.field(default=None, kw_only=True)
    above: float | None = attrs.field(default=None, kw_only=True)
    sure: bool = attrs.field(default=False, kw_only=True)
    min_labels: int = attrs.field(default=0, kw_only=True)
    min_coverage: float = attrs.field(default=0.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if (self.below is None) == (self.above is None):
            raise ConfigError(f"say either below= or above= for {self.metric}, not both or neither")
        if not is_number(self.below if self.above is None else self.above):
            raise ConfigError(f"the limit of {self.metric} must be a number")
        if not _is_count(self.min_labels) or self.min_labels < 0:
            raise ConfigError(
                f"min_labels must be a whole number of at least 0, got {self.min_labels!r:.40}"
            )
        if not is_number(self.min_coverage) or not 0.0 <= self.min_coverage <= 1.0:
            raise ConfigError(f"min_coverage must lie in [0, 1], got {self.min_coverage!r:.40}")

    def due(self, context: Context) -> Reason | None:
        """Return why a run is due, or None.

        Raises
        ------
        UnknownNameError
            If there are scores, but not this one: a misspelt trigger would never fire.
        ConfigError
            If something is asked that these scores do not say: their interval, their labels.
        """
        scores = context.performance
        if not scores:
            return None
        if self.metric not in scores:
            raise UnknownNameError("score", self.metric, scores, where="among those measured")
        if self._rests_on_too_little(scores):
            return None
        value = scores[self.metric]
        low, high = self._limits(scores) if self.sure else (value, value)
        side, limit = ("below", self.below) if self.below is not None else ("above", self.above)
        if limit is None or not (high < limit if side == "below" else low > limit):
            return None
        found, allowed = display.number(value), display.number(limit)
        surely = f" (95 % sure: {display.number(low)} to {display.number(high)})"
        told = f"{self.metric} is {found}{surely if self.sure else ''}, {side} {allowed}"
        return Reason("performance", told)

    def _rests_on_too_little(self, scores: Scores) -> bool:
        asked = (
            ("min_labels", self.min_labels, scores.n_labels),
            ("min_coverage", self.min_coverage, scores.coverage),
        )
        for name, least, found in asked:
            if least and found is None:
                raise ConfigError(
                    f"{name} needs scores that say what they rest on, as PredictionLog.performance() "
                    "gives them, got bare numbers"
                )
            if found is not None and found < least:
                return True
        return False

    def _limits(self, scores: Scores) -> tuple[float, float]:
        if self.metric in scores.limits:
            return scores.limits[self.metric]
        known = ", ".join(scores.limits) or "none of them"
        raise ConfigError(
            f"sure=True needs the confidence limits of {self.metric}; of these scores, {known} has any"
        )


@attrs.frozen
class OnNewLabels:
    """When enough labelled rows came in.

    Parameters
    ----------
    n : int
        Least number, at least 1.

    Examples
    --------
    >>> OnNewLabels(500)
    OnNewLabels(n=500)
    """

    n: int

    def __attrs_post_init__(self) -> None:
        if not _is_count(self.n) or self.n < 1:
            raise ConfigError(f"n must be a whole number of at least 1, got {self.n!r}")

    def due(self, context: Context) -> Reason | None:
        """Return why a run is due, or None; where nobody counts there is no reason."""
        found = context.n_new_labels
        if found is None or found < self.n:
            return None
        return Reason("new_labels", f"{found:,} new labels, {self.n:,} are enough")


@attrs.frozen
class Manual:
    """When somebody asked for it: `RetrainLoop.request` puts the wish into the journal.

    Whoever asks need not be where the training runs. A wish is fulfilled once, through any cooldown.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from prodml.retraining import Request
    >>> now = datetime(2026, 3, 2, tzinfo=UTC)
    >>> print(Manual().due(Context(now, request=Request("new region", "ops"))))
    manual: ops asked: new region
    """

    def due(self, context: Context) -> Reason | None:
        """Return why a run is due, or None."""
        asked = context.request
        if asked is None:
            return None
        return Reason("manual", f"{asked.actor or 'somebody'} asked: {asked.reason}")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
