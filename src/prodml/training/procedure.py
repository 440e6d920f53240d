"""What a Trainer does, step by step."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from prodml.errors import ConfigError, ProdmlWarning
from prodml.gate import Predictions
from prodml.training import code, evidence
from prodml.training import record as records
from prodml.training.calibration import calibration_of
from prodml.training.dataset import Dataset
from prodml.training.finishing import Finish, response_method
from prodml.training.fitting import Estimator, fit_estimator, fresh_copy
from prodml.training.folds import Folds, cross_validate
from prodml.training.ground import Ground
from prodml.training.params import HasParameters, plain_params
from prodml.training.results import Model, TrainingRun
from prodml.training.scoring import Scoring
from prodml.training.seeds import Seeds, global_state, seeded
from prodml.training.slices import SMALL, score_slices
from prodml.training.splits import Split, split_rows

if TYPE_CHECKING:
    from prodml.tables import Schema
    from prodml.training.trainer import Trainer

__all__ = ["train"]

_N_FOLDS = 5  # where folds are needed and nobody said how many


def train(trainer: Trainer, data: object, run_id: str) -> TrainingRun:
    """Train as a Trainer's settings say.

    Parameters
    ----------
    trainer : Trainer
        Its settings, checked.
    data : table
        With the target.
    run_id : str
        Of the run.

    Returns
    -------
    TrainingRun
    """
    started, start_s = trainer.clock(), time.perf_counter()
    estimator = fresh_copy(trainer.estimator)
    finish = Finish.of(trainer.calibrate, trainer.threshold)
    rows = Dataset.of(
        data,
        target=trainer.target,
        estimator=estimator,
        split=trainer.split,
        split_column=trainer.split_column,
        gap=trainer.gap,
        ignore=trainer.ignore,
    )
    finish.check(estimator, rows)
    scoring = Scoring.of(trainer.metrics, task=rows.task, n_classes=rows.n_classes)
    seeds = Seeds.of(trainer.random_state)
    given = seeded(estimator, seeds["estimator"])
    split = _split(trainer, rows, seeds)
    ground = Ground(rows, split, scoring, seeds)
    params = _params(estimator)
    code_record = evidence.code_record(estimator, _own_code(trainer, scoring))
    folds = _folds(trainer, ground, finish)
    fit_s = _timed_fit(estimator, ground)
    model, finished = finish.put_around(estimator, ground, folds)
    said = Predictions.of(model, rows.inputs.iloc[split.test])
    metrics, left_out = scoring.take(rows.target[split.test], said)
    before = Predictions.of(model, rows.inputs.iloc[split.train])
    training, _ = scoring.take(rows.target[split.train], before)
    metrics |= {f"train_{name}": value for name, value in training.items()}
    if folds is not None and trainer.cv is not None:
        metrics |= folds.metrics
    sliced = _slices(trainer, ground, said)
    settings = trainer.settings()
    record: dict[str, object] = {
        "run_id": run_id,
        "started": started.isoformat(),
        "wall_seconds": 0.0,
        "fit_seconds": fit_s,
        "task": rows.task,
        "target": trainer.target,
        "n_classes": rows.n_classes,
        "seeds": {"root": seeds.root, "parts": dict(seeds.parts), "estimator": given},
        "metrics_left_out": left_out,
        "settings": settings,
        "data": evidence.data_record(rows),
        "split": evidence.split_record(rows, split, settings),
        "estimator": evidence.model_record(estimator, model),
        "code": code_record,
        "predictions": evidence.predictions_digest(said.labels),
        "probe": evidence.probe_of(model, rows.inputs.iloc[split.test]),
        "environment": records.environment(estimator),
        "git_commit": records.git_commit(),
        "git_diff": code.git_diff(),
        "calibration": _calibration(trainer, estimator, ground, said),
        **finished,
        **sliced,
    }
    record["wall_seconds"] = time.perf_counter() - start_s
    return TrainingRun(
        run_id=run_id,
        task=rows.task,
        estimator=cast("Model", model),
        target=trainer.target,
        schema=_schema(rows),
        params=plain_params(params),
        metrics=metrics,
        holdout=rows.inputs.iloc[split.test],
        holdout_target=rows.target[split.test],
        reference=rows.inputs.iloc[split.train],
        record=record,
        out_of_fold=None if folds is None else folds.out_of_fold,
    )


def _split(trainer: Trainer, rows: Dataset, seeds: Seeds) -> Split:
    import numpy as np

    split = split_rows(
        rows.split,
        n_rows=len(rows.target),
        test_size=trainer.test_size,
        seed=seeds["split"],
        target=rows.target,
        column=rows.column,
        gap=rows.gap,
    )
    if len(np.unique(rows.target[split.train])) < 2:
        raise ConfigError(
            f'the {len(split.train)} training rows have only one value of "{trainer.target}". '
            "Use another split, or more rows"
        )
    return split


def _folds(trainer: Trainer, ground: Ground, finish: Finish) -> Folds | None:
    if trainer.cv is None and not finish.needs_folds:
        return None
    return cross_validate(
        trainer.estimator,
        ground,
        n_folds=_N_FOLDS if trainer.cv is None else int(trainer.cv),
        n_jobs=trainer.n_jobs,
        progress=trainer.progress,
        method=None if finish.calibrate is None else response_method(trainer.estimator),
    )


def _timed_fit(estimator: Estimator, ground: Ground) -> float:
    rows, train = ground.rows, ground.split.train
    start = time.perf_counter()
    with global_state(ground.seeds["global"]):
        fit_estimator(estimator, rows.inputs.iloc[train], rows.target[train])
    return time.perf_counter() - start


def _slices(trainer: Trainer, ground: Ground, said: Predictions) -> dict[str, object]:
    if trainer.slices is None:
        return {}
    found = score_slices(trainer.slices, ground, said)
    if found.small:
        warnings.warn(
            f"{len(found.small)} slices of the holdout have fewer than {SMALL} rows, too few to "
            f"judge: {', '.join(found.small[:5])}. Merge them, or set more rows aside with test_size=",
            ProdmlWarning,
            stacklevel=6,
        )
    return {"slices": found.slices, "weak_slices": found.weak, "small_slices": found.small}


def _calibration(
    trainer: Trainer, estimator: Estimator, ground: Ground, said: Predictions
) -> dict[str, Any] | None:
    rows, test, seed = ground.rows, ground.split.test, ground.seeds["intervals"]
    if rows.task != "classification":
        return None
    truth = rows.target[test]
    found = calibration_of(truth, said, seed=seed)
    if found is None or trainer.calibrate is None:
        return found
    plain = Predictions.of(estimator, rows.inputs.iloc[test])
    before = calibration_of(truth, plain, seed=seed)
    return {**found, "method": trainer.calibrate, "before": before}


def _schema(rows: Dataset) -> Schema:
    from prodml.tables import Schema

    return Schema.of(rows.inputs)


def _params(estimator: object) -> Mapping[str, object]:
    return estimator.get_params(deep=True) if isinstance(estimator, HasParameters) else {}


def _own_code(trainer: Trainer, scoring: Scoring) -> dict[str, object]:
    metrics = {f"metric {score.name}": score.function for score in scoring.scores}
    return {**metrics, "threshold": trainer.threshold}
