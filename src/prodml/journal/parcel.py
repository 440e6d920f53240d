"""Blobs on their way into an event, safe from a collection that passes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prodml.journal.blobs import Blobs
from prodml.ports.storage import Data

__all__ = ["Parcel"]


class Parcel:
    """Blobs that an event will refer to, kept at hand until the event is committed.

    A collection takes what no event refers to, so also what was stored for an event that is not
    there yet. A parcel is settled inside `Journal.commit`, on the very state the event will follow:
    what a collection may have taken meanwhile is stored again, in the newer generation.

    Parameters
    ----------
    blobs : Blobs
        Where they go.
    generation : int, default 0
        `Journal.generation`, as far as it is known.
    kept : mapping of str to int, optional
        Digests that living events refer to, and in which generation: not stored again.

    Examples
    --------
    >>> from prodml.journal import Draft, Journal
    >>> from prodml.storage import MemoryStorage
    >>> store = MemoryStorage()
    >>> journal, blobs = Journal(store, "models/churn"), Blobs(store, "models/churn/blobs")
    >>> parcel = Parcel(blobs, generation=journal.generation)
    >>> digest = parcel.put(b"weights")
    >>> def decide(state):
    ...     return Draft("stored", {"blobs": parcel.settle(journal.generation)})
    >>> journal.commit(decide).payload["blobs"][digest]
    0
    """

    def __init__(
        self, blobs: Blobs, *, generation: int = 0, kept: Mapping[str, int] | None = None
    ) -> None:
        self._blobs = blobs
        self._generation = generation
        self._kept = {} if kept is None else dict(kept)
        self._data: dict[str, Data] = {}
        self._stored: dict[str, int] = {}

    def put(self, data: Data) -> str:
        """Store some bytes, as `Blobs.put` does; a `Path` must not change until the commit.

        Returns
        -------
        str
            The digest to find them by.
        """
        digest = self._digest_of_stored(data)
        self._data[digest] = data
        self._stored[digest] = self._kept.get(digest, self._generation)
        return digest

    def settle(
        self, generation: int, kept: Callable[[], Mapping[str, int]] | None = None
    ) -> dict[str, int]:
        """Say in which generation each blob is, and see to it that it is; to be called in `decide`.

        Parameters
        ----------
        generation : int
            `Journal.generation` as it is now.
        kept : callable, optional
            Returns what the state given to `decide` refers to, digests to generations. It is only
            asked after a collection.

        Returns
        -------
        dict of str to int
            Digests to generations; belongs into the event.
        """
        if any(found != generation for found in self._stored.values()):
            safe = {} if kept is None else kept()
            self._generation = generation
            for digest, found in self._stored.items():
                self._stored[digest] = self._settled(digest, found, safe)
        return dict(sorted(self._stored.items()))

    def _digest_of_stored(self, data: Data) -> str:
        if not self._kept:  # then it is digested once, not twice
            return self._blobs.put(data, generation=self._generation)
        digest = self._blobs.digest(data)
        if digest not in self._kept:
            self._blobs.put(data, generation=self._generation)
        return digest

    def _settled(self, digest: str, found: int, safe: Mapping[str, int]) -> int:
        if digest in safe:
            return safe[digest]
        if found != self._generation:
            self._blobs.put(self._data[digest], generation=self._generation)
        return self._generation
