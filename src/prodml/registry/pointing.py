"""The verbs that move aliases: promote, roll back, remove."""

from __future__ import annotations

from collections.abc import Callable

from prodml.errors import ConfigError
from prodml.journal import Draft
from prodml.registry.approving import Approving
from prodml.registry.comparison import GateLike
from prodml.registry.fold import current
from prodml.registry.promotion import Candidate, check_expected, promotion_of
from prodml.registry.refs import Numbered, check_alias, check_version
from prodml.registry.results import Promotion
from prodml.registry.shelf import State
from prodml.registry.trust import Trust, trusted_by_reader

__all__ = ["Pointing"]


class Pointing(Approving):
    """What moves aliases; see `prodml.Registry`."""

    _gate: GateLike
    _gated: frozenset[str]

    def promote(
        self,
        name: str,
        version: int | str | Numbered,
        *,
        alias: str = "champion",
        expect: int | str | Numbered | None = None,
        reason: str = "",
        force: bool = False,
        gate: GateLike | None = None,
        trust: Trust | None = None,
        check: Callable[[], object] | None = None,
    ) -> Promotion:
        """Point an alias at a version, if the gate is convinced.

        The gate compares the version with the one the alias points at now, on the new version's
        holdout, both loaded from the registry. Its decision is recorded, whichever way it goes. A
        first promotion has nothing to be compared with and is allowed.

        Parameters
        ----------
        name : str
            The model.
        version : int or str
            The version: 3, "3" or "v3".
        alias : str, default "champion"
            The alias; only those in `gated` ask the gate.
        expect : int or str, optional
            Where you believe the alias points now; 0 for nowhere.
        reason : str, default ""
            Why.
        force : bool, default False
            Move it whatever the gate says. Needs a reason, and is marked in the history. It does
            not stand in for approvals.
        gate : GateLike, optional
            Instead of the registry's own.
        trust : {"pickle"}, optional
            Allow pickled models to be loaded for the comparison.
        check : callable, optional
            Asked last of all, and again if anything happened to the model meanwhile; raises if the
            promotion must not be any more. What guards it may be kept anywhere: a lease, a freeze.

        Returns
        -------
        Promotion

        Raises
        ------
        RefusedError
            If the gate is not convinced (its evidence is on ``.decision``), approvals are missing,
            the version cannot take the champion's inputs, has no holdout or is deprecated, or the
            policy forbids it.
        ConflictError
            If the alias points at this version already, not where you expect, or was moved while
            the gate decided.
        UnknownNameError
            If there is no such model or version.
        """
        trusted_by_reader(trust)
        if check is not None and not callable(check):
            raise ConfigError(f"check must be a function, got a {type(check).__name__}")
        shelf = self._existing(name)
        gate = self._gate if gate is None else gate
        with self._guard.watch("promote", f"models/{name}@{check_alias(alias)}") as details:
            details["version"] = check_version(version, name=name)
            promotion = Candidate.of(
                shelf,
                version,
                alias,
                expect=expect,
                gate=gate if alias in self._gated else None,
                trust=trust,
                force=force,
                reason=reason,
                approved=lambda number, state: self._check_approved(shelf, number, alias, state),
                check=check,
            ).promote()
            details.update(previous=promotion.previous, kind=promotion.kind)
        return promotion

    def rollback(
        self,
        name: str,
        *,
        alias: str = "champion",
        expect: int | str | Numbered | None = None,
        reason: str = "",
    ) -> Promotion:
        """Point an alias back at the version it pointed at before. Asks no gate and for no approval.

        Rolled back again, it goes one further back, never forward. Deprecated and deleted versions
        are passed over. What is promoted after a rollback takes the place of what was rolled away,
        and what was rolled away has to be approved again.

        Parameters
        ----------
        name, alias, expect, reason
            As in `promote`.

        Returns
        -------
        Promotion

        Raises
        ------
        ConflictError
            If there is no version before, or the alias does not point where you expect.
        UnknownNameError
            If there is no such model or alias.
        """
        shelf = self._existing(name)
        with self._guard.watch("rollback", f"models/{name}@{check_alias(alias)}") as details:
            event = shelf.step_back(
                alias,
                check=lambda found: check_expected(name, alias, expect, found),
                reason=reason,
            )
            promotion = promotion_of(name, event)
            details.update(version=promotion.version, previous=promotion.previous)
        return promotion

    def remove_alias(
        self,
        name: str,
        alias: str,
        *,
        expect: int | str | Numbered | None = None,
        reason: str = "",
    ) -> None:
        """Take an alias away; whoever asks for it is told that there is none.

        Parameters
        ----------
        name, alias, expect, reason
            As in `promote`. An alias in `gated` needs a reason.

        Raises
        ------
        ConfigError
            If a gated alias is to be removed without a reason.
        ConflictError
            If the alias does not point where you expect.
        UnknownNameError
            If there is no such model or alias.
        """
        shelf = self._existing(name)
        if check_alias(alias) in self._gated and not reason.strip():
            raise ConfigError(f"say why there should be no {alias} any more: reason is empty")

        def decide(state: State) -> Draft:
            found = current(state, alias)
            if found is None:
                raise shelf.unknown("alias", alias, state["aliases"])
            check_expected(name, alias, expect, found)
            return Draft("alias_removed", {"alias": alias, "from": found}, reason)

        with self._guard.watch("remove", f"models/{name}@{alias}") as details:
            details["version"] = shelf.journal.commit(decide).payload["from"]
