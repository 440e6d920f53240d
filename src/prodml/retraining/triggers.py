"""What may start a run. A trigger of your own is any object with `due`."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

import attrs

from prodml import display
from prodml.errors import ConfigError, UnknownNameError
from prodml.retraining.context import Context, Reason
from prodml.retraining.cron import Cron

__all__ = ["OnDrift", "OnNewLabels", "OnPerformance", "OnSchedule", "Trigger"]


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


@attrs.frozen
class OnSchedule:
    """At fixed times.

    Parameters
    ----------
    every : timedelta or str
        With a timedelta a run is due at once if there was none yet, and then so long after the
        last one was started. With a cron expression (see `Cron`; in UTC) it is due when a time that it
        names has passed since the last run, or since the loop was first asked. Times missed
        while nothing ran count once.

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

    def _due_by_cron(self, cron: Cron, context: Context) -> Reason | None:
        since = context.last_run or context.first_check
        if since is None:
            return None
        due = cron.next_after(since)
        if due > context.now:
            return None
        return Reason("schedule", f"{cron.expression} was due at {due:%Y-%m-%d %H:%M} UTC")


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
        if not 0.0 <= self.min_share <= 1.0:
            raise ConfigError(f"min_share must lie in [0, 1], got {self.min_share}")

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

    Raises
    ------
    ConfigError
        If both or neither are given.

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

    def __attrs_post_init__(self) -> None:
        if (self.below is None) == (self.above is None):
            raise ConfigError(f"say either below= or above= for {self.metric}, not both or neither")

    def due(self, context: Context) -> Reason | None:
        """Return why a run is due, or None.

        Raises
        ------
        UnknownNameError
            If there are scores, but not this one: a misspelt trigger would never fire.
        """
        scores = context.performance
        if not scores:
            return None
        if self.metric not in scores:
            raise UnknownNameError("score", self.metric, scores, where="among those measured")
        value = scores[self.metric]
        side, limit = ("below", self.below) if self.below is not None else ("above", self.above)
        if limit is None or not (value < limit if side == "below" else value > limit):
            return None
        found, allowed = display.number(value), display.number(limit)
        return Reason("performance", f"{self.metric} is {found}, {side} {allowed}")


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
        if isinstance(self.n, bool) or not isinstance(self.n, int) or self.n < 1:
            raise ConfigError(f"n must be a whole number of at least 1, got {self.n!r}")

    def due(self, context: Context) -> Reason | None:
        """Return why a run is due, or None."""
        if context.n_new_labels < self.n:
            return None
        return Reason("new_labels", f"{context.n_new_labels:,} new labels, {self.n:,} are enough")
