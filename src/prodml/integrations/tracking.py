"""MLflow's names for logging a run, on a `RunLog` and a `Registry`: a script moves by one import.

``from prodml.integrations import tracking as mlflow`` takes the place of ``import mlflow`` and
``import mlflow.sklearn``. New code is better off with a `Trainer` or a `RunLog`, which need no state of
the process; this module keeps one: where runs go, and which run is active in each thread.
"""

from __future__ import annotations

import contextvars
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import attrs

from prodml.errors import ConfigError
from prodml.fingerprint import fingerprint_frame
from prodml.ports.storage import Storage
from prodml.registry import ModelVersion, Registry
from prodml.storage import open_storage
from prodml.training import ActiveRun, RunLog
from prodml.training.evidence import class_name, code_record
from prodml.training.record import environment, git_commit, state_digest

if TYPE_CHECKING:
    import pandas as pd

    from prodml.registry.run import Estimator
    from prodml.tables import Schema

__all__ = [
    "active_run",
    "log_artifact",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "set_tracking_uri",
    "sklearn",
    "start_run",
]

_DEFAULT = "./prodml"


@attrs.define
class _Place:
    """Where runs and models go; opened when the first run starts."""

    storage: Storage | None = None


@attrs.frozen(eq=False)
class _Logged:
    """A run that is open, with what has to be in the record of its models."""

    run: ActiveRun
    metrics: dict[str, float] = attrs.field(factory=dict)


_PLACE = _Place()
_ACTIVE: contextvars.ContextVar[_Logged | None] = contextvars.ContextVar("run", default=None)


def set_tracking_uri(uri: str | Path | Storage) -> None:
    """Say where runs and models go; without it they go to the folder ``./prodml``.

    Parameters
    ----------
    uri : str, Path or Storage
        What `prodml.open_storage` takes, or a storage.
    """
    _PLACE.storage = open_storage(uri) if isinstance(uri, str | Path) else uri


@contextmanager
def start_run(run_name: str = "", *, tags: Mapping[str, str] | None = None) -> Iterator[ActiveRun]:
    """Begin a run; it ends with the ``with`` block.

    Parameters
    ----------
    run_name : str, default ""
        What people call it.
    tags : mapping of str to str, optional
        What it is found by.

    Yields
    ------
    ActiveRun

    Raises
    ------
    ConfigError
        If a run is active in this thread already.
    """
    if _ACTIVE.get() is not None:
        raise ConfigError(f"a run is active already: {active_run().run_id}; end it first")
    with RunLog(_storage()).start(run_name, tags=tags) as run:
        token = _ACTIVE.set(_Logged(run))
        try:
            yield run
        finally:
            _ACTIVE.reset(token)


def active_run() -> ActiveRun:
    """Return the run that is active in this thread.

    Raises
    ------
    ConfigError
        If there is none.
    """
    return _logged().run


def log_metric(key: str, value: float, step: int | None = None) -> None:
    """Log one value of a metric."""
    log_metrics({key: value}, step)


def log_metrics(metrics: Mapping[str, float], step: int | None = None) -> None:
    """Log several values at one step."""
    logged = _logged()
    logged.run.log(metrics, step=step)
    logged.metrics.update(metrics)


def log_param(key: str, value: object) -> None:
    """Log a parameter."""
    log_params({key: value})


def log_params(params: Mapping[str, object]) -> None:
    """Log parameters; of values that JSON cannot hold, the name of their class."""
    active_run().params(params)


def log_artifact(local_path: str | Path) -> None:
    """Keep a file under its name."""
    path = Path(local_path)
    active_run().keep(path.name, path)


class _Sklearn:
    """Stands where ``mlflow.sklearn`` stood."""

    def log_model(
        self, sk_model: Estimator, name: str, *, registered_model_name: str | None = None
    ) -> ModelVersion:
        """Register a fitted model, inert and signed for by its digest.

        The fingerprints of the caller's pandas frames are recorded with it, by the names of its
        variables; their rows are not. A frame whose columns are those the model was fitted on gives
        its schema.

        Parameters
        ----------
        sk_model : estimator
            Fitted.
        name : str
            Of the model.
        registered_model_name : str, optional
            Goes before `name`, as in MLflow.

        Returns
        -------
        ModelVersion
        """
        logged = _logged()
        tables = _frames(sys._getframe(1))  # noqa: SLF001  (the caller's variables are the point)
        get_params = getattr(sk_model, "get_params", dict)
        run: Any = SimpleNamespace(
            run_id=logged.run.run_id,
            task=_task(sk_model),
            estimator=sk_model,
            target="",
            schema=_schema(sk_model, tables),
            params=get_params(),
            metrics=dict(logged.metrics),
            holdout=None,
            holdout_target=None,
            reference=None,
            record=_record(sk_model, tables),
        )
        return Registry(_storage()).register(registered_model_name or name, run)


sklearn = _Sklearn()


def _storage() -> Storage:
    if _PLACE.storage is None:
        _PLACE.storage = open_storage(_DEFAULT)
    return _PLACE.storage


def _logged() -> _Logged:
    logged = _ACTIVE.get()
    if logged is None:
        raise ConfigError("no run is active: with start_run(): ...")
    return logged


def _frames(frame: FrameType) -> dict[str, pd.DataFrame]:
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return {}
    found = frame.f_locals.items()
    return {name: value for name, value in found if isinstance(value, pandas.DataFrame)}


def _record(model: object, tables: Mapping[str, pd.DataFrame]) -> dict[str, object]:
    data = {name: fingerprint_frame(table).to_dict() for name, table in tables.items()}
    return {
        "tables": data,
        "estimator": {"class": class_name(model), "state": state_digest(model)},
        "code": code_record(model, {}),
        "environment": environment(model),
        "git_commit": git_commit(),
    }


def _schema(model: object, tables: Mapping[str, pd.DataFrame]) -> Schema | None:
    from prodml.tables import Schema

    names = list(getattr(model, "feature_names_in_", ()))
    fitting = (t for t in tables.values() if names and list(t.columns) == names)
    table = next(fitting, None)
    return None if table is None else Schema.of(table)


def _task(model: object) -> str:
    from sklearn.base import is_classifier, is_regressor

    if is_classifier(model):
        return "classification"
    return "regression" if is_regressor(model) else "other"
