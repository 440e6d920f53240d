"""What is known when the question is whether to train again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import attrs

from prodml.errors import ConfigError

__all__ = ["Context", "Drift", "Performance", "Reason"]


class Drift(Protocol):
    """What a drift report has to say; `prodml.drift.DriftReport` does."""

    @property
    def drifted(self) -> bool:
        """Whether anything drifted."""
        ...

    @property
    def share(self) -> float:
        """Share of the tested columns that drifted, in [0, 1]."""
        ...


class Performance(Protocol):
    """Scores by name, as `prodml.monitoring.Performance` has them."""

    @property
    def scores(self) -> Mapping[str, float]:
        """Score by name."""
        ...


def _scores(performance: Performance | Mapping[str, float] | None) -> Mapping[str, float] | None:
    if performance is None or isinstance(performance, Mapping):
        return performance
    return performance.scores


def _aware(context: Context, names: tuple[str, ...]) -> None:
    for name in names:
        value = getattr(context, name)
        if value is not None and value.tzinfo is None:
            raise ConfigError(f"{name} must be an aware datetime, such as datetime.now(UTC)")


def _not_negative(_: object, field: attrs.Attribute[int], value: int) -> None:
    if value < 0:
        raise ConfigError(f"{field.name} must be at least 0, got {value}")


@attrs.frozen
class Context:
    """What triggers look at.

    Parameters
    ----------
    now : datetime
        Aware.
    last_run : datetime or None
        When the last run that ended was started; None before the first.
    first_check : datetime or None
        When the loop was first asked; None if this is the first time.
    drift : DriftReport or None
        The newest report.
    performance : mapping of str to float, Performance or None
        The newest scores by name.
    n_new_labels : int, default 0
        Labelled rows that came in since the last run.
    """

    now: datetime
    last_run: datetime | None = None
    first_check: datetime | None = None
    drift: Drift | None = None
    performance: Mapping[str, float] | None = attrs.field(default=None, converter=_scores)
    n_new_labels: int = attrs.field(default=0, validator=_not_negative)

    def __attrs_post_init__(self) -> None:
        _aware(self, ("now", "last_run", "first_check"))


@attrs.frozen
class Reason:
    """Why to train again.

    Parameters
    ----------
    trigger : str
        Short name, such as ``"drift"``.
    message : str
        One sentence.
    """

    trigger: str
    message: str

    def __str__(self) -> str:
        return f"{self.trigger}: {self.message}"
