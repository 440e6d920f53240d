"""RolePolicy: what each role may do, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

import attrs

from prodml.errors import ConfigError, UnknownNameError

__all__ = ["RolePolicy"]


def _frozen_lists(value: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        raise ConfigError(
            f'grants and roles map names to lists, such as {{"ops": ["owner"]}}, got a '
            f"{type(value).__name__}."
        )
    for name, items in value.items():
        if isinstance(items, str):
            raise ConfigError(f"{name!r} must have a list of names, got the single text {items!r}.")
        if not isinstance(items, Sequence):
            raise ConfigError(f"{name!r} must have a list of names, got a {type(items).__name__}.")
    return {name: tuple(items) for name, items in value.items()}


def _counts(value: Mapping[str, int]) -> dict[str, int]:
    if isinstance(value, Mapping) and all(
        isinstance(alias, str) and type(n) is int and n >= 0 for alias, n in value.items()
    ):
        return dict(value)
    raise ConfigError('approvals map aliases to numbers of people, such as {"champion": 2}.')


@attrs.frozen
class RolePolicy:
    """Grants to roles, roles to actors; what nobody granted is denied.

    A policy is a callable ``(actor, action, resource) -> bool``, which is all that the objects ask of
    their ``access=`` argument: a host may pass its own.

    Parameters
    ----------
    grants : mapping of str to sequence of str
        Role to patterns ``"action:resource"``, where ``*`` stands for anything, such as
        ``"promote:models/tumours*"``.
    roles : mapping of str to sequence of str
        Actor to the roles it has.
    approvals : mapping of str to int, optional
        How many must approve before an alias of a model moves, such as ``{"champion": 2}`` or
        ``{"credit-*@champion": 2}``; a `prodml.Registry` that is given the policy asks for them.

    Raises
    ------
    ConfigError
        If a pattern has no colon.
    UnknownNameError
        If an actor has a role that nothing is granted to.

    Examples
    --------
    >>> policy = RolePolicy(
    ...     grants={"trainer": ["register:models/*"], "owner": ["*:models/*"]},
    ...     roles={"nightly": ["trainer"], "release-bot": ["owner"]},
    ... )
    >>> policy("nightly", "register", "models/tumours")
    True
    >>> policy("nightly", "promote", "models/tumours")
    False
    """

    grants: Mapping[str, tuple[str, ...]] = attrs.field(converter=_frozen_lists)
    roles: Mapping[str, tuple[str, ...]] = attrs.field(converter=_frozen_lists)
    approvals: Mapping[str, int] = attrs.field(factory=dict, converter=_counts)

    def __attrs_post_init__(self) -> None:
        for role, patterns in self.grants.items():
            for pattern in patterns:
                if ":" not in pattern:
                    raise ConfigError(
                        f'a grant reads "action:resource", got {pattern!r} for role {role!r}.'
                    )
        for held in self.roles.values():
            for role in held:
                if role not in self.grants:
                    raise UnknownNameError("role", role, self.grants)

    def __call__(self, actor: str, action: str, resource: str) -> bool:
        """Say whether `actor` may do `action` to `resource`."""
        asked = f"{action}:{resource}"
        patterns = (p for role in self.roles.get(actor, ()) for p in self.grants[role])
        return any(fnmatchcase(asked, pattern) for pattern in patterns)
