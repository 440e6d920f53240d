"""How a rule of a conformance kit is numbered, checked and told."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

__all__ = ["equal", "rule"]

Kit = TypeVar("Kit")
Adapter = TypeVar("Adapter")


def rule(test: Callable[[Kit, Adapter], None]) -> Callable[[Kit, Adapter], None]:
    """Let the message of a failed test begin with its rule, which is its docstring."""

    # functools.wraps keeps the signature, by which pytest finds the fixture's name.
    @functools.wraps(test)
    def checked(self: Kit, *adapter: Adapter, **fixture: Adapter) -> None:
        try:
            test(self, *adapter, **fixture)
        except Exception as exc:
            told = exc if isinstance(exc, AssertionError) else repr(exc)
            raise AssertionError(f"{test.__doc__} But: {told}") from exc

    return checked


def equal(what: str, found: object, expected: object) -> None:
    """Fail unless the two are equal."""
    if found != expected:
        raise AssertionError(f"{what} is {found!r:.200}, not {expected!r:.200}")
