"""ManualClock: a clock that stands still until it is told to go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prodml.errors import ConfigError

__all__ = ["ManualClock"]


class ManualClock:
    """A clock for tests.

    Parameters
    ----------
    start : datetime, default 2026-01-01 00:00 UTC
        What it says first; aware.

    Examples
    --------
    >>> clock = ManualClock()
    >>> clock.advance(seconds=90)
    >>> clock().isoformat()
    '2026-01-01T00:01:30+00:00'
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        if start.tzinfo is None:
            raise ConfigError("a clock's time is aware: pass datetime(..., tzinfo=UTC).")
        self._now = start.astimezone(UTC)

    def __call__(self) -> datetime:
        """Return the time it stands at."""
        return self._now

    def advance(self, *, seconds: float = 0.0, days: float = 0.0) -> None:
        """Go on; a negative time goes back, as real clocks sometimes do."""
        self._now += timedelta(days=days, seconds=seconds)
