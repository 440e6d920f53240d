"""From a table to a fitted, measured and documented model.

`Trainer` splits, fits a clone of your estimator, scores it and writes down what is needed to do it
again; its `fit` returns a frozen `TrainingRun`, which a Registry takes and a Gate can judge.
`RunLog` remembers runs, also of training loops of your own; `reproduce` trains again and says what
is equal and what differs. `ByCost` and its siblings choose thresholds.
"""

from prodml.training.active_run import ActiveRun
from prodml.training.differences import Difference
from prodml.training.folds import OutOfFold
from prodml.training.reproduction import Reproduction, reproduce
from prodml.training.results import TrainingRun
from prodml.training.run_log import RunLog
from prodml.training.run_state import MetricPoint, RunSummary
from prodml.training.run_table import RunTable
from prodml.training.thresholds import AtCapacity, AtPrecision, AtRecall, ByCost, ByFBeta
from prodml.training.trainer import Trainer

__all__ = [
    "ActiveRun",
    "AtCapacity",
    "AtPrecision",
    "AtRecall",
    "ByCost",
    "ByFBeta",
    "Difference",
    "MetricPoint",
    "OutOfFold",
    "Reproduction",
    "RunLog",
    "RunSummary",
    "RunTable",
    "Trainer",
    "TrainingRun",
    "reproduce",
]
