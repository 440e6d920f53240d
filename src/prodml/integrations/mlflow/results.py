"""What came over from MLflow, what did not, and why."""

from __future__ import annotations

from collections import Counter
from typing import Literal, TypeAlias

import attrs

from prodml import display

__all__ = ["ImportedVersion", "MlflowImport", "Outcome"]

Outcome: TypeAlias = Literal["imported", "would be imported", "already there", "left out"]


@attrs.frozen
class ImportedVersion:
    """One version of MLflow, and what became of it.

    Parameters
    ----------
    source : str
        ``"name/version"`` in MLflow.
    outcome : {"imported", "would be imported", "already there", "left out"}
        What became of it.
    version : str
        ``"name/version"`` in the registry; empty if it is not there.
    why : str
        Why it was left out.
    aliases : tuple of str
        What points at it now because of the import.
    notes : tuple of str
        What is different from MLflow.
    """

    source: str
    outcome: Outcome
    version: str = ""
    why: str = ""
    aliases: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@attrs.frozen(repr=False)
class MlflowImport:
    """The report of an import.

    Parameters
    ----------
    versions : tuple of ImportedVersion
        Every version of MLflow, in its order.
    n_runs_left : int
        Runs that no version came from; they are not imported.
    is_dry : bool
        Whether nothing was written.
    """

    versions: tuple[ImportedVersion, ...]
    n_runs_left: int = 0
    is_dry: bool = False

    @property
    def n_imported(self) -> int:
        """Versions that came with this import."""
        return self.count("imported")

    def count(self, outcome: Outcome) -> int:
        """Return how many versions had this outcome."""
        return Counter(v.outcome for v in self.versions)[outcome]

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain values."""
        versions = [
            {k: list(v) if isinstance(v, tuple) else v for k, v in attrs.asdict(each).items()}
            for each in self.versions
        ]
        return {"versions": versions, "n_runs_left": self.n_runs_left, "is_dry": self.is_dry}

    def __repr__(self) -> str:
        return display.text_table(self._rows(), _HEADERS, title=self._title())

    def _repr_html_(self) -> str:
        return display.html_table(self._rows(), _HEADERS, title=self._title())

    def _title(self) -> str:
        kinds: tuple[Outcome, ...] = ("imported", "would be imported", "already there", "left out")
        counted = ", ".join(f"{n} {kind}" for kind in kinds if (n := self.count(kind)))
        runs = f"; {self.n_runs_left} runs behind no version stay there" if self.n_runs_left else ""
        return f"From MLflow: {counted or 'nothing to import'}{runs}"

    def _rows(self) -> list[list[str]]:
        return [
            [
                v.source,
                v.outcome,
                v.version,
                ", ".join(v.aliases),
                "; ".join((v.why, *v.notes)).strip("; "),
            ]
            for v in self.versions
        ]


_HEADERS = ("MLflow", "outcome", "here", "aliases", "notes")
