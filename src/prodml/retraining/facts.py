"""Finds out what triggers look at: labels and scores from the log, drift from recent inputs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import attrs

from prodml.errors import ConfigError, ProdmlError, UnknownNameError
from prodml.ports.duck import check_methods
from prodml.retraining.context import Drift, Scores
from prodml.retraining.neighbours import DetectorLike, LogLike, RegistryLike

__all__ = ["Facts", "Source"]


@attrs.frozen
class Facts:
    """What was found out.

    Parameters
    ----------
    drift : DriftReport or None
        Of the newest inputs against what the champion was trained on.
    performance : Scores or None
        Of the champion.
    n_labels : int or None
        Outcomes that have ever come in; None if nobody counts.
    notes : tuple of str
        What could not be found out, and why.
    """

    drift: Drift | None = None
    performance: Scores | None = None
    n_labels: int | None = None
    notes: tuple[str, ...] = ()


@attrs.frozen
class Source:
    """Where facts come from.

    Parameters
    ----------
    name, alias : str
        The model, and the alias of its champion.
    registry : Registry
        Knows the champion and what it was trained on.
    log : PredictionLog or None
        Predictions and outcomes.
    detector : DriftDetector or None
        Fitted on a reference of your own, or not yet: then the champion's is taken.
    current : callable or None
        Returns the newest inputs; None for those in the log.
    window : timedelta or None
        How far back to look; None for: since the last run, and all of the champion's outcomes.
    """

    name: str
    alias: str
    registry: RegistryLike[Any]
    log: LogLike | None
    detector: DetectorLike | None
    current: Callable[[], object] | None
    window: timedelta | None

    def __attrs_post_init__(self) -> None:
        if self.log is not None:
            such_as = 'PredictionLog(storage, "churn")'
            check_methods(self.log, "performance", "predictions", what="log", such_as=such_as)
        if self.detector is not None:
            check_methods(
                self.detector, "fit", "detect", what="detector", such_as="DriftDetector()"
            )
            if self.log is None and self.current is None:
                raise ConfigError(
                    "a detector needs the newest inputs: hand the loop a log= that keeps inputs, or "
                    "current=, a function that returns them"
                )
        if self.current is not None and not callable(self.current):
            raise ConfigError(
                f"current must be a function that returns the newest inputs, got a {type(self.current).__name__}"
            )
        if self.window is None:
            return
        if not isinstance(self.window, timedelta) or self.window <= timedelta(0):
            raise ConfigError(
                f"window must be a timedelta longer than nothing, got {self.window!r:.40}"
            )

    def look(self, now: datetime, last_run: datetime | None) -> Facts:
        """Find out what can be found out; what cannot is noted and no reason to stop."""
        notes: list[str] = []
        since = None if self.window is None else now - self.window
        scores = self._try("performance", lambda: self._scores(since), notes)
        n_labels = self._try("new labels", self._n_labels, notes)
        drift = self._try("drift", lambda: self._drift(since or last_run), notes)
        return Facts(drift, scores, n_labels, tuple(notes))

    def _try(self, what: str, find: Callable[[], Any], notes: list[str]) -> Any:
        try:
            return find()
        except ProdmlError as exc:
            notes.append(f"{what} could not be measured: {exc}")
            return None

    def _champion(self) -> int | None:
        try:
            return self.registry.aliases(self.name).get(self.alias)
        except UnknownNameError:  # nothing was ever registered
            return None

    def _scores(self, since: datetime | None) -> Scores | None:
        champion = None if self.log is None else self._champion()
        if self.log is None or champion is None:
            return None
        return Scores.of(self.log.performance(version=champion, since=since))

    def _n_labels(self) -> int | None:
        return None if self.log is None else self.log.performance().n_outcomes

    def _drift(self, since: datetime | None) -> Drift | None:
        if self.detector is None:
            return None
        detector = self.detector
        if not hasattr(detector, "profile_"):
            if self._champion() is None:
                return None
            reference = self.registry.reference(f"{self.name}@{self.alias}")
            if reference is None:
                raise ConfigError("the champion was registered without a reference to compare with")
            detector = copy.copy(detector)
            detector.fit(reference)
        current = self._logged_inputs(since) if self.current is None else self.current()
        return None if current is None else detector.detect(current)

    def _logged_inputs(self, since: datetime | None) -> object:
        import pandas as pd

        rows = [] if self.log is None else list(self.log.predictions(since=since))
        inputs = [row.inputs for row in rows if row.inputs is not None]
        if inputs:
            return pd.DataFrame(inputs)
        if rows:
            raise ConfigError(
                "the log keeps no inputs: PredictionLog(..., keep_inputs=True) does, or hand the loop "
                "current=, a function that returns the newest inputs"
            )
        return None
