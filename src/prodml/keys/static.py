"""Keys that are in the program already: for tests and notebooks."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

from prodml.errors import ConfigError, KeyMaterialError, ProdmlWarning
from prodml.keys.keyset import Keyset
from prodml.keys.material import check_domain, check_secret, default_kid, make_key
from prodml.ports import Key

__all__ = ["StaticKeys"]


class StaticKeys:
    """Keys handed over as they are, for tests, notebooks and hosts with a vault of their own.

    Warns, because a secret in source code is no secret. Where the bytes come from a safe place, or
    in a test, say ``warn=False``.

    Parameters
    ----------
    keys : mapping of str to bytes, Key or sequence of Key
        Per domain a secret (at least 16 bytes), a key, or several keys with the active one first.
    warn : bool, default True
        Whether to warn.

    Raises
    ------
    KeyMaterialError
        If a secret is too weak, or one id names two keys.

    Examples
    --------
    >>> import secrets
    >>> keys = StaticKeys({"pseudonym": secrets.token_bytes(32)}, warn=False)
    >>> keys
    StaticKeys(domains=['pseudonym'])
    >>> keys.get(keys.active("pseudonym").kid) == keys.active("pseudonym")
    True
    """

    def __init__(
        self, keys: Mapping[str, bytes | Key | Sequence[Key]], *, warn: bool = True
    ) -> None:
        if not isinstance(keys, Mapping):
            raise ConfigError(
                "keys map domains to secrets, such as "
                f'{{"pseudonym": secrets.token_bytes(32)}}, got a {type(keys).__name__}'
            )
        self._keyset = Keyset({check_domain(d): _listed(d, given) for d, given in keys.items()})
        if warn:
            warnings.warn(
                "StaticKeys holds secrets of this program's own. In production take EnvKeys, "
                "FileKeys or CallableKeys; in a test, or with bytes from a vault, say warn=False",
                ProdmlWarning,
                stacklevel=2,
            )

    def active(self, domain: str) -> Key:
        """Return the key to make new things with.

        Raises
        ------
        KeyMaterialError
            If there is no key for this domain.
        """
        return self._keyset.active(domain, where="in these StaticKeys")

    def get(self, kid: str) -> Key:
        """Return the key of this id, active or retired.

        Raises
        ------
        KeyMaterialError
            If the id is unknown.
        """
        return self._keyset.get(kid, where="in these StaticKeys")

    def __repr__(self) -> str:
        return f"StaticKeys(domains={sorted(self._keyset.domains)!r})"

    def __deepcopy__(self, memo: object) -> StaticKeys:
        return self  # frozen; and a copy of a secret is one secret more

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("StaticKeys cannot be pickled: its secrets would be in somebody's cache")


def _listed(domain: str, given: bytes | Key | Sequence[Key]) -> list[Key]:
    if isinstance(given, bytes | bytearray | memoryview):
        secret = check_secret(given, domain)
        return [make_key(default_kid(domain, secret), secret)]
    keys = [given] if isinstance(given, Key) else list(given) if _is_list(given) else []
    if not keys or not all(isinstance(key, Key) for key in keys):
        raise KeyMaterialError(
            f'the keys of "{domain}" must be bytes, a Key, or a list of at least one Key'
        )
    return [make_key(key.kid, key.secret) for key in keys]


def _is_list(given: object) -> bool:
    return isinstance(given, Sequence) and not isinstance(given, str)
