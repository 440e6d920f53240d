"""The verbs that take out of use: deprecate, delete, and collect what nothing refers to any more."""

from __future__ import annotations

from prodml.errors import ConfigError, ConflictError
from prodml.journal import Collected, Draft
from prodml.registry.fold import current
from prodml.registry.refs import Numbered, check_version
from prodml.registry.results import ModelVersion
from prodml.registry.shelf import State
from prodml.registry.shelves import Shelves

__all__ = ["Retirement"]


class Retirement(Shelves):
    """What takes models and versions out of use; see `prodml.Registry`."""

    def deprecate(self, name: str, version: int | str | Numbered, reason: str) -> ModelVersion:
        """Warn against a version from now on; aliases stay where they are, approvals lapse.

        Raises
        ------
        ConfigError
            If the reason is empty.
        UnknownNameError
            If there is no such model or version.
        """
        _check_reason(reason, "nobody should use this version any more")
        shelf = self._existing(name)
        number = check_version(version, name=name)

        def decide(state: State) -> Draft:
            shelf.facts(number, state)
            return Draft("version_deprecated", {"version": number}, reason)

        with self._guard.watch("deprecate", f"models/{name}/{number}"):
            shelf.journal.commit(decide)
        return shelf.version(number)

    def delete(self, name: str, version: int | str | Numbered, *, reason: str) -> None:
        """Delete a version: nothing finds it any more, and its number is never given again.

        The journal keeps that it was there, who deleted it and why. Its bytes go with the next
        `collect`.

        Parameters
        ----------
        name : str
            The model.
        version : int or str
            The version.
        reason : str
            Why.

        Raises
        ------
        ConfigError
            If the reason is empty.
        ConflictError
            If an alias points at it.
        UnknownNameError
            If there is no such model or version.
        """
        _check_reason(reason, "this version is to be deleted")
        shelf, number = self._existing(name), check_version(version, name=name)

        def decide(state: State) -> Draft:
            shelf.check_version(number, state)
            pointing = [alias for alias in state["aliases"] if current(state, alias) == number]
            _check_free(f"{name}/{number}", pointing, name)
            return Draft("version_deleted", {"version": number}, reason)

        with self._guard.watch("delete", f"models/{name}/{number}"):
            shelf.journal.commit(decide)

    def delete_model(self, name: str, *, reason: str) -> None:
        """Delete a model with all its versions; its journal stays. See `delete`.

        Whoever registers under the same name later begins with the next number.

        Raises
        ------
        ConfigError
            If the reason is empty.
        ConflictError
            If an alias points at any version.
        UnknownNameError
            If there is no such model.
        """
        _check_reason(reason, "this model is to be deleted")
        shelf = self._existing(name)

        def decide(state: State) -> Draft:
            _check_free(name, list(state["aliases"]), name)
            return Draft("model_deleted", {}, reason)

        with self._guard.watch("delete", f"models/{name}"):
            shelf.journal.commit(decide)

    def collect(
        self, name: str | None = None, *, dry_run: bool = False, reason: str = ""
    ) -> Collected:
        """Delete the stored bytes that no version refers to any more.

        These are what deleted versions leave behind, and uploads whose writer died. It may run at
        any time, beside any number of writers and readers, and there is no age to wait for; a
        registration that is under way stores its bytes once more.

        Parameters
        ----------
        name : str, optional
            The model; None for all.
        dry_run : bool, default False
            Whether to count only.
        reason : str, default ""
            Why; written into the journal.

        Returns
        -------
        Collected
            How many blobs, and how many bytes.

        Raises
        ------
        UnknownNameError
            If there is no such model.
        RefusedError
            If the access policy forbids it.
        """
        total = Collected(0, 0, dry_run)
        for each in self._names() if name is None else [name]:
            shelf = self._shelf(each) if name is None else self._existing(each)
            with self._guard.watch("collect", f"models/{each}") as details:
                found = shelf.collect(dry_run=dry_run, reason=reason)
                details.update(found.to_dict())
            total += found
        return total


def _check_reason(reason: str, what: str) -> None:
    if not isinstance(reason, str) or not reason.strip():
        raise ConfigError(f"say why {what}: reason is empty")


def _check_free(what: str, pointing: list[str], name: str) -> None:
    if not pointing:
        return
    aliases = ", ".join(sorted(pointing))
    raise ConflictError(
        f"{what} is in use as {aliases}: promote another version, or take the alias away with "
        f'remove_alias("{name}", "{min(pointing)}")'
    )
