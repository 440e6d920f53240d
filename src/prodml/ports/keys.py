"""Secret key material by id."""

from __future__ import annotations

from typing import Protocol

import attrs

__all__ = ["Key", "Keys"]


@attrs.frozen
class Key:
    """A secret and the id it goes by. The secret never shows in `repr`.

    Parameters
    ----------
    kid : str
        Key id; written next to what was made with the key, so that it can be found again.
    secret : bytes
        Key material, at least 16 bytes.
    """

    kid: str
    secret: bytes = attrs.field(repr=False)

    def __getstate__(self) -> object:
        # A secret that travels in a pickle is a secret in somebody's cache.
        raise TypeError("a Key cannot be pickled; pass its kid and ask the Keys port again")


class Keys(Protocol):
    """Where secret keys come from: the environment, a file, a key management service."""

    def active(self, domain: str) -> Key:
        """Return the key to make new things with.

        Parameters
        ----------
        domain : str
            What the key is for, such as ``"pseudonym"`` or ``"model"``.

        Raises
        ------
        KeyMaterialError
            If there is no key for this domain.
        """
        ...

    def get(self, kid: str) -> Key:
        """Return the key of this id, active or retired.

        Raises
        ------
        KeyMaterialError
            If the id is unknown, or its key was destroyed.
        """
        ...
