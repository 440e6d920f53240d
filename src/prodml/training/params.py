"""scikit-learn's parameter conventions, and parameters as plain values."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Protocol, Self, runtime_checkable

from prodml.errors import ConfigError, known_names

__all__ = ["HasParameters", "Parameters", "plain_params"]


@runtime_checkable
class HasParameters(Protocol):
    """Anything with scikit-learn's parameter conventions."""

    def get_params(self, deep: bool = True) -> dict[str, object]:
        """Return parameters by name."""
        ...

    def set_params(self, **params: object) -> object:
        """Change parameters by name."""
        ...


class Parameters:
    """`get_params` and `set_params` for a class whose `__init__` stores its arguments untouched."""

    def get_params(self, deep: bool = True) -> dict[str, object]:
        """Return the constructor's arguments.

        Parameters
        ----------
        deep : bool, default True
            Also those of parts that have parameters themselves, as ``part__name``.

        Returns
        -------
        dict
            Name to value.
        """
        params: dict[str, object] = {name: getattr(self, name) for name in self._names()}
        if deep:
            for name, part in list(params.items()):
                if isinstance(part, HasParameters) and not isinstance(part, type):
                    params.update({f"{name}__{k}": v for k, v in part.get_params().items()})
        return params

    def set_params(self, **params: object) -> Self:
        """Change constructor arguments; ``part__name`` reaches into a part.

        Returns
        -------
        object
            Itself.

        Raises
        ------
        ConfigError
            If there is no argument of a name.
        """
        for name, value in params.items():
            own, _, inner = name.partition("__")
            if own not in self._names():
                found = f'{type(self).__name__} has no parameter "{own}"'
                raise ConfigError(f"{found}. {known_names(own, self._names())}")
            if inner:
                getattr(self, own).set_params(**{inner: value})
            else:
                setattr(self, own, value)
        return self

    @classmethod
    def _names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]


def plain_params(params: Mapping[str, object]) -> dict[str, object]:
    """Return parameters as plain values, the same in every process.

    Parameters
    ----------
    params : mapping
        Name to anything.

    Returns
    -------
    dict
        Numbers, text, booleans and None as they are; what JSON cannot hold as text; of other objects
        the name of their class, since a `repr` may hold an address in memory.

    Examples
    --------
    >>> plain_params({"depth": 3, "loss": float("nan"), "key": len, "grid": [1, (2, 3)]})
    {'depth': 3, 'grid': [1, [2, 3]], 'key': 'builtins.len', 'loss': 'nan'}
    """
    return {str(name): _plain(value) for name, value in sorted(params.items())}


def _plain(value: object) -> object:
    item = getattr(value, "item", None)
    if item is not None and getattr(value, "ndim", None) == 0:
        value = item()  # a numpy scalar
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return plain_params({str(k): v for k, v in value.items()})
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    kind = type(value)
    name = getattr(value, "__qualname__", kind.__qualname__)
    return f"{getattr(value, '__module__', kind.__module__)}.{name}"
