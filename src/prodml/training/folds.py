"""Cross-validation: scores fold by fold, and what each row was given by a model that never saw it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, cast

import attrs

from prodml import display
from prodml.gate import Predictions
from prodml.training.fitting import Estimator, fit_estimator, fresh_copy
from prodml.training.ground import Ground
from prodml.training.seeds import global_state, seeded
from prodml.training.splits import Split, fold_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Folds", "OutOfFold", "cross_validate"]


@attrs.frozen(eq=False)
class OutOfFold:
    """What models said about training rows that they were not trained on.

    Parameters
    ----------
    rows : ndarray of int
        Places in the training rows, rising. In time the oldest rows are missing: no model could be
        trained before them.
    target : ndarray of shape (n,)
        What was true of them.
    predictions : Predictions
        Each by the one model of the cross-validation that had not seen the row.
    """

    rows: NDArray[np.intp]
    target: NDArray[np.generic]
    predictions: Predictions

    def __len__(self) -> int:
        return len(self.rows)


class Folds(NamedTuple):
    """A cross-validation.

    Parameters
    ----------
    metrics : dict
        ``cv_<name>`` and ``cv_<name>_std``.
    out_of_fold : OutOfFold
        All folds together.
    responses : ndarray or None
        Decision values or probabilities of these rows, as calibration takes them.
    """

    metrics: dict[str, float]
    out_of_fold: OutOfFold
    responses: NDArray[np.float64] | None


class _Fold(NamedTuple):
    scores: dict[str, float]
    said: Predictions
    responses: NDArray[np.float64] | None


def cross_validate(
    estimator: Estimator,
    ground: Ground,
    *,
    n_folds: int,
    n_jobs: int | None,
    progress: bool,
    method: str | None,
) -> Folds:
    """Cross-validate on the training rows; the same result for any number of jobs.

    Parameters
    ----------
    estimator : object
        Cloned for every fold.
    ground : Ground
        Rows, split, scores and seeds.
    n_folds : int
        At least 2.
    n_jobs : int or None
        Folds at a time.
    progress : bool
        Whether to show a bar.
    method : str or None
        Method of the estimator whose values calibration needs; None for none.

    Returns
    -------
    Folds

    Notes
    -----
    Every fold runs with one thread of the linear algebra library, wherever it runs: more of them
    would add numbers in another order and move last bits.
    """
    from joblib import Parallel, delayed

    inner = _inner_splits(ground, n_folds)
    with _one_blas_thread():
        results = Parallel(n_jobs=n_jobs, return_as="generator")(
            delayed(_fit_fold)(estimator, ground, fold, method, os.getpid()) for fold in inner
        )
        work = cast("Iterator[_Fold]", results)
        if progress:
            work = display.progress(work, label="cross-validation", total=n_folds)
        found = list(work)
    return _together(found, inner, ground)


def _inner_splits(ground: Ground, n_folds: int) -> list[Split]:
    rows, train = ground.rows, ground.split.train
    folds = fold_rows(
        rows.split,
        n_folds,
        n_rows=len(train),
        seed=ground.seeds["folds"],
        target=rows.target[train],
        column=None if rows.column is None else rows.column[train],
        gap=rows.gap,
    )
    return [Split(train[f.train], train[f.test]) for f in folds]


def _fit_fold(
    estimator: Estimator, ground: Ground, fold: Split, method: str | None, parent: int
) -> _Fold:
    if os.getpid() != parent:  # limits do not come along into another process
        with _one_blas_thread():
            return _fit_fold(estimator, ground, fold, method, os.getpid())
    rows, seeds = ground.rows, ground.seeds
    own = fresh_copy(estimator)
    seeded(own, seeds["estimator"])
    with global_state(seeds["global"]):
        fit_estimator(own, rows.inputs.iloc[fold.train], rows.target[fold.train])
        there = rows.inputs.iloc[fold.test]
        said = Predictions.of(own, there)
        responses = None if method is None else getattr(own, method)(there)
    return _Fold(ground.scoring.take(rows.target[fold.test], said)[0], said, responses)


def _together(found: list[_Fold], inner: list[Split], ground: Ground) -> Folds:
    import numpy as np

    tested = np.concatenate([fold.test for fold in inner])
    order = np.argsort(tested, kind="stable")
    said = [fold.said for fold in found]
    first = said[0]
    labels = np.concatenate([s.labels for s in said])[order]
    scores = responses = None
    if all(s.scores is not None and _same_classes(s, first) for s in said):
        scores = np.concatenate([np.asarray(s.scores) for s in said])[order]
        if all(fold.responses is not None for fold in found):
            responses = np.concatenate([np.asarray(fold.responses) for fold in found])[order]
    places = np.searchsorted(ground.split.train, tested[order])
    predictions = Predictions(labels, scores, None if scores is None else first.classes)
    out_of_fold = OutOfFold(places, ground.rows.target[tested[order]], predictions)
    return Folds(_summary([fold.scores for fold in found]), out_of_fold, responses)


def _same_classes(one: Predictions, other: Predictions) -> bool:
    import numpy as np

    return bool(np.array_equal(np.asarray(one.classes), np.asarray(other.classes)))


def _summary(scores: list[dict[str, float]]) -> dict[str, float]:
    import numpy as np

    # A score that some fold could not take has no mean over all of them.
    names = [name for name in scores[0] if all(name in fold for fold in scores)]
    summary: dict[str, float] = {}
    for name in names:
        values = [fold[name] for fold in scores]
        summary[f"cv_{name}"] = float(np.mean(values))
        summary[f"cv_{name}_std"] = float(np.std(values, ddof=1))
    return summary


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
