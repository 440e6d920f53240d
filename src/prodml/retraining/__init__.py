"""Training again when there is a reason: a schedule, drift, poor performance, new labels, a wish.

`RetrainLoop` checks its triggers, trains, registers the new version, and lets the registry's gate
decide whether it becomes the champion. One runner works at a time, however many hosts ask; every decision and
every step is in the journal, so that whoever is killed is continued by the next.
"""

from prodml.retraining.combining import AllOf, AnyOf, AtMostEvery, Not, QuietHours
from prodml.retraining.context import Context, Reason, Request, Scores
from prodml.retraining.cron import Cron
from prodml.retraining.decision import Decision, decide
from prodml.retraining.loop import RetrainLoop
from prodml.retraining.notices import LoggingNotifier, Notice, WebhookNotifier
from prodml.retraining.results import RetrainOutcome
from prodml.retraining.status import LoopHistory, LoopStatus
from prodml.retraining.triggers import (
    Manual,
    OnDrift,
    OnNewLabels,
    OnPerformance,
    OnSchedule,
    Trigger,
)

__all__ = [
    "AllOf",
    "AnyOf",
    "AtMostEvery",
    "Context",
    "Cron",
    "Decision",
    "LoggingNotifier",
    "LoopHistory",
    "LoopStatus",
    "Manual",
    "Not",
    "Notice",
    "OnDrift",
    "OnNewLabels",
    "OnPerformance",
    "OnSchedule",
    "QuietHours",
    "Reason",
    "Request",
    "RetrainLoop",
    "RetrainOutcome",
    "Scores",
    "Trigger",
    "WebhookNotifier",
    "decide",
]
