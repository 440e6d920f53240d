"""Many small rows in few events: what predictions, exposures and outcomes are kept in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from prodml.errors import IntegrityError
from prodml.fingerprint.canonical import canonical_json
from prodml.journal.blobs import Blobs
from prodml.journal.event import Event
from prodml.journal.journal import Journal

__all__ = ["Rows"]

_INLINE_BYTES = 32 * 1024


class Rows:
    """Batches of rows in a journal, each kept whole: in its event if small, in a blob if not.

    Parameters
    ----------
    journal : Journal
        Holds one event per batch.
    blobs : Blobs
        Holds the batches that are too large for an event.

    Examples
    --------
    >>> from prodml.storage import MemoryStorage
    >>> store = MemoryStorage()
    >>> rows = Rows(Journal(store, "predictions/live"), Blobs(store, "predictions/live/blobs"))
    >>> rows.append("outcomes", [["p1", True]]).seq
    1
    >>> [(event.type, batch) for event, batch in rows.read()]
    [('outcomes', [['p1', True]])]
    """

    def __init__(self, journal: Journal, blobs: Blobs) -> None:
        self._journal = journal
        self._blobs = blobs

    def append(self, type: str, rows: Sequence[Any]) -> Event:  # noqa: A002
        """Store a batch; all of it is there when this returns, or none if it raises.

        Parameters
        ----------
        type : str
            What kind of rows; becomes the event's type.
        rows : sequence
            Anything JSON can hold.

        Returns
        -------
        Event
            The event of the batch.

        Raises
        ------
        ConfigError
            If a row is not JSON-able; the message names its path.
        """
        batch = list(rows)
        data = canonical_json(batch)
        if len(data) <= _INLINE_BYTES:
            return self._journal.append(type, {"n": len(batch), "rows": batch})
        # The blob is there before the event that names it, so no reader meets a dangling name.
        return self._journal.append(type, {"n": len(batch), "blob": self._blobs.put(data)})

    def read(self, *, after: int = 0) -> Iterator[tuple[Event, list[Any]]]:
        """Yield each batch with its event, oldest first; events of other kinds have no rows.

        Parameters
        ----------
        after : int, default 0
            Only events with a higher number.

        Raises
        ------
        IntegrityError
            If an event or a batch is not what was written.
        """
        for event in self._journal.events(after=after):
            yield event, self._rows(event)

    def _rows(self, event: Event) -> list[Any]:
        if "blob" not in event.payload:
            return list(event.payload.get("rows", ()))
        rows = json.loads(self._blobs.get(event.payload["blob"]))
        if isinstance(rows, list) and len(rows) == event.payload["n"]:
            return rows
        raise IntegrityError(f"the batch of event {event.seq} does not hold the rows it should")
