"""How a version does on parts of its holdout, as the training run recorded it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from prodml import display
from prodml.registry.results import ModelVersion

__all__ = ["Slice", "slice_chart", "slice_rows", "slices_of"]

_MOST_DRAWN = 30


@attrs.frozen
class Slice:
    """A part of the holdout, and the scores there.

    Parameters
    ----------
    name : str
        Which part, such as ``"age < 30"``.
    n_rows : int or None
        How many rows it has.
    scores : mapping of str to tuple
        By metric: value, lower and upper bound, None where there is none.
    """

    name: str
    n_rows: int | None
    scores: Mapping[str, tuple[float | None, float | None, float | None]]


def slices_of(run: Mapping[str, object]) -> list[Slice]:
    """Read the slices out of the record of a run; what is not one is left out."""
    found = run.get("slices")
    members = found if isinstance(found, list | tuple) else ()
    return [_slice(m) for m in members if isinstance(m, Mapping) and "slice" in m]


def _slice(plain: Mapping[str, Any]) -> Slice:
    metrics = plain.get("metrics")
    known = metrics if isinstance(metrics, Mapping) else {}
    rows = plain.get("n_rows")
    return Slice(
        name=str(plain["slice"]),
        n_rows=rows if isinstance(rows, int) else None,
        scores={str(name): _score(score) for name, score in known.items()},
    )


def _score(score: object) -> tuple[float | None, float | None, float | None]:
    if not isinstance(score, Mapping):
        return _number(score), None, None
    return _number(score.get("value")), _number(score.get("low")), _number(score.get("high"))


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]


def slice_rows(slices: list[Slice]) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return headers and rows of a table: a line per slice, a column per metric."""
    names = tuple(dict.fromkeys(name for s in slices for name in s.scores))
    rows = [
        [s.name, display.number(s.n_rows), *(_shown(s.scores.get(name)) for name in names)]
        for s in slices
    ]
    return ("slice", "rows", *names), rows


def slice_chart(slices: list[Slice], version: ModelVersion) -> tuple[str, ...]:
    """Draw the first metric that all slices have, beside its value on all rows."""
    names = dict.fromkeys(name for s in slices for name in s.scores)
    drawable = (n for n in names if all(s.scores.get(n, (None,))[0] is not None for s in slices))
    name = next(drawable, None)
    if name is None:
        return ()
    drawn = slices[:_MOST_DRAWN]
    values, lows, highs = zip(*(s.scores[name] for s in drawn), strict=True)
    overall = version.metrics.get(name)
    return (
        display.interval_chart(
            [s.name for s in drawn],
            values,
            [v if low is None else low for v, low in zip(values, lows, strict=True)],
            [v if high is None else high for v, high in zip(values, highs, strict=True)],
            title=f"{name} by slice",
            unit="" if overall is None else f"the line: all rows, {display.number(overall)}",
            mark=overall,
        ),
    )


def _shown(score: tuple[float | None, float | None, float | None] | None) -> str:
    if score is None or score[0] is None:
        return ""
    value, low, high = (display.number(x, 3) for x in score)
    return f"{value} ({low} to {high})" if score[1] is not None else value
