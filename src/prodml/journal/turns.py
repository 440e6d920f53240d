"""How writers of several processes come to take turns, though nothing orders them but the races.

Whoever has just won knows the newest event already, and would win again and again. So a winner who
had to race waits longest, and a loser the less the longer he waits: everybody's wait stays near that
of a queue. All pauses are multiples of how long a try takes here, microseconds in memory, tens of
milliseconds on an object store.
"""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Turns"]

_COURTESY = 4.0
_PATIENCE = 2.0
_CROWD = 16
_MAX_PAUSE_S = 0.25


class Turns:
    """The pauses of one writer.

    Parameters
    ----------
    sleep : callable
        Pauses; takes seconds.
    uniform : callable
        Returns a random number between two.
    timer : callable, default time.perf_counter
        Measures how long a try takes.
    """

    def __init__(
        self,
        sleep: Callable[[float], object],
        uniform: Callable[[float, float], float],
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._sleep = sleep
        self._uniform = uniform
        self._timer = timer
        self._pace_s = 0.001  # how long a try takes, smoothed
        self._n_lost = 0
        self._started = 0.0

    def queue(self) -> None:
        """Let the others go first, if the last commit was a race."""
        if self._n_lost:
            self._pause(max(_COURTESY, self._n_lost))
        self._n_lost = 0

    def start(self) -> None:
        """Begin a try."""
        self._started = self._timer()

    def lost(self) -> None:
        """Wait after a try that somebody else won."""
        self._measure()
        self._n_lost += 1
        # So many losses in a row are a crowd, in which haste helps nobody.
        crowd = self._n_lost - _CROWD
        self._pause(crowd if crowd > 0 else _PATIENCE / self._n_lost)

    def won(self) -> None:
        """Remember how the race went."""
        self._measure()

    def _measure(self) -> None:
        self._pace_s += 0.2 * (self._timer() - self._started - self._pace_s)

    def _pause(self, times: float) -> None:
        self._sleep(self._uniform(0, min(_MAX_PAUSE_S, times * self._pace_s)))
