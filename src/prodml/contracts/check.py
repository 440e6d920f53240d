"""The vocabulary of contracts: what may be said about a column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from prodml.contracts.rules import (
    Between,
    Length,
    Matches,
    NotNull,
    OneOf,
    Rows,
    Rule,
    Unique,
    Whole,
    Within,
)
from prodml.contracts.tolerance import FreshDraw, Mostly
from prodml.errors import ConfigError, known_names
from prodml.ports.duck import is_number
from prodml.tables import Kind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Check", "Severity"]

Severity: TypeAlias = Literal["error", "warn"]
Number: TypeAlias = "int | float"


def _check_mostly(_: object, __: object, value: Mostly) -> None:
    if isinstance(value, FreshDraw):
        return
    if not is_number(value) or not 0 < value <= 1:
        raise ConfigError(f"mostly must be a share in (0, 1] or a FreshDraw, got {value!r}")


def _check_severity(_: object, __: object, value: str) -> None:
    if value not in ("error", "warn"):
        raise ConfigError(f'severity must be "error" or "warn", got {value!r}')


@attrs.frozen(repr=False)
class Check:
    """Something that must hold for a column; made by one of the functions below.

    Kinds (`number`, `integer`, `boolean`, `category`, `text`, `time`) say what a column is, and by
    default that nothing is missing. The others (`one_of`, `not_null`, `unique`, `rows`) add to that
    and look past missing values. A column may have several checks, of which one may name a kind.

    Parameters
    ----------
    of : str
        Name of the function that made it.
    arguments : mapping
        What it was given.
    kind : Kind or None
        What the column must hold; another kind is a matter of the whole column, not of its rows.
    rules : tuple of Rule
        What each row must keep.
    mostly : float or FreshDraw, default 1.0
        Share of rows that must keep each rule. While no more break it, they stay with the good ones.
    severity : {"error", "warn"}, default "error"
        A warning is counted, and neither quarantines nor raises.
    columns : tuple of str
        For a check of a whole table, the columns it looks at; empty for all.

    Examples
    --------
    >>> Check.integer(min=0, max=120, mostly=0.99)
    Check.integer(min=0, max=120, mostly=0.99)
    """

    of: str
    arguments: Mapping[str, object] = attrs.field(hash=False)
    kind: Kind | None = None
    rules: tuple[Rule, ...] = ()
    mostly: Mostly = attrs.field(default=1.0, validator=_check_mostly)
    severity: Severity = attrs.field(default="error", validator=_check_severity)
    columns: tuple[str, ...] = ()

    @classmethod
    def number(
        cls,
        *,
        min: Number | None = None,  # noqa: A002 - the word everybody looks for
        max: Number | None = None,  # noqa: A002
        nullable: bool = False,
        mostly: Mostly = 1.0,
        severity: Severity = "error",
    ) -> Check:
        """Finite numbers, in the closed range from `min` to `max` where given."""
        _check_ends(min, max)
        rules = (*_no_gaps(nullable), Between(min, max))
        given = {"min": min, "max": max, "nullable": nullable}
        return cls("number", given, "number", rules, mostly, severity)

    @classmethod
    def integer(
        cls,
        *,
        min: int | None = None,  # noqa: A002
        max: int | None = None,  # noqa: A002
        nullable: bool = False,
        mostly: Mostly = 1.0,
        severity: Severity = "error",
    ) -> Check:
        """Whole numbers, in the closed range from `min` to `max` where given."""
        _check_ends(min, max)
        ranged = () if min is None and max is None else (Between(min, max),)
        given = {"min": min, "max": max, "nullable": nullable}
        rules = (*_no_gaps(nullable), Whole(), *ranged)
        return cls("integer", given, "integer", rules, mostly, severity)

    @classmethod
    def boolean(
        cls, *, nullable: bool = False, mostly: Mostly = 1.0, severity: Severity = "error"
    ) -> Check:
        """True or false."""
        given = {"nullable": nullable}
        return cls("boolean", given, "boolean", _no_gaps(nullable), mostly, severity)

    @classmethod
    def category(
        cls,
        levels: Iterable[object] | None = None,
        *,
        nullable: bool = False,
        mostly: Mostly = 1.0,
        severity: Severity = "error",
    ) -> Check:
        """Levels of a category, handed on as pandas' own dtype; text and integers will do."""
        known = None if levels is None else _levels(levels)
        rules = _no_gaps(nullable) + (() if known is None else (OneOf(known),))
        given = {"levels": known, "nullable": nullable}
        return cls("category", given, "category", rules, mostly, severity)

    @classmethod
    def text(
        cls,
        *,
        matches: str | None = None,
        min_length: int | None = None,
        max_length: int | None = None,
        nullable: bool = False,
        mostly: Mostly = 1.0,
        severity: Severity = "error",
    ) -> Check:
        r"""Text; the whole of it must match the regular expression, such as ``r"P\d{6}"``."""
        _check_ends(min_length, max_length)
        rules: tuple[Rule, ...] = _no_gaps(nullable)
        if matches is not None:
            _check_pattern(matches)
            rules += (Matches(matches),)
        if min_length is not None or max_length is not None:
            rules += (Length(min_length, max_length),)
        given = {"matches": matches, "min_length": min_length, "max_length": max_length}
        return cls("text", {**given, "nullable": nullable}, "text", rules, mostly, severity)

    @classmethod
    def time(
        cls,
        *,
        min: datetime | str | None = None,  # noqa: A002
        max: datetime | str | None = None,  # noqa: A002
        nullable: bool = False,
        mostly: Mostly = 1.0,
        severity: Severity = "error",
    ) -> Check:
        """Times, in the closed range where given; ends are datetimes or text in ISO 8601.

        An end without a zone is read on the clock of the data's own zone.
        """
        low, high = _time(min), _time(max)
        ranged = () if low is None and high is None else (Within(low, high),)
        ends = {"min": low and low.isoformat(), "max": high and high.isoformat()}
        rules = (*_no_gaps(nullable), *ranged)
        return cls("time", {**ends, "nullable": nullable}, "time", rules, mostly, severity)

    @classmethod
    def one_of(
        cls, levels: Iterable[object], *, mostly: Mostly = 1.0, severity: Severity = "error"
    ) -> Check:
        """Values among `levels`, whatever the kind of the column."""
        known = _levels(levels)
        return cls("one_of", {"levels": known}, None, (OneOf(known),), mostly, severity)

    @classmethod
    def not_null(cls, *, mostly: Mostly = 1.0, severity: Severity = "error") -> Check:
        """No value is missing, or few are: ``Check.not_null(mostly=0.95)``."""
        return cls("not_null", {}, None, (NotNull(),), mostly, severity)

    @classmethod
    def unique(cls, *columns: str, mostly: Mostly = 1.0, severity: Severity = "error") -> Check:
        """No value twice; with several `columns`, no combination twice (a check of the table).

        Every row of a group of equal ones breaks the rule. Missing values are never equal.
        """
        return cls("unique", {}, None, (Unique(),), mostly, severity, columns)

    @classmethod
    def rows(
        cls,
        function: Callable[[pd.Series], object] | Callable[[pd.DataFrame], object],
        *,
        name: str,
        columns: Iterable[str] = (),
        mostly: Mostly = 1.0,
        severity: Severity = "error",
    ) -> Check:
        """Whatever `function` says: it takes the column and returns a boolean per row, True if fine.

        Among a contract's `checks` it takes the table instead; `columns` names those it needs.
        """
        rule = Rows(function, name)
        given = {"function": function, "name": name}
        return cls("rows", given, None, (rule,), mostly, severity, tuple(columns))

    def to_dict(self) -> dict[str, object]:
        """Return the check as plain data.

        Raises
        ------
        ConfigError
            If it holds a function: code is not data.
        """
        if self.of == "rows":
            raise ConfigError(
                f'check "{self.rules[0]}" is a function, and cannot be stored as data'
            )
        shown = {k: list(v) if isinstance(v, tuple) else v for k, v in self._arguments().items()}
        if isinstance(self.mostly, FreshDraw):
            shown["mostly"] = attrs.asdict(self.mostly)
        return {
            "check": self.of,
            **shown,
            **({"columns": list(self.columns)} if self.columns else {}),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Check:
        """Rebuild a check from `to_dict`.

        Raises
        ------
        ConfigError
            If it names no check, or one with other arguments.
        """
        given = dict(data)
        of = str(given.pop("check", ""))
        if of not in _MAKERS:
            raise ConfigError(f'no check "{of}". {known_names(of, _MAKERS)}')
        if isinstance(given.get("mostly"), Mapping):
            given["mostly"] = FreshDraw(**given["mostly"])  # type: ignore[arg-type]
        columns = given.pop("columns", ())
        try:
            check: Check = getattr(cls, of)(*columns, **given)  # type: ignore[misc]
        except TypeError as exc:
            raise ConfigError(f'check "{of}" does not take {sorted(given)}') from exc
        return check

    def __repr__(self) -> str:
        positional = [repr(c) for c in self.columns] if self.of == "unique" else []
        named = [f"{k}={_literal(v)}" for k, v in self._arguments().items()]
        if self.of == "rows" and self.columns:
            named.append(f"columns={list(self.columns)!r}")
        return f"Check.{self.of}({', '.join(positional + named)})"

    def _arguments(self) -> dict[str, object]:
        """What was said beyond the defaults."""
        said = {k: v for k, v in self.arguments.items() if v is not None and v is not False}
        if self.mostly != 1.0:
            said["mostly"] = self.mostly
        return said if self.severity == "error" else {**said, "severity": self.severity}


_MAKERS = (
    "number",
    "integer",
    "boolean",
    "category",
    "text",
    "time",
    "one_of",
    "not_null",
    "unique",
)


def _no_gaps(nullable: bool) -> tuple[Rule, ...]:
    return () if nullable else (NotNull(),)


def _check_ends(low: Number | None, high: Number | None) -> None:
    for end in (low, high):
        if end is not None and not is_number(end):
            raise ConfigError(f"the ends of a range are numbers, got a {type(end).__name__}")
    if low is not None and high is not None and not low <= high:
        raise ConfigError(f"the lower end must not exceed the upper one, got {low} and {high}")


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as exc:
        raise ConfigError(f"{pattern!r} is no regular expression: {exc}") from exc


def _levels(levels: Iterable[object]) -> tuple[object, ...]:
    fits = isinstance(levels, Iterable) and not isinstance(levels, str)
    known = tuple(levels) if fits else ()
    if not known:
        raise ConfigError("levels must be a collection of at least one value")
    return known


def _time(end: datetime | str | None) -> datetime | None:
    if not isinstance(end, str):
        return end
    try:
        return datetime.fromisoformat(end)
    except ValueError as exc:
        raise ConfigError(f"{end!r} is no time in ISO 8601, such as 2024-05-01T12:00") from exc


def _literal(value: object) -> str:
    if isinstance(value, tuple):
        return repr(list(value))
    return getattr(value, "__name__", None) or repr(value)
