"""Splits, fits, scores and writes down what is needed to do it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from prodml.errors import ConfigError
from prodml.ports.clock import Clock, utc_now
from prodml.ports.duck import check_methods, is_number
from prodml.ports.storage import Storage
from prodml.training.evidence import class_name
from prodml.training.finishing import said_by
from prodml.training.fitting import Estimator
from prodml.training.params import HasParameters, Parameters, plain_params
from prodml.training.procedure import train
from prodml.training.results import TrainingRun
from prodml.training.run_log import RunLog, new_run_id
from prodml.training.scoring import Metrics
from prodml.training.slices import Slices
from prodml.training.thresholds import ThresholdRule

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
        Anything with `fit` and `predict`: scikit-learn's, a Pipeline of them, XGBoost's, LightGBM's,
        your own. It is cloned (copied, if it has no `get_params`) and never changed.
    target : str
        The column to predict; every other one is an input, except `split_column` and `ignore`.
    random_state : int or None, default 0
        Root of all seeds: of the split, the folds, every ``random_state`` in the estimator that is
        None, and the global generators while it fits. With None a root is drawn; the run's record
        has it either way.
    test_size : float, default 0.25
        Share of the rows set aside as the holdout, in (0, 1).
    split : str, default "auto"
        How they are chosen: ``"stratified"``, ``"random"``, ``"time"``, ``"group"`` or
        ``"stratified-group"``; ``"auto"`` is stratified for classes and random for numbers. See
        `prodml.training.splits.split_rows`.
    split_column : str, optional
        The column of times or groups. It is no input of the model.
    gap : timedelta, str or number, optional
        Of a split in time: leave out the training rows so shortly before the holdout, such as
        ``"7D"``, because their outcome was not known by then.
    ignore : sequence of str, default ()
        Columns that are no inputs, but may be sliced by.
    metrics : str, Score, callable, or a sequence or mapping of these, optional
        Names in `prodml.stats.scores.SCORES`, or callables ``(y_true, y_pred) -> float``. Default
        for two classes: accuracy, f1, roc_auc, log_loss, brier; for more: accuracy, f1_macro,
        roc_auc, log_loss; for numbers: rmse, mae, r2. Of these defaults, those that cannot be
        taken are left out; the record says why.
    slices : sequence or mapping, optional
        Parts of the holdout that are scored on their own: names of columns (numbers are cut at the
        training rows' quartiles), functions of the table that return a mask or a level per row; a
        mapping gives names to these and to masks.
    cv : int, optional
        Also cross-validate on the training rows with so many folds, at least 2.
    calibrate : {"sigmoid", "isotonic", "temperature"}, optional
        Correct the probabilities by what the models of the folds said about rows they had not seen.
    threshold : ThresholdRule or float, optional
        From which probability on two classes are told apart: a number, or a rule such as
        `ByCost`, `ByFBeta`, `AtPrecision`, `AtRecall` or `AtCapacity`, which chooses on the same
        out-of-fold predictions, never on the holdout. The model carries it.
    n_jobs : int, optional
        Folds at a time, as joblib counts; any number gives the same result.
    progress : bool, default False
        Show a bar over the folds on a terminal.
    storage : Storage or RunLog, optional
        Where runs are remembered.
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
        gap: timedelta | str | float | None = None,
        ignore: Sequence[str] = (),
        metrics: Metrics | None = None,
        slices: Slices | None = None,
        cv: int | None = None,
        calibrate: str | None = None,
        threshold: ThresholdRule | float | None = None,
        n_jobs: int | None = None,
        progress: bool = False,
        storage: Storage | RunLog | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self.estimator = estimator
        self.target = target
        self.random_state = random_state
        self.test_size = test_size
        self.split = split
        self.split_column = split_column
        self.gap = gap
        self.ignore = ignore
        self.metrics = metrics
        self.slices = slices
        self.cv = cv
        self.calibrate = calibrate
        self.threshold = threshold
        self.n_jobs = n_jobs
        self.progress = progress
        self.storage = storage
        self.clock = clock

    def fit(
        self, data: object, *, log: Log | None = None, run_id: str | None = None, name: str = ""
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
        name : str, default ""
            What the run is called in `storage`.

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
        ConflictError
            If `storage` has a run of this id.
        """
        if log is not None:
            check_methods(log, "append", what="log", such_as='Journal(storage, "runs/1")')
        run_id = run_id or new_run_id(self.clock)
        run = self._remembered(data, run_id, name) if log is None else self._told(data, run_id, log)
        self.run_ = run
        return run

    def _remembered(self, data: object, run_id: str, name: str) -> TrainingRun:
        if self.storage is None:
            return self._train(data, run_id)
        runs = self.storage
        if not isinstance(runs, RunLog):
            runs = RunLog(runs, clock=self.clock)
        estimator = self.estimator
        params = estimator.get_params() if isinstance(estimator, HasParameters) else {}
        facts = {"estimator": class_name(estimator), "target": self.target}
        with runs.start(name, run_id=run_id, params=params, tags=_texts(facts)) as active:
            run = self._train(data, run_id)
            active.log(run.metrics)
            active.finish(record=run.to_dict())
        return run

    def _told(self, data: object, run_id: str, log: Log) -> TrainingRun:
        log.append("run_started", {"run_id": run_id, "estimator": class_name(self.estimator)})
        try:
            run = self._train(data, run_id)
        except Exception as exc:
            # The message may speak of the data; its kind is enough for a log.
            log.append("run_failed", {"run_id": run_id, "error": type(exc).__name__})
            raise
        log.append("run_finished", {"run_id": run_id, "metrics": run.metrics})
        return run

    def _train(self, data: object, run_id: str) -> TrainingRun:
        self._check()
        return train(self, data, run_id)

    def _check(self) -> None:
        if not isinstance(self.target, str):
            raise ConfigError(f"target must name a column, got {type(self.target).__name__}")
        if not is_number(self.test_size) or not 0.0 < self.test_size < 1.0:
            raise ConfigError(f"test_size must lie in (0, 1), got {self.test_size!r}")
        is_count = is_number(self.cv) and not isinstance(self.cv, bool)
        if self.cv is not None and (not is_count or self.cv < 2 or self.cv % 1):
            raise ConfigError(f"cv must be a whole number of at least 2 folds, got {self.cv!r}")
        if isinstance(self.ignore, str) or not isinstance(self.ignore, Sequence):
            raise ConfigError(
                f'ignore must be a list of columns, such as ["name"], got {self.ignore!r:.60}'
            )

    def settings(self) -> dict[str, Any]:
        """Return what decides the result, the estimator and the data apart, as plain values.

        Returns
        -------
        dict
            JSON-able; of functions and rules the name or the text.
        """
        decisive = {
            "target": self.target,
            "test_size": self.test_size,
            "split": self.split,
            "split_column": self.split_column,
            "gap": None if self.gap is None else str(self.gap),
            "ignore": list(self.ignore),
            "metrics": self.metrics,
            "cv": self.cv,
            "calibrate": self.calibrate,
            "threshold": said_by(self.threshold),
        }
        return plain_params(decisive)

    def __sklearn_clone__(self) -> Trainer:
        from sklearn.base import clone

        shared = ("storage", "clock")  # a place and a time are not copied
        own = {k: v for k, v in self.get_params(deep=False).items() if k not in shared}
        copies: dict[str, Any] = {name: clone(value, safe=False) for name, value in own.items()}
        return type(self)(**copies, storage=self.storage, clock=self.clock)

    def __repr__(self) -> str:
        return f'Trainer({type(self.estimator).__name__}, target="{self.target}")'


def _texts(facts: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in facts.items()}
