"""Names of models, and references to one version of them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Protocol

import attrs

from prodml.errors import ConfigError

__all__ = ["Numbered", "Ref", "check_alias", "check_name", "check_version", "ref_or_name"]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}", re.ASCII)
_FORMS = '"name@alias", "name/3", "models:/name@alias" or "models:/name/3"'


@attrs.frozen
class Ref:
    """Which version somebody means: a number, or whatever an alias points at.

    Parameters
    ----------
    name : str
        The model.
    version : int or None
        Its version, or None if an alias is meant.
    alias : str or None
        The alias, or None if a number is meant.

    Examples
    --------
    >>> Ref.parse("models:/tumours@champion")
    Ref(name='tumours', version=None, alias='champion')
    >>> Ref.parse("tumours/3").version
    3
    """

    name: str
    version: int | None = None
    alias: str | None = None

    @classmethod
    def parse(cls, ref: str) -> Ref:
        """Read a reference.

        Raises
        ------
        ConfigError
            If it has none of the four forms.
        """
        return _parse(str(ref))


@lru_cache(maxsize=1024)  # servers ask for the same one all day
def _parse(ref: str) -> Ref:
    text = ref.removeprefix("models:/")
    name, at, alias = text.partition("@")
    if at:
        return Ref(check_name(name), alias=check_alias(alias))
    name, slash, number = text.partition("/")
    if not slash or not number.isascii() or not number.isdigit() or len(number) > 9:
        raise ConfigError(f"a version is named by {_FORMS}, got {ref!r:.200}")
    return Ref(check_name(name), version=int(number))


def ref_or_name(ref: str) -> Ref:
    """Read the name of a model, or a reference to one of its versions."""
    text = str(ref).removeprefix("models:/")
    return Ref.parse(text) if "@" in text or "/" in text else Ref(check_name(text))


def check_name(name: str) -> str:
    """Refuse what cannot be the name of a model."""
    return _check("model", name)


def check_alias(alias: str) -> str:
    """Refuse what cannot be an alias."""
    return _check("alias", alias)


class Numbered(Protocol):
    """What `Registry.register` returned: a name and a number."""

    @property
    def name(self) -> str:
        """Name of the model."""
        ...

    @property
    def version(self) -> int:
        """Number of the version."""
        ...


def check_version(version: int | str | Numbered, *, name: str = "") -> int:
    """Read a version given as 3, "3", "v3", "name/3" or what `Registry.register` returned.

    Raises
    ------
    ConfigError
        If it is none of these, or a version of another model.
    """
    if isinstance(version, int) and not isinstance(version, bool) and version >= 0:
        return version
    if not isinstance(version, int | str) and hasattr(version, "version"):
        version = f"{version.name}/{version.version}"
    text = str(version).removeprefix(f"{name}/").removeprefix("v")
    if not isinstance(version, str) or not text.isascii() or not text.isdigit() or len(text) > 9:
        got = (
            f"{version!r:.60}" if isinstance(version, int | str) else f"a {type(version).__name__}"
        )
        raise ConfigError(f'a version is a number such as 3 or "v3", got {got}')
    return int(text)


def _check(what: str, name: str) -> str:
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    article = "an" if what == "alias" else "a"
    got = f"{name!r:.200}" if isinstance(name, str) else f"a {type(name).__name__}"
    raise ConfigError(
        f"the name of {article} {what} is 1 to 128 of a-z, 0-9, '.', '_' and '-', beginning with a letter or "
        f"a digit; got {got}"
    )
