"""What the numbers of a run say to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from prodml import display

if TYPE_CHECKING:
    from prodml.training.results import TrainingRun

__all__ = ["advice"]

_FEW_ROWS = 200
_WIDE = 0.1  # of a score from 0 to 1 between training and holdout


def advice(run: TrainingRun) -> list[str]:
    """Return what is worth looking at before this model is used, and the call that comes next.

    Parameters
    ----------
    run : TrainingRun
        The run.

    Returns
    -------
    list of str
        One sentence each, the next call last.
    """
    return [*_cautions(run), f'next: registry.register("{run.target}", run)']


def _cautions(run: TrainingRun) -> Iterator[str]:
    record = cast("Mapping[str, Any]", run.record)
    if len(run.holdout) < _FEW_ROWS:
        more = "" if run.out_of_fold is not None else "; cv= would use the training rows as well"
        yield f"the holdout has {len(run.holdout)} rows: differences of a few points are chance{more}"
    yield from _overfit(run)
    yield from _miscalibrated(record.get("calibration"))
    weak = record.get("weak_slices") or []
    if weak:
        listed = ", ".join(weak[:3]) + (f" and {len(weak) - 3} more" if len(weak) > 3 else "")
        n = len(record["slices"])
        yield f"worse than the whole, of {n} slices looked at: {listed}"
    small = record.get("small_slices") or []
    if small:
        yield f"too few rows to judge: {', '.join(small[:3])}"


def _overfit(run: TrainingRun) -> Iterator[str]:
    for name in ("accuracy", "r2"):
        here, before = run.metrics.get(name), run.metrics.get(f"train_{name}")
        if here is not None and before is not None and before - here > _WIDE:
            yield (
                f"{name} is {display.number(before)} on the rows it was trained on and "
                f"{display.number(here)} on others: a simpler model may do as well"
            )


def _miscalibrated(calibration: Mapping[str, Any] | None) -> Iterator[str]:
    if calibration is None:
        return
    error = calibration["adaptive_ece"]
    if error["low"] > error["by_chance"]:
        tried = "another calibrate=" if calibration.get("method") else 'calibrate="sigmoid"'
        yield (
            f"probabilities are off by {display.number(error['value'], 2)} on average, more than chance: "
            f"try {tried}"
        )
