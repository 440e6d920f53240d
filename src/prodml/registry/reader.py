"""The half of a registry that only reads: what a server of predictions needs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

from prodml.errors import ConfigError, ProdmlWarning, UnknownNameError
from prodml.journal import Head
from prodml.ports import Clock, Keys, Storage
from prodml.ports.duck import check_methods
from prodml.registry.card import ModelCard
from prodml.registry.guard import Guard
from prodml.registry.promotion import history_of
from prodml.registry.refs import Ref, check_name
from prodml.registry.results import Checked, History, Holdout, ModelVersion
from prodml.registry.shelf import Shelf

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike

__all__ = ["Model", "RegistryReader", "Trust", "check_trust"]

Trust = Literal["pickle"]


class Model(Protocol):
    """What `Registry.load` returns: a fitted estimator with whatever methods its class has."""

    def predict(self, X: ArrayLike | pd.DataFrame, /) -> np.ndarray:
        """Return one prediction per row."""
        ...

    def predict_proba(self, X: ArrayLike | pd.DataFrame, /) -> np.ndarray:
        """Return one probability per row and class, if it is a classifier that has them."""
        ...


class RegistryReader:
    """What can be asked of a registry; `Registry` adds what can be done to it.

    Parameters
    ----------
    storage : Storage
        Where everything is kept.
    keys : Keys or None
        Check the signature of every version.
    guard : Guard
        The access policy and the audit trail.
    clock : Clock
        Stamps the events.
    """

    def __init__(self, storage: Storage, *, keys: Keys | None, guard: Guard, clock: Clock) -> None:
        check_methods(
            storage, "put", "get", "list", what="storage", such_as='open_storage("./store")'
        )
        if keys is not None:
            check_methods(keys, "active", "get", what="keys", such_as="EnvKeys()")
        self._storage = storage
        self._keys = keys
        self._guard = guard
        self._clock = clock
        self._shelves: dict[str, Shelf] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._storage.caps.url})"

    def load(self, ref: str, *, trust: Trust | None = None) -> Model:
        """Return a model, once its bytes are proven to be those that were registered.

        Parameters
        ----------
        ref : str
            ``"name@alias"`` or ``"name/3"``, with or without ``"models:/"`` before it.
        trust : {"pickle"}, optional
            Needed for a version that is stored as a pickle: unpickling can run any code.

        Returns
        -------
        estimator

        Raises
        ------
        IntegrityError
            If the bytes are not those that were registered, or the restored model answers the
            recorded rows otherwise.
        UntrustedModelError
            If it is a pickle and `trust` is not given, or not signed where the registry has keys.
        UnknownNameError
            If there is no such model, version or alias.
        """
        check_trust(trust)
        shelf, number = self._find(ref)
        with self._guard.watch("load", f"models/{shelf.name}/{number}") as details:
            facts = shelf.facts(number)
            details["digest"] = facts["model"]
            model: Any = shelf.model(number, trust=trust)
        if facts["deprecated"] is not None:
            warnings.warn(
                f"{shelf.name}/{number} is deprecated: {facts['deprecated']}",
                ProdmlWarning,
                stacklevel=2,
            )
        return model  # type: ignore[no-any-return]

    def get(self, ref: str) -> ModelVersion:
        """Return what is known about a version, without loading its model."""
        shelf, number = self._find(ref)
        return shelf.version(number)

    def holdout(self, ref: str) -> Holdout | None:
        """Return the holdout of a version; None if it was registered without one."""
        shelf, number = self._find(ref)
        with self._guard.watch("read", f"models/{shelf.name}/{number}/holdout"):
            return shelf.artifacts.holdout(shelf.facts(number), f"{shelf.name}/{number}")

    def reference(self, ref: str) -> pd.DataFrame | None:
        """Return a sample of what a version was trained on, at most 1,000 rows; None if unknown."""
        shelf, number = self._find(ref)
        with self._guard.watch("read", f"models/{shelf.name}/{number}/reference"):
            return shelf.artifacts.reference(shelf.facts(number), f"{shelf.name}/{number}")

    def card(self, ref: str) -> ModelCard:
        """Return a model card, computed from what is recorded."""
        shelf, number = self._find(ref)
        version = shelf.version(number)
        aliases = [alias for alias, points in self.aliases(shelf.name).items() if points == number]
        moves = [move for move in history_of(shelf) if number in (move.version, move.previous)]
        return ModelCard(version, tuple(sorted(aliases)), tuple(moves))

    def models(self) -> list[str]:
        """Return the names of all models, sorted."""
        return sorted(name for name in self._names() if self._shelf(name).exists)

    def versions(self, name: str) -> list[ModelVersion]:
        """Return all versions of a model, the oldest first."""
        shelf = self._existing(name)
        return [shelf.version(n + 1) for n in range(len(shelf.journal.state()["versions"]))]

    def aliases(self, name: str) -> dict[str, int]:
        """Return where every alias of a model points."""
        trails = self._existing(name).journal.state()["aliases"]
        return {alias: trail[-1] for alias, trail in sorted(trails.items())}

    def history(self, name: str) -> History:
        """Return who pointed which alias where, when and why, and whom the gate refused."""
        return history_of(self._existing(name))

    def head(self, name: str) -> Head:
        """Return number and digest of a model's newest event, to be kept elsewhere for `verify`."""
        return self._existing(name).journal.head()

    def verify(
        self, name: str | None = None, *, expect: Mapping[str, Head] | None = None
    ) -> Checked:
        """Read every event and every blob of a model, or of all, and check them.

        Parameters
        ----------
        name : str, optional
            The model; None for all.
        expect : mapping of str to Head, optional
            Model to an earlier `head`: shows that newer events were cut off, or that a journal
            was written anew, which its own chain cannot show.

        Returns
        -------
        Checked

        Raises
        ------
        IntegrityError
            Names the first event or blob that is not what was written.
        """
        heads = dict(expect or {})
        names = sorted({*self.models(), *heads}) if name is None else [check_name(name)]
        for each in heads.keys() & set(names):
            self._shelf(each).journal.verify(expect=heads[each])
        checks = [self._existing(each).verify() for each in names]
        return Checked(
            n_models=len(checks),
            n_events=sum(check.n_events for check in checks),
            n_blobs=sum(check.n_blobs for check in checks),
        )

    def _names(self) -> list[str]:
        """Return the names below which anything is stored, also that of a first version that failed."""
        names, after = [], None
        while found := next(self._storage.list("models/", after=after, limit=1), None):
            name = found.key.split("/")[1]
            after = f"models/{name}0"  # "0" follows "/": the next key is that of another model
            names.append(name)
        return names

    def _find(self, ref: str) -> tuple[Shelf, int]:
        parsed = Ref.parse(ref)
        shelf = self._existing(parsed.name)
        return shelf, shelf.number(parsed)

    def _existing(self, name: str) -> Shelf:
        shelf = self._shelf(name)
        if not shelf.exists:
            raise UnknownNameError("model", name, self.models(), where="in this registry")
        return shelf

    def _shelf(self, name: str) -> Shelf:
        if name not in self._shelves:
            shelf = Shelf(
                self._storage,
                check_name(name),
                actor=self._guard.actor,
                clock=self._clock,
                keys=self._keys,
            )
            return self._shelves.setdefault(name, shelf)
        return self._shelves[name]


def check_trust(trust: str | None) -> None:
    """Refuse any trust but that in pickles."""
    if trust not in (None, "pickle"):
        raise ConfigError(f'trust is None or "pickle", got {trust!r:.60}')
