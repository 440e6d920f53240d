"""Axes: ticks at round numbers and round times, and where a value lands on the paper."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from datetime import MAXYEAR, UTC, datetime, timedelta

import attrs

from prodml.display.numbers import number

__all__ = ["Scale", "finite", "nice_ticks", "span", "tick_labels", "time_ticks"]


_LARGEST = sys.float_info.max


@attrs.frozen
class Scale:
    """A straight map from values to the paper.

    Examples
    --------
    >>> Scale(0, 10, 100, 200)(2.5)
    125.0
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        # Halves, because the distance of two huge values may be beyond what a float can hold.
        length = self.high / 2 - self.low / 2
        share = (value / 2 - self.low / 2) / length if length else 0.0
        return self.start + share * (self.end - self.start)


def finite(values: Iterable[float | None]) -> list[float]:
    """Return the values that can be drawn."""
    return [float(v) for v in values if v is not None and math.isfinite(v)]


def span(values: Iterable[float | None], *, zero: bool | None = False) -> tuple[float, float]:
    """Return the range an axis should show: never empty, around zero if there is nothing to show.

    Parameters
    ----------
    values : iterable of float or None
        What is drawn.
    zero : bool or None, default False
        Whether zero must be in it; None: if it is near.

    Examples
    --------
    >>> span([3, 3]), span([2, 10], zero=True), span([90, 100], zero=None), span([])
    ((2.5, 3.5), (0.0, 10.0), (90.0, 100.0), (0.0, 1.0))
    """
    known = finite(values)
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    near = 0 < low < 0.5 * high or 0.5 * low < high < 0
    if zero or (zero is None and near):
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low < 1e-300:  # equal, or nearer to each other than a scale could tell
        size = max(abs(low), abs(high))
        half = 0.5 if size < 1e-300 else size * 0.5 if size < 1 else max(0.5, size * 0.05)
        return max(low - half, -_LARGEST), min(high + half, _LARGEST)
    return low, high


def nice_ticks(low: float, high: float, n: int = 5) -> list[float]:
    """Return about `n` round numbers that enclose the range.

    Steps are 1, 2, 2.5 or 5 times a power of ten.

    Examples
    --------
    >>> nice_ticks(0.03, 0.97)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    >>> nice_ticks(-3, 12, 4)
    [-5.0, 0.0, 5.0, 10.0, 15.0]
    """
    raw = high / n - low / n
    exponent = math.floor(math.log10(raw)) if raw > 0 else 0
    if not -300 < exponent < 300:  # powers of ten are not floats any more
        return [low, high]
    power = 10.0**exponent
    step = next((m * power for m in (1, 2, 2.5, 5) if m * power >= raw * 0.999), 10 * power)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if last - first > 4 * n or first == last:  # the range is lost in the rounding of its ends
        return [low, high]
    places = max(0, 2 - exponent)
    return [round(i * step, places) + 0.0 for i in range(first, last + 1)]


def tick_labels(ticks: Sequence[float]) -> list[str]:
    """Return the ticks written alike: same decimals, thousands as k, M, G where they are large.

    Examples
    --------
    >>> tick_labels([0.0, 0.25, 0.5]), tick_labels([0, 100_000, 200_000])
    (['0', '0.25', '0.50'], ['0', '100k', '200k'])
    """
    largest = max(map(abs, ticks), default=0.0)
    for factor, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if factor * (10 if suffix == "k" else 1) <= largest < 1e14:
            return [_alike(t / factor, [u / factor for u in ticks], suffix) for t in ticks]
    return [_alike(t, ticks, "") for t in ticks]


def _alike(tick: float, ticks: Sequence[float], suffix: str) -> str:
    if tick == 0:
        return "0"
    shortest = [f"{t:.12g}" for t in ticks]
    if any("e" in s for s in shortest) or max(map(abs, ticks)) < 1e-3:
        return number(tick, 3) + suffix
    places = max(len(s.partition(".")[2]) for s in shortest)
    return f"{tick:,.{min(places, 6)}f}{suffix}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 20160)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12_000, 24_000)
_DAY = 1440


def time_ticks(low: float, high: float, n: int = 5) -> list[tuple[float, str]]:
    """Return at most `n` + 1 round moments inside the range, with their labels.

    Parameters
    ----------
    low, high : float
        Seconds since 1970, UTC.
    n : int, default 5
        How many are wanted.

    Examples
    --------
    >>> [label for _, label in time_ticks(0, 86_400)]
    ['1 Jan', '06:00', '12:00', '18:00', '2 Jan']
    >>> [label for _, label in time_ticks(0, 200 * 86_400)]
    ['Jan 1970', 'Mar 1970', 'May 1970', 'Jul 1970']
    """
    raw = (high - low) / n / 60
    step = next((m for m in _MINUTES if m >= raw * 0.999), None)
    if high - low < 120:
        return [(t, f"{_at(t):%H:%M:%S}") for t in (low, high)]
    if step is None:
        return _month_ticks(low, high, raw / (30.4 * _DAY))
    start = math.ceil(low / (60 * step) - 1e-9) * 60 * step
    count = math.floor((high - start) / (60 * step) + 1e-9) + 1
    moments = [start + i * 60 * step for i in range(count)]
    return [(t, _time_label(_at(t), step)) for t in moments]


def _time_label(at: datetime, step: int) -> str:
    if step < _DAY and (at.hour or at.minute):
        return f"{at:%H:%M}"
    return f"{at.day} {_MONTHS[at.month - 1]}"


def _month_ticks(low: float, high: float, raw: float) -> list[tuple[float, str]]:
    step = next((m for m in _MONTH_STEPS if m >= raw * 0.999), _MONTH_STEPS[-1])
    first = _at(low)
    index = -(-(first.year * 12 + first.month - 1) // step) * step
    ticks: list[tuple[float, str]] = []
    while True:
        year, month = divmod(index, 12)
        if year > MAXYEAR:
            return ticks
        seconds = datetime(year, month + 1, 1, tzinfo=UTC).timestamp()
        if seconds > high:
            return ticks
        if seconds >= low:
            label = str(year) if step >= 12 else f"{_MONTHS[month]} {year}"
            ticks.append((seconds, label))
        index += step


def _at(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
