"""Steps that are plain functions, wired by the names of their parameters.

A `Pipeline` compiles its steps to an immutable graph when it is made, so that a slip in the wiring
is an error there and not in the night. It runs in the host's process, on any PEP 3148 executor,
keeps what a contract put aside, retries what may be retried, and tells what it does as events.
"""

from prodml.pipeline.events import (
    RunEvent,
    RunFinished,
    RunStarted,
    StepFailed,
    StepFinished,
    StepRetried,
    StepStarted,
)
from prodml.pipeline.failure import StepErrors
from prodml.pipeline.pipeline import Pipeline
from prodml.pipeline.results import PipelineResult, StepReport
from prodml.pipeline.step import Step, step

__all__ = [
    "Pipeline",
    "PipelineResult",
    "RunEvent",
    "RunFinished",
    "RunStarted",
    "Step",
    "StepErrors",
    "StepFailed",
    "StepFinished",
    "StepReport",
    "StepRetried",
    "StepStarted",
    "step",
]
