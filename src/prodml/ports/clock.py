"""Time comes in as an argument: any callable that returns an aware UTC datetime."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "utc_now"]


class Clock(Protocol):
    """Says what time it is.

    Times are informative everywhere in prodml: order comes from sequence numbers, never from
    two clocks that may stand apart.
    """

    def __call__(self) -> datetime:
        """Return the current time, aware and in UTC."""
        ...


def utc_now() -> datetime:
    """Return the system's time in UTC; the default of every `clock=` argument.

    Returns
    -------
    datetime
        Aware, in UTC, to the microsecond.
    """
    return datetime.now(UTC)
