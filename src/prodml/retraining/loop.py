"""Checks the triggers, trains, registers, and lets the gate decide: one runner at a time."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from prodml.errors import ConfigError, ConflictError
from prodml.journal import Draft, Event, Journal
from prodml.ports.clock import Clock, utc_now
from prodml.ports.duck import check_methods
from prodml.ports.storage import Storage
from prodml.retraining.attempt import Attempt
from prodml.retraining.combining import check_triggers, crons, next_due
from prodml.retraining.context import Context, Drift, Performance
from prodml.retraining.cron import Cron
from prodml.retraining.decision import Decision, decide
from prodml.retraining.facts import Facts, Source
from prodml.retraining.fold import LoopState
from prodml.retraining.lease import is_over
from prodml.retraining.look import Look, context_of, resumed, time_of
from prodml.retraining.neighbours import (
    DetectorLike,
    LogLike,
    RegistryLike,
    TrainerLike,
    check_trainer,
)
from prodml.retraining.notices import Notifier, check_notifiers
from prodml.retraining.results import RetrainOutcome
from prodml.retraining.runner import Runner
from prodml.retraining.status import LoopHistory, LoopStatus, status_of
from prodml.retraining.triggers import Trigger

if TYPE_CHECKING:
    from prodml.registry.comparison import GateLike

__all__ = ["RetrainLoop"]

Data = TypeVar("Data")
RunT = TypeVar("RunT")


class RetrainLoop(Generic[Data, RunT]):
    """Trains again when a trigger says so, and promotes what the gate lets through.

    Call `run_once` from whatever you have that ticks: cron, a Kubernetes CronJob, a workflow, or
    ``python -m prodml retrain``. Any number of hosts may call it at the same time, and any of them may
    be killed at any time: the next goes on where the last one was.

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
    log : PredictionLog, optional
        Lets the loop count new labels and measure the champion by itself.
    detector : DriftDetector, optional
        Lets it look for drift: fitted on a reference of yours, or unfitted, and then it learns from what
        the champion was trained on.
    current : callable, optional
        Returns the newest inputs for the detector; without it they come from the log, if that keeps inputs.
    window : timedelta, optional
        How far back performance and drift look; default: all of the champion's outcomes, and inputs
        since the last run.
    notify : sequence of Notifier, default none
        Are told what a run came to: functions of a `Notice`, or objects with ``notify``.
    cooldown : timedelta, default none
        After a run, wait at least so long before the next, whatever triggers.
    lease : timedelta, default 10 minutes
        For how long a runner may be silent before another takes over. It is renewed three times as
        often while a step takes its time.
    clock_skew : timedelta, default one minute
        By how much the clocks of the hosts may differ before a lease is taken over too early.
    max_run : timedelta, default one day
        A step that takes longer than this loses the lease.
    max_attempts : int, default 3
        A run whose runner was killed so often is given up as failed.
    clock : callable, default `utc_now`
        Tells the time.
    actor : str, default "retrain-loop"
        Who acts, in the journal.

    Raises
    ------
    ConfigError
        If there is no trigger, or an argument is outside what is allowed.

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
        log: LogLike | None = None,
        detector: DetectorLike | None = None,
        current: Callable[[], object] | None = None,
        window: timedelta | None = None,
        notify: Sequence[Notifier] = (),
        cooldown: timedelta = timedelta(0),
        lease: timedelta = timedelta(minutes=10),
        clock_skew: timedelta = timedelta(minutes=1),
        max_run: timedelta = timedelta(days=1),
        max_attempts: int = 3,
        clock: Clock = utc_now,
        actor: str = "retrain-loop",
    ) -> None:
        check_triggers(triggers)
        check_trainer(trainer)
        check_methods(registry, "register", "promote", what="registry", such_as="Registry(storage)")
        if not callable(source):
            raise ConfigError(
                "source must be a function that returns the newest data, such as lambda: frame, "
                f"got a {type(source).__name__}"
            )
        if not isinstance(cooldown, timedelta) or cooldown < timedelta(0):
            raise ConfigError(
                f"cooldown must be a timedelta that is not negative, got {cooldown!r:.40}"
            )
        self.name = name
        self._triggers = tuple(triggers)
        self._cooldown = cooldown
        self._clock = clock
        self._facts = Source(name, alias, registry, log, detector, current, window)
        self._journal = Journal(
            storage, f"retraining/{name}", actor=actor, clock=clock, fold=LoopState()
        )
        self._runner = Runner(
            name,
            alias,
            self._journal,
            attempt=lambda held, run, stop: Attempt(
                name, alias, trainer, registry, source, gate, held, run, stop
            ),
            notifiers=check_notifiers(notify),
            length=lease,
            allowance=clock_skew,
            max_run=max_run,
            max_attempts=max_attempts,
            by=f"{socket.gethostname()}:{os.getpid()}",
            new_id=_random_id,
            clock=clock,
        )

    def __repr__(self) -> str:
        triggers = ", ".join(map(repr, self._triggers))
        return f'RetrainLoop("{self.name}", triggers=[{triggers}])'

    @property
    def crons(self) -> tuple[Cron, ...]:
        """The cron expressions among its triggers: when it should be called at the least."""
        return tuple(crons(self._triggers))

    def context(
        self,
        *,
        drift: Drift | None = None,
        performance: Performance | Mapping[str, float] | None = None,
        n_new_labels: int | None = None,
    ) -> Context:
        """Return what is known now: the arguments, the clock, the journal, and what the loop finds out.

        Parameters
        ----------
        drift, performance, n_new_labels
            As in `run_once`.

        Returns
        -------
        Context
        """
        state, now = self._journal.state(), self._clock()
        return self._context(state, now, drift, performance, n_new_labels)[0]

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
        n_new_labels: int | None = None,
        dry_run: bool = False,
        force: bool = False,
        stop: Callable[[], bool] | None = None,
    ) -> RetrainOutcome:
        """Check the triggers, and if one fires, train, register and ask for promotion.

        A run that an earlier runner left half done is due whatever the triggers say.

        Parameters
        ----------
        drift : DriftReport, optional
            The newest report, for `OnDrift`; instead of what the loop finds out.
        performance : mapping of str to float or Performance, optional
            The newest scores, for `OnPerformance`; likewise.
        n_new_labels : int, optional
            Labelled rows since the last run, for `OnNewLabels`; likewise.
        dry_run : bool, default False
            Only say what would happen; nothing is written, not even to the journal.
        force : bool, default False
            Run whatever the triggers say. The gate still decides.
        stop : callable, optional
            Asked between steps; true ends the run there, and the next call goes on.

        Returns
        -------
        RetrainOutcome
            If another runner is at it, one with the status ``"busy"``; this is no error, the other
            one does the work.

        Raises
        ------
        ConflictError
            If another runner took over, or the alias was moved by somebody else while the gate
            decided.
        Exception
            What the source, the trainer or the registry raise; it is in the journal as ``run_failed``,
            and the schedule goes on from this run.
        """
        if stop is not None and not callable(stop):
            raise ConfigError(f"stop must be a function, got a {type(stop).__name__}")
        look = self._look(drift, performance, n_new_labels, force=force)
        if dry_run:
            return look.outcome("dry run")
        self._journal.append("checked", look.checked())
        if not look.decision.due and not look.state["outbox"]:
            return look.outcome("not due")
        return self._runner.run(look, _never if stop is None else stop)

    def request(self, reason: str, *, actor: str | None = None) -> Event:
        """Ask for a run at the next check; a loop with the trigger `Manual` fulfils it, once.

        Parameters
        ----------
        reason : str
            Why; it is in the journal.
        actor : str, optional
            Who asks; the loop's own actor if left out.

        Returns
        -------
        Event
        """
        if not isinstance(reason, str) or not reason.strip():
            raise ConfigError("say why a run is wanted: reason is empty")
        return self._journal.append("requested", reason=reason, actor=actor)

    def break_lease(self, reason: str) -> str:
        """Take the lease away from whoever has it, so that the next check may begin at once.

        This is safe even if the holder is alive: whatever it tries to write, register as decided, or
        promote afterwards is refused, and it stops.

        Parameters
        ----------
        reason : str
            Why; it is in the journal.

        Returns
        -------
        str
            Who had it.

        Raises
        ------
        ConflictError
            If nobody has.
        """
        if not isinstance(reason, str) or not reason.strip():
            raise ConfigError("say why the lease is broken: reason is empty")

        def broken(state: dict[str, Any]) -> Draft:
            if state["lease"] is None:
                raise ConflictError(
                    f"nobody holds the lease of {self.name}: there is none to break"
                )
            held = {"holder": state["lease"]["holder"], "by": state["lease"]["by"]}
            return Draft("lease_broken", held, reason)

        return str(self._journal.commit(broken).payload["by"])

    def history(self) -> LoopHistory:
        """Return every event of the loop, the oldest first; prints as a table."""
        return LoopHistory(self.name, list(self._journal.events()))

    def status(self) -> LoopStatus:
        """Return how the loop stands: the last run, the next tick, who is at it, why the last was kept."""
        state, now = self._journal.state(), self._clock()
        silent = is_over(state, now, self._runner.allowance)
        return status_of(self.name, state, now=now, next_tick=self.next_tick(), silent=silent)

    def next_tick(self) -> datetime | None:
        """Return the next time that a schedule names; None without one. A time passed means now."""
        state = self._journal.state()
        return next_due(self._triggers, context_of(state, self._clock()))

    @property
    def last_run(self) -> datetime | None:
        """When the last run that ended was started; None before the first."""
        return time_of(self._journal.state()["last_run"])

    def _look(
        self,
        drift: Drift | None,
        performance: Performance | Mapping[str, float] | None,
        n_new_labels: int | None,
        *,
        force: bool,
    ) -> Look:
        state, now = self._journal.state(), self._clock()
        half_done = state["run"]
        if half_done is not None:
            return Look(self.name, state, Context(now), Facts(), resumed(half_done))
        context, facts = self._context(state, now, drift, performance, n_new_labels)
        return Look(self.name, state, context, facts, self.decide(context, force=force))

    def _context(
        self,
        state: Mapping[str, Any],
        now: datetime,
        drift: Drift | None,
        performance: Performance | Mapping[str, float] | None,
        n_new_labels: int | None,
    ) -> tuple[Context, Facts]:
        if drift is not None and not hasattr(drift, "drifted"):
            raise ConfigError(
                f"drift must be a report, as DriftDetector.detect gives it, got a {type(drift).__name__}"
            )
        known = context_of(state, now)
        facts = self._facts.look(now, known.last_run)
        if n_new_labels is None and facts.n_labels is not None:
            n_new_labels = max(0, facts.n_labels - state["n_labels_used"])
        context = attrs.evolve(
            known,
            drift=facts.drift if drift is None else drift,
            performance=facts.performance if performance is None else performance,
            n_new_labels=n_new_labels,
        )
        return context, facts


def _random_id() -> str:
    return secrets.token_hex(6)


def _never() -> bool:
    return False
