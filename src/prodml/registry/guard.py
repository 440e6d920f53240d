"""Who may do what, and who hears of it: the hooks of a registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import attrs

from prodml.errors import ConfigError, RefusedError, UntrustedModelError
from prodml.ports.duck import check_methods

__all__ = ["Access", "Audit", "Guard"]


class Audit(Protocol):
    """Where actions are recorded; `prodml.AuditTrail` is one."""

    def record(
        self,
        action: str,
        *,
        resource: str,
        actor: str = "",
        outcome: str = "ok",
        details: Mapping[str, object] | None = None,
    ) -> object:
        """Record one action."""
        ...


class Access(Protocol):
    """Says who may do what; a `prodml.security.RolePolicy`, or any function."""

    def __call__(self, actor: str, action: str, resource: str, /) -> bool:
        """Return True to allow; whatever is not true forbids."""
        ...


@attrs.frozen
class Guard:
    """Asks the access policy before an action, and tells the audit trail how it ended.

    Parameters
    ----------
    actor : str
        Who acts.
    access : Access or None
        The policy; None allows everything.
    audit : Audit or None
        The trail; None records nothing.
    """

    actor: str
    access: Access | None
    audit: Audit | None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.actor, str):
            raise ConfigError(f"actor must be a text, got a {type(self.actor).__name__}")
        if self.access is not None:
            such_as = "prodml.security.RolePolicy(...)"
            check_methods(self.access, "__call__", what="access", such_as=such_as)
        if self.audit is not None:
            check_methods(self.audit, "record", what="audit", such_as="AuditTrail(store)")

    @contextmanager
    def watch(self, action: str, resource: str) -> Iterator[dict[str, object]]:
        """Guard one action; put small facts about its outcome into the dict this yields.

        Raises
        ------
        RefusedError
            If the policy says no; nothing has happened then.
        """
        details: dict[str, object] = {}
        try:
            self._ask(action, resource)
            yield details
        except (RefusedError, UntrustedModelError) as exc:
            self._tell(action, resource, "denied", {**details, "why": str(exc)})
            raise
        except Exception as exc:
            self._tell(action, resource, "error", {**details, "error": type(exc).__name__})
            raise
        self._tell(action, resource, "ok", details)

    def _ask(self, action: str, resource: str) -> None:
        if self.access is not None and not self.access(self.actor, action, resource):
            who = f'"{self.actor}"' if self.actor else "an actor without a name"
            raise RefusedError(f"{who} may not {action} {resource}")

    def _tell(
        self, action: str, resource: str, outcome: str, details: Mapping[str, object]
    ) -> None:
        if self.audit is not None:
            self.audit.record(
                action, resource=resource, actor=self.actor, outcome=outcome, details=details
            )
