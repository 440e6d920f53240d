"""The verbs of four eyes: approve, withdraw, and say how many must agree."""

from __future__ import annotations

from collections.abc import Mapping

from prodml.errors import ConfigError, ConflictError, RefusedError
from prodml.journal import Draft
from prodml.registry.approvals import ApprovalRule, Approvals, approvals_of, check_approvals
from prodml.registry.refs import Numbered, check_alias, check_version
from prodml.registry.shelf import Shelf, State
from prodml.registry.shelves import Shelves

__all__ = ["Approving"]


class Approving(Shelves):
    """What asks others before an alias moves; see `prodml.Registry`."""

    _rule: ApprovalRule

    def approve(
        self,
        name: str,
        version: int | str | Numbered,
        *,
        alias: str = "champion",
        reason: str = "",
    ) -> Approvals:
        """Agree that an alias may point at a version.

        An approval is one person's word about the facts before them. It lapses when the version is
        tagged, deprecated or deleted, and when the alias is rolled back from it.

        Parameters
        ----------
        name, version
            As in `promote`.
        alias : str, default "champion"
            What the version may become.
        reason : str, default ""
            What was looked at.

        Returns
        -------
        Approvals
            All there are by now.

        Raises
        ------
        RefusedError
            If you registered the version yourself, it is deprecated, or the policy forbids it.
        ConfigError
            If the registry was opened without an `actor`: nobody's approval counts for nothing.
        ConflictError
            If you approved it already.
        """
        return self._say("version_approved", name, version, alias, reason)

    def withdraw(
        self,
        name: str,
        version: int | str | Numbered,
        *,
        alias: str = "champion",
        reason: str = "",
    ) -> Approvals:
        """Take your own approval back; an alias that has moved already stays where it is.

        Parameters
        ----------
        name, version, alias, reason
            As in `approve`.

        Returns
        -------
        Approvals
            Those that are left.

        Raises
        ------
        ConflictError
            If there is no approval of yours.
        """
        return self._say("approval_withdrawn", name, version, alias, reason)

    def approvals(
        self, name: str, version: int | str | Numbered, *, alias: str = "champion"
    ) -> Approvals:
        """Return who agrees that an alias may point at a version, and how many are needed."""
        shelf, number = self._existing(name), check_version(version, name=name)
        return self._approvals(shelf, number, check_alias(alias), shelf.journal.state())

    def require(
        self, name: str, approvals: Mapping[str, int], *, reason: str = ""
    ) -> dict[str, int]:
        """Write down how many must approve before an alias of this model moves, for everybody.

        What `Registry` is given as ``approvals`` holds where that registry is used; this holds
        wherever the model is opened. Whoever may do this may also ask for fewer, which stays in the
        journal: grant "require" to somebody who does not promote.

        Parameters
        ----------
        name : str
            The model.
        approvals : mapping of str to int
            Alias to number, 0 for none; aliases that are not named stay as they are.
        reason : str, default ""
            Why.

        Returns
        -------
        dict of str to int
            All that is asked for by now.

        Raises
        ------
        ConfigError
            If it is no such mapping, or empty.
        """
        needed = ApprovalRule(approvals).needed
        if not needed:
            raise ConfigError('name at least one alias, such as {"champion": 1}')
        shelf = self._existing(name)
        payload = {"needed": {check_alias(alias): n for alias, n in needed.items()}}
        with self._guard.watch("require", f"models/{name}"):
            shelf.journal.append("approvals_required", payload, reason=reason)
        return dict(shelf.journal.state()["needed"])

    def _say(
        self, word: str, name: str, version: int | str | Numbered, alias: str, reason: str
    ) -> Approvals:
        shelf, number = self._existing(name), check_version(version, name=name)
        actor, is_given = self._guard.actor, word == "version_approved"
        verb = "approve" if is_given else "withdraw"
        if not actor:
            raise ConfigError(
                f'open the registry with an actor to {verb}: Registry(..., actor="anna")'
            )

        def decide(state: State) -> Draft:
            found = self._approvals(shelf, number, alias, state)
            _check_say(found, actor, is_given=is_given)
            why = shelf.facts(number, state)["deprecated"]
            if is_given and why is not None:
                raise RefusedError(f"{name}/{number} is deprecated: {why}")
            return Draft(word, {"version": number, "alias": alias}, reason)

        with self._guard.watch(verb, f"models/{name}@{check_alias(alias)}") as details:
            details["version"] = number
            shelf.journal.commit(decide)
        return self.approvals(name, number, alias=alias)

    def _approvals(self, shelf: Shelf, number: int, alias: str, state: State) -> Approvals:
        return approvals_of(shelf.name, shelf.facts(number, state), state, alias, self._rule)

    def _check_approved(self, shelf: Shelf, number: int, alias: str, state: State) -> None:
        check_approvals(self._approvals(shelf, number, alias, state), self._guard.actor)


def _check_say(found: Approvals, actor: str, *, is_given: bool) -> None:
    version = f"{found.name}/{found.version}"
    if actor == found.registrant:
        raise RefusedError(f'"{actor}" registered {version}: somebody else has to approve it')
    if is_given and actor in found.by:
        raise ConflictError(f'"{actor}" approves {version} as {found.alias} already')
    if not is_given and actor not in found.by:
        raise ConflictError(f'"{actor}" has given no approval of {version} as {found.alias}')
