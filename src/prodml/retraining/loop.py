"""Checks the triggers, trains, registers, and lets the gate decide: one runner at a time."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from prodml.errors import ConfigError, ConflictError, RefusedError
from prodml.gate import GateDecision
from prodml.journal import Event, Journal
from prodml.ports.clock import Clock, utc_now
from prodml.ports.duck import check_methods
from prodml.ports.storage import Storage
from prodml.retraining.context import Context, Drift, Performance
from prodml.retraining.decision import Decision, decide
from prodml.retraining.lease import Lease, LoopState
from prodml.retraining.results import RetrainOutcome, Status
from prodml.retraining.triggers import Trigger

if TYPE_CHECKING:
    from prodml.registry.comparison import GateLike

__all__ = ["RetrainLoop"]

Data = TypeVar("Data")
DataIn_contra = TypeVar("DataIn_contra", contravariant=True)
RunT = TypeVar("RunT")
RunOut_co = TypeVar("RunOut_co", covariant=True)
RunIn_contra = TypeVar("RunIn_contra", contravariant=True)


class TrainerLike(Protocol[DataIn_contra, RunOut_co]):
    """What trains; `prodml.Trainer` does."""

    def fit(self, data: DataIn_contra, /) -> RunOut_co:
        """Train and return a run that the registry takes."""
        ...


class VersionLike(Protocol):
    """What a registry returns for a new version."""

    @property
    def version(self) -> int:
        """Its number."""
        ...


class PromotionLike(Protocol):
    """What a registry returns for a promotion."""

    @property
    def decision(self) -> GateDecision | None:
        """The gate's evidence."""
        ...


class RegistryLike(Protocol[RunIn_contra]):
    """Where versions go; `prodml.Registry` does."""

    def register(
        self, name: str, run: RunIn_contra, *, tags: Mapping[str, str], reason: str
    ) -> VersionLike:
        """Store a new version."""
        ...

    def promote(
        self, name: str, version: int, *, alias: str, reason: str, gate: GateLike | None
    ) -> PromotionLike:
        """Point the alias at the version, or raise `RefusedError`."""
        ...


class RetrainLoop(Generic[Data, RunT]):
    """Trains again when a trigger says so, and promotes what the gate lets through.

    Call `run_once` from whatever you have that ticks: cron, a thread, a Kubernetes CronJob, a
    webhook. Any number of hosts may call it at the same time.

    Parameters
    ----------
    name : str
        The model, as the registry knows it.
    trainer : Trainer
        Trains on what `source` returns.
    registry : Registry
        Where the new version goes; its gate decides about the promotion.
    storage : Storage
        Keeps the loop's journal, stream ``retraining/<name>``.
    triggers : sequence of Trigger
        Any of them starts a run.
    source : callable
        Returns the data to train on; called only when a run is due.
    gate : Gate, optional
        Instead of the registry's own.
    alias : str, default "champion"
        What a promoted version becomes.
    cooldown : timedelta, default none
        After a run, wait at least so long before the next, whatever triggers.
    lease : timedelta, default one hour
        For how long a runner may be silent before another takes over; renewed between loading,
        training and registering, so each of these has to be shorter.
    clock : callable, default `utc_now`
        Tells the time.
    actor : str, default "retrain-loop"
        Who acts, in the journal.

    Raises
    ------
    ConfigError
        If there is no trigger, or a length of time is not positive.

    Notes
    -----
    The gate compares both models on rows the *new* one was not trained on. If the old one was
    trained on some of them it looks better than it is, and good challengers are kept out: let
    ``source`` return rows whose holdout is new, for example with ``Trainer(split="time")``.
    """

    def __init__(
        self,
        name: str,
        *,
        trainer: TrainerLike[Data, RunT],
        registry: RegistryLike[RunT],
        storage: Storage,
        triggers: Sequence[Trigger],
        source: Callable[[], Data],
        gate: GateLike | None = None,
        alias: str = "champion",
        cooldown: timedelta = timedelta(0),
        lease: timedelta = timedelta(hours=1),
        clock: Clock = utc_now,
        actor: str = "retrain-loop",
    ) -> None:
        _check_triggers(triggers)
        _check_trainer(trainer)
        check_methods(registry, "register", "promote", what="registry", such_as="Registry(storage)")
        if not callable(source):
            raise ConfigError(
                "source must be a function that returns the newest data, such as lambda: frame, "
                f"got a {type(source).__name__}"
            )
        if not isinstance(lease, timedelta) or not isinstance(cooldown, timedelta):
            raise ConfigError("lease and cooldown must be timedeltas, such as timedelta(hours=1)")
        if lease <= timedelta(0) or cooldown < timedelta(0):
            raise ConfigError("lease must be longer than nothing, and cooldown not negative")
        self.name = name
        self._trainer = trainer
        self._registry = registry
        self._triggers = tuple(triggers)
        self._source = source
        self._gate = gate
        self._alias = alias
        self._cooldown = cooldown
        self._lease = lease
        self._clock = clock
        self._journal = Journal(
            storage, f"retraining/{name}", actor=actor, clock=clock, fold=LoopState()
        )

    def __repr__(self) -> str:
        triggers = ", ".join(map(repr, self._triggers))
        return f'RetrainLoop("{self.name}", triggers=[{triggers}])'

    def context(
        self,
        *,
        drift: Drift | None = None,
        performance: Performance | Mapping[str, float] | None = None,
        n_new_labels: int = 0,
    ) -> Context:
        """Return what is known now: the arguments, the clock, and the journal's last run.

        Parameters
        ----------
        drift, performance, n_new_labels
            As in `run_once`.

        Returns
        -------
        Context
        """
        if drift is not None and not hasattr(drift, "drifted"):
            raise ConfigError(
                f"drift must be a report, as DriftDetector.detect gives it, got a {type(drift).__name__}"
            )
        state = self._journal.state()
        return Context(
            self._clock(),
            last_run=_time(state["last_run"]),
            first_check=_time(state["first_check"]),
            drift=drift,
            performance=performance,
            n_new_labels=n_new_labels,
        )

    def decide(self, context: Context, *, force: bool = False) -> Decision:
        """Ask the triggers; pure, nothing is written.

        Parameters
        ----------
        context : Context
            What is known.
        force : bool, default False
            As in `run_once`.

        Returns
        -------
        Decision
        """
        return decide(context, self._triggers, cooldown=self._cooldown, force=force)

    def run_once(
        self,
        *,
        drift: Drift | None = None,
        performance: Performance | Mapping[str, float] | None = None,
        n_new_labels: int = 0,
        dry_run: bool = False,
        force: bool = False,
    ) -> RetrainOutcome:
        """Check the triggers, and if one fires, train, register and ask for promotion.

        Parameters
        ----------
        drift : DriftReport, optional
            The newest report, for `OnDrift`.
        performance : mapping of str to float or Performance, optional
            The newest scores, for `OnPerformance`.
        n_new_labels : int, default 0
            Labelled rows since the last run, for `OnNewLabels`.
        dry_run : bool, default False
            Only say what would happen; nothing is written, not even to the journal.
        force : bool, default False
            Run whatever the triggers say. The gate still decides.

        Returns
        -------
        RetrainOutcome
            If another runner is at it, one with the status ``"busy"``; this is no error, the other
            one does the work.

        Raises
        ------
        ConflictError
            If this run outlasted its lease and another one took over, or the alias was moved
            by somebody else while the gate decided.
        Exception
            What the source, the trainer or the registry raise; it is in the journal as ``run_failed``,
            and the schedule goes on from this run.
        """
        context = self.context(drift=drift, performance=performance, n_new_labels=n_new_labels)
        decision = self.decide(context, force=force)
        if dry_run:
            return self._idle("dry run", decision)
        self._write("checked", at=context.now.isoformat(), **_facts(decision))
        if not decision.due:
            return self._idle("not due", decision)
        run_id = f"{context.now:%Y%m%dt%H%M%S}-{secrets.token_hex(4)}"
        lease = Lease(self._journal, run_id, self._lease, self._clock)
        try:
            lease.take()
        except ConflictError as exc:
            self._write("skipped", why=str(exc))
            return self._idle("busy", decision, message=str(exc))
        return self._guarded(lease, decision)

    def history(self) -> list[Event]:
        """Return every event of the loop, the oldest first."""
        return list(self._journal.events())

    @property
    def last_run(self) -> datetime | None:
        """When the last run that ended was started; None before the first."""
        return _time(self._journal.state()["last_run"])

    def _guarded(self, lease: Lease, decision: Decision) -> RetrainOutcome:
        started = self._clock()
        try:
            version, evidence, promoted = self._run(lease, decision)
        except BaseException as exc:
            # An interrupt ends the lease too. The message may speak of the data; its kind is enough for a journal.
            self._write("run_failed", run_id=lease.run_id, error=type(exc).__name__)
            raise
        seconds = (self._clock() - started).total_seconds()
        self._write(
            "run_finished", run_id=lease.run_id, version=version, promoted=promoted, seconds=seconds
        )
        return RetrainOutcome(
            name=self.name,
            status="promoted" if promoted else "kept",
            triggered=True,
            reasons=decision.reasons,
            message=decision.message,
            version=version,
            decision=evidence,
            promoted=promoted,
            seconds=seconds,
            run_id=lease.run_id,
        )

    def _run(self, lease: Lease, decision: Decision) -> tuple[int, GateDecision | None, bool]:
        data = self._source()
        lease.renew()
        run = self._trainer.fit(data)
        lease.renew()
        triggers = "+".join(reason.trigger for reason in decision.reasons)
        tags = {"trigger": triggers, "retrain_run": lease.run_id}
        version = self._registry.register(
            self.name, run, tags=tags, reason=decision.message
        ).version
        lease.renew()
        evidence, promoted = self._promote(version, decision)
        verdict = None if evidence is None else evidence.verdict
        self._write(
            "decided", run_id=lease.run_id, version=version, verdict=verdict, promoted=promoted
        )
        return version, evidence, promoted

    def _promote(self, version: int, decision: Decision) -> tuple[GateDecision | None, bool]:
        try:
            promotion = self._registry.promote(
                self.name, version, alias=self._alias, reason=decision.message, gate=self._gate
            )
        except RefusedError as exc:
            evidence = exc.decision
            return evidence if isinstance(evidence, GateDecision) else None, False
        return promotion.decision, True

    def _idle(self, status: Status, decision: Decision, *, message: str = "") -> RetrainOutcome:
        return RetrainOutcome(
            name=self.name,
            status=status,
            triggered=decision.due,
            reasons=decision.reasons,
            message=message or decision.message,
        )

    def _write(self, type: str, **payload: object) -> None:  # noqa: A002
        self._journal.append(type, payload)


def _check_triggers(triggers: object) -> None:
    listed = isinstance(triggers, Iterable) and not isinstance(triggers, str)
    found: tuple[object, ...] = tuple(triggers) if listed else ()  # type: ignore[arg-type]
    if not found:
        raise ConfigError(
            "triggers must be a list of at least one trigger, such as [OnSchedule(...)]"
        )
    for trigger in found:
        check_methods(trigger, "due", what="a trigger", such_as="OnDrift()")


def _check_trainer(trainer: object) -> None:
    such_as = 'Trainer(LogisticRegression(), target="churned")'
    check_methods(trainer, "fit", what="trainer", such_as=such_as)
    if hasattr(trainer, "predict"):
        raise ConfigError(
            f"trainer must take a table and return a run, such as {such_as}; got the estimator "
            f"{type(trainer).__name__} itself"
        )


def _facts(decision: Decision) -> dict[str, object]:
    return {
        "due": decision.due,
        "reasons": [{"trigger": r.trigger, "message": r.message} for r in decision.reasons],
        "message": decision.message,
    }


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
