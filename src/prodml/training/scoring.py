"""Which scores a run takes, and taking them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import attrs

from prodml.errors import ConfigError
from prodml.gate import Predictions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from prodml.stats.scores import Score
    from prodml.training.task import Task

__all__ = ["Metric", "Metrics", "Scoring", "as_codes", "score_columns"]

Metric: TypeAlias = "str | Score | Callable[[NDArray[np.generic], NDArray[np.generic]], float]"
Metrics: TypeAlias = "Metric | Sequence[Metric] | Mapping[str, Metric]"

_OF_TWO = ("accuracy", "f1", "roc_auc", "log_loss", "brier")
_OF_MANY = ("accuracy", "f1_macro", "roc_auc", "log_loss")
_OF_NUMBERS = ("rmse", "mae", "r2")


@attrs.frozen
class Scoring:
    """The scores of a run.

    Parameters
    ----------
    scores : tuple of Score
        In the order they are reported.
    is_default : bool
        Whether nobody asked for them by name; then one that cannot be taken is left out.
    """

    scores: tuple[Score, ...]
    is_default: bool

    @classmethod
    def of(cls, metrics: Metrics | None, *, task: Task, n_classes: int) -> Scoring:
        """Look up what was asked for, or choose what fits the task.

        Raises
        ------
        UnknownNameError
            If there is no score of a name.
        ConfigError
            If a score is for the other task.
        """
        if metrics is None:
            default = _OF_NUMBERS if task == "regression" else _OF_MANY
            names = _OF_TWO if n_classes == 2 else default
            return cls(tuple(_score(name, None) for name in names), is_default=True)
        scores = tuple(_score(metric, name) for name, metric in _named(metrics))
        for score in scores:
            if score.task not in (None, task):
                raise ConfigError(f"{score.name} is a score of {score.task}, this is a {task}")
        return cls(scores, is_default=False)

    def take(
        self, y_true: NDArray[np.generic], said: Predictions
    ) -> tuple[dict[str, float], dict[str, str]]:
        """Return the scores by name, and why others could not be taken.

        Raises
        ------
        ConfigError
            If a score that was asked for by name cannot be taken.
        """
        found: dict[str, float] = {}
        left_out: dict[str, str] = {}
        for score in self.scores:
            try:
                found[score.name] = _take(score, y_true, said)
            except ConfigError as exc:
                if not self.is_default:
                    raise ConfigError(f"the metric {score.name} cannot be taken: {exc}") from exc
                left_out[score.name] = str(exc)
        return found, left_out


def _take(score: Score, y_true: NDArray[np.generic], said: Predictions) -> float:
    true, values, classes = score_columns(score, y_true, said)
    return score(true, values, classes=classes)


def score_columns(
    score: Score, y_true: NDArray[np.generic], said: Predictions
) -> tuple[NDArray[np.generic], NDArray[np.generic], NDArray[np.generic] | None]:
    """Return truth, predictions and classes as a score takes them.

    Raises
    ------
    ConfigError
        If it needs scores and there are none.
    """
    if score.needs == "labels":
        return y_true, said.labels, said.classes
    if said.scores is None:
        raise ConfigError("the estimator gives no probabilities or scores")
    return y_true, said.scores, said.classes


def as_codes(
    score: Score, y_true: NDArray[np.generic], said: Predictions
) -> tuple[NDArray[np.generic], Predictions]:
    """Return labels as positions among the classes, which resampling scores much faster than text.

    A score of your own gets the labels themselves.
    """
    import numpy as np

    from prodml.stats.scores import SCORES

    is_ours = any(score.function is known.function for known in SCORES.values())
    if not is_ours or score.task != "classification" or said.classes is None:
        return y_true, said
    known = np.asarray(said.classes)
    if not np.isin(y_true, known).all():
        return y_true, said
    true, labels = np.searchsorted(known, y_true), np.searchsorted(known, said.labels)
    return true, Predictions(labels, said.scores, np.arange(len(known)))


def _named(metrics: Metrics) -> Iterable[tuple[str | None, Metric]]:
    from prodml.stats.scores import Score

    if isinstance(metrics, Mapping):
        return list(metrics.items())
    if isinstance(metrics, str | Score) or callable(metrics):
        return [(None, metrics)]
    if not isinstance(metrics, Iterable):
        raise ConfigError(
            "metrics must be names, callables, or a sequence or mapping of these, "
            f"got a {type(metrics).__name__}"
        )
    return [(None, metric) for metric in metrics]


def _score(metric: Metric, name: str | None) -> Score:
    from prodml.stats.scores import Score, find_score

    if isinstance(metric, str | Score):
        found = find_score(metric)
        return found if name is None else attrs.evolve(found, name=name)
    if not callable(metric):
        raise ConfigError(
            "a metric must be a name, a Score or a callable (y_true, y_pred) -> float, "
            f"got {type(metric).__name__}"
        )
    own = str(getattr(metric, "__name__", type(metric).__name__))
    return Score(name or own, metric)
