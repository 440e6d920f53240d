"""Validators of a transform's settings; they raise `ConfigError` and say what is allowed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from prodml.errors import ConfigError

__all__ = ["finite_number", "is_finite", "one_of", "text", "truth", "whole"]


class _Field(Protocol):
    @property
    def name(self) -> str: ...


# Any, because attrs would take the validator's type for the field's.
Validator: TypeAlias = Callable[[Any, Any, Any], None]


def whole(low: int, high: int | None = None) -> Validator:
    """Return a validator of whole numbers from `low` to `high`."""
    allowed = f"at least {low}" if high is None else f"from {low} to {high}"

    def check(_: object, field: _Field, value: Any) -> None:
        fits = isinstance(value, int) and not isinstance(value, bool) and value >= low
        if not fits or (high is not None and value > high):
            raise ConfigError(f"{field.name} must be a whole number {allowed}, got {value!r}")

    return check


def text(*, optional: bool = False, length: int | None = None) -> Validator:
    """Return a validator of text, of `length` characters where that is given."""
    wanted = "text" if length is None else f"text of {length} character{'s' * (length != 1)}"

    def check(_: object, field: _Field, value: Any) -> None:
        if optional and value is None:
            return
        if not isinstance(value, str) or (length is not None and len(value) != length):
            raise ConfigError(f"{field.name} must be {wanted}, got {value!r}")

    return check


def truth(_: object, field: _Field, value: Any) -> None:
    """Validate that a value is True or False."""
    if not isinstance(value, bool):
        raise ConfigError(f"{field.name} must be True or False, got {value!r}")


def one_of(*allowed: object) -> Validator:
    """Return a validator of a closed choice."""

    def check(_: object, field: _Field, value: Any) -> None:
        if value not in allowed:
            raise ConfigError(f"{field.name} must be one of {list(allowed)}, got {value!r}")

    return check


def finite_number(_: object, field: _Field, value: Any) -> None:
    """Validate that a value is a finite number or None."""
    if value is not None and not is_finite(value):
        raise ConfigError(f"{field.name} must be a finite number, got {value!r}")


def is_finite(value: object) -> bool:
    """Whether a value is a finite int or float, and not a truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)
