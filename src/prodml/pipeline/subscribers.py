"""Who listens to the events of a run: a progress bar, a journal, a callable of the host's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from prodml.display import progress
from prodml.pipeline.events import (
    OnEvent,
    RunEvent,
    RunFinished,
    RunStarted,
    StepFailed,
    StepFinished,
)

if TYPE_CHECKING:
    from prodml.pipeline.graph import Graph

__all__ = ["JournalLike", "all_of", "on_bar", "on_journal"]


class JournalLike(Protocol):
    """What a run can be written to; `prodml.journal.Journal` is one."""

    def append(self, type: str, payload: dict[str, Any]) -> object:  # noqa: A002 - the journal's word
        """Append an event at the end."""
        ...


def all_of(subscribers: Sequence[OnEvent | None]) -> OnEvent | None:
    """Return one callable for all of them, or None for nobody."""
    present = [s for s in subscribers if s is not None]
    if len(present) < 2:
        return present[0] if present else None

    def tell(event: RunEvent) -> None:
        for subscriber in present:
            subscriber(event)

    return tell


def on_bar(label: str) -> OnEvent:
    """Return a subscriber that draws a bar on a terminal."""
    bar: Iterator[str] = iter(())

    def draw(event: RunEvent) -> None:
        nonlocal bar
        if isinstance(event, RunStarted):
            bar = iter(progress(event.steps, label=label))
            next(bar, None)
        elif isinstance(event, StepFinished | StepFailed):
            next(bar, None)
        elif isinstance(event, RunFinished):
            list(bar)  # to its end, past the steps that were skipped

    return draw


def on_journal(journal: JournalLike, graph: Graph, value: Callable[[str], object]) -> OnEvent:
    """Return a subscriber that writes the run down: names, counts, times and digests, never data.

    Parameters
    ----------
    journal : JournalLike
        Where to.
    graph : Graph
        For the digests of the steps' code.
    value : callable
        Gives the value of a step that has just finished; frames are written as their digest.
    """

    def write(event: RunEvent) -> None:
        payload = attrs.asdict(event, recurse=False)
        if isinstance(event, RunStarted):
            payload["steps"] = list(event.steps)
            payload["code"] = {name: _code(graph.nodes[name].target) for name in event.steps}
        if isinstance(event, StepFinished):
            payload["digest"] = _digest(value(event.step))
        if isinstance(event, RunFinished):
            payload["counts"] = dict(event.counts)
        journal.append(_TYPES[type(event).__name__], payload)

    return write


_TYPES = {
    "RunStarted": "run.started",
    "StepStarted": "step.started",
    "StepRetried": "step.retried",
    "StepFinished": "step.finished",
    "StepFailed": "step.failed",
    "RunFinished": "run.finished",
}


def _digest(value: Any) -> str | None:
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(value, pandas.DataFrame):
        return None
    from prodml.errors import ProdmlError
    from prodml.fingerprint import fingerprint_frame

    try:
        return fingerprint_frame(value).digest
    except ProdmlError:
        return None  # a frame of things that have no digest is no reason to end a run


def _code(target: Any) -> str | None:
    """Digest what a function does, where that can be told."""
    from prodml.errors import ProdmlError
    from prodml.fingerprint import fingerprint_code

    try:
        return fingerprint_code(target) if callable(target) else None
    except ProdmlError:
        return None  # a part of it cannot be seen
