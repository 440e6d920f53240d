"""The one primitive for everything that remembers: an append-only, hash-chained log of small events.

`Journal` writes events and folds them into a state; `Blobs` keeps what is too large for an event.
Both need nothing but a Storage with create-if-absent, so any number of threads, processes and
machines may write at once: no event that was acknowledged is lost, none is there twice.
"""

from prodml.journal.blobs import Blobs, StoredBlob
from prodml.journal.collection import Collected, collect
from prodml.journal.event import Draft, Event, Head, Verification
from prodml.journal.fold import Fold, freeze
from prodml.journal.heads import HeadMemory
from prodml.journal.journal import Journal
from prodml.journal.parcel import Parcel
from prodml.journal.rows import Rows

__all__ = [
    "Blobs",
    "Collected",
    "Draft",
    "Event",
    "Fold",
    "Head",
    "HeadMemory",
    "Journal",
    "Parcel",
    "Rows",
    "StoredBlob",
    "Verification",
    "collect",
    "freeze",
]
