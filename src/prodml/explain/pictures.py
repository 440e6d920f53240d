"""Explanations as SVG, drawn with what every chart of prodml is drawn with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from prodml.display import bar_chart, number
from prodml.display.charts.axis import Scale, nice_ticks, span, tick_labels
from prodml.display.charts.canvas import (
    WIDTH,
    colour,
    fitted,
    group,
    header,
    line,
    rect,
    svg,
    text,
)

if TYPE_CHECKING:
    import pandas as pd

    from prodml.explain.results import Explanation, Importance

__all__ = ["bar", "beeswarm", "waterfall"]

Array = NDArray[np.float64]

_LEFT = 170.0  # room for names
_RIGHT = 70.0  # room for numbers
_PITCH = 28.0
_BAR = 18.0
_DOT = 3.0
_MAX_DOTS = 400
_UP, _DOWN = 1, 0  # orange raises, blue lowers: apart for colour-blind readers too


def bar(explanation: Explanation, importance: Importance, max_features: int) -> str:
    """Draw the mean absolute contribution of the most important columns."""
    return bar_chart(
        importance.features[:max_features],
        importance.scores[:max_features].tolist(),
        title="Mean absolute contribution",
        unit=explanation.output_scale,
        horizontal=True,
    )


def waterfall(explanation: Explanation, row: int, output: int, max_features: int) -> str:
    """Draw how the columns lead from the base to the prediction of one row."""
    names, steps = _steps(explanation, row, output, max_features)
    ends = explanation.base_values[output] + np.cumsum([0.0, *steps])
    low, high = span(ends.tolist())
    x = Scale(low, high, _LEFT, WIDTH - _RIGHT)
    what = f"{explanation.output_scale}: {explanation.output_names[output]}"
    parts, top = header("From the base to the prediction", unit=what)
    parts.append(_anchor(x, top, "base", float(ends[0])))
    for i, (name, step) in enumerate(zip(names, steps, strict=True)):
        y = top + (i + 1) * _PITCH
        parts.append(_step(x, y, name, float(ends[i]), step))
    bottom = top + (len(names) + 1) * _PITCH
    parts.append(_anchor(x, bottom, "prediction", float(ends[-1])))
    described = ", ".join(f"{n} {number(s, 3)}" for n, s in zip(names, steps, strict=True))
    return svg(
        bottom + _PITCH,
        parts,
        title="From the base to the prediction",
        description=f"From {number(ends[0])} to {number(ends[-1])}: {described}.",
    )


def beeswarm(explanation: Explanation, output: int, max_features: int) -> str:
    """Draw each row's contribution of the most important columns as a dot.

    At most 400 rows are drawn, evenly spaced through the explanation. Dots are shaded by the value of a
    column that is a number: the fuller, the larger.
    """
    rows = np.unique(np.linspace(0, len(explanation) - 1, _MAX_DOTS).astype(int))
    ranked = explanation.importance(output).features[:max_features]
    columns = [explanation.feature_names.index(name) for name in ranked]
    values = explanation.values[rows][:, columns, output]  # noqa: PD011  # no pandas object
    low, high = span(values.ravel().tolist(), zero=True)
    ticks = nice_ticks(low, high)
    x = Scale(ticks[0], ticks[-1], _LEFT, WIDTH - 20)
    what = f"contribution to the {explanation.output_scale}: {explanation.output_names[output]}"
    parts, top = header("Contribution of each row", unit=what)
    height = 1.4 * _PITCH
    bottom = top + len(columns) * height
    parts += _axis(x, ticks, top, bottom)
    for i, column in enumerate(columns):
        y = top + (i + 0.5) * height
        shades = _shades(explanation.data.iloc[rows, column])
        parts.append(text(0, y + 4, fitted(ranked[i], _LEFT - 10)))
        parts += _swarm(x, y, values[:, i], shades, height)
    described = f"{len(rows)} rows, columns by importance: {', '.join(ranked)}."
    return svg(bottom + 24, parts, title="Contribution of each row", description=described)


def _steps(
    explanation: Explanation, row: int, output: int, max_features: int
) -> tuple[list[str], list[float]]:
    """Names and contributions of the strongest columns, the rest as one step."""
    values = explanation.values[row, :, output]  # noqa: PD011  # no pandas object
    order = np.argsort(-np.abs(values), kind="stable")
    first, rest = order[:max_features], order[max_features:]
    names = [explanation.feature_names[i] for i in first]
    steps = values[first].tolist()
    if len(rest):
        names.append(f"{len(rest)} others")
        steps.append(float(values[rest].sum()))
    return names, steps


def _anchor(x: Scale, y: float, name: str, value: float) -> str:
    return group(
        f"{name}: {number(value)}",
        text(0, y + 13, name, weight=600),
        line(x(value), y, x(value), y + _BAR),
        text(WIDTH, y + 13, number(value), anchor="end", weight=600),
    )


def _step(x: Scale, y: float, name: str, start: float, step: float) -> str:
    sign = "+" if step > 0 else ""
    fill = colour(_UP if step > 0 else _DOWN)
    return group(
        f"{name}: {sign}{number(step)}",
        text(0, y + 13, fitted(name, _LEFT - 10)),
        rect(x(start), y, x(start + step) - x(start), _BAR, fill=fill),
        text(WIDTH, y + 13, f"{sign}{number(step, 3)}", anchor="end"),
    )


def _axis(x: Scale, ticks: Sequence[float], top: float, bottom: float) -> list[str]:
    parts = []
    for tick, label in zip(ticks, tick_labels(ticks), strict=True):
        parts.append(line(x(tick), top, x(tick), bottom, opacity=0.6 if tick == 0 else 0.15))
        parts.append(text(x(tick), bottom + 16, label, anchor="middle", opacity=0.65))
    return parts


def _shades(column: pd.Series) -> Array:
    """Return where each value stands among the others, 0.15 to 1; 0.6 where that has no meaning."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column) or len(column) < 2:
        return np.full(len(column), 0.6)
    ranks = column.rank(method="average", pct=True).to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isnan(ranks), 0.6, 0.15 + 0.85 * ranks)


def _swarm(x: Scale, y: float, values: Array, shades: Array, height: float) -> list[str]:
    dots = []
    taken: dict[int, int] = {}
    for value, shade in zip(values.tolist(), shades.tolist(), strict=True):
        at = x(value)
        cell = round(at / (2 * _DOT))
        level = taken[cell] = taken.get(cell, -1) + 1
        # 0, 1, -1, 2, -2, … around the middle, as far as there is room.
        offset = (level + 1) // 2 * (1 if level % 2 else -1) * _DOT
        reach = height / 2 - _DOT
        dy = max(-reach, min(reach, offset))
        dots.append(
            f'<circle cx="{at:.1f}" cy="{y + dy:.1f}" r="{_DOT:g}" fill-opacity="{shade:.2f}" {colour(_DOWN)}/>'
        )
    return dots
