"""What can be registered: the result of a training run, or a fitted estimator with a few facts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

import attrs

from prodml.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike

    from prodml.tables import Schema

__all__ = ["Estimator", "RunLike", "Submission"]


class Estimator(Protocol):
    """A fitted model."""

    def fit(self, X: ArrayLike, y: ArrayLike, /) -> object:
        """Learn; the registry never calls it."""
        ...


class RunLike(Protocol):
    """What the registry reads of a training run; `prodml.Trainer` makes one."""

    @property
    def run_id(self) -> str:
        """Name of the run."""
        ...

    @property
    def task(self) -> str:
        """Either "classification" or "regression"."""
        ...

    @property
    def estimator(self) -> Estimator:
        """The fitted model."""
        ...

    @property
    def target(self) -> str:
        """Name of the column it predicts."""
        ...

    @property
    def schema(self) -> Schema | None:
        """Columns it takes."""
        ...

    @property
    def params(self) -> Mapping[str, object]:
        """Its parameters."""
        ...

    @property
    def metrics(self) -> Mapping[str, float]:
        """How good it is on the holdout."""
        ...

    @property
    def holdout(self) -> pd.DataFrame | None:
        """Inputs it was not trained on."""
        ...

    @property
    def holdout_target(self) -> np.ndarray | None:
        """What was true of them."""
        ...

    @property
    def reference(self) -> pd.DataFrame | None:
        """Inputs it was trained on."""
        ...

    @property
    def record(self) -> Mapping[str, object]:
        """Fingerprints, seeds, environment: JSON-able."""
        ...


@attrs.frozen(eq=False)
class Submission:
    """Everything about a version before it has a number.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    task, target, run_id : str
        As in `RunLike`; empty if unknown.
    schema : Schema or None
        Columns it takes.
    metrics, params, record : mapping
        As in `RunLike`, made JSON-able.
    holdout, reference : DataFrame or None
        Inputs.
    holdout_target : ndarray or None
        What was true of the holdout.
    """

    estimator: Any
    task: str
    schema: Schema | None
    metrics: dict[str, float]
    params: dict[str, object]
    record: dict[str, object]
    target: str = ""
    run_id: str = ""
    holdout: pd.DataFrame | None = None
    holdout_target: np.ndarray | None = None
    reference: pd.DataFrame | None = None

    @classmethod
    def of_run(cls, run: RunLike) -> Submission:
        """Take what a training run knows."""
        return cls(
            estimator=run.estimator,
            task=run.task,
            schema=run.schema,
            metrics=_metrics(run.metrics),
            params=plain(run.params),
            record=plain(run.record),
            target=run.target,
            run_id=run.run_id,
            holdout=run.holdout,
            holdout_target=run.holdout_target,
            reference=run.reference,
        )

    @classmethod
    def of_estimator(
        cls,
        estimator: Estimator,
        *,
        schema: Schema | None = None,
        metrics: Mapping[str, float] | None = None,
        holdout: tuple[object, ArrayLike] | None = None,
        reference: object = None,
    ) -> Submission:
        """Take a fitted estimator and the few facts its owner gives."""
        import numpy as np

        from prodml.tables import Schema, as_frame

        if isinstance(estimator, type):
            raise ConfigError(
                f"register a fitted estimator, got the class {estimator.__name__}: it wants {estimator.__name__}(...).fit(X, y)"
            )
        if holdout is not None and not (isinstance(holdout, tuple) and len(holdout) == 2):
            raise ConfigError(
                "holdout must be a pair of inputs and target, such as (X_test, y_test)"
            )
        if schema is not None and not isinstance(schema, Schema):
            raise ConfigError(
                f"schema must be a Schema, such as Schema.of(X), got a {type(schema).__name__}"
            )
        inputs = None if holdout is None else as_frame(holdout[0])
        sample = None if reference is None else as_frame(reference)
        example = sample if sample is not None else inputs
        if schema is None and example is not None:
            schema = Schema.of(example)
        get_params = getattr(estimator, "get_params", dict)
        return cls(
            estimator=estimator,
            task=_task(estimator),
            schema=schema,
            metrics=_metrics(metrics or {}),
            params=plain(get_params()),
            record={},
            holdout=inputs,
            holdout_target=None if holdout is None else np.asarray(holdout[1]),
            reference=sample,
        )

    def __attrs_post_init__(self) -> None:
        if not hasattr(self.estimator, "fit"):
            raise ConfigError(
                f"only a training run or a fitted estimator can be registered, got a "
                f"{type(self.estimator).__name__}"
            )
        rows = 0 if self.holdout is None else len(self.holdout)
        truths = 0 if self.holdout_target is None else len(self.holdout_target)
        if rows != truths:
            raise ConfigError(f"the holdout has {rows} rows, its target {truths}")

    @property
    def classes(self) -> list[object]:
        """Labels of a classifier of one output, in the order of its probabilities."""
        import numpy as np

        classes = getattr(self.estimator, "classes_", None)
        known = isinstance(classes, np.ndarray) and classes.ndim == 1
        return classes.tolist() if known else []  # type: ignore[union-attr]


def is_run(candidate: object) -> TypeGuard[RunLike]:
    """Say whether this is a training run rather than an estimator."""
    return hasattr(candidate, "estimator") and hasattr(candidate, "holdout_target")


def _task(estimator: object) -> str:
    kind = getattr(estimator, "_estimator_type", None)
    tags = getattr(estimator, "__sklearn_tags__", None)
    if tags is not None:
        kind = tags().estimator_type
    tasks = {"classifier": "classification", "regressor": "regression"}
    return tasks.get(str(kind), "other")


def _metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    if not isinstance(metrics, Mapping):
        raise ConfigError(f"metrics must map names to numbers, got a {type(metrics).__name__}")
    try:
        return {str(name): float(value) for name, value in metrics.items()}
    except (TypeError, ValueError) as exc:
        raise ConfigError(f"metrics map names to numbers: {exc}") from exc


def plain(value: Any) -> Any:
    """Return JSON-able data; what JSON cannot hold is shown as text."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return plain(value.item())
    if value is None or isinstance(value, (bool, str)):
        return value
    is_number = isinstance(value, (int, float)) and math.isfinite(value) and abs(value) < 2**53
    return value if is_number else repr(value)[:500]
