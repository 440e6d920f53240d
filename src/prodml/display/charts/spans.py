"""Spans along time: what held from when to when, and what happened in between."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias, get_args

from prodml.display.charts.axis import Scale, time_ticks
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
from prodml.errors import ConfigError

__all__ = ["Lane", "Mark", "Shape", "Span", "span_chart"]

Shape: TypeAlias = Literal["dot", "ring", "diamond", "back", "cross", "end"]

_PITCH = 46
_BAR = 14
_SHAPES: tuple[str, ...] = get_args(Shape)
_NEAREST = 15.0
_INK = 'stroke="currentColor" stroke-width="1.6"'


class Span(NamedTuple):
    """Something that held from a moment to a moment; None for until now.

    Parameters
    ----------
    label : str
        Written above it, where there is room.
    start : datetime
        When it began; aware.
    end : datetime or None
        When it ended.
    tooltip : str
        More about it.
    """

    label: str
    start: datetime
    end: datetime | None
    tooltip: str = ""


class Mark(NamedTuple):
    """Something that happened at a moment.

    Parameters
    ----------
    at : datetime
        When; aware.
    shape : {"dot", "ring", "diamond", "back", "cross", "end"}
        How it is drawn: shapes, not colours, tell what happened.
    tooltip : str
        What happened.
    label : str
        Written above it, where there is room.
    """

    at: datetime
    shape: Shape
    tooltip: str = ""
    label: str = ""


class Lane(NamedTuple):
    """One line of the chart.

    Parameters
    ----------
    name : str
        Written before it.
    spans : sequence of Span
        In order of time.
    marks : sequence of Mark
        In order of time.
    """

    name: str
    spans: Sequence[Span] = ()
    marks: Sequence[Mark] = ()


def span_chart(
    lanes: Sequence[Lane],
    *,
    title: str,
    now: datetime,
    unit: str = "",
    legend: Sequence[tuple[Shape, str]] = (),
) -> str:
    """Draw spans and marks on lanes along one axis of time.

    Where much happens at once the axis is stretched, so that marks do not cover each other; the
    labels below it say when.

    Parameters
    ----------
    lanes : sequence of Lane
        From top to bottom.
    title : str
        Line above the chart.
    now : datetime
        Where spans without an end are drawn to.
    unit : str, default ""
        A line below the title.
    legend : sequence of (shape, text)
        What the shapes mean; written below the axis.

    Returns
    -------
    str
        An ``<svg>`` element.

    Raises
    ------
    ConfigError
        If a shape is unknown, or a moment has no time zone.

    Examples
    --------
    >>> from datetime import UTC
    >>> days = [datetime(2030, 1, d, tzinfo=UTC) for d in (1, 5, 9)]
    >>> lane = Lane("champion", [Span("1", days[0], days[1]), Span("2", days[1], None)])
    >>> span_chart([lane], title="churn", now=days[2])[:4]
    '<svg'
    """
    _check(lanes, legend)
    parts, top = header(title, unit=unit)
    moments = sorted(set(_moments(lanes)))
    if not moments:
        return empty(parts, top, title=title, kind="Timeline")
    left = min(max(text_width(lane.name) for lane in lanes) + 12, WIDTH * 0.3)
    axis = _Axis(sorted({*moments, now.timestamp()}), left + 8, WIDTH - 10)
    bottom = top + _PITCH * len(lanes)
    coloured = [lane.name for lane in lanes if lane.spans]
    for i, lane in enumerate(lanes):
        y = top + (i + 0.5) * _PITCH + 6
        parts.append(text(left - 12, y + 4.5, fitted(lane.name, left - 12), anchor="end"))
        parts.append(line(axis.start, y, axis.end, y, opacity=0.13))
        paint = coloured.index(lane.name) if lane.spans else 0
        parts += _lane(paint, lane, y, axis, now.timestamp())
    parts += _time_axis(axis, bottom + 4)
    below, height = _legend(legend, bottom + 50)
    return svg(height, parts + below, title=title, description=_description(lanes))


class _Axis:
    """Time to paper: as it passes, but no two moments nearer than a mark is wide."""

    def __init__(self, moments: Sequence[float], start: float, end: float) -> None:
        self.start, self.end = start, end
        gaps = [b - a for a, b in pairwise(moments)] or [1.0]
        least = min(_NEAREST, 0.8 * (end - start) / len(gaps))
        rest, whole = (end - start) - least * len(gaps), sum(gaps)
        places = [start]
        for gap in gaps:
            places.append(places[-1] + least + rest * gap / whole)
        self.moments = list(moments) if len(moments) > 1 else [moments[0], moments[0] + 1]
        self.places = places

    def __call__(self, moment: float) -> float:
        last = len(self.moments) - 2
        i = min(max(sum(m <= moment for m in self.moments) - 1, 0), last)
        return Scale(*self.moments[i : i + 2], *self.places[i : i + 2])(moment)


def _check(lanes: Sequence[Lane], legend: Sequence[tuple[Shape, str]]) -> None:
    shapes = [mark.shape for lane in lanes for mark in lane.marks] + [s for s, _ in legend]
    unknown = [shape for shape in shapes if shape not in _SHAPES]
    if unknown:
        raise ConfigError(f"a mark is one of {', '.join(_SHAPES)}, got {unknown[0]!r:.40}")


def _moments(lanes: Sequence[Lane]) -> Iterable[float]:
    for lane in lanes:
        yield from (mark.at.timestamp() for mark in lane.marks)
        yield from (span.start.timestamp() for span in lane.spans)
        yield from (span.end.timestamp() for span in lane.spans if span.end is not None)


def _lane(i: int, lane: Lane, y: float, axis: _Axis, now: float) -> list[str]:
    parts: list[str] = []
    free = -math.inf  # where the next label may begin
    for n, span in enumerate(lane.spans):
        end = now if span.end is None else span.end.timestamp()
        x1, x2 = axis(span.start.timestamp()), axis(end)
        bar = _bar(x1, x2, y, i, is_open=span.end is None, is_odd=bool(n % 2))
        label, free = _label(span.label, x1 + 1, y - 12, free)
        parts.append(group(span.tooltip or span.label, bar, label))
    for mark in lane.marks:
        x = axis(mark.at.timestamp())
        label, free = _label(mark.label, x, y - 12, free, is_centred=True)
        parts.append(group(mark.tooltip or mark.label, _mark(mark.shape, x, y), label))
    return parts


def _bar(x1: float, x2: float, y: float, i: int, *, is_open: bool, is_odd: bool) -> str:
    # Neighbours differ in strength, and a gap parts them: no need to tell colours apart.
    wide = max(x2 - x1 - (0 if is_open else 2), 2)
    fade = ' fill-opacity="0.5"' if is_odd else ""
    shape = f'x="{x1:.1f}" y="{y - _BAR / 2:.1f}" width="{wide:.1f}" height="{_BAR}"'
    return f'<rect {shape} rx="3" {colour(i)}{fade}/>'


def _label(
    content: str, x: float, y: float, free: float, *, is_centred: bool = False
) -> tuple[str, float]:
    """Return a label and where the next may begin; nothing where the last one still is."""
    wide = text_width(content)
    begin = x - wide / 2 if is_centred else x
    if not content or begin < free or begin + wide > WIDTH + 12:
        return "", free
    anchor = "middle" if is_centred else "start"
    return text(x, y, content, anchor=anchor, opacity=0.85), begin + wide + 5


def _mark(shape: Shape, x: float, y: float) -> str:
    around = f'cx="{x:.1f}" cy="{y:.1f}"'
    if shape == "dot":
        return f'<circle {around} r="4.5" fill="currentColor"/>'
    if shape == "ring":
        return f'<circle {around} r="4.5" fill="Canvas" {_INK}/>'
    if shape == "diamond":
        points = [(x - 6, y), (x, y - 6), (x + 6, y), (x, y + 6)]
        return path(points, attributes='fill="currentColor"', closed=True)
    if shape == "back":
        points = [(x - 6, y), (x + 5, y - 6), (x + 5, y + 6)]
        return path(points, attributes='fill="currentColor"', closed=True)
    if shape == "end":
        return line(x, y - 10, x, y + 10, stroke='stroke="currentColor" stroke-width="2.5"')
    stroke = 'stroke="currentColor" stroke-width="2.4" stroke-linecap="round"'
    return line(x - 5, y - 5, x + 5, y + 5, stroke=stroke) + line(
        x - 5, y + 5, x + 5, y - 5, stroke=stroke
    )


def _time_axis(axis: _Axis, y: float) -> list[str]:
    parts = [line(axis.start, y, axis.end, y, opacity=0.45)]
    free = -math.inf
    for moment, label in time_ticks(axis.moments[0], axis.moments[-1], 6):
        x, half = axis(moment), text_width(label) / 2
        at = min(max(x, axis.start + half - 8), WIDTH - half)
        if at - half < free:
            continue
        free = at + half + 8
        parts.append(line(x, y, x, y + 5, opacity=0.45))
        parts.append(text(at, y + 20, label, anchor="middle", opacity=0.65))
    return parts


def _legend(legend: Sequence[tuple[Shape, str]], y: float) -> tuple[list[str], float]:
    parts: list[str] = []
    x = 0.0
    for shape, meaning in legend:
        wide = 22 + text_width(meaning) + 16
        if x and x + wide > WIDTH:
            x, y = 0.0, y + 22
        parts.append(_mark(shape, x + 8, y - 4.5))
        parts.append(text(x + 22, y, meaning, opacity=0.8))
        x += wide
    return parts, y + (12 if legend else -16)


def _description(lanes: Sequence[Lane]) -> str:
    told = [f"{lane.name}: {len(lane.spans)} spans, {len(lane.marks)} marks" for lane in lanes]
    newest = [lane.spans[-1] for lane in lanes if lane.spans]
    last = [f"{span.tooltip or span.label}" for span in newest]
    return f"Timeline. {'; '.join(told)}. {'. '.join(last)}"
