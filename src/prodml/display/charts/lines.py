"""Lines: one or more series over numbers or over time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time

from prodml.display.charts.axis import Scale, finite, nice_ticks, span, tick_labels, time_ticks
from prodml.display.charts.canvas import (
    WIDTH,
    colour,
    empty,
    fitted,
    group,
    header,
    line,
    path,
    series_stroke,
    svg,
    text,
    text_width,
)
from prodml.display.numbers import number
from prodml.errors import ConfigError

__all__ = ["line_chart"]

_PLOT_HEIGHT = 200
_MAX_DOTS = 40


def line_chart(
    x: Sequence[float] | Sequence[datetime] | Sequence[date],
    series: Mapping[str, Sequence[float | None]],
    *,
    title: str,
    unit: str = "",
    x_label: str = "",
    limits: Mapping[str, float] | None = None,
) -> str:
    """Draw series over common positions.

    Parameters
    ----------
    x : sequence of float, datetime or date
        Positions, in any order. A datetime without time zone counts as UTC.
    series : mapping of str to sequence of float or None, same length each
        Values. None and NaN break the line.
    title : str
        Line above the chart.
    unit : str, default ""
        What the values count; written below the title.
    x_label : str, default ""
        What the positions are; written below the axis.
    limits : mapping of str to float, optional
        Named levels to compare with, drawn across, such as ``{"alert": 0.2}``.

    Returns
    -------
    str
        An ``<svg>`` element.

    Raises
    ------
    ConfigError
        If a series differs from `x` in length, or a position is missing or infinite.

    Examples
    --------
    >>> line_chart([1, 2, 3], {"accuracy": [0.9, None, 0.8]}, title="By week")[:4]
    '<svg'
    """
    levels = {str(k): float(v) for k, v in (limits or {}).items()}
    places, is_time = _places(x)
    order = sorted(range(len(places)), key=places.__getitem__)
    curves = {str(name): _sorted(str(name), values, order) for name, values in series.items()}
    xs = [places[i] for i in order]
    parts, top = header(title, list(curves), unit=unit)
    if not finite(_all(curves)):
        return empty(parts, top, title=title, kind="Line chart")
    y_ticks = nice_ticks(*span([*_all(curves), *levels.values()], zero=None))
    left = max(map(text_width, tick_labels(y_ticks))) + 8
    across = Scale(*span(xs), left, WIDTH - 12)
    up = Scale(y_ticks[0], y_ticks[-1], top + _PLOT_HEIGHT, top)
    parts += _y_axis(across, up, y_ticks) + _x_axis(across, up, is_time=is_time)
    parts += _levels(across, up, levels)
    for i, (name, values) in enumerate(curves.items()):
        parts.append(group(name, *_curve(i, across, up, xs, values)))
    height = up.start + 28
    if x_label:
        height += 16
        middle = (across.start + across.end) / 2
        parts.append(text(middle, height - 6, x_label, anchor="middle", opacity=0.65))
    return svg(height, parts, title=title, description=_description(curves))


def _places(x: Sequence[float] | Sequence[datetime] | Sequence[date]) -> tuple[list[float], bool]:
    is_time = any(isinstance(value, date) for value in x)
    places = [_place(value) for value in x]
    if not all(map(math.isfinite, places)):
        raise ConfigError(
            "x holds a missing or infinite position: drop it together with its values"
        )
    return places, is_time


def _place(value: float | date) -> float:
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.timestamp()
    if isinstance(value, date):
        return datetime.combine(value, time(), tzinfo=UTC).timestamp()
    return float(value)


def _sorted(name: str, values: Sequence[float | None], order: Sequence[int]) -> list[float]:
    if len(values) != len(order):
        raise ConfigError(f'series "{name}" has {len(values)} values for {len(order)} positions')
    picked = [values[i] for i in order]
    return [math.nan if v is None else float(v) for v in picked]


def _all(curves: Mapping[str, Sequence[float]]) -> list[float]:
    return [v for values in curves.values() for v in values]


def _y_axis(across: Scale, up: Scale, ticks: Sequence[float]) -> list[str]:
    parts = [
        line(across.start, up(t), across.end, up(t), opacity=0.45 if t == ticks[0] else 0.13)
        for t in ticks
    ]
    labels = zip(ticks, tick_labels(ticks), strict=True)
    return parts + [
        text(across.start - 8, up(t) + 4.5, label, anchor="end", opacity=0.65)
        for t, label in labels
    ]


def _x_axis(across: Scale, up: Scale, *, is_time: bool) -> list[str]:
    if is_time:
        marks = time_ticks(across.low, across.high)
    else:
        ticks = [t for t in nice_ticks(across.low, across.high) if across.low <= t <= across.high]
        marks = list(zip(ticks, tick_labels(ticks) if ticks else [], strict=True))
    parts = []
    for place, label in marks:
        at = across(place)
        half = text_width(label) / 2
        parts.append(line(at, up.start, at, up.start + 5, opacity=0.45))
        parts.append(
            text(min(at, WIDTH - half), up.start + 20, label, anchor="middle", opacity=0.65)
        )
    return parts


def _levels(across: Scale, up: Scale, levels: Mapping[str, float]) -> list[str]:
    parts = []
    for name, level in levels.items():
        stroke = 'stroke="currentColor" stroke-dasharray="4 3"'
        parts.append(line(across.start, up(level), across.end, up(level), stroke=stroke))
        label = fitted(name, across.end - across.start)
        parts.append(text(across.end, up(level) - 5, label, anchor="end", opacity=0.8))
    return parts


def _curve(
    i: int, across: Scale, up: Scale, xs: Sequence[float], values: Sequence[float]
) -> list[str]:
    stroke = f'{series_stroke(i, 2.2)} stroke-linejoin="round"'
    runs = _runs(
        [(across(x), up(v)) if math.isfinite(v) else None for x, v in zip(xs, values, strict=True)]
    )
    parts = [path(run, attributes=stroke) for run in runs if len(run) > 1]
    has_dots = len(finite(values)) <= _MAX_DOTS
    dots = [p for run in runs for p in run if has_dots or len(run) == 1]
    return parts + [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.8" {colour(i)}/>' for x, y in dots]


def _runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
            continue
        runs[-1].append(point)
    return [run for run in runs if run]


def _description(curves: Mapping[str, Sequence[float]]) -> str:
    told = []
    for name, values in curves.items():
        known = finite(values)
        if known:
            told.append(
                f"{name}: first {number(known[0])}, last {number(known[-1])}, "
                f"between {number(min(known))} and {number(max(known))}"
            )
    return "Line chart. " + "; ".join(told) + "."
