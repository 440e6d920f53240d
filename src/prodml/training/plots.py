"""A run as pictures: how it ranks or errs, whether its probabilities hold, and for whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from prodml import display
from prodml.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from prodml.gate import Predictions
    from prodml.training.results import TrainingRun

__all__ = ["PLOTS", "plots"]

PLOTS = {
    "roc": "ROC",
    "precision_recall": "Precision and recall",
    "residuals": "Errors",
    "calibration": "Calibration",
    "slices": "Slices",
}

_GRID = 100  # points of a curve
_N_BINS = 30


def plots(run: TrainingRun) -> dict[str, str]:
    """Return the charts that make sense for a run, by name, each an ``<svg>`` element."""
    return dict(_charts(run))


def _charts(run: TrainingRun) -> Iterator[tuple[str, str]]:
    if run.task == "regression":
        yield "residuals", _residuals(run)
    elif run.record.get("n_classes") == 2:
        yield from _curves(run)
    calibration = run.record.get("calibration")
    if isinstance(calibration, Mapping):
        yield "calibration", _calibration(calibration)
    slices = run.record.get("slices")
    if isinstance(slices, list) and slices:
        yield "slices", _slices(slices, run.metrics)


def _curves(run: TrainingRun) -> Iterator[tuple[str, str]]:
    said = run.predictions()
    if said.scores is None or said.scores.ndim != 1:
        return
    import numpy as np

    from prodml.stats.threshold_scores import cutoffs

    truth = run.holdout_target == _positive(said)
    try:
        cut = cutoffs(truth, np.asarray(said.scores, dtype=np.float64))
    except ConfigError:
        return  # a holdout without positive rows
    negatives = cut.false_positive[-1]
    grid = np.linspace(0.0, 1.0, _GRID + 1)
    if negatives > 0:
        found = np.interp(grid, cut.false_positive / negatives, cut.recall)
        found[0] = 0.0
        yield (
            "roc",
            display.line_chart(
                grid.tolist(),
                {"model": found.tolist(), "chance": grid.tolist()},
                title="Hits against false alarms",
                unit="share of the positive rows that are found",
                x_label="share of the negative rows said to be positive",
            ),
        )
    # The precision that can be had at this recall or more.
    best = np.maximum.accumulate(cut.precision[:0:-1])[::-1]
    place = np.searchsorted(cut.recall[1:], grid, side="left").clip(0, len(best) - 1)
    yield (
        "precision_recall",
        display.line_chart(
            grid.tolist(),
            {"model": best[place].tolist(), "chance": [float(truth.mean())] * len(grid)},
            title="Precision against recall",
            unit="best precision at this recall or more",
            x_label="recall",
        ),
    )


def _residuals(run: TrainingRun) -> str:
    import numpy as np

    said = np.asarray(run.predictions().labels, dtype=np.float64)
    errors: NDArray[np.float64] = said - np.asarray(run.holdout_target, dtype=np.float64)
    counts, edges = np.histogram(errors, bins=min(_N_BINS, max(5, int(len(errors) ** 0.5))))
    return display.histogram_chart(
        edges.tolist(),
        {"holdout": counts.tolist()},
        title="Errors: predicted minus true",
        unit=run.target,
    )


def _calibration(calibration: Mapping[str, Any]) -> str:
    curve = calibration["curve"]
    before = (calibration.get("before") or {}).get("curve")
    series: dict[str, list[float | None]] = {"happened": curve["happened"]}
    places: list[float] = list(curve["predicted"])
    if before:
        # Two curves over one axis: each has gaps where only the other has points.
        return _two_curves(curve, before)
    series["if it were right"] = list(places)
    return display.line_chart(
        places, series, title="How often it happened", unit="share of the rows", x_label=_AXIS
    )


_AXIS = "probability that was given"


def _two_curves(after: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    import numpy as np

    low = max(after["predicted"][0], before["predicted"][0])
    high = min(after["predicted"][-1], before["predicted"][-1])
    grid = np.linspace(low, high, 2 * _N_BINS)
    series = {
        "calibrated": np.interp(grid, after["predicted"], after["happened"]).tolist(),
        "before": np.interp(grid, before["predicted"], before["happened"]).tolist(),
        "if it were right": grid.tolist(),
    }
    return display.line_chart(
        grid.tolist(),
        series,
        title="How often it happened",
        unit="share of the rows",
        x_label=_AXIS,
    )


def _slices(slices: list[dict[str, Any]], metrics: Mapping[str, float]) -> str:
    name = next((n for n in metrics if any(n in s["metrics"] for s in slices)), None)
    shown = [s for s in slices if name in s["metrics"]] if name else []
    cells = [s["metrics"][name] for s in shown]
    return display.interval_chart(
        [f"{s['slice']} ({s['n_rows']:,})" for s in shown],
        [c["value"] for c in cells],
        [c["low"] for c in cells],
        [c["high"] for c in cells],
        title=f"{name} by slice",
        unit="with 95 % intervals; the line is the whole holdout",
        mark=None if name is None else metrics[name],
    )


def _positive(said: Predictions) -> object:
    return None if said.classes is None else said.classes[-1]
