"""Keys from environment variables."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from prodml.errors import ConfigError, KeyMaterialError
from prodml.keys.keyset import Keyset
from prodml.keys.material import check_domain, check_secret, default_kid, make_key, read_secret
from prodml.ports import Key

__all__ = ["EnvKeys"]


class EnvKeys:
    """Keys from environment variables, one variable per domain.

    ``PRODML_KEY_PSEUDONYM`` holds the key of the domain ``"pseudonym"``: the secret in hex or in
    base64, at will after an id and a colon. To rotate, put the new key in front and keep the old
    one behind a comma: ``new:4f1c...,old:9b02...``. The first one is active, the others are still
    found by id. Without an id the key is named after a fingerprint of itself.

    Variables are read at each call, so that a process sees what it was given, and nothing is kept.

    Parameters
    ----------
    prefix : str, default ``"PRODML_KEY_"``
        What the names of the variables begin with. The domain follows in capitals, with ``_`` for
        every other character than a letter or digit.
    environ : mapping of str to str, optional
        Where to look; default: `os.environ`.

    Examples
    --------
    >>> secret = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    >>> keys = EnvKeys(environ={"PRODML_KEY_PSEUDONYM": f"2026-03:{secret}"})
    >>> keys.active("pseudonym")
    Key(kid='2026-03')
    """

    def __init__(
        self, prefix: str = "PRODML_KEY_", *, environ: Mapping[str, str] | None = None
    ) -> None:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", prefix):
            raise ConfigError("prefix must be letters, digits and '_', such as \"PRODML_KEY_\"")
        self._prefix = prefix
        self._environ = environ

    def active(self, domain: str) -> Key:
        """Return the key to make new things with.

        Raises
        ------
        KeyMaterialError
            If the variable is not set, cannot be read, or holds too weak a key.
        """
        name = self._prefix + re.sub("[^A-Za-z0-9]", "_", check_domain(domain)).upper()
        text = self._variables.get(name)
        if text is None:
            raise KeyMaterialError(f'no key for "{domain}": the variable {name} is not set')
        return _parse(name, self._domain(name), text)[0]

    def get(self, kid: str) -> Key:
        """Return the key of this id, active or retired.

        Raises
        ------
        KeyMaterialError
            If no variable with the prefix holds such a key, or one of them cannot be read.
        """
        found = {
            self._domain(name): _parse(name, self._domain(name), text)
            for name, text in self._variables.items()
            if name.startswith(self._prefix)
        }
        return Keyset(found).get(kid, where=f"in the variables {self._prefix}*")

    @property
    def _variables(self) -> Mapping[str, str]:
        return os.environ if self._environ is None else self._environ

    def _domain(self, name: str) -> str:
        return name.removeprefix(self._prefix).lower()

    def __repr__(self) -> str:
        return f"EnvKeys(prefix={self._prefix!r})"

    def __deepcopy__(self, memo: object) -> EnvKeys:
        return self

    def __reduce__(self) -> tuple[type[EnvKeys], tuple[str]]:
        if self._environ is not None:
            raise TypeError(
                "EnvKeys with an environ of its own cannot be pickled: it holds secrets"
            )
        return EnvKeys, (self._prefix,)


def _parse(name: str, domain: str, text: str) -> list[Key]:
    return [_parse_one(name, domain, part) for part in text.split(",")]


def _parse_one(name: str, domain: str, part: str) -> Key:
    kid, colon, body = part.strip().rpartition(":")
    secret = read_secret(body)
    if not secret:
        raise KeyMaterialError(
            f"the variable {name} cannot be read: it needs a secret in hex or base64, at will after "
            "an id and a colon, several with commas between"
        )
    check_secret(secret, name)  # not by its id: written the wrong way round, that is the secret
    return make_key(kid if colon else default_kid(domain, secret), secret)
