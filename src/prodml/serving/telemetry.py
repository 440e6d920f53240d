"""What a Predictor counts, under names that dashboards already know."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import attrs

from prodml.ports import Counter, Histogram, Metrics

if TYPE_CHECKING:
    from prodml.monitoring import LoggedPrediction
    from prodml.serving.collaborators import Version

__all__ = ["Telemetry"]


@runtime_checkable
class _Renders(Protocol):
    def render(self) -> str: ...


@attrs.frozen
class _Instruments:
    predictions: Counter
    seconds: Histogram


class Telemetry:
    """Instruments of one Predictor, made on first use and kept."""

    def __init__(self, metrics: Metrics | None) -> None:
        self._metrics = metrics
        self._instruments: dict[tuple[str, int, str | None], _Instruments] = {}
        self._hits: dict[tuple[str, int], list[int]] = {}
        self._lock = threading.Lock()

    def predicted(self, version: Version, arm: str | None, n_rows: int, seconds: float) -> None:
        """Count rows answered in one call of the model, and time it."""
        if self._metrics is None:
            return
        key = (version.name, version.version, arm)
        made = self._instruments.get(key) or self._make(key)
        made.predictions.inc(n_rows)
        made.seconds.observe(seconds)

    def failed(self, version: Version) -> None:
        """Count a call of the model that raised."""
        self._count("model_prediction_errors_total", "Calls of the model that failed.", version)

    def refresh_failed(self, ref: str) -> None:
        """Count a look-up of the alias that failed."""
        if self._metrics is not None:
            text = "Look-ups of an alias that failed; the model that served went on."
            self._metrics.counter("model_refresh_errors_total", text, labels={"ref": ref}).inc()

    def outcome(self, row: LoggedPrediction, error: float) -> None:
        """Count an outcome; for a class also the running accuracy."""
        if self._metrics is None:
            return
        labels = {"model": row.model, "version": str(row.version)}
        if row.task == "regression":
            text = "Absolute error of predictions whose outcome is known."
            self._metrics.histogram("model_absolute_error", text, labels=labels).observe(error)
            return
        correct = {**labels, "correct": "false" if error else "true"}
        self._metrics.counter(
            "model_outcomes_total", "Outcomes that came in.", labels=correct
        ).inc()
        with self._lock:
            hits = self._hits.setdefault((row.model, row.version), [0, 0])
            hits[0] += not error
            hits[1] += 1
            accuracy = hits[0] / hits[1]
        text = "Share of right predictions among outcomes seen by this process."
        self._metrics.gauge("model_accuracy", text, labels=labels).set(accuracy)

    def render(self) -> str:
        """Return the metrics as text, if the adapter can."""
        return self._metrics.render() if isinstance(self._metrics, _Renders) else ""

    def _make(self, key: tuple[str, int, str | None]) -> _Instruments:
        assert self._metrics is not None  # noqa: S101
        labels = {"model": key[0], "version": str(key[1]), "arm": key[2] or ""}
        made = _Instruments(
            self._metrics.counter("model_predictions_total", "Rows predicted.", labels=labels),
            self._metrics.histogram(
                "model_prediction_duration_seconds", "Time of one call of the model.", labels=labels
            ),
        )
        self._instruments[key] = made
        return made

    def _count(self, name: str, text: str, version: Version) -> None:
        if self._metrics is not None:
            labels = {"model": version.name, "version": str(version.version)}
            self._metrics.counter(name, text, labels=labels).inc()
