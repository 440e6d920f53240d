"""Every model of a storage, each on its shelf: what all verbs of a registry begin with."""

from __future__ import annotations

from prodml.crypto.wrapping import KeyWrap
from prodml.errors import UnknownNameError
from prodml.journal import HeadMemory
from prodml.ports import Clock, Storage
from prodml.ports.duck import check_methods
from prodml.registry.fold import is_known
from prodml.registry.guard import Guard
from prodml.registry.refs import Ref, check_name
from prodml.registry.shelf import Shelf
from prodml.registry.signature import Proofs

__all__ = ["Shelves"]


class Shelves:
    """Finds models and versions; the verbs stand in the classes that inherit from it.

    Parameters
    ----------
    storage : Storage
        Where everything is kept.
    proofs : Proofs
        Signs versions, and checks the signature of every version.
    wrap : KeyWrap or None
        Wraps the keys that versions are encrypted with; None stores them as they are.
    guard : Guard
        The access policy and the audit trail.
    heads : HeadMemory or None
        Remembers how far every journal was seen to go.
    clock : Clock
        Stamps the events.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        proofs: Proofs,
        wrap: KeyWrap | None,
        guard: Guard,
        heads: HeadMemory | None,
        clock: Clock,
    ) -> None:
        check_methods(
            storage, "put", "get", "list", what="storage", such_as='open_storage("./store")'
        )
        self._storage = storage
        self._proofs = proofs
        self._wrap = wrap
        self._guard = guard
        self._heads = heads
        self._clock = clock
        self._shelves: dict[str, Shelf] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._storage.caps.url})"

    def models(self) -> list[str]:
        """Return the names of all models, sorted."""
        return sorted(name for name in self._names() if self._shelf(name).exists)

    def resolve(self, ref: str) -> int:
        """Return the number of the version a reference means; costs one look at the storage.

        Raises
        ------
        UnknownNameError
            If there is no such model, version or alias.
        """
        return self._find(ref)[1]

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
        shelf = self._shelf(parsed.name)
        state = shelf.journal.state()
        if not is_known(state):
            raise self._no_model(parsed.name)
        return shelf, shelf.number(parsed, state)

    def _existing(self, name: str) -> Shelf:
        shelf = self._shelf(name)
        if not shelf.exists:
            raise self._no_model(name)
        return shelf

    def _no_model(self, name: str) -> UnknownNameError:
        return UnknownNameError("model", name, self.models(), where="in this registry")

    def _shelf(self, name: str) -> Shelf:
        if name not in self._shelves:
            shelf = Shelf(
                self._storage,
                check_name(name),
                actor=self._guard.actor,
                clock=self._clock,
                heads=self._heads,
                proofs=self._proofs,
                wrap=self._wrap,
            )
            return self._shelves.setdefault(name, shelf)
        return self._shelves[name]
