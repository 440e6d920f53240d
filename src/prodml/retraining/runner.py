"""Takes the lease, takes a run to its end under it, and tells about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import attrs

from prodml.errors import ConfigError, ConflictError, ProdmlError, StepError
from prodml.journal import Journal
from prodml.ports.clock import Clock
from prodml.retraining.attempt import Attempt, Result, StoppedError
from prodml.retraining.fold import MAX_TRIES
from prodml.retraining.heartbeat import Heartbeat
from prodml.retraining.lease import Lease, LeaseLostError
from prodml.retraining.look import Look, time_of
from prodml.retraining.notices import Notice, Notifier, tell
from prodml.retraining.results import RetrainOutcome

__all__ = ["Runner"]

MakeAttempt = Callable[[Lease, Mapping[str, Any], Callable[[], bool]], Attempt[Any, Any]]


@attrs.frozen
class Runner:
    """What takes runs to their ends.

    Parameters
    ----------
    name, alias : str
        The model, and the alias to move.
    journal : Journal
        Of the loop, with a `LoopState` fold.
    attempt : callable
        Makes an `Attempt` of a lease, a run's state, and when to stop.
    notifiers : tuple of Notifier
        Are told what a run came to.
    length, allowance, max_run : timedelta
        Of the lease, for clocks that differ, and after which nothing is renewed any more.
    max_attempts : int
        After so many killed runners a run has failed.
    by : str
        Who this is, for people.
    new_id : callable
        Makes a random id.
    clock : callable
        Tells the time.
    """

    name: str
    alias: str
    journal: Journal
    attempt: MakeAttempt
    notifiers: tuple[Notifier, ...]
    length: timedelta
    allowance: timedelta
    max_run: timedelta
    max_attempts: int
    by: str
    new_id: Callable[[], str]
    clock: Clock

    def __attrs_post_init__(self) -> None:
        for what, value in (("lease", self.length), ("max_run", self.max_run)):
            if not isinstance(value, timedelta) or value <= timedelta(0):
                raise ConfigError(
                    f"{what} must be a timedelta longer than nothing, such as timedelta(hours=1), "
                    f"got {value!r:.40}"
                )
        if not isinstance(self.allowance, timedelta) or self.allowance < timedelta(0):
            raise ConfigError(
                f"clock_skew must be a timedelta that is not negative, got {self.allowance!r:.40}"
            )
        n = self.max_attempts
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ConfigError(f"max_attempts must be a whole number of at least 1, got {n!r:.40}")

    def run(self, look: Look, stop: Callable[[], bool]) -> RetrainOutcome:
        """Do what was decided, unless somebody else is at it."""
        lease = Lease(self.journal, self.new_id(), self.by, self.length, self.allowance, self.clock)
        run_id = f"{look.context.now:%Y%m%dt%H%M%S}-{self.new_id()}"
        try:
            lease.take(n_runs=look.state["n_runs"], begun=look.begun(), run_id=run_id)
        except ConflictError as exc:
            self._skip(look, str(exc))
            return look.outcome("busy" if look.decision.due else "not due", str(exc))
        with Heartbeat(lease, self.max_run):
            return self._held(lease, look, stop)

    def _held(self, lease: Lease, look: Look, stop: Callable[[], bool]) -> RetrainOutcome:
        run = self.journal.state()["run"]
        if run is None:  # only notices were left to deliver
            self._deliver_and_release(lease)
            return look.outcome("not due")
        try:
            self._refuse_hopeless(run)
            result = self.attempt(lease, run, stop).go()
            seconds = self._finish(lease, run, result)
        except StoppedError:
            lease.release()
            return look.outcome("stopped", run_id=run["run_id"], attempt=run["attempts"])
        except LeaseLostError as exc:
            self.journal.append("lease_lost", {"by": self.by, "message": str(exc)})
            raise
        except BaseException as exc:
            self._fail(lease, run, exc)
            raise
        self._deliver_and_release(lease)
        return look.outcome(
            "promoted" if result.promoted else "kept",
            version=result.version,
            decision=result.decision,
            seconds=seconds,
            run_id=run["run_id"],
            attempt=run["attempts"],
            verdict_message=result.message,
        )

    def _refuse_hopeless(self, run: Mapping[str, Any]) -> None:
        if run["attempts"] > self.max_attempts:
            step = _last_step(run)
            raise StepError(
                f"run {run['run_id']} is given up: {self.max_attempts} runners were killed at it, the "
                f"last one after {step or 'it had begun'}. Was there too little memory or time?",
                step=step,
            )

    def _finish(self, lease: Lease, run: Mapping[str, Any], result: Result) -> float:
        started = time_of(run["started"]) or self.clock()
        seconds = (self.clock() - started).total_seconds()
        facts = result.facts()
        notice = self._notice(run, facts)
        lease.write("run_finished", run_id=run["run_id"], seconds=seconds, notice=notice, **facts)
        return seconds

    def _fail(self, lease: Lease, run: Mapping[str, Any], exc: BaseException) -> None:
        """Write down that a run failed, and tell; an interrupt ends the lease too."""
        run = self.journal.state()["run"] or run
        step, error = _last_step(run), type(exc).__name__
        # A message of somebody else's may speak of the data; its kind is enough for a journal.
        why = str(exc) if isinstance(exc, ProdmlError) else error
        facts = {
            "status": "failed",
            "version": run["steps"].get("registered", {}).get("version"),
            "message": f"after {step or 'the beginning'}: {why}",
            "error": error,
        }
        try:
            notice = self._notice(run, facts)
            lease.write("run_failed", run_id=run["run_id"], notice=notice, **facts)
            self._deliver_and_release(lease)
        except Exception as second:  # noqa: BLE001  (what went wrong first is what matters)
            exc.add_note(
                f"the journal of the loop could not be told ({second}); the run goes on when the lease ends"
            )

    def _notice(self, run: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, object] | None:
        if not self.notifiers:
            return None
        return Notice(
            id=f"{run['run_id']}.{facts['status']}",
            model=self.name,
            alias=self.alias,
            status=facts["status"],
            run_id=run["run_id"],
            at=self.clock().isoformat(),
            message=facts["message"],
            reasons=[f"{r['trigger']}: {r['message']}" for r in run["reasons"]],
            version=facts.get("version"),
            previous=facts.get("previous"),
            verdict=facts.get("verdict"),
            n_needed=facts.get("n_needed"),
        ).to_dict()

    def _deliver_and_release(self, lease: Lease) -> None:
        for entry in self.journal.state()["outbox"]:
            told, failed = tell(self.notifiers, entry)
            gave_up = bool(failed) and entry["tries"] + 1 >= MAX_TRIES
            lease.write(
                "notified", id=entry["notice"]["id"], told=told, failed=failed, gave_up=gave_up
            )
        lease.release()

    def _skip(self, look: Look, why: str) -> None:
        held = self.journal.state()["lease"] or {}
        at = look.context.now.isoformat()
        self.journal.append("skipped", {"at": at, "holder": held.get("holder", ""), "why": why})


def _last_step(run: Mapping[str, Any]) -> str:
    steps = list(run["steps"])
    return str(steps[-1]) if steps else ""
