"""Who may do what, and who did what.

`AuditTrail` is an append-only, hash-chained record of actions; `RolePolicy` answers whether an actor
may act on a resource and denies what nobody granted. Both plug into the objects by the methods
they have: ``Registry(store, audit=trail, access=policy)``. Signatures and encryption live in
`prodml.crypto`, below everything that uses them.
"""

from prodml.security.access import RolePolicy
from prodml.security.audit import AuditEvent, AuditTrail

__all__ = ["AuditEvent", "AuditTrail", "RolePolicy"]
