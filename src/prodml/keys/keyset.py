"""The keys of some domains: one of each is active, the retired ones are still found by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from prodml.errors import KeyMaterialError, known_names
from prodml.ports import Key

__all__ = ["Keyset"]


@attrs.frozen
class Keyset:
    """Keys per domain, the active one first.

    Parameters
    ----------
    domains : mapping of str to sequence of Key
        Keys per domain; ids must be unique over all domains.
    """

    domains: Mapping[str, Sequence[Key]] = attrs.field(repr=False)
    by_kid: Mapping[str, Key] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        by_kid: dict[str, Key] = {}
        for keys in self.domains.values():
            for key in keys:
                if by_kid.setdefault(key.kid, key) != key:
                    raise KeyMaterialError(
                        f'key id "{key.kid}" names two different keys: give each key an id of its own'
                    )
        object.__setattr__(self, "by_kid", by_kid)

    def active(self, domain: str, *, where: str) -> Key:
        """Return the active key of a domain."""
        keys = self.domains.get(domain)
        if not keys:
            known = known_names(domain, self.domains)
            raise KeyMaterialError(f'no key for "{domain}" {where}. {known}')
        return keys[0]

    def get(self, kid: str, *, where: str) -> Key:
        """Return the key of this id."""
        if kid not in self.by_kid:
            known = known_names(kid, self.by_kid)
            raise KeyMaterialError(f'no key with id "{kid}" {where}. {known}')
        return self.by_kid[kid]
