"""Whether to train again: a pure function of what is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import attrs

from prodml import display
from prodml.retraining.context import Context, Reason
from prodml.retraining.triggers import Trigger

__all__ = ["Decision", "decide"]


@attrs.frozen
class Decision:
    """Whether to train again, and why.

    Parameters
    ----------
    due : bool
        Whether a run is due.
    reasons : tuple of Reason
        Of every trigger that fired, in order.
    message : str
        One sentence.
    """

    due: bool
    reasons: tuple[Reason, ...]
    message: str


def decide(
    context: Context,
    triggers: Sequence[Trigger],
    *,
    cooldown: timedelta = timedelta(0),
    force: bool = False,
) -> Decision:
    """Ask every trigger.

    Parameters
    ----------
    context : Context
        What is known.
    triggers : sequence of Trigger
        Any of them is enough.
    cooldown : timedelta, default none
        After the last run, wait at least so long.
    force : bool, default False
        Run whatever the triggers and the cooldown say.

    Returns
    -------
    Decision

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from prodml.retraining.triggers import OnNewLabels
    >>> now = datetime(2026, 3, 2, tzinfo=UTC)
    >>> decide(Context(now, n_new_labels=40), [OnNewLabels(500)]).message
    'no trigger fired'
    """
    reasons = tuple(r for t in triggers if (r := t.due(context)) is not None)
    if force:
        reasons = (*reasons, Reason("forced", "somebody asked for it"))
    if not reasons:
        return Decision(due=False, reasons=(), message="no trigger fired")
    rest = timedelta(0) if context.last_run is None else context.last_run + cooldown - context.now
    if rest > timedelta(0) and not force:
        left = display.duration(rest.total_seconds())
        return Decision(due=False, reasons=reasons, message=f"cooling down for another {left}")
    return Decision(due=True, reasons=reasons, message="; ".join(map(str, reasons)))
