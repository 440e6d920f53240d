"""Histograms, several in one picture: shares, so that samples of unequal size compare."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from prodml.display.charts.axis import Scale, nice_ticks, span, tick_labels
from prodml.display.charts.canvas import (
    WIDTH,
    colour,
    empty,
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

__all__ = ["histogram_chart"]

_PLOT_HEIGHT = 190


def histogram_chart(
    edges: Sequence[float],
    series: Mapping[str, Sequence[float]],
    *,
    title: str,
    unit: str = "",
) -> str:
    """Draw histograms over one set of bins, each as shares of its own total.

    Where bins differ in width, the height is the share per width, so that areas compare.

    Parameters
    ----------
    edges : sequence of float, length n + 1
        Rising. A first edge of -inf or a last one of inf makes an open bin, drawn as wide as its
        neighbour.
    series : mapping of str to sequence of float, length n each
        Counts or weights per bin, not negative, such as ``{"reference": ..., "current": ...}``.
    title : str
        Line above the chart.
    unit : str, default ""
        What the edges measure; written below the axis.

    Returns
    -------
    str
        An ``<svg>`` element.

    Raises
    ------
    ConfigError
        If edges do not rise, or a series does not match them or holds a negative count.

    Examples
    --------
    >>> chart = histogram_chart([0, 1, 2], {"reference": [5, 5], "current": [1, 9]}, title="age")
    >>> "reference" in chart
    True
    """
    bounds = _bounds(edges)
    shares = {
        str(name): _shares(str(name), counts, len(bounds) - 1) for name, counts in series.items()
    }
    heights = {name: _heights(values, bounds) for name, values in shares.items()}
    parts, top = header(title, list(shares))
    if not shares:
        return empty(parts, top, title=title, kind="Histogram")
    x_ticks = [t for t in nice_ticks(bounds[0], bounds[-1], 6) if bounds[0] <= t <= bounds[-1]]
    y_ticks = nice_ticks(*span([h for hs in heights.values() for h in hs], zero=True), 4)
    equal = _equal_widths(bounds)
    y_labels = [f"{100 * t:.3g}%" for t in y_ticks] if equal else [""] * len(y_ticks)
    left = max(map(text_width, y_labels)) + 8
    x = Scale(bounds[0], bounds[-1], left, WIDTH - 14)
    y = Scale(y_ticks[0], y_ticks[-1], top + _PLOT_HEIGHT, top)
    parts += _axes(x, y, x_ticks, y_ticks, y_labels)
    for i, (name, values) in enumerate(heights.items()):
        parts.append(group(name, *_outline(i, x, y, bounds, values)))
    height = y.start + 28
    if unit:
        height += 16
        parts.append(text((x.start + x.end) / 2, height - 6, unit, anchor="middle", opacity=0.65))
    return svg(height, parts, title=title, description=_description(bounds, shares))


def _bounds(edges: Sequence[float]) -> list[float]:
    bounds = [float(e) for e in edges]
    if len(bounds) < 2 or any(not a < b for a, b in pairwise(bounds)):
        raise ConfigError("edges must be at least two rising numbers")
    if len(bounds) == 2 and not all(map(math.isfinite, bounds)):
        raise ConfigError("the only bin has an open end: give it two finite edges")
    if bounds[0] == -math.inf:
        bounds[0] = bounds[1] - (bounds[2] - bounds[1] if math.isfinite(bounds[2]) else 1)
    if bounds[-1] == math.inf:
        bounds[-1] = bounds[-2] + (bounds[-2] - bounds[-3])
    return bounds


def _shares(name: str, counts: Sequence[float], n_bins: int) -> list[float]:
    values = [float(c) for c in counts]
    if len(values) != n_bins:
        raise ConfigError(f'series "{name}" has {len(values)} counts for {n_bins} bins')
    if any(not 0 <= v < math.inf for v in values):
        raise ConfigError(f'series "{name}" holds a count that is negative or not finite')
    total = math.fsum(values)
    return [v / total if total else 0.0 for v in values]


def _equal_widths(bounds: Sequence[float]) -> bool:
    widths = [b - a for a, b in pairwise(bounds)]
    return max(widths) <= min(widths) * 1.001


def _heights(shares: Sequence[float], bounds: Sequence[float]) -> list[float]:
    if _equal_widths(bounds):
        return list(shares)
    whole = bounds[-1] - bounds[0]
    # A bin may be so narrow that its density is beyond what a float can hold.
    return [min(s * whole / (bounds[i + 1] - bounds[i]), 1e300) for i, s in enumerate(shares)]


def _axes(
    x: Scale, y: Scale, x_ticks: Sequence[float], y_ticks: Sequence[float], y_labels: Sequence[str]
) -> list[str]:
    parts = [line(x.start, y(t), x.end, y(t), opacity=0.45 if t == 0 else 0.13) for t in y_ticks]
    parts += [
        text(x.start - 8, y(t) + 4.5, label, anchor="end", opacity=0.65)
        for t, label in zip(y_ticks, y_labels, strict=True)
        if label
    ]
    labels = tick_labels(x_ticks)
    for t, label in zip(x_ticks, labels, strict=True):
        parts.append(line(x(t), y.start, x(t), y.start + 5, opacity=0.45))
        parts.append(text(x(t), y.start + 20, label, anchor="middle", opacity=0.65))
    return parts


def _outline(
    i: int, x: Scale, y: Scale, bounds: Sequence[float], heights: Sequence[float]
) -> list[str]:
    steps = [(x(bounds[0]), y(0))]
    for j, height in enumerate(heights):
        steps += [(x(bounds[j]), y(height)), (x(bounds[j + 1]), y(height))]
    steps.append((x(bounds[-1]), y(0)))
    return [
        path(steps, attributes=f'{colour(i)} fill-opacity="0.18"', closed=True),
        path(steps, attributes=f'{series_stroke(i, 2)} stroke-linejoin="round"'),
    ]


def _description(bounds: Sequence[float], shares: Mapping[str, Sequence[float]]) -> str:
    told = [f"{name}: most between {_fullest(bounds, values)}" for name, values in shares.items()]
    return f"Histogram of {len(bounds) - 1} bins. " + "; ".join(told) + "."


def _fullest(bounds: Sequence[float], values: Sequence[float]) -> str:
    i = max(range(len(values)), key=values.__getitem__)
    return f"{number(bounds[i])} and {number(bounds[i + 1])}"
