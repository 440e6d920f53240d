"""Bars: one value per label."""

from __future__ import annotations

import math
from collections.abc import Sequence

from prodml.display.charts.axis import Scale, nice_ticks, span, tick_labels
from prodml.display.charts.canvas import (
    WIDTH,
    colour,
    empty,
    fitted,
    group,
    header,
    line,
    rect,
    svg,
    text,
    text_width,
)
from prodml.display.numbers import number
from prodml.errors import ConfigError

__all__ = ["bar_chart"]

_PITCH = 28
_BAR = 18
_PLOT_HEIGHT = 200
_MAX_UPRIGHT = 12


def bar_chart(
    labels: Sequence[str],
    values: Sequence[float | None],
    *,
    title: str,
    unit: str = "",
    horizontal: bool | None = None,
) -> str:
    """Draw one bar per label, from zero.

    Parameters
    ----------
    labels : sequence of str
        Names of the bars.
    values : sequence of float or None, same length
        Lengths, of any sign. None and NaN leave their place empty; an infinity reaches the edge.
    title : str
        Line above the chart.
    unit : str, default ""
        What the values count; written below the title.
    horizontal : bool, optional
        Whether the bars lie. Default: if they are many, or their labels too long to stand.

    Returns
    -------
    str
        An ``<svg>`` element.

    Raises
    ------
    ConfigError
        If labels and values differ in number.

    Examples
    --------
    >>> bar_chart(["age", "income"], [0.4, -0.1], title="Contributions").startswith("<svg")
    True
    """
    if len(labels) != len(values):
        raise ConfigError(
            f"{len(labels)} labels but {len(values)} values: give one of each per bar"
        )
    names = [str(label) for label in labels]
    numbers = [math.nan if value is None else float(value) for value in values]
    parts, top = header(title, unit=unit)
    if all(map(math.isnan, numbers)):
        return empty(parts, top, title=title, kind="Bar chart")
    lying = _should_lie(names) if horizontal is None else horizontal
    draw = _lying if lying else _standing
    drawn, height = draw(names, numbers, top)
    return svg(height, parts + drawn, title=title, description=_description(names, numbers, unit))


def _should_lie(names: Sequence[str]) -> bool:
    if len(names) > _MAX_UPRIGHT:
        return True
    return any(text_width(name) > (WIDTH - 60) / len(names) - 6 for name in names)


def _lying(names: Sequence[str], values: Sequence[float], top: float) -> tuple[list[str], float]:
    low, high = span(values, zero=True)
    notes = [number(v) for v in values]
    left = min(max(map(text_width, names)) + 10, WIDTH * 0.46)
    room = max(map(text_width, notes)) + 8
    has_left = any(v < 0 for v in values)
    has_right = high > 0 or any(map(math.isnan, values))
    x = Scale(low, high, left + (room if has_left else 0), WIDTH - (room if has_right else 0))
    bottom = top + _PITCH * len(names)
    parts = [line(x(0), top - 2, x(0), bottom, opacity=0.45)]
    for i, (name, value, note) in enumerate(zip(names, values, notes, strict=True)):
        y = top + i * _PITCH + _PITCH / 2
        label = text(left - 10, y + 4.5, fitted(name, left - 10), anchor="end")
        parts.append(group(f"{name}: {note}", label, *_lying_bar(x, y, value, note)))
    return parts, bottom + 6


def _lying_bar(x: Scale, y: float, value: float, note: str) -> list[str]:
    if math.isnan(value):
        return [text(x(0) + 6, y + 4.5, note, opacity=0.65)]
    end = x(min(max(value, x.low), x.high))
    bar = rect(x(0), y - _BAR / 2, end - x(0), _BAR, fill=colour(0 if value >= 0 else 1))
    at, anchor = (end + 6, "start") if value >= 0 else (end - 6, "end")
    return [bar, text(at, y + 4.5, note, anchor=anchor, opacity=0.8)]


def _standing(names: Sequence[str], values: Sequence[float], top: float) -> tuple[list[str], float]:
    ticks = nice_ticks(*span(values, zero=True), 4)
    labels = tick_labels(ticks)
    left = max(map(text_width, labels)) + 8
    top += 14  # room for the figure above the tallest bar
    y = Scale(ticks[0], ticks[-1], top + _PLOT_HEIGHT, top)
    parts = [line(left, y(t), WIDTH, y(t), opacity=0.45 if t == 0 else 0.13) for t in ticks]
    parts += [
        text(left - 8, y(t) + 4.5, label, anchor="end", opacity=0.65)
        for t, label in zip(ticks, labels, strict=True)
    ]
    pitch = (WIDTH - left) / len(names)
    for i, (name, value) in enumerate(zip(names, values, strict=True)):
        parts.append(_standing_bar(y, left + (i + 0.5) * pitch, pitch, name, value))
    return parts, y(ticks[0]) + 28


def _standing_bar(y: Scale, x: float, pitch: float, name: str, value: float) -> str:
    note = number(value)
    label = text(x, y.start + 20, fitted(name, pitch), anchor="middle")
    if math.isnan(value):
        return group(f"{name}: {note}", label, text(x, y(0) - 6, note, anchor="middle"))
    end = y(min(max(value, y.low), y.high))
    broad = min(pitch * 0.62, 64)
    bar = rect(x - broad / 2, y(0), broad, end - y(0), fill=colour(0 if value >= 0 else 1))
    parts = [bar, label]
    if text_width(note) <= pitch:
        parts.append(text(x, end + (-6 if value >= 0 else 16), note, anchor="middle", opacity=0.8))
    return group(f"{name}: {note}", *parts)


def _description(names: Sequence[str], values: Sequence[float], unit: str) -> str:
    known = [(v, n) for v, n in zip(values, names, strict=True) if not math.isnan(v)]
    (low, least), (high, most) = min(known), max(known)
    what = f" {unit}" if unit else ""
    return (
        f"Bar chart of {len(values)} values, from {number(low)}{what} ({least}) "
        f"to {number(high)}{what} ({most})."
    )
