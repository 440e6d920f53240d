"""Runs side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from prodml import display
from prodml.training.run_state import RunSummary

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RunTable"]

_MOST_METRICS = 5
_MOST_PARAMS = 3


@attrs.frozen(repr=False)
class RunTable:
    """Runs as a table: a sequence of `RunSummary` that prints.

    Parameters
    ----------
    runs : tuple of RunSummary
        In order.
    """

    runs: tuple[RunSummary, ...]

    def __len__(self) -> int:
        return len(self.runs)

    def __iter__(self) -> Iterator[RunSummary]:
        return iter(self.runs)

    def __getitem__(self, place: int) -> RunSummary:
        return self.runs[place]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per run; metrics as ``metric.<name>``, parameters as ``param.<name>``."""
        import pandas as pd

        rows = [
            {
                "run_id": run.run_id,
                "name": run.name,
                "status": run.status,
                "started": run.started,
                "seconds": run.seconds,
                **{f"metric.{k}": v for k, v in run.metrics.items()},
                **{f"param.{k}": v for k, v in run.params.items()},
                **{f"tag.{k}": v for k, v in run.tags.items()},
            }
            for run in self.runs
        ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        return display.text_table(self._rows(), self._headers(), title=self._title())

    def _repr_html_(self) -> str:
        return display.html_table(self._rows(), self._headers(), title=self._title())

    def _title(self) -> str:
        return f"{len(self.runs)} run{'' if len(self.runs) == 1 else 's'}"

    def _headers(self) -> list[str]:
        return ["run", "name", "status", "started", "took", *self._metrics(), *self._params()]

    def _metrics(self) -> list[str]:
        return list(dict.fromkeys(name for run in self.runs for name in run.metrics))[
            :_MOST_METRICS
        ]

    def _params(self) -> list[str]:
        """Return the parameters in which the runs differ."""
        names = dict.fromkeys(name for run in self.runs for name in run.params)
        differ = [n for n in names if len({str(run.params.get(n)) for run in self.runs}) > 1]
        return differ[:_MOST_PARAMS]

    def _rows(self) -> list[list[str]]:
        return [
            [
                run.run_id,
                run.name,
                run.status,
                f"{run.started:%Y-%m-%d %H:%M}",
                "" if run.seconds is None else display.duration(run.seconds),
                *(
                    display.number(run.metrics[m]) if m in run.metrics else ""
                    for m in self._metrics()
                ),
                *(str(run.params.get(name, "")) for name in self._params()),
            ]
            for run in self.runs
        ]
