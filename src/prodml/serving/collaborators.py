"""What a Predictor asks of the objects it is given: the methods it calls, and no class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from prodml.ports.duck import check_methods

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from prodml.monitoring import LoggedPrediction, OutcomeReceipt
    from prodml.tables import Schema

__all__ = [
    "Audit",
    "Classifier",
    "Explain",
    "Log",
    "Model",
    "Models",
    "Router",
    "Version",
    "check_collaborators",
]


class Version(Protocol):
    """What a registry knows about a version."""

    @property
    def name(self) -> str:
        """Name of the model."""
        ...

    @property
    def version(self) -> int:
        """Number of the version, from 1."""
        ...

    @property
    def schema(self) -> Schema | None:
        """Columns the model takes."""
        ...

    @property
    def task(self) -> str:
        """Either "classification" or "regression"."""
        ...


class Model(Protocol):
    """An estimator that can predict."""

    def predict(self, X: pd.DataFrame, /) -> np.ndarray:
        """Return one prediction per row."""
        ...


class Classifier(Protocol):
    """A model that also says how sure it is."""

    @property
    def classes_(self) -> Sequence[object] | np.ndarray:
        """The classes, in the order of the probabilities."""
        ...

    def predict_proba(self, X: pd.DataFrame, /) -> np.ndarray:
        """Return one row of probabilities per row, shape (n_rows, n_classes)."""
        ...


class Models(Protocol):
    """Where versions come from; `prodml.Registry` is one."""

    def get(self, ref: str) -> Version:
        """Return what is known about a version."""
        ...

    def load(self, ref: str) -> Model:
        """Return the verified model."""
        ...

    def reference(self, ref: str) -> pd.DataFrame | None:
        """Return a sample of the data it was trained on."""
        ...


class Assigned(Protocol):
    """Where a unit belongs."""

    @property
    def arm(self) -> str:
        """Name of the arm."""
        ...


class Router(Protocol):
    """Who gets which arm; `prodml.ABRouter` is one."""

    @property
    def arms(self) -> Mapping[str, float]:
        """Arm to weight."""
        ...

    def assign(self, unit: str) -> Assigned:
        """Return the arm of a unit, the same one every time."""
        ...

    def record_exposures(self, units: Sequence[str]) -> object:
        """Remember that these units met their arm."""
        ...

    def record_outcomes(self, outcomes: Mapping[str, float], *, metric: str = "outcome") -> object:
        """Remember what came of it, by unit."""
        ...


class Log(Protocol):
    """Where predictions are kept; `prodml.PredictionLog` is one."""

    def append(self, predictions: Sequence[LoggedPrediction]) -> None:
        """Store predictions."""
        ...

    def get(self, prediction_id: str) -> LoggedPrediction:
        """Return one of them."""
        ...

    def record_outcomes(
        self, outcomes: Mapping[str, str | float | bool], *, at: datetime | None = None
    ) -> OutcomeReceipt:
        """Store what came true, by prediction id."""
        ...


class Audit(Protocol):
    """Where actions are recorded; `prodml.AuditTrail` is one."""

    def record(
        self,
        action: str,
        *,
        resource: str,
        actor: str = "",
        outcome: str = "ok",
        details: Mapping[str, object] | None = None,
    ) -> object:
        """Record one action."""
        ...


class Reasoned(Protocol):
    """One reason for a prediction."""

    @property
    def text(self) -> str:
        """The reason in words."""
        ...


class Explained(Protocol):
    """An explanation of rows."""

    def reasons(self, k: int = 3, *, row: int = 0) -> Sequence[Reasoned]:
        """Return the k strongest reasons for a row."""
        ...


class Explains(Protocol):
    """Something that explains rows."""

    def explain(self, X: pd.DataFrame, /) -> Explained:
        """Explain every row."""
        ...


class Explain(Protocol):
    """Makes an explainer for a model; the class `prodml.Explainer` is one."""

    def __call__(self, model: Model, *, background: pd.DataFrame | None) -> Explains:
        """Return an explainer of this model."""
        ...


def check_collaborators(
    registry: object, *, router: object, metrics: object, log: object, audit: object
) -> None:
    """Refuse what lacks a method a Predictor will call, before the first caller meets it.

    Raises
    ------
    ConfigError
        That names the argument.
    """
    check_methods(registry, "get", "load", what="registry", such_as="Registry(storage)")
    given = (
        (router, ("assign",), "router", 'ABRouter("ranker", storage=storage)'),
        (metrics, ("counter", "histogram"), "metrics", "MemoryMetrics()"),
        (log, ("append", "record_outcome"), "log", "PredictionLog(storage)"),
        (audit, ("record",), "audit", "AuditTrail(storage)"),
    )
    for value, methods, what, such_as in given:
        if value is not None:
            check_methods(value, *methods, what=what, such_as=such_as)
