"""From events to a state, and a state that readers cannot corrupt."""

from __future__ import annotations

import math
from typing import Any, NoReturn, Protocol

from prodml.errors import ConfigError
from prodml.fingerprint.canonical import MAX_INTEGER, canonical_json
from prodml.journal.event import Event

__all__ = ["Fold", "Nothing", "fold_name", "freeze", "thaw"]


class Fold(Protocol):
    """Says what a stream of events means.

    A fold is deterministic, knows nothing but the state and the event, and lets events of unknown
    types pass, since a later version may write them. An attribute ``version``, if there is one,
    is to be raised with every change of meaning: checkpoints of another version are not used.

    Readers are given a read-only copy of the state after every change. A fold whose state grows large
    keeps what will not change any more as `freeze` returns it: such parts are shared, not copied.
    """

    def initial(self) -> dict[str, Any]:
        """Return a new state, as it is before the first event; JSON-able."""
        ...

    def apply(self, state: dict[str, Any], event: Event) -> dict[str, Any]:
        """Return the state after `event`; `state` is yours to change."""
        ...


class Nothing:
    """The fold of a journal that was given none: the state stays empty."""

    def initial(self) -> dict[str, Any]:
        """Return an empty state."""
        return {}

    def apply(self, state: dict[str, Any], event: Event) -> dict[str, Any]:  # noqa: ARG002
        """Return the state as it is."""
        return state


def fold_name(fold: Fold) -> str:
    """Return what a checkpoint is marked with, so that no other fold takes its state.

    Parameters
    ----------
    fold : Fold
        The fold.

    Returns
    -------
    str
        Module, class and version.
    """
    kind = type(fold)
    return f"{kind.__module__}.{kind.__qualname__}/{getattr(fold, 'version', 1)}"


def freeze(value: object) -> Any:
    """Return a deep copy of JSON-able data that refuses to be changed.

    Parameters
    ----------
    value : dict, list, tuple, str, int, float, bool or None
        Nested as you like.

    Returns
    -------
    same
        Dicts and lists are dicts and lists still, so they compare, print and serialise as usual.
        Parts that are frozen already are shared, not copied.

    Raises
    ------
    ConfigError
        If a part is not JSON-able; the message names its path.
    """
    try:
        return _freeze(value)
    except (_NotJsonError, RecursionError):
        canonical_json(value)  # names the path of the bad member
        raise ConfigError("the state of a fold is not JSON-able") from None


def thaw(value: object) -> Any:
    """Return a deep copy that may be changed.

    Parameters
    ----------
    value : object
        What `freeze` returned.

    Returns
    -------
    same
        Plain dicts and lists.
    """
    if isinstance(value, dict):
        return {key: thaw(member) for key, member in value.items()}
    if isinstance(value, list):
        return [thaw(member) for member in value]
    return value


class _NotJsonError(Exception):
    """Never leaves this module."""


def _freeze(value: object) -> object:
    if isinstance(value, _FrozenDict | _FrozenList):
        return value  # frozen to the ground: a fold that keeps such parts pays for what changed
    if isinstance(value, dict):
        return _FrozenDict({_name(key): _freeze(member) for key, member in value.items()})
    if isinstance(value, list | tuple):
        return _FrozenList(map(_freeze, value))
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and -MAX_INTEGER <= value <= MAX_INTEGER:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise _NotJsonError


def _name(key: object) -> str:
    if isinstance(key, str):
        return key
    raise _NotJsonError


def _refuse(*_: object, **__: object) -> NoReturn:
    raise TypeError("the state of a journal is read-only; change a copy: copy.deepcopy(state)")


class _FrozenDict(dict[str, Any]):
    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __copy__(self) -> dict[str, Any]:
        return dict(self)

    def __deepcopy__(self, memo: object) -> dict[str, Any]:
        copied: dict[str, Any] = thaw(self)
        return copied

    def __reduce__(self) -> tuple[type, tuple[dict[str, Any]]]:
        return dict, (thaw(self),)


class _FrozenList(list[Any]):
    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def __copy__(self) -> list[Any]:
        return list(self)

    def __deepcopy__(self, memo: object) -> list[Any]:
        copied: list[Any] = thaw(self)
        return copied

    def __reduce__(self) -> tuple[type, tuple[list[Any]]]:
        return list, (thaw(self),)
