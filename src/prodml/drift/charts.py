"""Reference and current of some columns, one chart below the other."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from prodml.display import bar_chart, histogram_chart
from prodml.drift.results import Bins, ColumnDrift

__all__ = ["stacked"]

_GAP = 24
_DAY = 86_400e6  # microseconds


def stacked(columns: Sequence[ColumnDrift]) -> str:
    """Return one SVG with the charts of `columns`.

    Parameters
    ----------
    columns : sequence of ColumnDrift
        At least one. A column without bins gets a chart that says so.

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    charts = [_chart(column) for column in columns]
    if len(charts) == 1:
        return charts[0]
    parts, top, width = [], 0.0, 0.0
    for chart in charts:
        wide, high = map(float, _SIZE.search(chart).groups())  # type: ignore[union-attr]
        parts.append(chart.replace("<svg ", f'<svg y="{top:g}" ', 1))
        top, width = top + high + _GAP, max(width, wide)
    names = ", ".join(column.column for column in columns)
    size = f'viewBox="0 0 {width:g} {top - _GAP:g}" width="{width:g}" height="{top - _GAP:g}"'
    label = _ESCAPES.sub(lambda m: f"&#{ord(m[0])};", f"Drift of {names}")
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} aria-label="{label}">'
    return "\n".join([opening, *parts, "</svg>"])


_SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_ESCAPES = re.compile("[<>&\"'\x00-\x1f]")


def _chart(column: ColumnDrift) -> str:
    title = f"{column.column}: {'drift' if column.drifted else 'no drift'}"
    bins = column.bins
    if bins is None or not any(bins.current) or not any(bins.reference):
        return bar_chart([], [], title=f"{column.column}: {column.status}")
    if bins.labels:
        return _level_chart(bins, title)
    edges, unit = _axis(bins, column)
    series = {"reference": bins.reference, "current": bins.current}
    return histogram_chart([-math.inf, *edges, math.inf], series, title=title, unit=unit)


def _level_chart(bins: Bins, title: str) -> str:
    """Draw what each level gained or lost, the largest moves first."""
    n, m = sum(bins.reference), sum(bins.current)
    moves = [
        (label, 100 * (c / m - r / n))
        for label, r, c in zip(bins.labels, bins.reference, bins.current, strict=True)
    ]
    moves = sorted(moves, key=lambda move: -abs(move[1]))[:12]
    labels, values = zip(*moves, strict=True)
    return bar_chart(labels, values, title=title, unit="change of share, percentage points")


def _axis(bins: Bins, column: ColumnDrift) -> tuple[list[float], str]:
    if column.kind == "text":
        return list(bins.edges), "characters"
    if column.kind != "time":
        return list(bins.edges), ""
    start = bins.edges[0]
    return [(edge - start) / _DAY for edge in bins.edges], "days since the early reference"
