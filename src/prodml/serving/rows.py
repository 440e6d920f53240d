"""Predictions as the log keeps them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from prodml.monitoring import LoggedPrediction

if TYPE_CHECKING:
    import pandas as pd

    from prodml.serving.prediction import Prediction

__all__ = ["by_unit", "error_of", "log_rows"]


def log_rows(
    predictions: Sequence[Prediction], tasks: Mapping[str, str], inputs: pd.DataFrame | None
) -> list[LoggedPrediction]:
    """Return the rows to store.

    Parameters
    ----------
    predictions : sequence of Prediction
        What was answered.
    tasks : mapping of str to str
        ``"name/version"`` to the task of that version.
    inputs : DataFrame or None
        What was asked, row by row, if it is to be kept.

    Returns
    -------
    list of LoggedPrediction
        One per prediction, in order.
    """
    records = [None] * len(predictions) if inputs is None else _records(inputs)
    return [_row(p, tasks, r) for p, r in zip(predictions, records, strict=True)]


def error_of(row: LoggedPrediction, value: str | float | bool) -> float:
    """Return 0 or 1 for a class, the absolute error for a number."""
    if row.task == "classification":
        return float(row.prediction != value)
    return abs(float(row.prediction) - float(value))


def by_unit(errors: Sequence[tuple[LoggedPrediction, float]]) -> list[dict[str, float]]:
    """Divide errors of routed predictions into batches in which each unit stands once."""
    batches: list[dict[str, float]] = []
    seen: Counter[str] = Counter()
    for row, error in errors:
        if row.unit is None or row.arm is None:
            continue
        if seen[row.unit] == len(batches):
            batches.append({})
        batches[seen[row.unit]][row.unit] = error
        seen[row.unit] += 1
    return batches


def _row(
    p: Prediction, tasks: Mapping[str, str], inputs: Mapping[str, object] | None
) -> LoggedPrediction:
    task = tasks.get(f"{p.model}/{p.version}", "classification")
    return LoggedPrediction(
        id=p.id,
        at=p.at,
        model=p.model,
        version=p.version,
        prediction=p.prediction,
        task="regression" if task == "regression" else "classification",
        arm=p.arm,
        unit=p.unit,
        probabilities=p.probabilities,
        inputs=inputs,
    )


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    rows = frame.to_dict(orient="records")
    return [{str(name): _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: object) -> object:
    """Return a cell as JSON can hold it: missing is None, a time is ISO text."""
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT or value != value:  # noqa: PLR0124 - NaN
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    item = getattr(value, "item", None)  # numpy's scalars
    return item() if callable(item) else value
