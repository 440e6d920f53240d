"""Turns: who may ask for the lock of a SQLite file next, so that none of many writers starves."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Callable, Iterator

__all__ = ["turn"]

_SHORTEST_S, _LONGEST_S = 0.0001, 0.001


@contextlib.contextmanager
def turn(path: str, deadline: float) -> Iterator[Callable[[], None]]:
    """Wait for the turn, and yield what gives it up.

    Whoever has the turn waits for the file's own lock, and gives the turn up when it has that. A writer that comes back at once so finds another
    before it. It is a courtesy and no safety: where locks of files are missing, or nobody may write beside the file, it is left out.

    Parameters
    ----------
    path : str
        A file beside the database, made if it is not there.
    deadline : float
        Until when to wait, by the monotonic clock; then go ahead without.
    """
    handle = _taken(path, deadline)
    left = handle is None

    def leave() -> None:
        nonlocal left
        if not left and handle is not None:
            left = True
            os.close(handle)  # which unlocks

    try:
        yield leave
    finally:
        leave()


def _taken(path: str, deadline: float) -> int | None:
    try:
        import fcntl

        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except (ImportError, OSError):
        return None
    while time.monotonic() < deadline:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(random.uniform(_SHORTEST_S, _LONGEST_S))
        except OSError:
            break
        else:
            return handle
    os.close(handle)
    return None
