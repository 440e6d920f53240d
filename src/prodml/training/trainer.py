"""Splits, fits, scores and writes down what is needed to do it again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol, cast

from prodml import display
from prodml.errors import ConfigError
from prodml.gate import Predictions
from prodml.ports.clock import Clock, utc_now
from prodml.ports.duck import check_methods, is_number
from prodml.training import record as records
from prodml.training.dataset import Dataset
from prodml.training.fitting import Estimator, fit_estimator, fresh_copy, seeded
from prodml.training.params import HasParameters, Parameters, plain_params
from prodml.training.results import Model, TrainingRun
from prodml.training.scoring import Metrics, Scoring
from prodml.training.splits import Split, fold_rows, split_rows

if TYPE_CHECKING:
    from prodml.tables import Schema

__all__ = ["Trainer"]


class Log(Protocol):
    """What a run is written to, such as a `prodml.Journal`."""

    def append(self, type: str, payload: dict[str, object], /) -> object:  # noqa: A002
        """Append an event."""
        ...


class Trainer(Parameters):
    """Trains a clone of your estimator and returns a `TrainingRun`.

    Parameters
    ----------
    estimator : object
        Anything with `fit` and `predict`: scikit-learn's, a Pipeline of them, your own. It is
        cloned (copied, if it has no `get_params`) and never changed.
    target : str
        The column to predict; every other one is an input, except `split_column`.
    random_state : int or None, default 0
        Seed of the split and of every ``random_state`` in the estimator that is None. With None
        a seed is drawn; the run's record has it either way.
    test_size : float, default 0.25
        Share of the rows set aside as the holdout, in (0, 1).
    split : {"auto", "stratified", "random", "time", "group"}, default "auto"
        How they are chosen; ``"auto"`` is stratified for classes and random for numbers. See
        `prodml.training.splits.split_rows`.
    split_column : str, optional
        The column of times or groups. It is no input of the model.
    metrics : str, Score, callable, or a sequence or mapping of these, optional
        Names in `prodml.stats.scores.SCORES`, or callables ``(y_true, y_pred) -> float``. Default
        for two classes: accuracy, f1, roc_auc, log_loss, brier; for more: accuracy, f1_macro,
        roc_auc, log_loss; for numbers: rmse, mae, r2. Of these defaults, those that cannot be
        taken are left out; the record says why.
    cv : int, optional
        Also cross-validate on the training rows with so many folds, at least 2.
    n_jobs : int, optional
        Folds at a time, as joblib counts.
    progress : bool, default False
        Show a bar over the folds on a terminal.
    clock : callable, default `utc_now`
        Tells the times in the record.

    Attributes
    ----------
    run_ : TrainingRun
        The last run.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> x = np.arange(40.0)
    >>> data = {"age": x, "income": x % 7, "churned": x > 20}
    >>> run = Trainer(LogisticRegression(), target="churned").fit(data)
    >>> run.task, run.schema.names, len(run.holdout)
    ('classification', ('age', 'income'), 10)
    """

    def __init__(
        self,
        estimator: Estimator,
        *,
        target: str,
        random_state: int | None = 0,
        test_size: float = 0.25,
        split: str = "auto",
        split_column: str | None = None,
        metrics: Metrics | None = None,
        cv: int | None = None,
        n_jobs: int | None = None,
        progress: bool = False,
        clock: Clock = utc_now,
    ) -> None:
        self.estimator = estimator
        self.target = target
        self.random_state = random_state
        self.test_size = test_size
        self.split = split
        self.split_column = split_column
        self.metrics = metrics
        self.cv = cv
        self.n_jobs = n_jobs
        self.progress = progress
        self.clock = clock

    def fit(
        self, data: object, *, log: Log | None = None, run_id: str | None = None
    ) -> TrainingRun:
        """Train on a table.

        Parameters
        ----------
        data : table
            Whatever `prodml.tables.as_frame` takes, with the target as a column.
        log : Journal, optional
            Gets ``run_started`` and then ``run_finished`` or ``run_failed``.
        run_id : str, optional
            Default: the time and random digits.

        Returns
        -------
        TrainingRun
            Also kept as `run_`.

        Raises
        ------
        SchemaError
            If columns are missing, or are of a kind the estimator cannot take; if the target lacks
            values or has only one.
        ConfigError
            If a setting is outside its range, or the rows are too few for the split.
        UnknownNameError
            If there is no metric of a name.
        """
        if log is not None:
            check_methods(log, "append", what="log", such_as='Journal(storage, "runs/1")')
        run_id = run_id or _new_id(self.clock)
        if log is None:
            return self._run(data, run_id)
        log.append("run_started", {"run_id": run_id, "estimator": _class_name(self.estimator)})
        try:
            run = self._run(data, run_id)
        except Exception as exc:
            # The message may speak of the data; its kind is enough for a log.
            log.append("run_failed", {"run_id": run_id, "error": type(exc).__name__})
            raise
        log.append("run_finished", {"run_id": run_id, "metrics": run.metrics})
        return run

    def _run(self, data: object, run_id: str) -> TrainingRun:
        started, start_s = self.clock(), time.perf_counter()
        self._check()
        estimator = fresh_copy(self.estimator)
        rows = Dataset.of(
            data,
            target=self.target,
            estimator=estimator,
            split=self.split,
            split_column=self.split_column,
        )
        scoring = Scoring.of(self.metrics, task=rows.task, n_classes=rows.n_classes)
        seed = _seed(self.random_state)
        seeds = {"root": seed, "estimator": seeded(estimator, seed)}
        split = self._split(rows, seed)
        fit_s = _timed_fit(estimator, rows, split)
        metrics, left_out, said = _scored(estimator, rows, split, scoring)
        metrics |= self._cross_validated(rows, split, scoring, seed)
        details = {
            "run_id": run_id,
            "started": started.isoformat(),
            "wall_seconds": time.perf_counter() - start_s,
            "fit_seconds": fit_s,
            "seeds": seeds,
            "metrics_left_out": left_out,
        }
        run = TrainingRun(
            run_id=run_id,
            task=rows.task,
            estimator=cast("Model", estimator),
            target=self.target,
            schema=_schema(rows),
            params=plain_params(_params(estimator)),
            metrics=metrics,
            holdout=rows.inputs.iloc[split.test],
            holdout_target=rows.target[split.test],
            reference=rows.inputs.iloc[split.train],
            record=details | self._record(rows, split, estimator, said),
        )
        self.run_ = run
        return run

    def _check(self) -> None:
        if not isinstance(self.target, str):
            raise ConfigError(f"target must name a column, got {type(self.target).__name__}")
        if not is_number(self.test_size) or not 0.0 < self.test_size < 1.0:
            raise ConfigError(f"test_size must lie in (0, 1), got {self.test_size!r}")
        if self.cv is not None and (not is_number(self.cv) or self.cv < 2):
            raise ConfigError(f"cv must be a whole number of at least 2 folds, got {self.cv!r}")

    def _split(self, rows: Dataset, seed: int) -> Split:
        import numpy as np

        split = split_rows(
            rows.split,
            n_rows=len(rows.target),
            test_size=self.test_size,
            seed=seed,
            target=rows.target,
            column=rows.column,
        )
        if len(np.unique(rows.target[split.train])) < 2:
            raise ConfigError(
                f'the {len(split.train)} training rows have only one value of "{self.target}". '
                "Use another split, or more rows"
            )
        return split

    def _cross_validated(
        self, rows: Dataset, split: Split, scoring: Scoring, seed: int
    ) -> dict[str, float]:
        if self.cv is None:
            return {}
        import numpy as np
        from joblib import Parallel, delayed

        folds = fold_rows(
            rows.split,
            self.cv,
            n_rows=len(split.train),
            seed=seed,
            target=rows.target[split.train],
            column=None if rows.column is None else rows.column[split.train],
        )
        inner = [Split(split.train[f.train], split.train[f.test]) for f in folds]
        results = Parallel(n_jobs=self.n_jobs, return_as="generator")(
            delayed(_fold_scores)(self.estimator, rows, fold, scoring, seed) for fold in inner
        )
        work = cast("Iterable[dict[str, float]]", results)
        if self.progress:
            work = display.progress(work, label="cross-validation", total=self.cv)
        found = list(work)
        # A score that some fold could not take has no mean over all of them.
        names = [name for name in found[0] if all(name in scores for scores in found)]
        summary: dict[str, float] = {}
        for name in names:
            values = [scores[name] for scores in found]
            summary[f"cv_{name}"] = float(np.mean(values))
            summary[f"cv_{name}_std"] = float(np.std(values, ddof=1))
        return summary

    def _record(
        self, rows: Dataset, split: Split, estimator: Estimator, said: Predictions
    ) -> dict[str, object]:
        from prodml.fingerprint import fingerprint_array, fingerprint_frame

        data = fingerprint_frame(rows.frame)
        return {
            "task": rows.task,
            "target": self.target,
            "n_classes": rows.n_classes,
            "data": {
                "digest": data.digest,
                "n_rows": data.n_rows,
                "columns": dict(data.columns),
            },
            "split": {
                "kind": rows.split,
                "column": self.split_column,
                "test_size": self.test_size,
                "n_train": len(split.train),
                "n_test": len(split.test),
                "digest": fingerprint_array(split.test),
            },
            "estimator": {
                "class": _class_name(estimator),
                "code": records.code_digest(estimator),
                "state": records.state_digest(estimator),
            },
            "predictions": fingerprint_array(said.labels),
            "environment": records.environment(estimator),
            "git_commit": records.git_commit(),
        }

    def __repr__(self) -> str:
        return f'Trainer({type(self.estimator).__name__}, target="{self.target}")'


def _timed_fit(estimator: Estimator, rows: Dataset, split: Split) -> float:
    start = time.perf_counter()
    fit_estimator(estimator, rows.inputs.iloc[split.train], rows.target[split.train])
    return time.perf_counter() - start


def _scored(
    estimator: Estimator, rows: Dataset, split: Split, scoring: Scoring
) -> tuple[dict[str, float], dict[str, str], Predictions]:
    """Return the scores on the holdout and the training rows, what was left out, the predictions."""
    said = Predictions.of(estimator, rows.inputs.iloc[split.test])
    metrics, left_out = scoring.take(rows.target[split.test], said)
    before = Predictions.of(estimator, rows.inputs.iloc[split.train])
    training, _ = scoring.take(rows.target[split.train], before)
    return metrics | {f"train_{k}": v for k, v in training.items()}, left_out, said


def _fold_scores(
    estimator: Estimator, rows: Dataset, fold: Split, scoring: Scoring, seed: int
) -> dict[str, float]:
    own = fresh_copy(estimator)
    seeded(own, seed)
    _timed_fit(own, rows, fold)
    said = Predictions.of(own, rows.inputs.iloc[fold.test])
    return scoring.take(rows.target[fold.test], said)[0]


def _schema(rows: Dataset) -> Schema:
    from prodml.tables import Schema

    return Schema.of(rows.inputs)


def _params(estimator: object) -> Mapping[str, object]:
    return estimator.get_params(deep=True) if isinstance(estimator, HasParameters) else {}


def _seed(random_state: int | None) -> int:
    if random_state is None:
        import numpy as np

        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, bool) or not isinstance(random_state, int):
        raise ConfigError(
            f"random_state must be a whole number or None, got {type(random_state).__name__}"
        )
    if not 0 <= random_state < 2**32:
        raise ConfigError(f"random_state must lie in [0, 2**32), got {random_state}")
    return random_state


def _class_name(estimator: object) -> str:
    kind = type(estimator)
    return f"{kind.__module__}.{kind.__qualname__}"


def _new_id(clock: Clock) -> str:
    import secrets

    return f"{clock():%Y%m%dt%H%M%S}-{secrets.token_hex(4)}"
