"""The rows of one comparison, checked and encoded once; imports numpy, so the gate loads it late."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from prodml.errors import ConfigError
from prodml.gate.predictions import Predictions
from prodml.stats import _aligned
from prodml.stats.bootstrap import bootstrap_means, bootstrap_paired, bootstrap_weighted
from prodml.stats.delong import delong
from prodml.stats.ece import ECE
from prodml.stats.paired import PairedComparison, mcnemar
from prodml.stats.resampling import Blocks, Cells, Groups, Units, block_length
from prodml.stats.resampling import Rows as ByRow
from prodml.stats.scores import Score, find_score
from prodml.stats.weighted_scores import weighted

__all__ = ["Rows"]

Array = NDArray[np.generic]


class _Settings(TypedDict):
    null: float
    level: float
    n_resamples: int
    rng: int


@attrs.frozen(eq=False)
class Rows:
    """Truth and both models' predictions, of the same length and without missing values.

    Parameters
    ----------
    y_true : ndarray of shape (n,)
        What was true.
    champion, challenger : Predictions
        What each model said.
    groups, times : ndarray of shape (n,) or None
        What rows belong together, or when they were; at most one of them.
    block : float or None
        Mean length of the blocks of time; None to find it.
    """

    y_true: Array
    champion: Predictions
    challenger: Predictions
    groups: Array | None = None
    times: Array | None = None
    block: float | None = None

    @classmethod
    def of(
        cls,
        y_true: ArrayLike,
        champion: Predictions,
        challenger: Predictions,
        *,
        groups: ArrayLike | None = None,
        times: ArrayLike | None = None,
        block: float | None = None,
    ) -> Rows:
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
        if groups is not None and times is not None:
            raise ConfigError("give groups or times, not both: rows are drawn by one of them")
        together, when = (
            None if given is None else _of_rows(given, len(true), name)
            for name, given in (("groups", groups), ("times", times))
        )
        return cls(true, champion, challenger, together, when, block)

    def take(self, rows: NDArray[np.bool_]) -> Rows:
        """Return some of the rows."""
        first, second = (
            Predictions(p.labels[rows], None if p.scores is None else p.scores[rows], p.classes)
            for p in self._both()
        )
        groups = None if self.groups is None else self.groups[rows]
        times = None if self.times is None else self.times[rows]
        return Rows(self.y_true[rows], first, second, groups, times, self.block)

    def __len__(self) -> int:
        return len(self.y_true)

    @property
    def n_rarest(self) -> int:
        """Rows of the rarest class in the truth."""
        return int(np.unique(self.y_true, return_counts=True)[1].min())

    @property
    def unit(self) -> str:
        """What counts as independent."""
        if self.groups is not None:
            return "group"
        return "row" if self.times is None else "block"

    def n_units(self, score: Score) -> int:
        """How many groups, or rows, there are; of blocks about how many the score makes."""
        return len(self) if self.is_independent else self._units(score).n_units

    def scores(self, score: Score) -> tuple[float, float]:
        """Return the score of each model."""
        true, first, second, classes = self._columns(score)
        return (score(true, first, classes=classes), score(true, second, classes=classes))

    def score(self, metric: str | Score | None) -> Score:
        """Return the score asked for, or the one that fits the values."""
        if metric == ECE.name:
            return ECE
        if metric is not None:
            return find_score(metric)
        every = (self.y_true, self.champion.labels, self.challenger.labels)
        return find_score("rmse" if any(_is_fractional(a) for a in every) else "accuracy")

    def compare(
        self, score: Score, *, null: float, level: float, n_resamples: int, seed: int
    ) -> PairedComparison:
        """Compare the two models by the test that fits the score and what depends on what."""
        true, first, second, classes = self._columns(score)
        if score.name == "accuracy" and self.is_independent:
            return mcnemar(true == first, true == second, null=null, level=level)
        two_classes = score.name == "roc_auc" and classes is not None and len(classes) == 2
        if two_classes and self.times is None:
            one, two = _positive(first), _positive(second)
            return delong(
                true, one, two, null=null, level=level, classes=classes, groups=self.groups
            )
        parts = [score.per_row(true, said, classes=classes) for said in (first, second)]
        units = self._units(score)
        settings: _Settings = {
            "null": null,
            "level": level,
            "n_resamples": n_resamples,
            "rng": seed,
        }
        if parts[0] is not None and parts[1] is not None:
            return bootstrap_means(parts[0], parts[1], units=units, **settings)
        if score.needs == "labels" and classes is not None and self.is_independent:
            (true, first, second), units = _kinds(true, first, second)
        one_way = weighted(score, true, first, classes)
        other_way = weighted(score, true, second, classes)
        if one_way is None or other_way is None:
            both = _statistic(score, *self._columns(score))
            return bootstrap_paired(both, len(self), units=self._units(score), **settings)
        return bootstrap_weighted(lambda w: (one_way(w), other_way(w)), units, **settings)

    @property
    def is_independent(self) -> bool:
        """Whether every row stands for itself."""
        return self.groups is None and self.times is None

    def _units(self, score: Score) -> Units:
        if self.groups is not None:
            return Groups.of(self.groups, len(self))
        if self.times is None:
            return ByRow(len(self))
        order = np.argsort(self.times, kind="stable")
        if self.block is not None:
            return Blocks(order, min(self.block, len(self) / 2.0))
        # What is best for the size of the error is too short for a test that keeps its level (Sun,
        # Phillips & Jin 2008), and a memory too weak to be seen in the rows still counts.
        length = max(3.0 * block_length(self._losses(score)[order]), len(self) ** (1.0 / 3.0))
        return Blocks(order, min(length, len(self) / 8.0))

    def _losses(self, score: Score) -> NDArray[np.float64]:
        """Each row's pull on the difference, or a loss near to it; its memory sets the blocks."""
        true, first, second, classes = self._columns(score)
        parts = [score.per_row(true, said, classes=classes) for said in (first, second)]
        if parts[0] is not None and parts[1] is not None:
            return parts[1] - parts[0]
        if classes is not None and score.needs == "labels":
            return _pull(score, true, first, second, classes)
        one, two = (_loss(true, said, classes) for said in (first, second))
        return two - one

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


def _pull(
    score: Score, true: Array, first: Array, second: Array, classes: Array
) -> NDArray[np.float64]:
    """How far the difference moves without a row: the same for all rows of a kind."""
    kinds, places, counts = np.unique(
        np.stack([true, first, second]), axis=1, return_inverse=True, return_counts=True
    )
    one_way = weighted(score, kinds[0], kinds[1], classes)
    other_way = weighted(score, kinds[0], kinds[2], classes)
    if one_way is None or other_way is None:
        return np.asarray(true != second, np.float64) - np.asarray(true != first, np.float64)
    less, _ = Cells(counts).left_out()
    pull: NDArray[np.float64] = np.nan_to_num(other_way(less) - one_way(less))[places.ravel()]
    return pull


def _loss(true: Array, said: Array, classes: Array | None) -> NDArray[np.float64]:
    loss: NDArray[np.float64]
    if classes is not None and said.ndim == 2:
        loss = 1.0 - said[np.arange(len(true)), true.astype(np.intp)].astype(np.float64)
    else:
        loss = (true.astype(np.float64) - said.astype(np.float64)) ** 2
    return loss


def _of_rows(given: ArrayLike, n: int, name: str) -> Array:
    column = _aligned.labels(given, name=name)
    if len(column) != n:
        raise ConfigError(f"{name} speaks of {len(column)} rows, y_true of {n}")
    return column


def _kinds(*columns: Array) -> tuple[NDArray[np.generic], Cells]:
    """Rows that are alike in every column, once each, and how many there are of each kind."""
    kinds, counts = np.unique(np.stack(columns), axis=1, return_counts=True)
    return kinds, Cells(counts)


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
