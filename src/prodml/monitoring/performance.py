"""Realised performance: scores over the predictions whose outcome is known."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from prodml.display import html_table, number, percent, text_table

if TYPE_CHECKING:
    from prodml.monitoring.predictions import LoggedPrediction, Scalar

__all__ = ["Performance", "measure"]


@attrs.frozen(repr=False)
class Performance:
    """How good predictions turned out to be.

    Parameters
    ----------
    task : {"classification", "regression", "unknown"}
        "unknown" while no prediction has an outcome.
    n_predictions : int
        Predictions looked at.
    n_outcomes : int
        Those among them whose outcome is known.
    scores : mapping of str to float
        ``accuracy`` for classification; ``mae``, ``rmse`` and ``bias`` for regression. Empty while nothing is known.
    low, high : float or None
        95 % limits of the accuracy (Wilson); None for regression.
    median_delay_s : float or None
        Half of the outcomes came within this time, in seconds.
    """

    task: str
    n_predictions: int
    n_outcomes: int
    scores: Mapping[str, float]
    low: float | None = None
    high: float | None = None
    median_delay_s: float | None = None

    @property
    def coverage(self) -> float:
        """Share of predictions whose outcome is known, in [0, 1]; 0 without predictions."""
        return self.n_outcomes / self.n_predictions if self.n_predictions else 0.0

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values."""
        return {**attrs.asdict(self), "coverage": self.coverage}

    def _rows(self) -> list[tuple[str, str]]:
        rows = [(name, number(value)) for name, value in self.scores.items()]
        if self.low is not None and self.high is not None:
            rows.append(("95 % limits", f"{number(self.low)} to {number(self.high)}"))
        known = f"{self.n_outcomes} of {self.n_predictions} ({percent(self.coverage)})"
        return [*rows, ("outcomes known", known)]

    def __repr__(self) -> str:
        return text_table(self._rows(), ("Performance", self.task))

    def _repr_html_(self) -> str:
        return html_table(self._rows(), ("Performance", self.task))


def measure(
    rows: Sequence[LoggedPrediction], outcomes: Mapping[str, tuple[Scalar, datetime]]
) -> Performance:
    """Judge predictions by the outcomes that are known.

    Parameters
    ----------
    rows : sequence of LoggedPrediction
        What was predicted.
    outcomes : mapping of str to (value, datetime)
        Prediction id to what came true, and when that was known.

    Returns
    -------
    Performance
        Without scores if no row has an outcome.
    """
    known = [(row, *outcomes[row.id]) for row in rows if row.id in outcomes]
    if not known:
        return Performance("unknown", len(rows), 0, {})
    delays = [(at - row.at).total_seconds() for row, _, at in known]
    task = known[0][0].task
    pairs = [(row.prediction, value) for row, value, _ in known]
    scores, low, high = (_classified if task == "classification" else _regressed)(pairs)
    return Performance(task, len(rows), len(known), scores, low, high, statistics.median(delays))


_Scores = tuple[dict[str, float], float | None, float | None]


def _classified(pairs: Sequence[tuple[Scalar, Scalar]]) -> _Scores:
    from prodml.stats.intervals import wilson

    hits = sum(predicted == actual for predicted, actual in pairs)
    low, high = wilson(hits, len(pairs))
    return {"accuracy": hits / len(pairs)}, low, high


def _regressed(pairs: Sequence[tuple[Scalar, Scalar]]) -> _Scores:
    errors = [float(predicted) - float(actual) for predicted, actual in pairs]
    n = len(errors)
    mae = sum(map(abs, errors)) / n
    rmse = (sum(e * e for e in errors) / n) ** 0.5
    return {"mae": mae, "rmse": rmse, "bias": sum(errors) / n}, None, None
