"""What a gate may be told: ranges, margins and columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import attrs

from prodml.errors import ConfigError
from prodml.ports.duck import is_number

__all__ = ["at_least", "columns_of", "margins", "one_of", "optional_above", "share"]

Number = TypeVar("Number", int, float)


def share(_: object, field: attrs.Attribute[float], value: float) -> None:
    """Refuse what lies outside (0, 1)."""
    if not is_number(value) or not 0.0 < value < 1.0:
        raise ConfigError(f"{field.name} must lie in (0, 1), got {value!r}")


def at_least(least: float) -> Callable[[object, attrs.Attribute[Number], Number], None]:
    """Return a validator that refuses what is less."""

    def check(_: object, field: attrs.Attribute[Number], value: Number) -> None:
        if not is_number(value) or not value >= least:
            raise ConfigError(f"{field.name} must be at least {least}, got {value!r}")

    return check


def optional_above(
    least: float,
) -> Callable[[object, attrs.Attribute[float | None], float | None], None]:
    """Return a validator that takes None, and refuses what is less or equal (less, from 1 on)."""

    def check(_: object, field: attrs.Attribute[float | None], value: float | None) -> None:
        if value is None:
            return
        if not is_number(value) or value < least or value == 0:
            what = f"at least {least}" if least else "more than 0"
            raise ConfigError(f"{field.name} must be {what}, got {value!r}")

    return check


def one_of(*known: str) -> Callable[[object, attrs.Attribute[Any], Any], None]:
    """Return a validator that refuses any other word."""

    def check(_: object, field: attrs.Attribute[Any], value: object) -> None:
        if value not in known:
            words = " or ".join(f'"{word}"' for word in known)
            raise ConfigError(f"{field.name} must be {words}, got {value!r}")

    return check


def margins(guardrails: Mapping[str, float]) -> Mapping[str, float]:
    """Return the margin of each guardrail."""
    if not isinstance(guardrails, Mapping):
        raise ConfigError(
            "guardrails must map each metric to the margin it may lose, such as "
            f'{{"recall": 0.01}}, got {type(guardrails).__name__}'
        )
    return dict(guardrails)


def columns_of(slices: Collection[str] | Mapping[str, float]) -> Mapping[str, float | None]:
    """Return the margin of each column to cut by; None for the gate's own."""
    if isinstance(slices, Mapping):
        for name, margin in slices.items():
            if margin is not None and not (is_number(margin) and margin >= 0):
                raise ConfigError(f"the slice {name} needs a margin of at least 0, got {margin!r}")
        return dict(slices)
    if isinstance(slices, str) or not isinstance(slices, Collection):
        raise ConfigError(
            f'slices must name columns, such as ["{slices if isinstance(slices, str) else "sex"}"], '
            f"got a {type(slices).__name__}"
        )
    return dict.fromkeys(slices)
