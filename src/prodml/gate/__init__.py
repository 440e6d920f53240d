"""Champion against challenger on the same rows: promote, reject, or too few rows to tell.

`Gate` decides by a paired test and returns a `GateDecision` with its evidence; `Predictions` is what
each model says about the rows. Pure functions of arrays: nothing is read, written or remembered.
"""

from prodml.gate.decision import Comparison, GateDecision
from prodml.gate.gate import Gate
from prodml.gate.predictions import Predictions

__all__ = ["Comparison", "Gate", "GateDecision", "Predictions"]
