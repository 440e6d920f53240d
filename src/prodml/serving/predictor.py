"""Predictor: validate, route, predict, remember, count. No framework inside."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from prodml.errors import (
    ConfigError,
    ConflictError,
    PredictionError,
    ProdmlError,
    UnknownNameError,
)
from prodml.ports import Clock, Metrics, utc_now
from prodml.ports.duck import is_number
from prodml.serving.collaborators import check_collaborators
from prodml.serving.loaded import Loaded, load, model_name
from prodml.serving.prediction import Prediction, new_prediction_id
from prodml.serving.rows import by_unit, error_of, log_rows
from prodml.serving.telemetry import Telemetry

if TYPE_CHECKING:
    import pandas as pd

    from prodml.monitoring import OutcomeReceipt
    from prodml.serving.collaborators import Audit, Explain, Log, Models, Router

__all__ = ["Predictor"]

_log = logging.getLogger("prodml.serving")


class Predictor:
    """Answers with the model that an alias points to, and keeps what is needed to judge the answers.

    Parameters
    ----------
    registry : Registry
        Where models come from.
    ref : str
        ``"name@alias"`` or ``"name/version"``. An alias is followed when it moves.
    router : ABRouter, optional
        Decides per unit which arm answers; each arm is the name of an alias of the model.
    metrics : Metrics, optional
        Counts predictions, failures and outcomes, and times the model.
    log : PredictionLog, optional
        Stores every prediction, so that outcomes can be joined later.
    explainer : callable, optional
        Makes an explainer for a loaded model, such as the class `prodml.Explainer`; needed for ``explain=``.
    audit : AuditTrail, optional
        Records every model that starts to serve.
    refresh_after_s : float, default 5.0
        Seconds after which the alias is looked up again, at the next prediction. 0 looks every time.
    clock : Clock, default `prodml.ports.utc_now`
        Stamps predictions.
    monotonic : callable, default `time.monotonic`
        Measures durations, in seconds.
    new_id : callable
        Makes prediction ids; UUIDv7 by default.

    Notes
    -----
    If a look-up of the alias fails, the model that serves goes on serving; the failure is logged and counted.
    Safe to call from many threads.

    Examples
    --------
    >>> predictor = Predictor(registry, "tumours@champion")  # doctest: +SKIP
    >>> predictor.predict({"radius": 14.1, "texture": 19.0}).prediction  # doctest: +SKIP
    'benign'
    """

    def __init__(
        self,
        registry: Models,
        ref: str,
        *,
        router: Router | None = None,
        metrics: Metrics | None = None,
        log: Log | None = None,
        explainer: Explain | None = None,
        audit: Audit | None = None,
        refresh_after_s: float = 5.0,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        new_id: Callable[[], str] = new_prediction_id,
    ) -> None:
        if not is_number(refresh_after_s) or refresh_after_s < 0:
            raise ConfigError(
                f"refresh_after_s must be a number of seconds from 0, got {refresh_after_s!r}."
            )
        check_collaborators(registry, router=router, metrics=metrics, log=log, audit=audit)
        self.ref = ref
        self._registry = registry
        self._router = router
        self._log = log
        self._explainer = explainer
        self._audit = audit
        self._refresh_after_s = refresh_after_s
        self._clock = clock
        self._monotonic = monotonic
        self._new_id = new_id
        self._telemetry = Telemetry(metrics)
        self._lock = threading.Lock()
        self._looked_at = monotonic()
        self._loaded = {ref_: self._load(ref_) for ref_ in self._refs()}

    def predict(
        self, inputs: Mapping[str, object], *, unit: str | None = None, explain: int = 0
    ) -> Prediction:
        """Answer for one record.

        Parameters
        ----------
        inputs : mapping of str to object
            Feature name to value, as the model was trained on.
        unit : str, optional
            Who or what this is for. Needed when traffic is routed: a unit keeps its arm.
        explain : int, default 0
            How many reasons to give.

        Returns
        -------
        Prediction

        Raises
        ------
        SchemaError
            If a feature is missing or of another kind.
        ConfigError
            If a unit or an explainer is needed and there is none.
        PredictionError
            If the model fails; the cause is in the log under the error's id.
        """
        if not isinstance(inputs, Mapping):
            raise ConfigError(
                "predict takes one record, a mapping of feature to value; "
                f"predict_batch takes tables. Got a {type(inputs).__name__}."
            )
        return self.predict_batch(
            [inputs], units=None if unit is None else [unit], explain=explain
        )[0]

    def predict_batch(
        self, inputs: object, *, units: Sequence[str] | None = None, explain: int = 0
    ) -> list[Prediction]:
        """Answer for many rows: all of them, or none if one is malformed.

        Parameters
        ----------
        inputs : frame or sequence of mappings, shape (n_rows, n_features)
            Anything `prodml.tables.as_frame` takes.
        units : sequence of str, shape (n_rows,), optional
            Who or what each row is for.
        explain : int, default 0
            How many reasons to give for each row.

        Returns
        -------
        list of Prediction
            One per row, in order.

        Raises
        ------
        SchemaError, ConfigError, PredictionError
            As `predict`.
        """
        from prodml.tables import as_frame

        self.refresh(after_s=self._refresh_after_s)
        frame = as_frame(inputs)
        if explain and self._explainer is None:
            raise ConfigError("explain= needs Predictor(explainer=prodml.Explainer).")
        answers: dict[int, Prediction] = {}
        for loaded, arm, rows in self._routed(len(frame), units):
            part = self._answer(
                loaded, frame.iloc[rows], arm, [units[i] if units else None for i in rows], explain
            )
            answers.update(zip(rows, part, strict=True))
        predictions = [answers[i] for i in range(len(frame))]
        self._remember(predictions, frame)
        return predictions

    def record_outcome(self, prediction_id: str, value: str | float | bool) -> None:
        """Say what came true for an earlier prediction.

        The log joins it, the metrics count it, and the experiment learns whether the arm was right.

        Parameters
        ----------
        prediction_id : str
            Id of the prediction.
        value : str, int, float or bool
            What came true, in the terms of the prediction.

        Raises
        ------
        ConfigError
            If this predictor has no log.
        UnknownNameError
            If no stored prediction has this id.
        ConflictError
            If another value was recorded for it before.
        """
        receipt = self.record_outcomes({prediction_id: value})
        if receipt.unknown:
            raise UnknownNameError("prediction", prediction_id, None, where="in the log")
        if receipt.conflicting:
            raise ConflictError(
                f"prediction {prediction_id} already has another outcome. The first one stands."
            )

    def record_outcomes(self, outcomes: Mapping[str, str | float | bool]) -> OutcomeReceipt:
        """Say what came true for many earlier predictions, in one write.

        Parameters
        ----------
        outcomes : mapping of str to str, int, float or bool
            Prediction id to what came true.

        Returns
        -------
        OutcomeReceipt
            Which were new, said before, in conflict, or for an unknown prediction. Only new ones are counted
            and told to the experiment.

        Raises
        ------
        ConfigError
            If this predictor has no log, or a value is no text, finite number or boolean.
        """
        if self._log is None:
            raise ConfigError(
                "an outcome is joined through the log: make the Predictor with log=PredictionLog(store)."
            )
        receipt = self._log.record_outcomes(outcomes)
        judged = [(self._log.get(i), outcomes[i]) for i in receipt.recorded]
        errors = [(row, error_of(row, value)) for row, value in judged]
        for row, error in errors:
            self._telemetry.outcome(row, error)
        if self._router is not None:
            for batch in by_unit(errors):
                self._router.record_outcomes(batch, metric="error")
        return receipt

    def refresh(self, *, after_s: float = 0.0) -> None:
        """Look whether the aliases point elsewhere by now, and load what is new.

        Parameters
        ----------
        after_s : float, default 0
            Do nothing if the last look is not longer ago than this, in seconds.
        """
        if after_s and self._monotonic() - self._looked_at < after_s:
            return
        with self._lock:
            self._looked_at = self._monotonic()
            self._loaded = {ref: self._renewed(ref) for ref in self._refs()}

    @property
    def serving(self) -> dict[str, str]:
        """What answers now: reference to ``"name/version"``."""
        return {ref: str(loaded.version) for ref, loaded in self._loaded.items()}

    def describe(self) -> dict[str, object]:
        """Return what serves now, and the columns it takes, as plain values."""
        one = next(iter(self._loaded.values())).version
        inputs = None if one.schema is None else one.schema.to_dict()
        return {"serving": self.serving, "task": one.task, "inputs": inputs}

    def render_metrics(self) -> str:
        """Return the metrics in Prometheus's text format; empty if the adapter has none to show."""
        return self._telemetry.render()

    def _refs(self) -> list[str]:
        if self._router is None:
            return [self.ref]
        name = model_name(self.ref)
        return [f"{name}@{arm}" for arm in self._router.arms]

    def _load(self, ref: str) -> Loaded:
        loaded = load(self._registry, ref, explainer=self._explainer)
        if self._audit is not None:
            self._audit.record("serve", resource=f"models/{loaded.version}", details={"ref": ref})
        return loaded

    def _renewed(self, ref: str) -> Loaded:
        old = self._loaded.get(ref)
        try:
            if old is not None and str(self._registry.get(ref)) == str(old.version):
                return old
            return self._load(ref)
        except ProdmlError as exc:
            if old is None:
                raise
            # A registry that is away must not take the service with it.
            _log.warning("%s stays on %s: %s", ref, old.version, exc)
            self._telemetry.refresh_failed(ref)
            return old

    def _routed(
        self, n_rows: int, units: Sequence[str] | None
    ) -> list[tuple[Loaded, str | None, list[int]]]:
        if units is not None and len(units) != n_rows:
            raise ConfigError(f"one unit a row: got {len(units)} units for {n_rows} rows.")
        if not all(isinstance(unit, str) and unit for unit in units or ()):
            raise ConfigError("a unit is a text that is not empty, such as a customer id.")
        if self._router is None:
            return [(self._loaded[self.ref], None, list(range(n_rows)))] if n_rows else []
        if units is None:
            raise ConfigError(
                "traffic is routed by unit: pass unit= (or units=), such as a customer id."
            )
        by_arm: dict[str, list[int]] = {}
        for i, unit in enumerate(units):
            by_arm.setdefault(self._router.assign(unit).arm, []).append(i)
        name = model_name(self.ref)
        return [(self._loaded[f"{name}@{arm}"], arm, rows) for arm, rows in by_arm.items()]

    def _answer(
        self,
        loaded: Loaded,
        frame: pd.DataFrame,
        arm: str | None,
        units: Sequence[str | None],
        explain: int,
    ) -> list[Prediction]:
        checked = loaded.check(frame)
        started = self._monotonic()
        try:
            labels, probabilities = loaded.predict(checked)
            reasons = loaded.reasons(checked, explain)
        except Exception as exc:  # noqa: BLE001 - whatever a model raises
            raise self._failed(loaded, exc) from None
        self._telemetry.predicted(loaded.version, arm, len(frame), self._monotonic() - started)
        at = self._clock()
        return [
            Prediction(
                id=self._new_id(),
                prediction=label,
                probabilities=p,
                model=loaded.version.name,
                version=loaded.version.version,
                arm=arm,
                unit=unit,
                at=at,
                reasons=why,
            )
            for label, p, unit, why in zip(labels, probabilities, units, reasons, strict=True)
        ]

    def _failed(self, loaded: Loaded, exc: Exception) -> PredictionError:
        error_id = self._new_id()
        # Where it happened, without the message: scikit-learn puts cell values into messages.
        where = "".join(traceback.format_list(traceback.extract_tb(exc.__traceback__)))
        _log.error(
            "prediction %s failed in %s: %s\n%s",
            error_id,
            loaded.version,
            type(exc).__name__,
            where,
        )
        self._telemetry.failed(loaded.version)
        return PredictionError(
            f"{loaded.version} could not predict ({type(exc).__name__}). The log has the place under {error_id}.",
            error_id=error_id,
        )

    def _remember(self, predictions: Sequence[Prediction], frame: pd.DataFrame) -> None:
        if not predictions:
            return
        if self._log is not None:
            tasks = {str(loaded.version): loaded.version.task for loaded in self._loaded.values()}
            keep = getattr(self._log, "keep_inputs", False)
            self._log.append(log_rows(predictions, tasks, frame if keep else None))
        if self._router is not None:
            self._router.record_exposures([p.unit for p in predictions if p.unit is not None])
