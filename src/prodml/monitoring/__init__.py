"""What the model answered, what came true, and how good it is today.

`PredictionLog` keeps predictions and joins the outcomes that arrive later, however late; from both it
computes the realised `Performance` with its label coverage and uncertainty. It stands on a journal,
so it survives a restart, and stores no inputs unless told to.
"""

from prodml.monitoring.performance import Performance
from prodml.monitoring.predictions import LoggedPrediction, OutcomeReceipt, PredictionLog

__all__ = ["LoggedPrediction", "OutcomeReceipt", "Performance", "PredictionLog"]
