"""What a comparison found: tests, columns, and the report of a whole frame."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from prodml.display import html_table, number, percent, text_table
from prodml.errors import UnknownNameError
from prodml.tables import Kind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Bins", "ColumnDrift", "DriftReport", "DriftTest"]

Aspect: TypeAlias = Literal["distribution", "missing", "infinite", "unseen", "length", "vocabulary"]
Status: TypeAlias = Literal[
    "tested", "too few reference values", "too few current values", "moved on"
]

_SHOWN = 30  # columns without drift that a printed report lists


@attrs.frozen
class DriftTest:
    """One test of one aspect of one column.

    Parameters
    ----------
    aspect : {"distribution", "missing", "infinite", "unseen", "length", "vocabulary"}
        What was compared: the values; the share of rows without one, with an infinite one, with a
        level that the reference lacks; the length of texts; the share of texts with a new word.
    method : str
        ``"ks"``, ``"chi2"``, ``"fisher"``, ``"permutation"`` or ``"chernoff"``.
    statistic : float
        Of the test.
    p_value : float
        In (0, 1], of this test alone.
    effect : float
        Size of the difference, in [0, 1]. Of a distribution: the share of rows that moved (past any
        one value, or to another level); of a share: how much it differs.
    low, high : float
        Interval of the effect, at the level ``1 - alpha``, of this test alone.
    threshold : float
        Least effect that matters.
    n_reference, n_current : int
        Values compared.
    p_adjusted : float
        In (0, 1], adjusted for all tests of the report. Filled in by the detector.
    drifted : bool
        Whether `p_adjusted` is at most alpha and the effect at least the threshold.
    """

    aspect: Aspect
    method: str
    statistic: float
    p_value: float
    effect: float
    low: float
    high: float
    threshold: float
    n_reference: int
    n_current: int
    p_adjusted: float = 1.0
    drifted: bool = False


@attrs.frozen
class Bins:
    """Counts of both sides in the same bins, for charts.

    Parameters
    ----------
    edges : tuple of float
        Inner edges of numbers; the outer bins are open. Empty for levels.
    labels : tuple of str
        Names of levels; empty for numbers.
    reference, current : tuple of int
        Rows per bin, one more than edges, as many as labels.
    """

    edges: tuple[float, ...]
    labels: tuple[str, ...]
    reference: tuple[int, ...]
    current: tuple[int, ...]


@attrs.frozen
class ColumnDrift:
    """All that was found about one column.

    Parameters
    ----------
    column : str
        Its name.
    kind : Kind
        What it holds. Text of few different values counts as ``"category"``.
    status : str
        ``"tested"``, or why the values were not: too few on a side, or a clock that moved on (every
        current time comes after the last one of the reference). Shares are tested either way.
    tests : tuple of DriftTest
        The test of the values first.
    psi : float or None
        Population stability index of the values; no part of the verdict.
    bins : Bins or None
        For charts.
    """

    column: str
    kind: Kind
    status: Status
    tests: tuple[DriftTest, ...] = ()
    psi: float | None = None
    bins: Bins | None = attrs.field(default=None, repr=False)

    @property
    def drifted(self) -> bool:
        """Whether any of its tests found drift."""
        return any(test.drifted for test in self.tests)

    @property
    def leading(self) -> DriftTest | None:
        """The test that speaks loudest: drifted first, then by adjusted p-value; None without."""
        return min(self.tests, key=lambda t: (not t.drifted, t.p_adjusted, -t.effect), default=None)

    @property
    def aspect(self) -> str:
        """What the leading test compared; empty without."""
        return self.leading.aspect if self.leading else ""

    @property
    def test(self) -> str:
        """Method of the leading test; empty without."""
        return self.leading.method if self.leading else ""

    @property
    def statistic(self) -> float:
        """Statistic of the leading test; NaN without."""
        return self.leading.statistic if self.leading else math.nan

    @property
    def p_value(self) -> float:
        """P-value of the leading test; 1 without."""
        return self.leading.p_value if self.leading else 1.0

    @property
    def p_adjusted(self) -> float:
        """Adjusted p-value of the leading test; 1 without."""
        return self.leading.p_adjusted if self.leading else 1.0

    @property
    def effect(self) -> float:
        """Effect of the leading test; NaN without."""
        return self.leading.effect if self.leading else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Interval of the effect of the leading test; (0, 1) without: anything is possible."""
        return (self.leading.low, self.leading.high) if self.leading else (0.0, 1.0)


@attrs.frozen(repr=False)
class DriftReport:
    """Which columns of a frame drifted. Prints as a table.

    Parameters
    ----------
    columns : tuple of ColumnDrift
        In the order of the reference.
    n_reference, n_current : int
        Rows of both frames.
    alpha : float
        Level of the verdicts, after correction.
    correction : str
        How p-values were adjusted for the number of tests.
    status : {"tested", "too few rows"}
        ``"too few rows"`` if the current frame is too short for any test: then nothing drifted, and
        nothing was found to be stable either.
    """

    columns: tuple[ColumnDrift, ...]
    n_reference: int
    n_current: int
    alpha: float
    correction: str
    status: Literal["tested", "too few rows"] = "tested"

    @property
    def drifted(self) -> bool:
        """Whether any column drifted. Without drift this is so in at most alpha of all frames."""
        return any(column.drifted for column in self.columns)

    @property
    def drifted_columns(self) -> tuple[str, ...]:
        """Names of the columns that drifted, the strongest evidence first."""
        return tuple(column.column for column in self._ranked() if column.drifted)

    @property
    def share(self) -> float:
        """Share of the tested columns that drifted; 0 if none was tested."""
        tested = [column for column in self.columns if column.tests or column.status == "tested"]
        return sum(column.drifted for column in tested) / max(1, len(tested))

    def __getitem__(self, column: str) -> ColumnDrift:
        found = next((c for c in self.columns if c.column == column), None)
        if found is None:
            raise UnknownNameError("column", str(column), [c.column for c in self.columns])
        return found

    def __iter__(self) -> Iterator[ColumnDrift]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def alerts(self) -> tuple[str, ...]:
        """Say in one sentence each which tests found drift.

        Returns
        -------
        tuple of str
            The strongest evidence first; empty without drift. No cell of the data is in it.
        """
        return tuple(
            f'"{column.column}": {_SENTENCE[test.aspect]} by {number(test.effect, 3)} '
            f"[{number(test.low, 3)}, {number(test.high, 3)}], "
            f"adjusted p {number(test.p_adjusted, 2)}"
            for column in self._ranked()
            for test in column.tests
            if test.drifted
        )

    def to_dict(self) -> dict[str, object]:
        """Return everything as JSON can hold it.

        Returns
        -------
        dict
            ``drifted``, ``share``, ``status``, ``n_reference``, ``n_current``, ``alpha``,
            ``correction`` and ``columns``, each with its ``tests`` and ``bins``. Names of frequent
            levels are in ``bins``.
        """
        return {
            "drifted": self.drifted,
            "share": self.share,
            "status": self.status,
            "n_reference": self.n_reference,
            "n_current": self.n_current,
            "alpha": self.alpha,
            "correction": self.correction,
            "columns": [{"drifted": c.drifted, **attrs.asdict(c)} for c in self.columns],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row per test, columns without a test included.

        Returns
        -------
        pandas.DataFrame
            ``column``, ``kind``, ``status`` and the fields of `DriftTest`.
        """
        import pandas as pd

        names = [field.name for field in attrs.fields(DriftTest)]
        rows = [
            {"column": c.column, "kind": c.kind, "status": c.status, **_fields(test)}
            for c in self.columns
            for test in (c.tests or (None,))
        ]
        return pd.DataFrame(rows, columns=["column", "kind", "status", *names])

    def plot(self, column: str | None = None, *, n: int = 3) -> str:
        """Draw reference and current beside each other.

        Parameters
        ----------
        column : str or None, default None
            One column; None draws the `n` columns with the strongest evidence, drifted or not.
        n : int, default 3
            How many.

        Returns
        -------
        str
            One ``<svg>`` element.

        Raises
        ------
        UnknownNameError
            If there is no such column.
        """
        from prodml.drift.charts import stacked

        chosen = self._ranked()[: max(1, n)] if column is None else [self[column]]
        return stacked(chosen)

    def _ranked(self) -> list[ColumnDrift]:
        return sorted(
            self.columns, key=lambda c: (not c.drifted, c.p_adjusted, -_or_zero(c.effect))
        )

    def _title(self) -> str:
        n_drifted = len(self.drifted_columns)
        verdict = (
            "Too few rows to test for drift"
            if self.status == "too few rows"
            else f"Drift in {n_drifted} of {len(self.columns)} columns"
        )
        return (
            f"{verdict} (reference {number(self.n_reference)} rows, current "
            f"{number(self.n_current)} rows; alpha {number(self.alpha)}, {self.correction})"
        )

    def _rows(self) -> list[list[object]]:
        ranked = self._ranked()
        shown = ranked[: len(self.drifted_columns) + _SHOWN]
        rows = [_row(column) for column in shown]
        if len(ranked) > len(shown):
            rows.append([f"… {len(ranked) - len(shown)} more without drift", *[""] * 6])
        return rows

    def __repr__(self) -> str:
        return text_table(self._rows(), _HEADERS, title=self._title())

    def _repr_html_(self) -> str:
        return html_table(self._rows(), _HEADERS, title=self._title())


_HEADERS = ["column", "kind", "aspect", "test", "effect [interval]", "adjusted p", "verdict"]
_SENTENCE: dict[str, str] = {
    "distribution": "values moved",
    "missing": "share of missing values changed",
    "infinite": "share of infinite values changed",
    "unseen": "levels unseen in the reference take a share larger",
    "length": "length of texts moved",
    "vocabulary": "share of texts with new words changed",
}


def _row(column: ColumnDrift) -> list[object]:
    test = column.leading
    verdict = "drift" if column.drifted else "no drift"
    if column.status != "tested":
        verdict = f"drift ({column.status})" if column.drifted else column.status
    if test is None:
        return [column.column, column.kind, "", "", "", "", verdict]
    effect = f"{percent(test.effect)} [{percent(test.low)}, {percent(test.high)}]"
    p = number(test.p_adjusted, 2)
    return [column.column, column.kind, test.aspect, test.method, effect, p, verdict]


def _fields(test: DriftTest | None) -> dict[str, object]:
    return attrs.asdict(test) if test is not None else {}


def _or_zero(x: float) -> float:
    return 0.0 if math.isnan(x) else x
