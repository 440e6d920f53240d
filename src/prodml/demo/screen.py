"""One line per station, with a figure and the time it took."""

from __future__ import annotations

import sys
import textwrap
import time
from typing import TextIO

from prodml.display import duration, html_table

__all__ = ["Screen"]

_WIDTH = 100


class Screen:
    """Prints stations as they are passed, and keeps what it printed.

    Parameters
    ----------
    stream : TextIO, optional
        Where to; standard output if left out.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = sys.stdout if stream is None else stream
        self.lines: list[tuple[str, str, float]] = []
        self.started = self._last = time.perf_counter()

    def say(self, station: str, text: str) -> None:
        """Print one station; its time runs since the station before."""
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        self.lines.append((station, text, seconds))
        head = f"{len(self.lines):>2}  {station:<12} "
        first, *rest = textwrap.wrap(text, _WIDTH - len(head) - 10) or [""]
        print(f"{head}{first:<{_WIDTH - len(head) - 10}} {duration(seconds):>8}", file=self.stream)
        for line in rest:
            print(" " * len(head) + line, file=self.stream)
        self.stream.flush()

    def _repr_html_(self) -> str:
        rows = [(i, name, text, duration(s)) for i, (name, text, s) in enumerate(self.lines, 1)]
        return html_table(rows, ("", "Station", "What it found", "time"))

    def end(self, text: str) -> None:
        """Print the last line, with the time of the whole run."""
        total = duration(time.perf_counter() - self.started)
        print(f"\n{text}\nDone in {total}.", file=self.stream)
