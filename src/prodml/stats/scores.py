"""How good predictions are: every score by name, and what it needs.

``SCORES["roc_auc"](y_true, y_score)`` takes a score; `find_score` looks one up with near names in
the error. The functions themselves are importable from here as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Literal, TypeAlias

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from prodml.errors import ConfigError, UnknownNameError
from prodml.ports.duck import is_number
from prodml.stats.label_scores import (
    accuracy,
    accuracy_rows,
    balanced_accuracy,
    f1,
    matthews,
    precision,
    recall,
)
from prodml.stats.probability_scores import (
    average_precision,
    brier,
    brier_rows,
    log_loss,
    log_loss_rows,
    roc_auc,
)
from prodml.stats.regression_scores import mae, mae_rows, median_ae, mse, mse_rows, r2, rmse

__all__ = [
    "SCORES",
    "Needs",
    "Score",
    "Task",
    "accuracy",
    "average_precision",
    "balanced_accuracy",
    "brier",
    "f1",
    "find_score",
    "log_loss",
    "mae",
    "matthews",
    "median_ae",
    "mse",
    "precision",
    "r2",
    "recall",
    "rmse",
    "roc_auc",
]

Needs: TypeAlias = Literal["labels", "scores"]
Task: TypeAlias = Literal["classification", "regression"]


@attrs.frozen
class Score:
    """A score by name: call it with the truth and the predictions.

    Parameters
    ----------
    name : str
        What it goes by in results and messages.
    function : callable
        ``(y_true, y_pred) -> float``; with `takes_classes` also ``classes=``.
    greater_is_better : bool
        False for errors and losses.
    needs : {"labels", "scores"}
        Whether the second argument is predicted labels (or numbers), or probabilities.
    task : {"classification", "regression"} or None
        What it is for; None for any.
    takes_classes : bool, default False
        Whether the function wants to know all classes, because rows may lack some.
    rows : callable, optional
        Each row's part, where the score is a plain mean over rows.

    Examples
    --------
    >>> SCORES["accuracy"]([0, 1], [0, 0])
    0.5
    """

    name: str
    function: Callable[..., float] = attrs.field(repr=False)
    greater_is_better: bool = True
    needs: Needs = attrs.field(
        default="labels", validator=attrs.validators.in_(("labels", "scores"))
    )
    task: Task | None = None
    takes_classes: bool = False
    rows: Callable[..., NDArray[np.float64]] | None = attrs.field(default=None, repr=False)

    def __call__(
        self, y_true: ArrayLike, y_pred: ArrayLike, *, classes: ArrayLike | None = None
    ) -> float:
        """Return the score of these predictions.

        Parameters
        ----------
        y_true, y_pred : array-like
            As `function` takes them.
        classes : array-like, optional
            All classes, sorted; ignored by scores that do not need them.

        Returns
        -------
        float
            The score.

        Raises
        ------
        ConfigError
            If the score is not a finite number.
        """
        value = _number(self.name, self.function(y_true, y_pred, **self._extra(classes)))
        if not np.isfinite(value):
            raise ConfigError(f"the score {self.name} came out as {value} on {len(y_true)} rows")  # type: ignore[arg-type]
        return value

    def per_row(
        self, y_true: ArrayLike, y_pred: ArrayLike, *, classes: ArrayLike | None = None
    ) -> NDArray[np.float64] | None:
        """Return each row's part, or None where the score is no mean over rows."""
        if self.rows is None:
            return None
        return self.rows(y_true, y_pred, **self._extra(classes))

    def _extra(self, classes: ArrayLike | None) -> dict[str, ArrayLike]:
        return {"classes": classes} if self.takes_classes and classes is not None else {}


def find_score(score: str | Score) -> Score:
    """Return the score of this name; a `Score` is returned as it is.

    Parameters
    ----------
    score : str or Score
        A name in `SCORES`, or a score of your own.

    Returns
    -------
    Score

    Raises
    ------
    UnknownNameError
        If there is none of that name.

    Examples
    --------
    >>> find_score("roc_auc").needs
    'scores'
    """
    if isinstance(score, Score):
        return score
    if score not in SCORES:
        raise UnknownNameError("score", str(score), SCORES)
    return SCORES[score]


def _labels(name: str, function: Callable[..., float]) -> Score:
    return Score(name, function, task="classification", takes_classes=True)


def _averaged(name: str, function: Callable[..., float]) -> tuple[Score, ...]:
    return (
        _labels(name, function),
        _labels(f"{name}_macro", partial(function, average="macro")),
        _labels(f"{name}_weighted", partial(function, average="weighted")),
    )


def _scores(
    name: str,
    function: Callable[..., float],
    *,
    greater: bool,
    rows: Callable[..., NDArray[np.float64]] | None = None,
) -> Score:
    return Score(name, function, greater, "scores", "classification", takes_classes=True, rows=rows)


def _error(
    name: str,
    function: Callable[..., float],
    rows: Callable[..., NDArray[np.float64]] | None = None,
) -> Score:
    return Score(name, function, greater_is_better=False, task="regression", rows=rows)


SCORES: Mapping[str, Score] = MappingProxyType(
    {
        score.name: score
        for score in (
            Score("accuracy", accuracy, task="classification", rows=accuracy_rows),
            _labels("balanced_accuracy", balanced_accuracy),
            *_averaged("precision", precision),
            *_averaged("recall", recall),
            *_averaged("f1", f1),
            _labels("matthews", matthews),
            _scores("roc_auc", roc_auc, greater=True),
            _scores("average_precision", average_precision, greater=True),
            _scores("log_loss", log_loss, greater=False, rows=log_loss_rows),
            _scores("brier", brier, greater=False, rows=brier_rows),
            _error("mae", mae, mae_rows),
            _error("mse", mse, mse_rows),
            _error("rmse", rmse),
            _error("median_ae", median_ae),
            Score("r2", r2, task="regression"),
        )
    }
)


def _number(name: str, value: object) -> float:
    if not is_number(value):
        raise ConfigError(f"the score {name} must be a number, got a {type(value).__name__}")
    return float(value)  # type: ignore[arg-type]
