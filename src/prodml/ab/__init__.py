"""Who gets which model, and what came of it.

`ABRouter` assigns each unit to an arm by a hash, so that it keeps the arm without anybody remembering it;
it joins outcomes that come later and analyses the experiment with intervals that survive daily
looking. Weights change by events in a journal, and a ramp moves as few units as it can.
"""

from prodml._lazy import attach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from prodml.ab.assignment import Assignment as Assignment
    from prodml.ab.results import ArmResult as ArmResult
    from prodml.ab.results import ExperimentResult as ExperimentResult
    from prodml.ab.router import ABRouter as ABRouter
    from prodml.ab.router import Receipt as Receipt

__all__ = ["ABRouter", "ArmResult", "Assignment", "ExperimentResult", "Receipt"]

__getattr__, __dir__ = attach(
    __name__,
    {
        "ABRouter": "prodml.ab.router",
        "ArmResult": "prodml.ab.results",
        "Assignment": "prodml.ab.assignment",
        "ExperimentResult": "prodml.ab.results",
        "Receipt": "prodml.ab.router",
    },
)
