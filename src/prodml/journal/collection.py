"""Deleting blobs that nothing refers to, while others write, without asking any clock.

Blobs come in generations, and an event of type ``gc_tombstone`` begins the next one. An event may
refer to a blob of the generation it was written in, or to one that an event before it keeps; writers
see to that in `Parcel.settle`. So a blob of an older generation that nothing refers to can never be
referred to again, and may be deleted at any time, by anybody, also by the next collection after one
that died half way.

Source: the ordering of deletions by the log itself; Delta Lake and Iceberg wait for an age instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from prodml.errors import ConfigError
from prodml.journal.blobs import Blobs, StoredBlob
from prodml.journal.event import TOMBSTONE, Draft
from prodml.journal.journal import Journal

__all__ = ["Collected", "collect"]


@attrs.frozen
class Collected:
    """What a collection deleted, or would delete.

    Parameters
    ----------
    n_blobs : int
        How many blobs.
    size_bytes : int
        How many bytes they held.
    is_dry_run : bool
        Whether nothing was deleted.
    """

    n_blobs: int
    size_bytes: int
    is_dry_run: bool = False

    def __str__(self) -> str:
        verb = "would delete" if self.is_dry_run else "deleted"
        blobs = "1 blob" if self.n_blobs == 1 else f"{self.n_blobs} blobs"
        return f"{verb} {blobs} of {self.size_bytes} bytes that nothing refers to"

    def __add__(self, other: Collected) -> Collected:
        return Collected(
            self.n_blobs + other.n_blobs,
            self.size_bytes + other.size_bytes,
            self.is_dry_run and other.is_dry_run,
        )

    def to_dict(self) -> dict[str, int | bool]:
        """Return the counts as plain values."""
        return attrs.asdict(self)


def collect(
    journal: Journal,
    blobs: Blobs,
    kept: Callable[[dict[str, Any]], Iterable[tuple[str, int]]],
    *,
    dry_run: bool = False,
    reason: str = "",
) -> Collected:
    """Delete the blobs that nothing refers to.

    It may run at any time, beside any number of writers, readers and other collections, and be
    killed at any point: the next one finishes. A writer whose blobs were stored, but whose event was
    not there yet, stores them once more.

    Parameters
    ----------
    journal : Journal
        Whose events refer to the blobs.
    blobs : Blobs
        Nothing but blobs that events of this one journal refer to.
    kept : callable
        Is given a state of the journal and returns digest and generation of every blob that it refers to.
    dry_run : bool, default False
        Whether to count only.
    reason : str, default ""
        Why; written into the tombstone.

    Returns
    -------
    Collected

    Raises
    ------
    IntegrityError
        If something lies among the blobs that is none.

    Examples
    --------
    >>> from prodml.storage import MemoryStorage
    >>> store = MemoryStorage()
    >>> journal, blobs = Journal(store, "models/churn"), Blobs(store, "models/churn/blobs")
    >>> _ = blobs.put(b"left behind")
    >>> print(collect(journal, blobs, lambda state: []))
    deleted 1 blob of 11 bytes that nothing refers to
    """
    if not callable(kept):
        raise ConfigError(f"kept must be a function of the state, got a {type(kept).__name__}")
    stored = list(blobs.stored())
    head, state = journal.look()
    safe = set(kept(state))
    loose = [blob for blob in stored if (blob.digest, blob.generation) not in safe]
    if dry_run:
        return _sum(loose, is_dry_run=True)
    generation = head.generation
    if any(blob.generation >= generation for blob in loose):
        generation, safe = _entomb(journal, kept, len(loose), reason)
    gone = [b for b in loose if b.generation < generation and (b.digest, b.generation) not in safe]
    if gone:
        journal.settle()  # no power cut may bring back what referred to them
    for blob in gone:
        blobs.delete(blob.digest, generation=blob.generation)
    return _sum(gone, is_dry_run=False)


def _entomb(
    journal: Journal,
    kept: Callable[[dict[str, Any]], Iterable[tuple[str, int]]],
    n_loose: int,
    reason: str,
) -> tuple[int, set[tuple[str, int]]]:
    """Begin the next generation; return it, and what is kept at that very place of the order."""
    safe: set[tuple[str, int]] = set()

    def decide(state: dict[str, Any]) -> Draft:
        safe.clear()
        safe.update(kept(state))
        return Draft(TOMBSTONE, {"n_blobs": n_loose}, reason)

    return journal.commit(decide).generation, safe


def _sum(blobs: Iterable[StoredBlob], *, is_dry_run: bool) -> Collected:
    sizes = [blob.size_bytes for blob in blobs]
    return Collected(len(sizes), sum(sizes), is_dry_run)
