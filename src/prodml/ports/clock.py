"""Time comes in as an argument: any callable that returns an aware UTC datetime."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from prodml.errors import ConfigError

__all__ = ["Clock", "check_aware", "utc_now"]


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


def check_aware(when: object, what: str) -> None:
    """Refuse what is no time, or one that does not say in which zone; None is fine.

    Raises
    ------
    ConfigError
        If it is neither None nor an aware datetime.
    """
    if when is None or (isinstance(when, datetime) and when.tzinfo is not None):
        return
    found = "a naive one" if isinstance(when, datetime) else f"a {type(when).__name__}"
    raise ConfigError(f"{what} must be an aware datetime, such as datetime.now(UTC), got {found}")
