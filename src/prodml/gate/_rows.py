"""The rows of one comparison, checked and encoded once; imports numpy, so the gate loads it late."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from prodml.errors import ConfigError
from prodml.gate.predictions import Predictions
from prodml.stats import _aligned
from prodml.stats.bootstrap import bootstrap_means, bootstrap_paired
from prodml.stats.delong import delong
from prodml.stats.paired import PairedComparison, mcnemar
from prodml.stats.scores import Score, find_score

__all__ = ["Rows"]

Array = NDArray[np.generic]


@attrs.frozen(eq=False)
class Rows:
    """Truth and both models' predictions, of the same length and without missing values.

    Parameters
    ----------
    y_true : ndarray of shape (n,)
        What was true.
    champion, challenger : Predictions
        What each model said.
    """

    y_true: Array
    champion: Predictions
    challenger: Predictions

    @classmethod
    def of(cls, y_true: ArrayLike, champion: Predictions, challenger: Predictions) -> Rows:
        """Check that all speak of the same rows."""
        true = _aligned.labels(y_true, name="y_true")
        for name, said in (("champion", champion), ("challenger", challenger)):
            if len(said) != len(true):
                raise ConfigError(
                    f"the {name} speaks of {len(said)} rows, y_true of {len(true)}; "
                    "both models must be judged on the same rows"
                )
            _aligned.labels(said.labels, name=f"the {name}'s labels")
            if said.scores is not None:
                _aligned.numbers(said.scores, name=f"the {name}'s scores", ndim=(1, 2))
        if len(true) < 2:
            raise ConfigError(f"a comparison needs at least 2 rows, got {len(true)}")
        return cls(true, champion, challenger)

    def __len__(self) -> int:
        return len(self.y_true)

    @property
    def n_rarest(self) -> int:
        """Rows of the rarest class in the truth."""
        return int(np.unique(self.y_true, return_counts=True)[1].min())

    def score(self, metric: str | Score | None) -> Score:
        """Return the score asked for, or the one that fits the values."""
        if metric is not None:
            return find_score(metric)
        every = (self.y_true, self.champion.labels, self.challenger.labels)
        return find_score("rmse" if any(_is_fractional(a) for a in every) else "accuracy")

    def compare(
        self, score: Score, *, null: float, level: float, n_resamples: int, seed: int
    ) -> PairedComparison:
        """Compare the two models by the test that fits the score."""
        true, first, second, classes = self._columns(score)
        if score.name == "accuracy":
            return mcnemar(true == first, true == second, null=null, level=level)
        if score.name == "roc_auc" and classes is not None and len(classes) == 2:
            one, two = _positive(first), _positive(second)
            return delong(true, one, two, null=null, level=level, classes=classes)
        parts = [score.per_row(true, said, classes=classes) for said in (first, second)]
        if parts[0] is not None and parts[1] is not None:
            return bootstrap_means(
                parts[0], parts[1], null=null, level=level, n_resamples=n_resamples, rng=seed
            )
        return bootstrap_paired(
            _statistic(score, true, first, second, classes),
            len(true),
            null=null,
            level=level,
            n_resamples=n_resamples,
            rng=seed,
        )

    def _columns(self, score: Score) -> tuple[Array, Array, Array, Array | None]:
        """Return truth, both models' values and the classes, labels as codes where that helps."""
        if score.task != "classification":
            one, two = (self._asked(score, said) for said in self._both())
            return self.y_true, one, two, None
        labels = [_aligned.labels(a.labels, name="labels") for a in self._both()]
        known = [
            _aligned.labels(a.classes, name="classes")
            for a in self._both()
            if a.classes is not None
        ]
        codes, classes = _aligned.encode(self.y_true, *labels, *known)
        true, first, second = codes[:3]
        positions = np.arange(len(classes))
        if score.needs == "labels":
            return true, first, second, positions
        one, two = (
            _spread(self._asked(score, said), said.classes, classes) for said in self._both()
        )
        return true, one, two, positions

    def _both(self) -> tuple[Predictions, Predictions]:
        return self.champion, self.challenger

    def _asked(self, score: Score, said: Predictions) -> Array:
        if score.needs == "labels":
            return said.labels
        if said.scores is None:
            who = "champion" if said is self.champion else "challenger"
            raise ConfigError(f"{score.name} needs scores, and the {who}'s predictions have none")
        return np.asarray(said.scores, dtype=np.float64)


def _statistic(
    score: Score, true: Array, first: Array, second: Array, classes: Array | None
) -> Callable[[NDArray[np.intp]], tuple[float, float]]:
    def both(rows: NDArray[np.intp]) -> tuple[float, float]:
        there = true[rows]
        one = score(there, first[rows], classes=classes)
        return one, score(there, second[rows], classes=classes)

    return both


def _spread(scores: Array, own: Array | None, classes: Array) -> Array:
    """Give every class its column; a class the model does not know has probability 0."""
    if own is None or len(own) == len(classes):
        return scores
    columns = np.column_stack([1.0 - scores, scores]) if scores.ndim == 1 else scores  # type: ignore[operator]
    if columns.shape[1] != len(own):
        raise ConfigError(f"scores have {columns.shape[1]} columns, the model {len(own)} classes")
    wide = np.zeros((len(scores), len(classes)))
    wide[:, np.searchsorted(classes, own)] = columns
    return wide


def _positive(scores: Array) -> Array:
    return scores if scores.ndim == 1 else scores[:, -1]


def _is_fractional(values: Array) -> bool:
    return values.dtype.kind == "f" and bool(np.any(values != np.floor(values)))
