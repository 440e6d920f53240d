"""What a training run measured beyond its metrics, as a card shows it: calibration and threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prodml import display

__all__ = ["calibration_chart", "calibration_rows", "scalars", "threshold_rows"]

_NAMES = {
    "ece": "expected calibration error",
    "adaptive_ece": "adaptive calibration error",
    "brier": "Brier score",
}


def calibration_rows(run: Mapping[str, object]) -> list[list[str]]:
    """Return a line per measure, with what it was before the model was calibrated, if it was."""
    now = run.get("calibration")
    if not isinstance(now, Mapping):
        return []
    before = now.get("before")
    old = before if isinstance(before, Mapping) else {}
    others = [k for k in now if k not in ("before", "curve", *_NAMES)]
    shown = [k for k in _NAMES if k in now] + others
    return [[_NAMES.get(k) or _label(k), _measure(now[k]), _measure(old.get(k))] for k in shown]


def calibration_chart(run: Mapping[str, object]) -> tuple[str, ...]:
    """Draw what was predicted beside what happened, if the run has recorded the curve."""
    found = run.get("calibration")
    curve = found.get("curve") if isinstance(found, Mapping) else None
    if not isinstance(curve, Mapping):
        return ()
    predicted, happened = _numbers(curve.get("predicted")), _numbers(curve.get("happened"))
    if not predicted or len(predicted) != len(happened):
        return ()
    return (
        display.line_chart(
            predicted,
            {"happened": happened, "well calibrated": predicted},
            title="What was predicted, and what happened",
            unit="share of rows",
            x_label="predicted probability",
        ),
    )


def threshold_rows(run: Mapping[str, object]) -> list[list[str]]:
    """Return what is known about the threshold above which the model says yes."""
    return [[_label(name), text] for name, text in scalars(run.get("threshold"), "")]


def scalars(value: object, name: str) -> list[tuple[str, str]]:
    """Return the plain facts of a record under one name each; lists of records are left out."""
    if isinstance(value, Mapping):
        return [pair for k, v in value.items() for pair in scalars(v, f"{name} {k}".strip())]
    if isinstance(value, bool):
        return [(name, "yes" if value else "no")]
    if isinstance(value, int | float):
        return [(name, display.number(value))]
    return [(name, value)] if isinstance(value, str) else []


def _measure(value: object) -> str:
    """Return a value with its bounds in one cell."""
    if not isinstance(value, Mapping):
        return ", ".join(text for _, text in scalars(value, ""))
    facts = dict(scalars({k: _rounded(v) for k, v in value.items()}, ""))
    main = facts.pop("value", "") or facts.pop("brier", "")
    if "low" in facts and "high" in facts:
        main += f" ({facts.pop('low')} to {facts.pop('high')})"
    rest = [f"{_label(k)} {v}" for k, v in facts.items()]
    return ", ".join([main, *rest] if main else rest)


def _rounded(value: object) -> object:
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _label(name: str) -> str:
    return name.replace("_", " ").replace("n rows", "rows")


def _numbers(values: object) -> list[float]:
    known = values if isinstance(values, Sequence) and not isinstance(values, str) else ()
    numbers = [v for v in known if isinstance(v, int | float) and not isinstance(v, bool)]
    return [float(v) for v in numbers] if len(numbers) == len(known) else []
