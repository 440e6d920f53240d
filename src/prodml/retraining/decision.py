"""Whether to train again: a pure function of what is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import attrs

from prodml import display
from prodml.retraining.context import Context, Reason
from prodml.retraining.triggers import Trigger

__all__ = ["Decision", "decide"]

_HUMAN = {"manual", "forced"}


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

    def to_dict(self) -> dict[str, object]:
        """Return the decision as plain values."""
        reasons = [{"trigger": r.trigger, "message": r.message} for r in self.reasons]
        return {"due": self.due, "reasons": reasons, "message": self.message}


def decide(
    context: Context,
    triggers: Sequence[Trigger],
    *,
    cooldown: timedelta = timedelta(0),
    force: bool = False,
) -> Decision:
    """Ask every trigger, then what may hold a run back.

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

    Notes
    -----
    If the gate's last verdict was inconclusive and labels are counted, a run waits until as many have
    come in as the verdict lacked: another try on the same evidence would only wear out the holdout.
    When they are there, that is a reason of its own. What a person asks for waits for nothing.

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
    lacking = _lacking(context)
    if lacking is not None and lacking <= 0:
        told = f"the {context.n_labels_wanted:,} labels that the last verdict lacked have come in"
        reasons = (*reasons, Reason("labels_came", told))
    if not reasons:
        return Decision(due=False, reasons=(), message="no trigger fired")
    held = None if any(r.trigger in _HUMAN for r in reasons) else _held(context, cooldown, lacking)
    if held is not None:
        return Decision(due=False, reasons=reasons, message=held)
    return Decision(due=True, reasons=reasons, message="; ".join(map(str, reasons)))


def _held(context: Context, cooldown: timedelta, lacking: int | None) -> str | None:
    """Say what holds a run back, or None."""
    rest = timedelta(0) if context.last_run is None else context.last_run + cooldown - context.now
    if rest > timedelta(0):
        return f"cooling down for another {display.duration(rest.total_seconds())}"
    if lacking is not None and lacking > 0:
        return f"the last verdict was inconclusive: waiting for {lacking:,} more labels"
    return None


def _lacking(context: Context) -> int | None:
    if context.n_labels_wanted is None or context.n_new_labels is None:
        return None
    return context.n_labels_wanted - context.n_new_labels
