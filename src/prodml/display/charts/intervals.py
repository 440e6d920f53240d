"""Intervals: an estimate and its uncertainty per label."""

from __future__ import annotations

import math
from collections.abc import Sequence

from prodml.display.charts.axis import Scale, finite, nice_ticks, span, tick_labels
from prodml.display.charts.canvas import (
    WIDTH,
    colour,
    empty,
    fitted,
    group,
    header,
    line,
    path,
    svg,
    text,
    text_width,
)
from prodml.display.numbers import number
from prodml.errors import ConfigError

__all__ = ["interval_chart"]

_PITCH = 30


def interval_chart(
    labels: Sequence[str],
    centers: Sequence[float | None],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
    *,
    title: str,
    unit: str = "",
    mark: float | None = None,
) -> str:
    """Draw one interval per label: a dot for the estimate, a line for what it may be.

    Parameters
    ----------
    labels : sequence of str
        Names of the estimates.
    centers, lows, highs : sequence of float or None, same length
        Estimates and the ends of their intervals. An infinite or missing end is an arrow.
    title : str
        Line above the chart.
    unit : str, default ""
        What the values count; written below the title.
    mark : float, optional
        A value to compare with, such as 0 for "no difference"; drawn across all rows.

    Returns
    -------
    str
        An ``<svg>`` element.

    Raises
    ------
    ConfigError
        If the four sequences differ in length, or an interval's low end is above its high one.

    Examples
    --------
    >>> chart = interval_chart(["b - a"], [0.02], [-0.01], [0.05], title="Effect", mark=0)
    >>> "Effect" in chart
    True
    """
    names = [str(label) for label in labels]
    if not len(names) == len(centers) == len(lows) == len(highs):
        found = f"{len(names)}, {len(centers)}, {len(lows)} and {len(highs)}"
        raise ConfigError(f"labels, centers, lows and highs must be equally many, got {found}")
    rows = [
        _row(name, center, low, high)
        for name, center, low, high in zip(names, centers, lows, highs, strict=True)
    ]
    parts, top = header(title, unit=unit)
    if not rows:
        return empty(parts, top, title=title, kind="Interval chart")
    shown = [v for _, *row in rows for v in row] + ([] if mark is None else [mark])
    ticks = nice_ticks(*span(finite(shown)))
    left = min(max(map(text_width, names)) + 10, WIDTH * 0.42)
    edge = max(map(text_width, tick_labels(ticks))) / 2
    x = Scale(ticks[0], ticks[-1], left + max(8, edge - 10), WIDTH - edge)
    bottom = top + _PITCH * len(rows)
    parts += _grid(x, ticks, top, bottom)
    if mark is not None:
        parts.append(
            line(
                x(mark), top - 4, x(mark), bottom, stroke='stroke="currentColor" stroke-width="1.5"'
            )
        )
    for i, (name, center, low, high) in enumerate(rows):
        y = top + (i + 0.5) * _PITCH
        parts.append(text(left - 10, y + 4.5, fitted(name, left - 10), anchor="end"))
        parts.append(group(_tooltip(name, center, low, high), *_whisker(x, y, center, low, high)))
    described = "; ".join(_tooltip(*row) for row in rows[:12])
    more = f"; and {len(rows) - 12} more" if len(rows) > 12 else ""
    return svg(bottom + 30, parts, title=title, description=f"Interval chart. {described}{more}.")


def _row(
    name: str, center: float | None, low: float | None, high: float | None
) -> tuple[str, float, float, float]:
    begin = -math.inf if low is None or math.isnan(low) else float(low)
    end = math.inf if high is None or math.isnan(high) else float(high)
    if begin > end:
        raise ConfigError(
            f'the interval of "{name}" begins at {number(begin)}, above its end {number(end)}'
        )
    return name, math.nan if center is None else float(center), begin, end


def _grid(x: Scale, ticks: Sequence[float], top: float, bottom: float) -> list[str]:
    parts = [line(x(t), top - 4, x(t), bottom, opacity=0.13) for t in ticks]
    labels = tick_labels(ticks)
    every = math.ceil(len(ticks) * (max(map(text_width, labels)) + 10) / (x.end - x.start))
    shown = list(zip(ticks, labels, strict=True))[:: max(every, 1)]
    return parts + [text(x(t), bottom + 18, s, anchor="middle", opacity=0.65) for t, s in shown]


def _whisker(x: Scale, y: float, center: float, low: float, high: float) -> list[str]:
    stroke = f'{colour(0, fill=False)} stroke-width="2.5" fill="none" stroke-linecap="round"'
    start, end = (x(min(max(v, x.low), x.high)) for v in (low, high))
    parts = [line(start, y, end, y, stroke=stroke)]
    parts += [_end(start, y, stroke, 1 if low < x.low else 0)]
    parts += [_end(end, y, stroke, -1 if high > x.high else 0)]
    if math.isfinite(center):
        parts.append(f'<circle cx="{x(center):.1f}" cy="{y:.1f}" r="5" {colour(0)}/>')
    return parts


def _end(x: float, y: float, stroke: str, inward: int) -> str:
    if inward:
        points = [(x + 6 * inward, y - 5), (x, y), (x + 6 * inward, y + 5)]
        return path(points, attributes=stroke)
    return line(x, y - 5, x, y + 5, stroke=stroke)


def _tooltip(name: str, center: float, low: float, high: float) -> str:
    return f"{name}: {number(center)} ({number(low)} to {number(high)})"
