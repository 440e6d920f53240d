"""Contract: what a table must be like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import attrs

from prodml.contracts.breach import breach, broken_contract, no_column
from prodml.contracts.check import Check
from prodml.contracts.records import checked_record
from prodml.contracts.results import N_EXAMPLES, ContractReport, RuleResult, Split
from prodml.contracts.rules import Rule, Unique
from prodml.errors import ConfigError, SchemaError
from prodml.tables import Kind, as_frame, kind_of
from prodml.tables.cells import column_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Contract"]

_FORMAT = "prodml.contract/1"


def _as_columns(columns: Mapping[str, Check | Sequence[Check]]) -> dict[str, tuple[Check, ...]]:
    if not isinstance(columns, Mapping) or not columns:
        raise ConfigError("columns must map at least one column to its checks")
    return {str(name): _as_checks(checks, f'column "{name}"') for name, checks in columns.items()}


def _as_checks(checks: object, where: str) -> tuple[Check, ...]:
    listed = isinstance(checks, Iterable) and not isinstance(checks, str | type)
    found: tuple[Any, ...] = tuple(checks) if listed else (checks,)  # type: ignore[arg-type]
    if not all(isinstance(c, Check) for c in found):
        raise ConfigError(f"{where} takes Check values, such as Check.number(min=0)")
    if len([c for c in found if c.kind]) > 1:
        raise ConfigError(f"{where} can be of one kind only")
    return found


@attrs.frozen(repr=False)
class Contract:
    """What a table must be like, column by column.

    Parameters
    ----------
    columns : mapping of str to Check or sequence of Check
        Each of these columns must be there.
    name : str, default "contract"
        For reports and messages.
    checks : sequence of Check, default ()
        `Check.unique` and `Check.rows` over several columns.
    extra : {"keep", "drop", "raise"}, default "keep"
        What happens to columns that are not named.
    min_rows, max_rows : int, default 1 and no limit
        How many rows a table may have.

    Examples
    --------
    >>> contract = Contract(
    ...     {"age": Check.integer(min=0, max=120), "city": Check.text(nullable=True)}, name="people"
    ... )
    >>> good, bad, report = contract.split({"age": [31, 230], "city": ["Oslo", None]})
    >>> report
    Contract "people": 1 of 2 rows are good
    column  rule               bad  allowed  status  first rows
    ──────  ─────────────────  ───  ───────  ──────  ──────────
    age     is not missing       0        0  passed
    age     is a whole number    0        0  passed
    age     lies in [0, 120]     1        0  failed           1
    >>> contract.check_record({"age": 44, "city": "Rome"})
    {'age': 44, 'city': 'Rome'}
    """

    columns: Mapping[str, tuple[Check, ...]] = attrs.field(converter=_as_columns, hash=False)
    name: str = attrs.field(default="contract", kw_only=True)
    checks: tuple[Check, ...] = attrs.field(default=(), kw_only=True)
    extra: Literal["keep", "drop", "raise"] = attrs.field(default="keep", kw_only=True)
    min_rows: int = attrs.field(default=1, kw_only=True)
    max_rows: int | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "checks", _as_checks(self.checks, "checks"))
        wrong = [c.of for c in self.checks if c.of not in ("unique", "rows")]
        if wrong:
            raise ConfigError(f"checks takes Check.unique(...) and Check.rows(...), got {wrong[0]}")
        if any(c.of == "unique" and not c.columns for c in self.checks):
            raise ConfigError('Check.unique in checks needs its columns: Check.unique("a", "b")')
        if any(c.columns for checks in self.columns.values() for c in checks):
            raise ConfigError("a check over several columns belongs into checks=[...]")
        if self.extra not in ("keep", "drop", "raise"):
            raise ConfigError(f'extra must be "keep", "drop" or "raise", got {self.extra!r}')
        if self.min_rows < 0 or (self.max_rows is not None and self.max_rows < self.min_rows):
            raise ConfigError("min_rows must not be negative, nor exceed max_rows")

    # -- tables --------------------------------------------------------------------------------------

    def split(self, data: object) -> Split:
        """Part a table into rows that keep the contract and rows that do not.

        Parameters
        ----------
        data : table
            Whatever `prodml.tables.as_frame` takes.

        Returns
        -------
        Split
            ``good, bad, report``. The good rows are handed on in the kinds that the contract names,
            cast only where nothing is lost.

        Raises
        ------
        ContractError
            If it is not a matter of rows: a column is missing, holds another kind, is one too many,
            or the table has too few or too many rows. All such troubles are in one message.
        """
        frame = as_frame(data)
        self._refuse_shape(frame)
        results, bad = self._judge(frame)
        report = ContractReport(self.name, len(frame), int(bad.sum()), tuple(results))
        good = frame[~bad] if bad.any() else frame
        return Split(self._handed_on(good), frame[bad], report)

    def check(self, data: object) -> pd.DataFrame:
        """Return the table, in the kinds that the contract names, or raise if any rule failed.

        Parameters
        ----------
        data : table
            Whatever `prodml.tables.as_frame` takes.

        Raises
        ------
        ContractError
            If anything is bad: names columns, rules, counts and first row numbers.
        """
        split = self.split(data)
        failed = split.report.failed
        if failed:
            raise broken_contract(self.name, [breach(r) for r in failed], column=failed[0].column)
        return split.good

    def _refuse_shape(self, frame: pd.DataFrame) -> None:
        known = [str(c) for c in frame.columns]
        missing = [name for name in self._needed() if name not in frame.columns]
        troubles = [no_column(name, known) for name in missing]
        first = missing[0] if missing else None
        for name, kind in self._kinds():
            found = None if name in missing else _wrong_kind(frame[name], kind)
            if found:
                troubles.append(found)
                first = first or name
        troubles += self._wrong_size(frame)
        if troubles:
            raise broken_contract(self.name, troubles, column=first, known=known)

    def _needed(self) -> list[str]:
        return list(dict.fromkeys([*self.columns, *(n for c in self.checks for n in c.columns)]))

    def _kinds(self) -> Iterator[tuple[str, Kind]]:
        for name, checks in self.columns.items():
            for check in checks:
                if check.kind:
                    yield name, check.kind

    def _wrong_size(self, frame: pd.DataFrame) -> Iterator[str]:
        surplus = [c for c in frame.columns if c not in self.columns]
        if self.extra == "raise" and surplus:
            yield f'column "{surplus[0]}" is not part of it (one of {len(surplus)})'
        if len(frame) < self.min_rows:
            yield f"{self.min_rows} rows or more are needed, got {len(frame)}"
        if self.max_rows is not None and len(frame) > self.max_rows:
            yield f"{self.max_rows} rows at most are allowed, got {len(frame)}"

    def _judge(self, frame: pd.DataFrame) -> tuple[list[RuleResult], np.ndarray]:
        import numpy as np

        results, bad = [], np.zeros(len(frame), dtype=bool)
        for column, check, rule in self._rules():
            broken = _broken(column, check, rule, frame)
            where = column or ", ".join(check.columns) or "(table)"
            result = _result(where, check, rule, broken)
            results.append(result)
            if result.status == "failed":
                bad |= broken
        return results, bad

    def _rules(self) -> Iterator[tuple[str | None, Check, Rule]]:
        for name, checks in self.columns.items():
            yield from ((name, check, rule) for check in checks for rule in check.rules)
        for check in self.checks:
            yield from ((None, check, rule) for rule in check.rules)

    def _handed_on(self, good: pd.DataFrame) -> pd.DataFrame:
        if self.extra == "drop":
            good = good[list(self.columns)]
        cast = {name: _cast(good[name], kind) for name, kind in self._kinds()}
        changed = {name: series for name, series in cast.items() if series is not good[name]}
        return good.assign(**changed) if changed else good

    # -- records -------------------------------------------------------------------------------------

    def check_record(self, record: Mapping[str, object]) -> dict[str, object]:
        """Check one record, as a service does before it predicts.

        Parameters
        ----------
        record : mapping
            Field to value. A time may be text in ISO 8601.

        Returns
        -------
        dict
            The fields in the contract's order, in the kinds it names; a missing value is None.

        Raises
        ------
        ContractError
            Naming the field and the rule, never the value. A rule with ``mostly`` below 1 says nothing
            of one record, nor does a warning, uniqueness or the number of rows.
        """
        return checked_record(self, record)

    # -- as data -------------------------------------------------------------------------------------

    @classmethod
    def infer(cls, reference: object, *, alpha: float = 0.01, name: str = "inferred") -> Contract:
        """Read a contract from a reference table that is known to be good.

        Numbers get the range of the reference, categories and texts of few levels their levels, each
        with as much tolerance (`FreshDraw`) as honest new rows need. See `prodml.contracts.inference`.

        Parameters
        ----------
        reference : table
            Whatever `prodml.tables.as_frame` takes, with at least two rows.
        alpha : float, default 0.01
            Probability that a batch from the same distribution breaks any of its rules.
        name : str, default "inferred"
            Name of the contract.

        Returns
        -------
        Contract
            To be read and edited: ``print(contract.to_python())``.
        """
        from prodml.contracts.inference import infer_checks

        return cls(infer_checks(reference, alpha=alpha), name=name)

    def to_python(self) -> str:
        """Return the contract as Python code, to be edited and kept with the project."""
        lines = [f"    {name!r}: {_source(checks)}," for name, checks in self.columns.items()]
        return "\n".join(["Contract({", *lines, f"}}{self._options()})"])

    def _options(self) -> str:
        defaults = {a.name: a.default for a in attrs.fields(Contract)}
        told = {k: getattr(self, k) for k in ("name", "checks", "extra", "min_rows", "max_rows")}
        said = {k: v for k, v in told.items() if v != defaults[k]}
        return "".join(f", {k}={list(v) if isinstance(v, tuple) else v!r}" for k, v in said.items())

    def to_dict(self) -> dict[str, object]:
        """Return the contract as plain data.

        Raises
        ------
        ConfigError
            If a check is a function: code is not data.
        """
        return {
            "format": _FORMAT,
            "name": self.name,
            "columns": {k: [c.to_dict() for c in checks] for k, checks in self.columns.items()},
            "checks": [c.to_dict() for c in self.checks],
            "extra": self.extra,
            "min_rows": self.min_rows,
            "max_rows": self.max_rows,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Contract:
        """Rebuild a contract from `to_dict`.

        Raises
        ------
        ConfigError
            If `data` is not what `to_dict` gives.
        """
        given: dict[str, Any] = dict(data) if isinstance(data, Mapping) else {}
        if given.pop("format", None) != _FORMAT:
            raise ConfigError(f'a stored contract has "format": "{_FORMAT}"')
        try:
            columns = given.pop("columns")
            checks = {k: [Check.from_dict(c) for c in found] for k, found in columns.items()}
            given["checks"] = [Check.from_dict(c) for c in given.get("checks", ())]
            return cls(checks, **given)
        except (KeyError, TypeError, AttributeError) as exc:
            raise ConfigError("a stored contract needs columns with lists of checks") from exc

    def __repr__(self) -> str:
        return self.to_python()


def _wrong_kind(series: pd.Series, kind: Kind) -> str | None:
    """Say why a column cannot be of the kind, or None if it can."""
    try:
        # Fractions among integers are a matter of rows.
        if kind == "integer" and kind_of(series) == "number":
            return None
        column_of(series, kind)
    except SchemaError as exc:
        return str(exc)
    return None


def _cast(series: pd.Series, kind: Kind) -> pd.Series:
    try:
        return column_of(series, kind)
    except SchemaError:
        return series  # integers of which a few may be fractions


def _broken(column: str | None, check: Check, rule: Rule, frame: Any) -> np.ndarray:
    if column is not None:
        return rule.breaks(frame[column])
    if not isinstance(rule, Unique):
        return rule.breaks(frame)
    chosen = frame[list(check.columns)]
    whole = chosen.notna().all(axis=1)  # missing values are never equal
    broken: np.ndarray = (chosen.duplicated(keep=False) & whole).to_numpy()
    return broken


def _result(where: str, check: Check, rule: Rule, broken: np.ndarray) -> RuleResult:
    rows = broken.nonzero()[0]
    examples = tuple(rows[:N_EXAMPLES].tolist())
    return RuleResult(
        where, str(rule), len(broken), len(rows), examples, check.mostly, check.severity
    )


def _source(checks: Sequence[Check]) -> str:
    return repr(checks[0]) if len(checks) == 1 else repr(list(checks))
