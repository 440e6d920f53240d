"""From an import string, such as ``shop.retraining:loop``, to the object it names."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from prodml.errors import ConfigError, UnknownNameError

if TYPE_CHECKING:
    from prodml.retraining import RetrainLoop

__all__ = ["load_loop"]


def load_loop(target: str) -> RetrainLoop[Any, Any]:
    """Return the loop that an import string names, or that what it names makes.

    Parameters
    ----------
    target : str
        ``"module:name"``; the module is looked for in the working folder first. The name is that of a
        `RetrainLoop`, or of a function without arguments that returns one.

    Raises
    ------
    ConfigError
        If there is no such module, or it is no loop.
    UnknownNameError
        If the module has no such name.
    """
    name, colon, path = target.partition(":")
    if not colon or not name or not path:
        raise ConfigError(
            f'name the loop as "module:name", such as "shop.retraining:loop", got "{target}"'
        )
    found = _attribute(_module(name), path)
    if hasattr(found, "run_once"):
        return found  # type: ignore[no-any-return]
    made = found() if callable(found) else found
    if hasattr(made, "run_once") and not isinstance(made, type):
        return made  # type: ignore[no-any-return]
    kind = found.__name__ if isinstance(found, type) else type(made).__name__
    raise ConfigError(
        f"{target} is neither a RetrainLoop nor a function that returns one, but a {kind}"
    )


def _module(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return import_module(name)
    except ModuleNotFoundError as exc:
        if exc.name is None or not (name == exc.name or name.startswith(f"{exc.name}.")):
            raise  # the module is there, and what it needs is not
        raise ConfigError(
            f"no module {name}: it is looked for in {here} and where Python looks"
        ) from exc


def _attribute(module: ModuleType, path: str) -> Any:
    found: Any = module
    for part in path.split("."):
        if not hasattr(found, part):
            known = [n for n in vars(found) if not n.startswith("_")] if found is module else None
            raise UnknownNameError("name", part, known, where=f"in {module.__name__}")
        found = getattr(found, part)
    return found
