"""What a loop asks of the objects it is handed: their methods, not their classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from prodml.errors import ConfigError
from prodml.gate import GateDecision
from prodml.ports.duck import check_methods
from prodml.retraining.context import Drift

if TYPE_CHECKING:
    from prodml.registry.comparison import GateLike

__all__ = ["DetectorLike", "LogLike", "RegistryLike", "TrainerLike", "check_trainer"]

DataIn_contra = TypeVar("DataIn_contra", contravariant=True)
RunOut_co = TypeVar("RunOut_co", covariant=True)
RunIn_contra = TypeVar("RunIn_contra", contravariant=True)


class TrainerLike(Protocol[DataIn_contra, RunOut_co]):
    """What trains; `prodml.Trainer` does."""

    def fit(self, data: DataIn_contra, /) -> RunOut_co:
        """Train and return a run that the registry takes."""
        ...


class VersionLike(Protocol):
    """What a registry returns for a version."""

    @property
    def version(self) -> int:
        """Its number."""
        ...

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags."""
        ...


class MoveLike(Protocol):
    """What a registry remembers of an alias that moved, or was to move."""

    @property
    def alias(self) -> str:
        """Which alias."""
        ...

    @property
    def version(self) -> int | None:
        """Where it was to point; None if it was removed."""
        ...

    @property
    def previous(self) -> int | None:
        """Where it pointed before."""
        ...

    @property
    def kind(self) -> str:
        """By which right; ``"refused"`` if it was not moved."""
        ...

    @property
    def decision(self) -> GateDecision | None:
        """The gate's evidence."""
        ...


class PromotionLike(MoveLike, Protocol):
    """What a registry returns for a promotion."""

    @property
    def version(self) -> int:
        """Where it points now."""
        ...


class RegistryLike(Protocol[RunIn_contra]):
    """Where versions go; `prodml.Registry` does."""

    def register(
        self, name: str, run: RunIn_contra, *, tags: Mapping[str, str], reason: str, once: str
    ) -> VersionLike:
        """Store a new version, or return the one that was stored under this `once` before."""
        ...

    def promote(
        self,
        name: str,
        version: int,
        *,
        alias: str,
        reason: str,
        gate: GateLike | None,
        check: Callable[[], object],
    ) -> PromotionLike:
        """Point the alias at the version if `check` allows it to the last, or raise `RefusedError`."""
        ...

    def versions(self, name: str, /) -> Iterable[VersionLike]:
        """Return all versions."""
        ...

    def history(self, name: str, /) -> Iterable[MoveLike]:
        """Return every move of an alias, and every one that was refused."""
        ...

    def aliases(self, name: str, /) -> Mapping[str, int]:
        """Return where the aliases point."""
        ...

    def reference(self, ref: str, /) -> object:
        """Return a sample of what a version was trained on; None if there is none."""
        ...


class PerformanceLike(Protocol):
    """What a log says about the predictions whose outcome is known."""

    @property
    def scores(self) -> Mapping[str, float]:
        """Score by name."""
        ...

    @property
    def n_outcomes(self) -> int:
        """How many outcomes are known."""
        ...


class RowLike(Protocol):
    """A logged prediction."""

    @property
    def inputs(self) -> Mapping[str, object] | None:
        """What was predicted from, if it was kept."""
        ...


class LogLike(Protocol):
    """Where predictions and outcomes are; `prodml.PredictionLog` does."""

    def performance(
        self, *, version: int | None = None, since: datetime | None = None
    ) -> PerformanceLike:
        """Say how good they turned out to be."""
        ...

    def predictions(self, *, since: datetime | None = None) -> Iterable[RowLike]:
        """Yield what was predicted."""
        ...


class DetectorLike(Protocol):
    """What compares; `prodml.DriftDetector` does."""

    def fit(self, reference: object, /) -> object:
        """Learn the reference."""
        ...

    def detect(self, current: object, /) -> Drift:
        """Compare."""
        ...


def check_trainer(trainer: object) -> None:
    """Refuse an estimator where what trains one is wanted."""
    such_as = 'Trainer(LogisticRegression(), target="churned")'
    check_methods(trainer, "fit", what="trainer", such_as=such_as)
    if hasattr(trainer, "predict"):
        raise ConfigError(
            f"trainer must take a table and return a run, such as {such_as}; got the estimator "
            f"{type(trainer).__name__} itself"
        )
