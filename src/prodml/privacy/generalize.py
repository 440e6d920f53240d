"""Generalize: the range, the group or the year instead of the value."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, ClassVar, Literal

import attrs

from prodml.errors import ConfigError, SchemaError
from prodml.ports import Key
from prodml.privacy.settings import is_finite, one_of, text
from prodml.privacy.transform import Action, Treatment, by_value
from prodml.privacy.values import Reader

__all__ = ["Generalize"]

Unit = Literal["year", "quarter", "month"]


def _edges(values: Iterable[float] | None) -> tuple[float, ...] | None:
    return None if values is None else tuple(values)


def _check_edges(_: object, __: object, edges: tuple[Any, ...] | None) -> None:
    if edges is None:
        return
    if not edges or not all(is_finite(edge) for edge in edges):
        raise ConfigError("edges must be finite numbers, at least one")
    if any(a >= b for a, b in pairwise(edges)):
        raise ConfigError(f"edges must rise, got {list(edges)}")


def _check_width(_: object, __: object, width: Any) -> None:
    if width is not None and not (is_finite(width) and width > 0):
        raise ConfigError(f"width must be a finite number above 0, got {width!r}")


def _pairs(hierarchy: Mapping[object, str] | None) -> tuple[tuple[str, str], ...] | None:
    if hierarchy is None:
        return None
    reader = Reader("hierarchy", "Generalize")
    if not isinstance(hierarchy, Mapping) or not hierarchy:
        raise ConfigError("hierarchy must be a mapping of values to groups, with at least one")
    if not all(isinstance(group, str) for group in hierarchy.values()):
        raise ConfigError("the groups of a hierarchy must be text")
    pairs = {reader.text(value): group for value, group in hierarchy.items()}
    if len(pairs) < len(hierarchy):
        raise ConfigError("two values of the hierarchy are the same text, such as 1 and '1'")
    return tuple(pairs.items())


@attrs.frozen
class Generalize:
    """Replace a value by the range, the group or the time span it lies in.

    Give exactly one of `width`, `edges`, `hierarchy` and `unit`. Results are text; missing stays
    missing.

    Parameters
    ----------
    width : float, optional
        Ranges ``[k * width, (k + 1) * width)``, exact in decimals: 0.3 lies in ``[0.3, 0.4)`` for a
        width of 0.1.
    edges : iterable of float, optional
        Ranges between rising edges; below the first and from the last on they are open, so that
        every number has its range.
    hierarchy : mapping, optional
        Value to group. Values are compared as text, whole numbers by their decimals.
    unit : {"year", "quarter", "month"}, optional
        Of dates, datetimes and ISO 8601 text; aware times in UTC.
    unseen : str, optional
        Group of a value that `hierarchy` does not have. Default: `SchemaError`, without the value.

    Raises
    ------
    ConfigError
        If not exactly one is given, or it is out of range.

    Examples
    --------
    >>> Generalize(width=10).bind("age", None).one(34, {})
    '[30, 40)'
    >>> Generalize(edges=[18, 65]).bind("age", None).one(17, {})
    '< 18'
    >>> Generalize(unit="quarter").bind("born", None).one("1984-05-02", {})
    '1984-Q2'
    """

    word: ClassVar[str] = "generalize"
    treatment: ClassVar[Treatment] = "generalised"
    needs_key: ClassVar[bool] = False

    width: float | None = attrs.field(default=None, kw_only=True, validator=_check_width)
    edges: tuple[float, ...] | None = attrs.field(
        default=None, kw_only=True, converter=_edges, validator=_check_edges
    )
    # Pairs rather than a mapping: frozen all the way down, and hashable.
    hierarchy: tuple[tuple[str, str], ...] | None = attrs.field(
        default=None,
        kw_only=True,
        converter=_pairs,
        repr=lambda pairs: "None" if pairs is None else f"<{len(pairs)} values>",
    )
    unit: Unit | None = attrs.field(
        default=None, kw_only=True, validator=one_of(None, "year", "quarter", "month")
    )
    unseen: str | None = attrs.field(default=None, kw_only=True, validator=text(optional=True))

    def __attrs_post_init__(self) -> None:
        given = [n for n in ("width", "edges", "hierarchy", "unit") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ConfigError(
                "give exactly one of width, edges, hierarchy and unit, "
                f"got {', '.join(given) or 'none'}"
            )
        if self.unseen is not None and self.hierarchy is None:
            raise ConfigError("unseen goes with hierarchy; every number and date has its range")

    def bind(self, column: str, key: Key | None) -> Action:  # noqa: ARG002
        """Return the generalisation of a column."""
        reader = Reader(column, "Generalize")
        if self.width is not None:
            return by_value(_by_width(reader, self.width))
        if self.edges is not None:
            return by_value(_by_edges(reader, self.edges))
        if self.hierarchy is not None:
            return by_value(_by_hierarchy(reader, dict(self.hierarchy), self.unseen))
        return by_value(lambda value: _SPANS[self.unit or "year"](reader.date(value)))

    def residual(self) -> str:
        """Say what an attacker still learns."""
        if self.unit is not None:
            return f"the {self.unit}"
        return "the group" if self.hierarchy is not None else "the range"

    def to_dict(self) -> dict[str, object]:
        """Return the settings, those that are set."""
        settings: dict[str, object] = {
            "width": self.width,
            "edges": None if self.edges is None else list(self.edges),
            "hierarchy": None if self.hierarchy is None else dict(self.hierarchy),
            "unit": self.unit,
            "unseen": self.unseen,
        }
        return {name: value for name, value in settings.items() if value is not None}


def _by_width(reader: Reader, width: float) -> Callable[[object], str]:
    step = Fraction(str(width))

    def label(value: object) -> str:
        k = math.floor(reader.number(value) / step)
        return f"[{_decimal(k * step)}, {_decimal((k + 1) * step)})"

    return label


def _by_edges(reader: Reader, edges: tuple[float, ...]) -> Callable[[object], str]:
    exact = [Fraction(str(edge)) for edge in edges]
    names = [_decimal(edge) for edge in exact]
    labels = [
        f"< {names[0]}",
        *(f"[{a}, {b})" for a, b in pairwise(names)),
        f">= {names[-1]}",
    ]
    return lambda value: labels[bisect_right(exact, reader.number(value))]


def _by_hierarchy(
    reader: Reader, groups: Mapping[str, str], unseen: str | None
) -> Callable[[object], str]:
    def group(value: object) -> str:
        found = groups.get(reader.text(value), unseen)
        if found is None:
            raise SchemaError(
                f'column "{reader.column}" holds a value that its hierarchy of {len(groups)} values '
                'does not have. Add it, or say where such values go: unseen="other"',
                column=reader.column,
            )
        return found

    return group


_SPANS: Mapping[Unit, Callable[[date], str]] = {
    "year": lambda day: f"{day.year:04d}",
    "quarter": lambda day: f"{day.year:04d}-Q{(day.month + 2) // 3}",
    "month": lambda day: f"{day.year:04d}-{day.month:02d}",
}


def _decimal(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    return format((Decimal(value.numerator) / Decimal(value.denominator)).normalize(), "f")
