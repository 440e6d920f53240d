"""Training again when there is a reason: a schedule, drift, poor performance, new labels.

`RetrainLoop` checks its triggers, trains, registers the new version, and lets the registry's gate
decide whether it becomes the champion. One runner works at a time, however many hosts ask, and every
check is in the journal, so that a restart goes on where the last run left off.
"""

from prodml.retraining.context import Context, Reason
from prodml.retraining.cron import Cron
from prodml.retraining.decision import Decision, decide
from prodml.retraining.loop import RetrainLoop
from prodml.retraining.results import RetrainOutcome
from prodml.retraining.triggers import OnDrift, OnNewLabels, OnPerformance, OnSchedule, Trigger

__all__ = [
    "Context",
    "Cron",
    "Decision",
    "OnDrift",
    "OnNewLabels",
    "OnPerformance",
    "OnSchedule",
    "Reason",
    "RetrainLoop",
    "RetrainOutcome",
    "Trigger",
    "decide",
]
