"""What is known when the question is whether to train again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Protocol

import attrs

from prodml.errors import ConfigError

__all__ = ["Context", "Drift", "Performance", "Reason", "Request", "Scores"]


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


@attrs.frozen(eq=False)
class Scores(Mapping[str, float]):
    """Scores by name, with what is known about how sure they are.

    Parameters
    ----------
    values_by_name : mapping of str to float
        Score by name.
    limits : mapping of str to (float, float)
        Confidence limits, of those scores that have any.
    n_labels : int or None
        Outcomes they rest on; None if nobody said.
    coverage : float or None
        Share of the predictions whose outcome is known, in [0, 1]; None if nobody said.
    """

    values_by_name: Mapping[str, float]
    limits: Mapping[str, tuple[float, float]] = attrs.field(factory=dict)
    n_labels: int | None = None
    coverage: float | None = None

    @classmethod
    def of(cls, performance: Performance | Mapping[str, float] | None) -> Scores | None:
        """Read them from a mapping, or from a `prodml.monitoring.Performance`."""
        if performance is None or isinstance(performance, Scores):
            return performance
        if isinstance(performance, Mapping):
            return cls(dict(performance))
        low, high = getattr(performance, "low", None), getattr(performance, "high", None)
        limits = {} if low is None or high is None else {"accuracy": (float(low), float(high))}
        return cls(
            dict(performance.scores),
            limits,
            getattr(performance, "n_outcomes", None),
            getattr(performance, "coverage", None),
        )

    def __getitem__(self, name: str) -> float:
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)


@attrs.frozen
class Request:
    """Somebody asked for a run.

    Parameters
    ----------
    reason : str
        Why.
    actor : str
        Who.
    """

    reason: str
    actor: str = ""


def _aware(context: Context, names: tuple[str, ...]) -> None:
    for name in names:
        value = getattr(context, name)
        if value is not None and value.tzinfo is None:
            raise ConfigError(f"{name} must be an aware datetime, such as datetime.now(UTC)")


def _not_negative(_: object, field: attrs.Attribute[int], value: int | None) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigError(f"{field.name} must be at least 0, got {value!r:.40}")


def _scores(performance: Performance | Mapping[str, float] | None) -> Scores | None:
    return Scores.of(performance)


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
        The newest scores by name; kept as `Scores`.
    n_new_labels : int or None, default None
        Labelled rows that came in since the last run; None if nobody counts them.
    n_labels_wanted : int or None, default None
        If the gate's last verdict was inconclusive: so many new labels would have it decide.
    request : Request or None, default None
        What somebody asked for since the last run.
    """

    now: datetime
    last_run: datetime | None = None
    first_check: datetime | None = None
    drift: Drift | None = None
    performance: Scores | None = attrs.field(default=None, converter=_scores)
    n_new_labels: int | None = attrs.field(default=None, validator=_not_negative)
    n_labels_wanted: int | None = None
    request: Request | None = None

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
