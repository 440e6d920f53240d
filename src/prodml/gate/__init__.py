"""Champion against challenger on the same rows: promote, reject, or too few rows to tell.

`Gate` decides by a paired test and returns a `GateDecision` with its evidence; `Predictions` is what
each model says about the rows, `Facts` what was measured beside. `ThresholdGate` keeps the thresholds of
MLflow and TFMA. Pure functions of arrays: nothing is read, written or remembered.
"""

from prodml.gate.checks import Facts
from prodml.gate.decision import Check, Comparison, GateDecision, SliceComparison
from prodml.gate.gate import Gate
from prodml.gate.predictions import Predictions
from prodml.gate.threshold_gate import ThresholdGate
from prodml.gate.thresholds import (
    GenericChangeThreshold,
    GenericValueThreshold,
    MetricThreshold,
)

__all__ = [
    "Check",
    "Comparison",
    "Facts",
    "Gate",
    "GateDecision",
    "GenericChangeThreshold",
    "GenericValueThreshold",
    "MetricThreshold",
    "Predictions",
    "SliceComparison",
    "ThresholdGate",
]
