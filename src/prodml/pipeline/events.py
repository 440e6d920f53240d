"""What a run tells while it goes on. Counts, names and times; never data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import attrs

__all__ = [
    "OnEvent",
    "RunEvent",
    "RunFinished",
    "RunStarted",
    "StepFailed",
    "StepFinished",
    "StepRetried",
    "StepStarted",
]


@attrs.frozen
class RunStarted:
    """A run begins.

    Parameters
    ----------
    run_id : str
        Names the run.
    pipeline : str
        Name of the pipeline.
    steps : tuple of str
        Steps that will be executed, in a possible order.
    """

    run_id: str
    pipeline: str
    steps: tuple[str, ...]


@attrs.frozen
class StepStarted:
    """A step begins, or is handed to the executor."""

    run_id: str
    step: str
    rows_in: int | None


@attrs.frozen
class StepRetried:
    """A step failed and will be tried again after a pause.

    Parameters
    ----------
    attempt : int
        Which attempt failed, from 1.
    error : str
        Class of the error; its message may hold data, and is not told.
    delay_s : float
        Length of the pause.
    """

    run_id: str
    step: str
    attempt: int
    error: str
    delay_s: float


@attrs.frozen
class StepFinished:
    """A step has its result.

    Parameters
    ----------
    rows_out : int or None
        Rows of the result, if it has any.
    n_quarantined : int
        Rows that a contract put aside.
    seconds : float
        Wall time, pauses included.
    attempts : int
        How many it took.
    """

    run_id: str
    step: str
    rows_in: int | None
    rows_out: int | None
    n_quarantined: int
    seconds: float
    attempts: int


@attrs.frozen
class StepFailed:
    """A step has failed for good."""

    run_id: str
    step: str
    error: str
    seconds: float
    attempts: int


@attrs.frozen
class RunFinished:
    """A run has ended.

    Parameters
    ----------
    status : {"succeeded", "failed"}
        How.
    seconds : float
        Wall time.
    counts : mapping of str to int
        Steps by status: finished, failed, skipped, overridden.
    """

    run_id: str
    pipeline: str
    status: str
    seconds: float
    counts: Mapping[str, int]


RunEvent: TypeAlias = (
    RunStarted | StepStarted | StepRetried | StepFinished | StepFailed | RunFinished
)
OnEvent: TypeAlias = Callable[[RunEvent], object]
