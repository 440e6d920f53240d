"""What a training came to: the model, how good it is, and what it was made from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Protocol

import attrs

from prodml import display
from prodml.errors import ConfigError, known_names
from prodml.gate import Predictions

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from prodml.tables import Schema
    from prodml.training.folds import OutOfFold
    from prodml.training.task import Task

__all__ = ["Model", "TrainingRun"]


class Model(Protocol):
    """A fitted estimator, with whatever other methods its class has."""

    def fit(self, inputs: ArrayLike, target: ArrayLike, /) -> object:
        """Learn again."""
        ...

    def predict(self, rows: ArrayLike | pd.DataFrame, /) -> NDArray[np.generic]:
        """Return one label or number per row."""
        ...


@attrs.frozen(repr=False, eq=False)
class TrainingRun:
    """A fitted model with its scores and everything needed to make it again.

    Parameters
    ----------
    run_id : str
        Unique; sorts by time.
    task : {"classification", "regression"}
        What the model predicts.
    estimator : object
        Fitted on the training rows; a clone of the one the Trainer was given.
    target : str
        Name of the target.
    schema : Schema
        The inputs the model takes, in order.
    params : dict
        The estimator's parameters as plain values.
    metrics : dict of str to float
        Scores on the holdout by name; on the training rows as ``train_<name>``; of a
        cross-validation as ``cv_<name>`` (mean over the folds) and ``cv_<name>_std``.
    holdout : DataFrame
        Inputs of the rows that were set aside.
    holdout_target : ndarray of shape (n,)
        What was true of them.
    reference : DataFrame
        Inputs of the training rows; what later rows are compared with to see drift.
    record : dict
        JSON-able: fingerprints of the data by column, digest of the split, seeds, code,
        environment, times; ``slices``, ``calibration`` and ``threshold`` where there are any.
    out_of_fold : OutOfFold, optional
        What the models of the cross-validation said about the training rows.
    """

    run_id: str
    task: Task
    estimator: Model
    target: str
    schema: Schema
    params: dict[str, object]
    metrics: dict[str, float]
    holdout: pd.DataFrame
    holdout_target: NDArray[np.generic]
    reference: pd.DataFrame
    record: dict[str, object]
    out_of_fold: OutOfFold | None = None

    def predictions(self, on: Literal["holdout", "reference"] = "holdout") -> Predictions:
        """Let the model speak about its holdout or its training rows.

        Parameters
        ----------
        on : {"holdout", "reference"}, default "holdout"
            Which rows.

        Returns
        -------
        Predictions
            What a Gate takes.

        Raises
        ------
        ConfigError
            If `on` is anything else.
        """
        if on not in ("holdout", "reference"):
            raise ConfigError(f'on must be "holdout" or "reference", got {on!r}')
        rows = self.holdout if on == "holdout" else self.reference
        return Predictions.of(self.estimator, rows)

    def to_dict(self) -> dict[str, object]:
        """Return the run as plain values, without the model and without any row.

        Returns
        -------
        dict
            JSON-able.
        """
        return {
            "run_id": self.run_id,
            "task": self.task,
            "target": self.target,
            "schema": self.schema.to_dict(),
            "params": self.params,
            "metrics": self.metrics,
            "record": self.record,
        }

    def plot(self, kind: str | None = None) -> str:
        """Draw the run.

        Parameters
        ----------
        kind : {"roc", "precision_recall", "residuals", "calibration", "slices"}, optional
            One of the charts; default all that make sense, in a page of their own.

        Returns
        -------
        str
            An ``<svg>`` element, or an HTML page that holds them.

        Raises
        ------
        ConfigError
            If there is no such chart of this run.
        """
        from prodml.training.plots import PLOTS, plots

        found = plots(self)
        if kind is None:
            return display.page(self._title(), [(PLOTS[k], svg) for k, svg in found.items()])
        if kind not in found:
            why = "" if kind not in PLOTS else " (it needs probabilities, two classes or slices=)"
            raise ConfigError(
                f"no chart {kind!r:.60} of this run{why}. {known_names(str(kind), found)}"
            )
        return found[kind]

    @property
    def advice(self) -> list[str]:
        """What is worth a look before the model is used, and the call that comes next."""
        from prodml.training.advice import advice

        return advice(self)

    def __repr__(self) -> str:
        table = display.text_table(self._rows(), self._headers(), title=self._title())
        parts = [table, *self._slice_tables(display.text_table), "\n".join(self.advice)]
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        from html import escape

        table = display.html_table(self._rows(), self._headers(), title=self._title())
        items = "".join(f"<li>{escape(line)}</li>" for line in self.advice)
        return "".join([table, *self._slice_tables(display.html_table), f"<ul>{items}</ul>"])

    def _slice_tables(self, draw: Callable[..., str]) -> list[str]:
        slices = self.record.get("slices")
        if not isinstance(slices, list) or not slices:
            return []
        names = [n for n in self.metrics if any(n in s["metrics"] for s in slices)][:3]
        rows = [
            [s["slice"], f"{s['n_rows']:,}", *(_with_interval(s["metrics"].get(n)) for n in names)]
            for s in slices
        ]
        return [draw(rows, ["slice", "rows", *names], title="Slices of the holdout")]

    def _title(self) -> str:
        rows = f"{len(self.reference):,} rows, tested on {len(self.holdout):,}"
        return f'{self._name} for "{self.target}" ({self.task}), trained on {rows}'

    @property
    def _name(self) -> str:
        estimator = self.record.get("estimator")
        path = estimator.get("class") if isinstance(estimator, dict) else None
        return str(path).rpartition(".")[2] if path else type(self.estimator).__name__

    @property
    def _has_folds(self) -> bool:
        return any(name.startswith("cv_") for name in self.metrics)

    def _headers(self) -> list[str]:
        return ["metric", "holdout", "training", *(["cross-validation"] if self._has_folds else [])]

    def _rows(self) -> list[list[str]]:
        names = [name.removeprefix("train_") for name in self.metrics if name.startswith("train_")]
        return [self._row(name) for name in names]

    def _row(self, name: str) -> list[str]:
        cells = [name, *(display.number(self.metrics.get(k)) for k in (name, f"train_{name}"))]
        if not self._has_folds:
            return cells
        mean, spread = self.metrics.get(f"cv_{name}"), self.metrics.get(f"cv_{name}_std")
        return [*cells, f"{display.number(mean)} ± {display.number(spread, 2)}"]


def _with_interval(score: dict[str, float | None] | None) -> str:
    if score is None:
        return ""
    value, low, high = (score[name] for name in ("value", "low", "high"))
    if low is None or high is None:
        return display.number(value)
    return f"{display.number(value, 3)} [{display.number(low, 3)}, {display.number(high, 3)}]"
