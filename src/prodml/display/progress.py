"""A bar on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO, TypeVar

from prodml.display.cells import plain
from prodml.display.numbers import duration

__all__ = ["progress"]

T = TypeVar("T")

_BAR = 24
_REDRAW_S = 0.1


def progress(
    iterable: Iterable[T],
    *,
    label: str,
    total: int | None = None,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[T]:
    """Yield the items of an iterable and show how far it is.

    Parameters
    ----------
    iterable : iterable
        What is worked through.
    label : str
        What is going on, such as ``"training"``.
    total : int, optional
        How many items there are; default: the iterable's length, if it has one.
    stream : text stream, optional
        Where to draw; default: standard error. Nothing is written unless it is a terminal.
    clock : callable, default `time.monotonic`
        Seconds; the bar is drawn at most ten times a second.

    Yields
    ------
    object
        The items, unchanged.

    Examples
    --------
    >>> sum(progress([1, 2, 3], label="adding"))
    6
    """
    out = sys.stderr if stream is None else stream
    if not out.isatty():
        yield from iterable
        return
    if total is None and hasattr(iterable, "__len__"):
        total = len(iterable)  # type: ignore[arg-type]
    yield from _drawn(iterable, plain(label), total, out, clock)


def _drawn(
    iterable: Iterable[T], label: str, total: int | None, out: TextIO, clock: Callable[[], float]
) -> Iterator[T]:
    start = drawn_at = clock()
    done = 0
    _draw(out, _state(label, done, total, 0.0))
    try:
        for item in iterable:
            yield item
            done += 1
            now = clock()
            if now - drawn_at >= _REDRAW_S:
                drawn_at = now
                _draw(out, _state(label, done, total, now - start))
    finally:
        # The last state stays on the screen, also when the work was broken off.
        _draw(out, _state(label, done, total, clock() - start) + "\n")


def _state(label: str, done: int, total: int | None, elapsed_s: float) -> str:
    spent = duration(elapsed_s) if elapsed_s >= 1 else ""
    if not total:
        return f"{label}  {done:,}  {spent}".rstrip()
    share = min(done / total, 1.0)
    full = round(share * _BAR)
    bar = "━" * full + "─" * (_BAR - full)
    left = duration(elapsed_s / done * (total - done)) if 0 < done < total and spent else ""
    tail = f"{spent}{', about ' + left + ' left' if left else ''}"
    return f"{label}  {bar}  {done:,} of {total:,}  {tail}".rstrip()


def _draw(out: TextIO, state: str) -> None:
    out.write(f"\r\x1b[2K{state}")
    out.flush()
