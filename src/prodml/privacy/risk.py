"""How easily rows are singled out by what was kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from prodml.display import html_table, percent, text_table
from prodml.errors import ConfigError, SchemaError, known_names
from prodml.tables import as_frame

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["RiskReport", "risk"]


@attrs.frozen(repr=False)
class RiskReport:
    """Classes of rows that look alike in some columns, and what they mean for re-identification.

    Parameters
    ----------
    quasi_identifiers : tuple of str
        The columns an attacker is taken to know.
    n_rows : int
        Rows.
    n_classes : int
        Different combinations of values.
    k : int
        Size of the smallest class: each row looks like at least ``k - 1`` others.
    n_unique : int
        Rows that look like no other.
    """

    quasi_identifiers: tuple[str, ...]
    n_rows: int
    n_classes: int
    k: int
    n_unique: int

    @property
    def share_unique(self) -> float:
        """Share of rows that look like no other, 0 to 1."""
        return self.n_unique / self.n_rows

    @property
    def prosecutor_max(self) -> float:
        """Chance to find the most exposed person, known to be in the table; 1 / k."""
        return 1 / self.k

    @property
    def prosecutor_mean(self) -> float:
        """Chance to find a person, averaged over the rows; classes / rows."""
        return self.n_classes / self.n_rows

    def to_dict(self) -> dict[str, object]:
        """Return everything, JSON-able."""
        return {
            "quasi_identifiers": list(self.quasi_identifiers),
            "n_rows": self.n_rows,
            "n_classes": self.n_classes,
            "k": self.k,
            "n_unique": self.n_unique,
            "share_unique": self.share_unique,
            "prosecutor_max": self.prosecutor_max,
            "prosecutor_mean": self.prosecutor_mean,
        }

    def __repr__(self) -> str:
        return text_table(self._rows(), ("measure", "value"), title=self._title())

    def _repr_html_(self) -> str:
        return html_table(self._rows(), ("measure", "value"), title=self._title())

    def _title(self) -> str:
        return f"Re-identification risk by {', '.join(self.quasi_identifiers)}"

    def _rows(self) -> list[tuple[str, str]]:
        return [
            ("rows", f"{self.n_rows:,}"),
            ("classes", f"{self.n_classes:,}"),
            ("smallest class (k)", f"{self.k:,}"),
            ("unique rows", f"{self.n_unique:,}"),
            ("share unique", percent(self.share_unique)),
            ("prosecutor risk, highest", percent(self.prosecutor_max)),
            ("prosecutor risk, mean", percent(self.prosecutor_mean)),
        ]


def risk(frame: object, quasi_identifiers: Sequence[str]) -> RiskReport:
    """Count how many rows share each combination of quasi-identifiers. Exact; O(rows log rows).

    Parameters
    ----------
    frame : table
        Anything `prodml.tables.as_frame` takes, at least one row.
    quasi_identifiers : sequence of str
        Columns an attacker may know, such as age, sex and postcode. Missing counts as a value.

    Returns
    -------
    RiskReport

    Raises
    ------
    ConfigError
        If no column is named, or one twice.
    SchemaError
        If a column is missing, or there are no rows.

    Source
    ------
    Sweeney 2002, k-anonymity; El Emam & Dankar 2008, prosecutor risk.

    Examples
    --------
    >>> people = {"age": [30, 30, 30, 51], "sex": ["f", "f", "m", "m"]}
    >>> risk(people, ["age", "sex"])
    Re-identification risk by age, sex
    measure                   value
    ────────────────────────  ─────
    rows                          4
    classes                       3
    smallest class (k)            1
    unique rows                   2
    share unique                50%
    prosecutor risk, highest   100%
    prosecutor risk, mean       75%
    """
    import numpy as np

    names = _checked_names(quasi_identifiers)
    table = as_frame(frame)
    for name in names:
        if name not in table.columns:
            known = list(table.columns)
            raise SchemaError(
                f'column "{name}" is missing. {known_names(name, known)}', column=name, known=known
            )
    if not len(table):
        raise SchemaError("there are no rows, so there is no risk to count")
    sizes = np.bincount(_classes(table, names))
    return RiskReport(
        quasi_identifiers=names,
        n_rows=len(table),
        n_classes=len(sizes),
        k=int(sizes.min()),
        n_unique=int((sizes == 1).sum()),
    )


def _checked_names(names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(names, str) or not names:
        raise ConfigError('quasi_identifiers must be a list of columns, such as ["age", "sex"]')
    if len(set(names)) < len(names):
        raise ConfigError("a quasi-identifier is named twice")
    return tuple(names)


def _classes(table: pd.DataFrame, names: Sequence[str]) -> NDArray[np.intp]:
    """Return the number of each row's class, from 0 without gaps."""
    import numpy as np

    classes = np.zeros(len(table), dtype=np.intp)
    for name in names:
        codes = _codes(table[name])
        # Both are below the number of rows + 1, so the product stays far within 64 bits.
        joint = classes * (codes.max() + 1) + codes
        classes = np.unique(joint, return_inverse=True)[1]
    return classes


def _codes(series: pd.Series) -> NDArray[np.intp]:
    import pandas as pd

    try:
        return pd.factorize(series)[0] + 1  # missing, -1, becomes a class of its own
    except TypeError:  # its message may show a value; the error below does not carry it along
        pass
    raise SchemaError(
        f'column "{series.name}" holds values that cannot be compared, such as lists',
        column=str(series.name),
    )
