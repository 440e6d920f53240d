"""AuditTrail: who did what to which resource, in an order nobody can quietly change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import attrs

from prodml.errors import ConfigError
from prodml.journal import Event, Head, Journal, Verification
from prodml.ports import Clock, Storage, utc_now
from prodml.ports.clock import check_aware

__all__ = ["OUTCOMES", "AuditEvent", "AuditTrail"]

OUTCOMES = ("ok", "denied", "error")


@attrs.frozen
class AuditEvent:
    """One action that somebody took, or was not allowed to take.

    Parameters
    ----------
    seq : int
        Position in the trail, from 1.
    at : datetime
        When, by the clock of the recording process; the order is that of `seq`.
    actor : str
        Who.
    action : str
        What was done, such as ``"promote"``.
    resource : str
        To what, such as ``"models/tumours@champion"``.
    outcome : {"ok", "denied", "error"}
        How it ended.
    details : dict
        Small facts about it, never values of personal data.
    digest : str
        ``"sha256:<hex>"`` of the stored event; the next event holds it too.
    """

    seq: int
    at: datetime
    actor: str
    action: str
    resource: str
    outcome: str
    details: Mapping[str, object]
    digest: str

    @classmethod
    def of(cls, event: Event) -> AuditEvent:
        """Read an audit event from an event of the journal."""
        payload = event.payload
        return cls(
            seq=event.seq,
            at=event.at,
            actor=event.actor,
            action=event.type,
            resource=str(payload["resource"]),
            outcome=str(payload["outcome"]),
            details=payload["details"],
            digest=event.digest,
        )


class AuditTrail:
    """An append-only record of actions, each chained to the one before.

    Parameters
    ----------
    storage : Storage
        Where the trail is kept.
    stream : str, default "audit"
        Name of the journal that holds it.
    actor : str, default ""
        Who acts when `record` is not told.
    clock : Clock, default `prodml.ports.utc_now`
        Stamps the events.

    Notes
    -----
    The chain shows an event that was edited, moved or removed from the middle. To see that the newest ones
    were cut off, keep `head()` elsewhere and pass it to `verify`.

    Examples
    --------
    >>> from prodml.storage import MemoryStorage
    >>> trail = AuditTrail(MemoryStorage())
    >>> _ = trail.record("promote", resource="models/tumours@champion", actor="release-bot")
    >>> [(e.actor, e.action, e.outcome) for e in trail.events()]
    [('release-bot', 'promote', 'ok')]
    >>> trail.verify().n_events
    1
    """

    def __init__(
        self, storage: Storage, *, stream: str = "audit", actor: str = "", clock: Clock = utc_now
    ) -> None:
        self._journal = Journal(storage, stream, actor=actor, clock=clock)

    def record(
        self,
        action: str,
        *,
        resource: str,
        actor: str = "",
        outcome: str = "ok",
        details: Mapping[str, object] | None = None,
    ) -> AuditEvent:
        """Remember one action; when this returns, the event is stored.

        Parameters
        ----------
        action : str
            What was done.
        resource : str
            To what.
        actor : str, optional
            Who; the trail's own actor if empty.
        outcome : {"ok", "denied", "error"}, default "ok"
            How it ended.
        details : mapping, optional
            Small facts that canonical JSON can hold. Never put personal values here.

        Returns
        -------
        AuditEvent
            The event as stored.

        Raises
        ------
        ConfigError
            If a name is empty, the outcome is none of the three, or `details` are not JSON.
        """
        if not action or not resource:
            raise ConfigError(
                f"an audit event names its action and its resource, got action={action!r}, resource={resource!r}."
            )
        if not isinstance(resource, str):
            raise ConfigError(f"a resource is named by a text, got a {type(resource).__name__}.")
        if details is not None and not isinstance(details, Mapping):
            raise ConfigError(f"details map names to small facts, got a {type(details).__name__}.")
        if outcome not in OUTCOMES:
            raise ConfigError(f"outcome must be one of {', '.join(OUTCOMES)}, got {outcome!r}.")
        payload = {"resource": resource, "outcome": outcome, "details": dict(details or {})}
        return AuditEvent.of(self._journal.append(action, payload, actor=actor or None))

    def events(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        resource: str | None = None,
        outcome: str | None = None,
        since: datetime | None = None,
        after: int = 0,
    ) -> Iterator[AuditEvent]:
        """Yield the events that match every condition given, oldest first.

        Parameters
        ----------
        actor, action, outcome : str, optional
            Exactly this value.
        resource : str, optional
            This resource, or one below it: ``"models/tumours"`` finds ``"models/tumours/3"``.
        since : datetime, optional
            Stamped at this time or later; aware.
        after : int, default 0
            Only events with a higher `seq`.
        """
        check_aware(since, "since")
        wanted = {"actor": actor, "action": action, "outcome": outcome}
        for event in map(AuditEvent.of, self._journal.events(after=after)):
            if any(v is not None and getattr(event, k) != v for k, v in wanted.items()):
                continue
            if resource is not None and not _is_below(event.resource, resource):
                continue
            if since is None or event.at >= since:
                yield event

    def verify(self, *, expect: Head | None = None) -> Verification:
        """Walk the whole chain.

        Parameters
        ----------
        expect : Head, optional
            A head that was exported earlier; the trail must still contain it.

        Raises
        ------
        IntegrityError
            If an event was changed, removed or added in the middle, or `expect` is not in the chain.
        """
        return self._journal.verify(expect=expect)

    def head(self) -> Head:
        """Return number and digest of the newest event, to be kept outside this storage."""
        return self._journal.head()


def _is_below(resource: str, wanted: str) -> bool:
    return resource == wanted or resource.startswith((wanted + "/", wanted + "@"))
