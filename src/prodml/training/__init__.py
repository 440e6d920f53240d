"""From a table to a fitted, measured and documented model.

`Trainer` splits, fits a clone of your estimator, scores it and writes down what is needed to do it
again; its `fit` returns a frozen `TrainingRun`, which a Registry takes and a Gate can judge.
`prodml.training.splits` and `prodml.training.record` hold the parts.
"""

from prodml.training.results import TrainingRun
from prodml.training.trainer import Trainer

__all__ = ["Trainer", "TrainingRun"]
