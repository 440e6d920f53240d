"""Digests of functions with everything that their results depend on.

A function is more than its text: the helpers it calls, the constants it reads, its defaults, what
its closure holds. All of it is followed, through the user's own code; code of installed packages
counts by name and version.
"""

from __future__ import annotations

import builtins
import dis
import functools
import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import attrs

from prodml.errors import ConfigError
from prodml.fingerprint.arrays import combine
from prodml.fingerprint.source import nested_codes, source_of
from prodml.fingerprint.values import Digester

__all__ = ["code_digest", "fingerprint_code"]

# What these run or return cannot be known before they do.
_BLIND = (eval, exec, globals, builtins.__import__, importlib.import_module)

# Made by Python or by decorators from what is digested anyway, or of no effect on results.
_NOT_CONTENT = {
    "__abstractmethods__",
    "__annotate__",
    "__annotate_func__",
    "__annotations_cache__",
    "__dict__",
    "__doc__",
    "__firstlineno__",
    "__module__",
    "__qualname__",
    "__slotnames__",
    "__static_attributes__",
    "__weakref__",
    "_abc_impl",
}


def fingerprint_code(function: object) -> str:
    """Return a digest of a callable and of all code and constants it uses.

    Parameters
    ----------
    function : callable
        A function, lambda, method, class, `functools.partial`, or an object with ``__call__``.

    Returns
    -------
    str
        ``"sha256:"`` and 64 hex digits. Comments, docstrings, layout and place of the code do not
        count. What it names counts: globals, attributes of your own modules, closures, defaults,
        base classes; your functions and classes by their code, constants by their value, installed
        packages by name and version.

    Raises
    ------
    ConfigError
        If a part cannot be seen: ``eval`` and the like, a module of your own that is passed around
        whole or imported in the body, an object that pickle could not save. The message names it.

    Examples
    --------
    >>> rate = 2
    >>> def scale(x):
    ...     return x * rate
    >>> before = fingerprint_code(scale)
    >>> rate = 3
    >>> fingerprint_code(scale) == before
    False
    """
    if not callable(function):
        raise ConfigError(f"fingerprint_code takes a callable, got a {type(function).__name__}")
    try:
        return "sha256:" + code_digest(function).hex()
    except RecursionError:
        raise ConfigError("what the function uses nests too deep to be digested") from None


def code_digest(function: Any) -> bytes:
    """Return the 32 bytes behind `fingerprint_code`.

    Parameters
    ----------
    function : callable
        What to digest.

    Returns
    -------
    bytes
        SHA-256.
    """
    return _Walk().digest(function)


@attrs.define(eq=False)
class _Walk:
    """Follows code from one piece to the next; each piece is digested once, so loops end.

    A piece refers to another by the number under which that was first met. The order is that of the
    sorted names, hence the same in every process.
    """

    _numbers: dict[int, int] = attrs.field(factory=dict)
    _pieces: list[Any] = attrs.field(factory=list)

    def digest(self, root: Any) -> bytes:
        first = self._value(root, getattr(root, "__qualname__", type(root).__name__))
        parts = map(self._piece, self._pieces)  # the list grows while it is walked
        return combine("code", [first, *parts])

    def _value(self, value: object, name: str) -> bytes:
        return Digester(on_code=self._refer, version_of=_distribution, root=name).digest(value)

    def _refer(self, piece: Any) -> bytes:
        installed = _installed(piece)
        if installed is not None:
            return combine("installed", [text.encode() for text in installed])
        if id(piece) not in self._numbers:
            self._numbers[id(piece)] = len(self._pieces)
            self._pieces.append(piece)
        return combine("piece", [str(self._numbers[id(piece)]).encode()])

    def _piece(self, piece: Any) -> bytes:
        return self._class(piece) if isinstance(piece, type) else self._function(piece)

    def _function(self, function: FunctionType) -> bytes:
        name = function.__qualname__
        parts = [
            source_of(function),
            self._value(function.__defaults__, f"a default of {name}"),
            self._value(function.__kwdefaults__, f"a default of {name}"),
        ]
        for variable, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            parts += [variable.encode(), self._cell(cell, f"{variable} in the closure of {name}")]
        for chain in sorted(set(_names_used(function.__code__))):
            parts += [".".join(chain).encode(), self._used(function, chain)]
        return combine("function", parts)

    def _cell(self, cell: Any, name: str) -> bytes:
        try:
            value = cell.cell_contents
        except ValueError:
            return b"unbound"
        return self._whole(value, name)

    def _used(self, function: FunctionType, chain: tuple[str, ...]) -> bytes:
        where = f'"{".".join(chain)}" in {function.__qualname__}'
        if chain[0] == "import":
            return self._imported(chain[1], where)
        value = function.__globals__.get(chain[0], getattr(builtins, chain[0], _UNBOUND))
        for attribute in chain[1:]:
            if not isinstance(value, ModuleType):
                break
            module, version = value.__name__, _distribution(value.__name__)
            value = getattr(value, attribute, _UNBOUND)
            if version is not None and not isinstance(value, ModuleType):
                _refuse_blind(value, where)
                return combine("installed", [t.encode() for t in (module, attribute, version)])
        return self._whole(value, where)

    def _whole(self, value: object, where: str) -> bytes:
        if value is _UNBOUND:
            return b"unbound"
        _refuse_blind(value, where)
        if not isinstance(value, ModuleType):
            return self._value(value, where)
        version = _distribution(value.__name__)
        if version is None:
            raise ConfigError(
                f"{where} is a module of your own, used as a whole; what it uses of it cannot be "
                "seen. Name what you need, as in module.function, or import that"
            )
        return combine("module", [value.__name__.encode(), version.encode()])

    def _imported(self, name: str, where: str) -> bytes:
        version = _distribution(name)
        if version is None:
            raise ConfigError(
                f"{where} is imported inside the function; a module of your own can be followed "
                "only if it is imported at the top of the file"
            )
        return combine("module", [name.encode(), version.encode()])

    def _class(self, cls: type) -> bytes:
        parts = [cls.__qualname__.encode(), *map(self._refer, cls.__bases__)]
        for name, member in sorted(vars(cls).items()):
            if name not in _NOT_CONTENT:
                label = f"{cls.__qualname__}.{name}"
                parts += [name.encode(), *self._member(member, label)]
        return combine("class", parts)

    def _member(self, member: Any, name: str) -> Iterator[bytes]:
        yield type(member).__qualname__.encode()
        if isinstance(member, staticmethod | classmethod):
            yield self._value(member.__func__, name)
        elif isinstance(member, property):
            yield self._value((member.fget, member.fset, member.fdel), name)
        elif isinstance(member, functools.cached_property):
            yield self._value(member.func, name)
        elif not _is_slot(member):
            yield self._value(member, name)


class _Unbound:
    """Stands for a name that has no value yet."""


_UNBOUND = _Unbound()


def _refuse_blind(value: object, where: str) -> None:
    if any(value is blind for blind in _BLIND):
        raise ConfigError(f"{where} runs or finds code that cannot be seen beforehand")


def _is_slot(member: object) -> bool:
    return type(member).__name__ in ("member_descriptor", "getset_descriptor")


def _names_used(code: CodeType) -> Iterator[tuple[str, ...]]:
    """Yield the globals that code and the functions inside it read, with attributes behind."""
    for inner in nested_codes(code):
        chain: tuple[str, ...] = ()
        for instruction in dis.get_instructions(inner):
            if chain and instruction.opname in ("LOAD_ATTR", "LOAD_METHOD"):
                chain = (*chain, str(instruction.argval))
                continue
            if chain:
                yield chain
            chain = ()
            if instruction.opname in _READS:
                chain = (str(instruction.argval),)
            elif instruction.opname == "IMPORT_NAME":
                yield "import", str(instruction.argval)
        if chain:
            yield chain


_READS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}


def _installed(piece: Any) -> tuple[str, str] | None:
    """Return name and version of code that is not the user's own."""
    module = getattr(piece, "__module__", None) or "builtins"
    version = _distribution(module)
    if version is None or not isinstance(piece, type | FunctionType | BuiltinFunctionType):
        return None
    if "<locals>" in piece.__qualname__ or _look_up(module, piece.__qualname__) is not piece:
        return None  # a closure made by a package holds what it was made from
    return f"{module}.{piece.__qualname__}", version


def _look_up(module: str, qualname: str) -> object:
    found: object = sys.modules.get(module)
    for name in qualname.split("."):
        found = getattr(found, name, None)
    return found


def _distribution(module: str) -> str | None:
    """Return the version that stands for an installed module; None for the user's own."""
    top = module.partition(".")[0]
    if top == "builtins":
        return "python"
    if top in sys.stdlib_module_names:
        return f"python {sys.version_info[0]}.{sys.version_info[1]}"
    if top == "__main__" or not (top == "prodml" or _is_installed(top)):
        return None
    return f"{top} {_version(top)}"


@functools.cache
def _is_installed(top: str) -> bool:
    module = sys.modules.get(top)
    spec = getattr(module, "__spec__", None)
    if module is None:
        spec = importlib.util.find_spec(top)
    origin = getattr(spec, "origin", None) or getattr(module, "__file__", None) or ""
    parts = Path(origin).parts
    return "site-packages" in parts or "dist-packages" in parts


@functools.cache
def _version(top: str) -> str:
    version = getattr(sys.modules.get(top), "__version__", None)
    if isinstance(version, str):
        return version
    names = importlib.metadata.packages_distributions().get(top, [])
    return " ".join(f"{name} {importlib.metadata.version(name)}" for name in sorted(set(names)))
