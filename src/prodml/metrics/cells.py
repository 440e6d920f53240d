"""Numbers that many threads add to without waiting for one another, and without losing anything.

Each thread adds to a list of its own, which nobody else writes; a reader adds the lists up. That
costs half of what a lock costs. The list of a thread that has ended is folded into a common one, so
memory follows the number of living threads.
"""

from __future__ import annotations

import threading
import weakref

__all__ = ["Cells", "Shared"]


class _Owner:
    """Lives as long as its thread's local storage."""

    __slots__ = ("__weakref__",)


class Cells(threading.local):
    """A row of numbers per thread; ``mine`` is this thread's own.

    Parameters
    ----------
    shared : Shared
        What all threads have in common.

    Examples
    --------
    >>> shared = Shared(2)
    >>> cells = Cells(shared)
    >>> cells.mine[0] += 3.0
    >>> shared.totals()
    [3.0, 0.0]
    """

    # threading.local calls this once in every thread that touches the object.
    def __init__(self, shared: Shared) -> None:
        self.owner = _Owner()
        self.mine = shared.row_for(self.owner)


class Shared:
    """The rows of all threads.

    Parameters
    ----------
    width : int
        Numbers per row.
    """

    __slots__ = ("_folded", "_limit", "_lock", "_rows")

    def __init__(self, width: int) -> None:
        self._lock = threading.RLock()
        self._folded = [0.0] * width
        self._rows: list[tuple[weakref.ref[_Owner], list[float]]] = []
        self._limit = 8

    def row_for(self, owner: _Owner) -> list[float]:
        """Return a new row that counts for as long as `owner` lives, and is kept after."""
        row = [0.0] * len(self._folded)
        with self._lock:
            if len(self._rows) >= self._limit:
                self._fold()
                self._limit = max(8, 2 * len(self._rows))
            self._rows.append((weakref.ref(owner), row))
        return row

    def totals(self) -> list[float]:
        """Return the sum of all rows."""
        with self._lock:
            self._fold()
            rows = [self._folded, *(row for _, row in self._rows)]
            return [sum(column) for column in zip(*rows, strict=True)]

    def _fold(self) -> None:
        # A finaliser or a signal handler may come in here and add a row: it must not get lost.
        rows, self._rows = self._rows, []
        for owner, row in rows:
            if owner() is not None:
                self._rows.append((owner, row))
                continue
            self._folded = [have + value for have, value in zip(self._folded, row, strict=True)]
