"""Moving an alias: what is asked before it, and what is written down about it."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from prodml.errors import ConfigError, ConflictError, ProdmlError, RefusedError
from prodml.gate import GateDecision
from prodml.journal import Draft, Event
from prodml.registry.comparison import (
    Bout,
    GateLike,
    check_schemas,
    plain_decision,
)
from prodml.registry.fold import current, said_of
from prodml.registry.history import move_of
from prodml.registry.refs import Numbered, check_version
from prodml.registry.results import Promotion
from prodml.registry.shelf import Shelf, State

__all__ = ["Candidate", "check_expected", "promotion_of"]


@attrs.frozen
class Candidate:
    """A version that is to become what an alias points at.

    Parameters
    ----------
    shelf : Shelf
        The model.
    number : int
        The version.
    alias : str
        The alias.
    before : int or None
        Where the alias points now.
    gate : GateLike or None
        Who decides; None for an alias that moves freely.
    trust : {"pickle"} or None
        Whether pickled models may be loaded for the comparison.
    force, reason : bool, str
        Whether to move it whatever the gate says, and why.
    approved : callable
        Of the version and the state of the model; raises if approvals are missing.
    check : callable or None
        Raises if it must not be moved any more.
    """

    shelf: Shelf
    number: int
    alias: str
    before: int | None
    gate: GateLike | None
    trust: str | None
    force: bool
    reason: str
    approved: Callable[[int, State], object]
    check: Callable[[], object] | None = None

    @classmethod
    def of(
        cls,
        shelf: Shelf,
        version: int | str | Numbered,
        alias: str,
        *,
        expect: int | str | Numbered | None,
        gate: GateLike | None,
        trust: str | None,
        force: bool,
        reason: str,
        approved: Callable[[int, State], object],
        check: Callable[[], object] | None = None,
    ) -> Candidate:
        """Check what was asked against the state of the model.

        Raises
        ------
        UnknownNameError, ConflictError, ConfigError
            As `Registry.promote`.
        """
        if force and not reason.strip():
            raise ConfigError("a forced promotion needs a reason: it stays in the history for good")
        number = check_version(version, name=shelf.name)
        shelf.facts(number)
        before = current(shelf.journal.state(), alias)
        check_expected(shelf.name, alias, expect, before)
        if before == number:
            raise ConflictError(f"{shelf.name}@{alias} points at version {number} already")
        return cls(shelf, number, alias, before, gate, trust, force, reason, approved, check)

    def promote(self) -> Promotion:
        """Ask the gate where there is one, write down what it says, and move the alias."""
        self._refuse_deprecated()
        self.approved(self.number, self.shelf.journal.state())
        kind, decision = self._judge()
        evidence = {
            "kind": kind,
            "decision": None if decision is None else plain_decision(decision),
        }
        event = self.shelf.point(
            self.alias,
            self.number,
            before=self.before,
            evidence=evidence,
            reason=self.reason,
            check=self._check_last,
        )
        return promotion_of(self.shelf.name, event)

    def _check_last(self, state: State) -> None:
        """Ask again at the last moment: an approval may have been withdrawn while the gate decided."""
        if self.check is not None:
            self.check()
        self.approved(self.number, state)

    def _refuse_deprecated(self) -> None:
        why = self.shelf.facts(self.number)["deprecated"]
        if why is not None and not self.force:
            raise RefusedError(f"{self.shelf.name}/{self.number} is deprecated: {why}")

    def _judge(self) -> tuple[str, GateDecision | None]:
        if self.before is None:
            return "first", None
        if self.gate is None:
            return "free", None
        if self.force:
            return "forced", self._decide_if_possible(self.gate)
        decision = self._decide(self.gate)
        if decision.verdict != "promote":
            raise RefusedError(
                f"{self.shelf.name}/{self.number} does not replace version {self.before} as {self.alias}: "
                f"{decision.reason}",
                decision=decision,
            )
        return "gate", decision

    def _decide(self, gate: GateLike) -> GateDecision:
        shelf = self.shelf
        champion, challenger = shelf.version(self.before or 0), shelf.version(self.number)
        check_schemas(champion, challenger)
        holdout = shelf.artifacts.holdout(shelf.facts(challenger.version), str(challenger))
        if holdout is None:
            raise RefusedError(
                f"{challenger} was registered without a holdout, so it cannot be compared with "
                f"{champion}. Register it with one, or force the promotion and give a reason"
            )
        models = [(v, shelf.model(v.version, trust=self.trust)) for v in (champion, challenger)]
        bout = Bout.of(gate, holdout, *models)
        while True:
            uses = self._uses(shelf.journal.state(), bout)
            decision = bout.decide(gate, uses=uses)
            if self._write_down(decision, bout, uses):
                return decision

    @staticmethod
    def _uses(state: State, bout: Bout) -> int:
        return said_of(state, "holdouts", bout.digest) or 0

    def _decide_if_possible(self, gate: GateLike) -> GateDecision | None:
        # Force is for the day when the champion cannot even be loaded.
        try:
            return self._decide(gate)
        except ProdmlError:
            return None

    def _write_down(self, decision: GateDecision, bout: Bout, uses: int) -> bool:
        """Keep the evidence, whichever way it went; False if somebody used the rows meanwhile."""
        payload = {
            "alias": self.alias,
            "champion": self.before,
            "challenger": self.number,
            "verdict": decision.verdict,
            "forced": self.force,
            "decision": plain_decision(decision),
            "holdout": bout.digest,
            "holdout_uses": uses + 1,
        }

        def decide(state: State) -> Draft:
            # An alias that has moved is a conflict soon; what the gate has said is kept all the same.
            if self._uses(state, bout) != uses and current(state, self.alias) == self.before:
                raise _UsedMeanwhileError
            return Draft("gate_decided", payload, self.reason)

        try:
            self.shelf.journal.commit(decide)
        except _UsedMeanwhileError:
            return False
        return True


class _UsedMeanwhileError(Exception):
    """The rows have decided for somebody else since they were counted."""


def check_expected(
    name: str, alias: str, expect: int | str | Numbered | None, found: int | None
) -> None:
    """Refuse if the alias does not point where the caller expects; 0 expects nothing there.

    Raises
    ------
    ConflictError
        Names both.
    """
    if expect is None:
        return
    wanted = check_version(expect, name=name) or None
    if wanted != found:
        raise ConflictError(
            f"expected {name}@{alias} to point at {wanted or 'nothing'}, it points at "
            f"{found or 'nothing'}"
        )


def promotion_of(name: str, event: Event) -> Promotion:
    """Read a promotion out of its event."""
    move = move_of(event)
    version = event.payload["to"]
    return Promotion(
        name=name,
        alias=move.alias,
        version=version,
        previous=move.previous,
        kind=move.kind,
        at=move.at,
        seq=move.seq,
        actor=move.actor,
        reason=move.reason,
        decision=move.decision,
    )
