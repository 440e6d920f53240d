"""Reading a whole journal again and comparing everything with everything."""

from __future__ import annotations

from collections.abc import Iterable

from prodml.errors import IntegrityError, KeyNotFoundError
from prodml.journal.checkpoint import Checkpoint, Checkpoints
from prodml.journal.event import Head, Verification, genesis
from prodml.journal.fold import Fold, freeze
from prodml.journal.log import Log

__all__ = ["verify"]


def verify(
    checkpoints: Checkpoints, fold: Fold, fold_name: str, seen: Iterable[Head]
) -> Verification:
    """Read every event and checkpoint of a journal; raise at the first that is wrong.

    Parameters
    ----------
    checkpoints : Checkpoints
        The checkpoints and, through them, the log.
    fold : Fold
        Makes the states that the checkpoints of `fold_name` must hold.
    fold_name : str
        Which checkpoints these are.
    seen : iterable of Head
        Heads that the journal had at some time.

    Returns
    -------
    Verification
        What was read.

    Raises
    ------
    IntegrityError
        That names the first bad event or checkpoint.
    """
    log = checkpoints.log
    seen = list(seen)
    at_checkpoints = set(checkpoints.numbers())  # before the events: none may be newer than they
    n_events = log.count()
    _check_reach(log, n_events, {head.seq for head in seen} | at_checkpoints)
    head, state = genesis(log.stream), fold.initial()
    _check_seen(log, seen, head)
    for seq in range(1, n_events + 1):
        found = log.next(head)
        if found is None:
            raise IntegrityError(f"{log.where(seq)} is missing")
        head = found.head
        _check_seen(log, seen, head)
        state = fold.apply(state, found)
        if seq in at_checkpoints:
            _check_checkpoint(checkpoints, Checkpoint(head, fold_name, freeze(state)))
    return Verification(n_events, head, len(at_checkpoints))


def _check_reach(log: Log, n_events: int, numbers: Iterable[int]) -> None:
    furthest = max(numbers, default=0)
    if furthest > n_events:
        raise IntegrityError(
            f"{log.where(n_events + 1)} is missing: there were {furthest} events at least, now "
            f"{n_events}. The journal was cut off"
        )


def _check_seen(log: Log, seen: Iterable[Head], head: Head) -> None:
    for earlier in seen:
        if earlier.seq == head.seq and earlier != head:
            raise IntegrityError(
                f"{log.where(head.seq)} is not the one that was there before: it was "
                f"{earlier.digest}, now {head.digest}. The journal was written anew"
            )


def _check_checkpoint(checkpoints: Checkpoints, true: Checkpoint) -> None:
    try:
        found = checkpoints.read(true.head.seq)
    except KeyNotFoundError:  # deleted since it was listed; nobody needs it
        return
    if found.fold == true.fold and found.state != true.state:
        raise IntegrityError(
            f'checkpoint {true.head.seq} of journal "{checkpoints.log.stream}" holds another state '
            "than its events add up to; delete it, the events hold"
        )
