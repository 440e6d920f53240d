"""Reading a whole journal again and comparing everything with everything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prodml.errors import IntegrityError, KeyNotFoundError
from prodml.journal.checkpoint import Checkpoint, Checkpoints
from prodml.journal.event import Head, Verification, genesis
from prodml.journal.fold import Fold, freeze
from prodml.journal.log import Log
from prodml.journal.segment import Segment, Segments

__all__ = ["verify"]


def verify(
    checkpoints: Checkpoints,
    segments: Segments,
    fold: Fold,
    fold_name: str,
    seen: Iterable[Head],
) -> Verification:
    """Read every event, checkpoint and segment of a journal; raise at the first that is wrong.

    Parameters
    ----------
    checkpoints : Checkpoints
        The checkpoints and, through them, the log.
    segments : Segments
        The segments of the same log; they must repeat its events byte for byte.
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
        That names the first bad event, checkpoint or segment.
    """
    log = checkpoints.log
    seen = list(seen)
    at_checkpoints = set(checkpoints.numbers())  # before the events: none may be newer than they
    packed = segments.stored()
    n_events = log.count()
    reached = {head.seq for head in seen} | at_checkpoints | {segment.last for segment in packed}
    _check_reach(log, n_events, reached)
    head, state = genesis(log.stream), fold.initial()
    _check_seen(log, seen, head)
    compare = _Comparison(segments, packed)
    for seq in range(1, n_events + 1):
        data = log.bytes_at(seq)
        if data is None:
            raise IntegrityError(f"{log.where(seq)} is missing")
        found = log.read(data, head)
        compare(seq, data)
        head = found.head
        _check_seen(log, seen, head)
        state = fold.apply(state, found)
        if seq in at_checkpoints:
            _check_checkpoint(checkpoints, Checkpoint(head, fold_name, freeze(state)))
    return Verification(n_events, head, len(at_checkpoints), n_segments=len(packed))


class _Comparison:
    """Holds each event against the segments that repeat it; reads a segment once."""

    def __init__(self, segments: Segments, packed: list[Segment]) -> None:
        self._segments = segments
        self._waiting = packed[::-1]
        self._open: list[tuple[Segment, list[bytes]]] = []

    def __call__(self, seq: int, data: bytes) -> None:
        self._open = [(segment, lines) for segment, lines in self._open if segment.last >= seq]
        self._open += self._opened(seq)
        for segment, lines in self._open:
            if lines[seq - segment.first] != data:
                raise IntegrityError(
                    f"{self._segments.where(segment)} holds another event {seq} than the stored "
                    "one: one of the two was changed"
                )

    def _opened(self, seq: int) -> Iterator[tuple[Segment, list[bytes]]]:
        while self._waiting and self._waiting[-1].first == seq:
            segment = self._waiting.pop()
            try:
                yield segment, self._segments.lines(segment)
            except KeyNotFoundError:  # deleted since it was listed; nobody needs it
                continue


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
