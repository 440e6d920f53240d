"""Renews a lease while a step takes its time."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from types import TracebackType
from typing import Self

from prodml.errors import ConflictError
from prodml.retraining.lease import Lease

__all__ = ["Heartbeat"]


class Heartbeat:
    """A thread that renews a lease three times per length, for as long as the block lasts.

    It ends with the process, and beats no longer than `longest`, so that a step that hangs for ever
    does not hold the lease for ever.

    Parameters
    ----------
    lease : Lease
        What to renew.
    longest : timedelta
        After which time it stops.
    """

    def __init__(self, lease: Lease, longest: timedelta) -> None:
        self._lease = lease
        self._interval_s = lease.length.total_seconds() / 3
        self._longest_s = longest.total_seconds()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="prodml-retrain-lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        until_s = time.monotonic() + self._longest_s
        while not self._ended.wait(self._interval_s) and time.monotonic() < until_s:
            try:
                self._lease.renew()
            except ConflictError:
                return  # lost; the step that follows finds out and stops
            except Exception:  # noqa: BLE001, S112  (the storage may answer at the next beat)
                continue
