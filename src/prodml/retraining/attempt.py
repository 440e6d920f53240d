"""One attempt at a run: every step is in the journal, and what is behind it is not done again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from prodml.errors import ConflictError, RefusedError, SchemaError, UnknownNameError
from prodml.gate import GateDecision
from prodml.retraining.lease import Lease
from prodml.retraining.neighbours import RegistryLike, TrainerLike

if TYPE_CHECKING:
    from prodml.registry.comparison import GateLike

__all__ = ["Attempt", "Result", "StoppedError"]

Data = TypeVar("Data")
RunT = TypeVar("RunT")

_AGREED = ("approved", "withdrawn")  # what others said of a version moves no alias


class StoppedError(Exception):
    """Somebody asked to stop between two steps; never leaves this room."""


@attrs.frozen
class Result:
    """What a run came to.

    Parameters
    ----------
    version : int
        The new version.
    promoted : bool
        Whether the alias was pointed at it.
    message : str
        Why, in a sentence.
    previous : int or None
        Where the alias pointed before.
    decision : GateDecision or None
        The gate's evidence, if it was asked.
    """

    version: int
    promoted: bool
    message: str
    previous: int | None = None
    decision: GateDecision | None = None

    def facts(self) -> dict[str, Any]:
        """Return what the journal keeps; the evidence itself is in the registry's."""
        evidence = self.decision
        return {
            "status": "promoted" if self.promoted else "kept",
            "version": self.version,
            "previous": self.previous,
            "message": self.message,
            "verdict": None if evidence is None else evidence.verdict,
            "n_rows": None if evidence is None else evidence.n_rows,
            "n_needed": None if evidence is None else evidence.n_needed,
        }


@attrs.frozen
class Attempt(Generic[Data, RunT]):
    """Takes a run from where it is to its end.

    Parameters
    ----------
    name, alias : str
        The model, and the alias to move.
    trainer, registry, source, gate
        As in `RetrainLoop`.
    lease : Lease
        Held; every step is written under it.
    run : mapping
        The run's state in the journal.
    stop : callable
        Asked between steps; true ends the attempt there.
    """

    name: str
    alias: str
    trainer: TrainerLike[Data, RunT]
    registry: RegistryLike[RunT]
    source: Callable[[], Data]
    gate: GateLike | None
    lease: Lease
    run: Mapping[str, Any]
    stop: Callable[[], bool]

    def go(self) -> Result:
        """Do what is left to do.

        Raises
        ------
        StoppedError
            If `stop` said so; the next attempt goes on from here.
        LeaseLostError
            If another runner took over.
        """
        self._may_go_on()
        version = self._registered()
        self._may_go_on()
        result = self._decided(version)
        if "decided" not in self.run["steps"]:
            self.lease.write("decided", **result.facts())
        return result

    def _registered(self) -> int:
        steps = self.run["steps"]
        if "registered" in steps:
            return int(steps["registered"]["version"])
        version = self._registered_before() if self.run["attempts"] > 1 else None
        if version is None:
            version = self._train_and_register()
        self.lease.write("registered", version=version)
        return version

    def _train_and_register(self) -> int:
        data = self.source()
        n_rows = len(data) if isinstance(data, Sized) else None
        if data is None or n_rows == 0:
            raise SchemaError(
                f"the source of {self.name} returned no rows: there is nothing to learn"
            )
        self.lease.write("data_fetched", n_rows=n_rows)
        self._may_go_on()
        trained = self.trainer.fit(data)
        self.lease.write("trained")
        # No stop here: what is trained is only in memory, and registering it takes but a moment.
        reasons, run_id = self.run["reasons"], self.run["run_id"]
        tags = {"trigger": "+".join(r["trigger"] for r in reasons), "retrain_run": run_id}
        reason = self.run["message"]
        registered = self.registry.register(
            self.name, trained, tags=tags, reason=reason, once=run_id
        )
        return registered.version

    def _registered_before(self) -> int | None:
        """Return the version that an earlier attempt registered just before it was killed."""
        try:
            versions = list(self.registry.versions(self.name))
        except UnknownNameError:
            return None
        mine = (v.version for v in versions if v.tags.get("retrain_run") == self.run["run_id"])
        return next(mine, None)

    def _decided(self, version: int) -> Result:
        before = self._decided_before(version) if self.run["attempts"] > 1 else None
        if before is not None:
            return before
        try:
            return self._ask(version)
        except ConflictError:
            self.lease.check()
            raise

    def _ask(self, version: int) -> Result:
        try:
            found = self.registry.promote(
                self.name,
                version,
                alias=self.alias,
                reason=self.run["message"],
                gate=self.gate,
                check=self.lease.check,
            )
        except RefusedError as exc:
            evidence = exc.decision if isinstance(exc.decision, GateDecision) else None
            why = str(exc) if evidence is None else evidence.reason
            return Result(version, promoted=False, message=why, decision=evidence)
        return _promoted(found.version, found.previous, found.decision)

    def _decided_before(self, version: int) -> Result | None:
        """Return what an earlier attempt came to just before it was killed, from the registry."""
        moves = self.registry.history(self.name)
        mine = [
            m
            for m in moves
            if (m.alias, m.version) == (self.alias, version) and m.kind not in _AGREED
        ]
        if not mine:
            return None
        last = mine[0]  # what came of the version later is not this run's doing
        if last.kind != "refused":
            return _promoted(version, last.previous, last.decision)
        why = "the gate refused" if last.decision is None else last.decision.reason
        return Result(version, False, why, last.previous, last.decision)

    def _may_go_on(self) -> None:
        if self.stop():
            raise StoppedError


def _promoted(version: int, previous: int | None, decision: GateDecision | None) -> Result:
    if decision is not None:
        message = decision.reason
    elif previous is None:
        message = "the first: there was nothing to compare it with"
    else:
        message = "this alias has no gate"
    return Result(version, True, message, previous, decision)
