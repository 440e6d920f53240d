"""What a run gives back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import attrs

from prodml.display import duration, html_table, text_table
from prodml.errors import ConfigError, UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PipelineResult", "StepReport"]


@attrs.frozen
class StepReport:
    """How one step went.

    Parameters
    ----------
    step : str
        Its name.
    status : {"finished", "failed", "skipped", "overridden"}
        Skipped means that a step before it failed.
    rows_in, rows_out : int or None
        Rows of its first input that has rows, and of its value.
    seconds : float
        Wall time, pauses between attempts included.
    attempts : int
        How many it took.
    n_quarantined : int
        Rows that a contract put aside.
    """

    step: str
    status: Literal["finished", "failed", "skipped", "overridden"]
    rows_in: int | None
    rows_out: int | None
    seconds: float
    attempts: int
    n_quarantined: int = 0


@attrs.frozen(eq=False, repr=False)
class PipelineResult(Mapping[str, Any]):
    """Values of a run by step name; prints as a table of its steps.

    Parameters
    ----------
    pipeline : str
        Name of the pipeline.
    run_id : str
        Names the run.
    steps : tuple of StepReport
        Every step of the run, in order.
    quarantined : mapping of str to DataFrame
        Rows that a contract put aside, by step.
    reports : mapping of str to object
        What the contracts found, by step.
    seconds : float
        Wall time.
    values : mapping of str to object
        Of the steps that nobody else takes from, and those asked for with ``targets=`` or ``keep=``.
    """

    pipeline: str
    run_id: str
    steps: tuple[StepReport, ...]
    quarantined: Mapping[str, pd.DataFrame]
    reports: Mapping[str, object]
    seconds: float
    values_: Mapping[str, object] = attrs.field(alias="values")

    def __getitem__(self, name: str) -> Any:
        if name in self.values_:
            return self.values_[name]
        if any(report.step == name for report in self.steps):
            where = (
                f'any more: it was let go when no later step needed it; say run(keep=["{name}"])'
            )
            raise UnknownNameError("value of", name, self.values_, where=where)
        raise UnknownNameError("step", name, self.values_)

    def __contains__(self, name: object) -> bool:
        return name in self.values_

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or `default` if the result does not hold it."""
        return self.values_.get(key, default)

    @property
    def value(self) -> Any:
        """The only value of the run.

        Raises
        ------
        ConfigError
            If there are several.
        """
        if len(self.values_) != 1:
            raise ConfigError(f"the run has {len(self.values_)} values: {', '.join(self.values_)}")
        return next(iter(self.values_.values()))

    @property
    def timings(self) -> dict[str, float]:
        """Seconds by step."""
        return {report.step: report.seconds for report in self.steps}

    @property
    def n_quarantined(self) -> int:
        """Rows put aside in all."""
        return sum(len(bad) for bad in self.quarantined.values())

    def to_dict(self) -> dict[str, object]:
        """Return counts and times as plain data; no values."""
        return {
            "pipeline": self.pipeline,
            "run_id": self.run_id,
            "seconds": self.seconds,
            "steps": [attrs.asdict(report) for report in self.steps],
            "quarantined": {name: len(bad) for name, bad in self.quarantined.items()},
        }

    def __repr__(self) -> str:
        return text_table(self._rows(), _HEADERS, title=self._title())

    def _repr_html_(self) -> str:
        return html_table(self._rows(), _HEADERS, title=self._title())

    def _title(self) -> str:
        aside = f", rows put aside: {self.n_quarantined}" if self.n_quarantined else ""
        return f'Pipeline "{self.pipeline}": {len(self.steps)} steps in {duration(self.seconds)}{aside}'

    def _rows(self) -> list[list[object]]:
        return [[r.step, r.status, r.rows_in, r.rows_out, duration(r.seconds)] for r in self.steps]


_HEADERS = ("step", "status", "rows in", "rows out", "time")
