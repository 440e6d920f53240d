"""What a contract found: exact counts, and row numbers for examples, never a cell's value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from prodml.contracts.check import Severity
from prodml.contracts.tolerance import Mostly, n_allowed
from prodml.display import html_table, text_table
from prodml.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["N_EXAMPLES", "ContractReport", "RuleResult", "Split", "Status"]

Status: TypeAlias = Literal["passed", "tolerated", "warned", "failed"]
N_EXAMPLES = 10


@attrs.frozen
class RuleResult:
    """How one rule fared.

    Parameters
    ----------
    column : str
        The column, or the columns joined by ", ", or "(table)".
    rule : str
        The rule in words.
    n_rows, n_bad : int
        Rows looked at, and rows that break the rule; exact.
    examples : tuple of int
        Numbers of the first rows that do, counted from 0, ten at most.
    mostly : float or FreshDraw
        What share must keep it.
    severity : {"error", "warn"}
        What a breach means.
    """

    column: str
    rule: str
    n_rows: int
    n_bad: int
    examples: tuple[int, ...] = ()
    mostly: Mostly = 1.0
    severity: Severity = "error"

    @property
    def n_allowed(self) -> int:
        """How many rows may break the rule before it counts as broken."""
        return n_allowed(self.mostly, self.n_rows)

    @property
    def status(self) -> Status:
        """``"passed"``, ``"tolerated"`` (as many as allowed), ``"warned"`` or ``"failed"``."""
        if not self.n_bad:
            return "passed"
        if self.n_bad <= self.n_allowed:
            return "tolerated"
        return "warned" if self.severity == "warn" else "failed"

    def merge(self, other: RuleResult) -> RuleResult:
        """Return the result for both parts together; the rows of `other` follow these."""
        mine = (self.column, self.rule, self.mostly, self.severity)
        if mine != (other.column, other.rule, other.mostly, other.severity):
            raise ConfigError("only results of one and the same rule can be merged")
        later = tuple(self.n_rows + row for row in other.examples)
        return attrs.evolve(
            self,
            n_rows=self.n_rows + other.n_rows,
            n_bad=self.n_bad + other.n_bad,
            examples=(self.examples + later)[:N_EXAMPLES],
        )


@attrs.frozen(repr=False)
class ContractReport:
    """What a contract found in a table.

    Parameters
    ----------
    name : str
        Name of the contract.
    n_rows, n_bad : int
        Rows looked at, and rows put aside.
    results : tuple of RuleResult
        One for each rule of each column.
    """

    name: str
    n_rows: int
    n_bad: int
    results: tuple[RuleResult, ...]

    @property
    def n_good(self) -> int:
        """Rows that keep the contract."""
        return self.n_rows - self.n_bad

    @property
    def ok(self) -> bool:
        """Whether no rule failed; warnings and tolerated breaches do not count."""
        return not self.failed

    @property
    def failed(self) -> tuple[RuleResult, ...]:
        """The rules that failed."""
        return tuple(r for r in self.results if r.status == "failed")

    def merge(self, other: ContractReport) -> ContractReport:
        """Return the report for both parts together, as if the rows of `other` followed these.

        Counts add up exactly, and `mostly` is judged anew on the sum. Two exceptions, which a report
        of a part cannot know: equal values that stand in different parts, and rows that a part
        put aside although the whole would have tolerated them.

        Raises
        ------
        ConfigError
            If they are not of the same contract.
        """
        if self.name != other.name or len(self.results) != len(other.results):
            raise ConfigError(f'reports of "{self.name}" and "{other.name}" cannot be merged')
        pairs = zip(self.results, other.results, strict=True)
        return ContractReport(
            self.name,
            self.n_rows + other.n_rows,
            self.n_bad + other.n_bad,
            tuple(mine.merge(theirs) for mine, theirs in pairs),
        )

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain data."""
        return {
            "name": self.name,
            "n_rows": self.n_rows,
            "n_good": self.n_good,
            "n_bad": self.n_bad,
            "ok": self.ok,
            "results": [_result_dict(r) for r in self.results],
        }

    def __repr__(self) -> str:
        return text_table(self._rows(), _HEADERS, title=self._title())

    def _repr_html_(self) -> str:
        return html_table(self._rows(), _HEADERS, title=self._title())

    def _title(self) -> str:
        return f'Contract "{self.name}": {self.n_good} of {self.n_rows} rows are good'

    def _rows(self) -> list[list[object]]:
        return [
            [r.column, r.rule, r.n_bad, r.n_allowed, r.status, ", ".join(map(str, r.examples[:3]))]
            for r in self.results
        ]


_HEADERS = ("column", "rule", "bad", "allowed", "status", "first rows")


def _result_dict(result: RuleResult) -> dict[str, object]:
    mostly = (
        result.mostly if isinstance(result.mostly, float | int) else attrs.asdict(result.mostly)
    )
    return {
        **attrs.asdict(result, recurse=False),
        "examples": list(result.examples),
        "mostly": mostly,
        "n_allowed": result.n_allowed,
        "status": result.status,
    }


@attrs.frozen(eq=False, repr=False)
class Split:
    """A table parted into rows that keep a contract and rows that do not.

    Unpacks as ``good, bad, report``.

    Parameters
    ----------
    good : pandas.DataFrame
        Rows that keep it, of the kinds it names, ready for use.
    bad : pandas.DataFrame
        The other rows, untouched, with their labels.
    report : ContractReport
        What was found.
    """

    good: pd.DataFrame
    bad: pd.DataFrame
    report: ContractReport

    def __iter__(self) -> Iterator[pd.DataFrame | ContractReport]:
        return iter((self.good, self.bad, self.report))

    def __repr__(self) -> str:
        return f"Split(good={len(self.good)} rows, bad={len(self.bad)} rows)\n{self.report!r}"

    def _repr_html_(self) -> str:
        return self.report._repr_html_()
