"""Digests of Python values by content: numbers, text, containers, arrays, objects.

Every digest starts with a type tag and every part with its length, so ``1``, ``"1"``, ``1.0`` and
``True`` differ, and so do ``["ab"]`` and ``["a", "b"]``. Dicts and sets that are equal have equal
digests, whatever their order. Objects are digested as pickle sees them (class and state), without
the bytes of a pickle, which change with sharing and memory layout. What cannot be seen is refused.
"""

from __future__ import annotations

import collections
import copyreg
import datetime as dt
import decimal
import enum
import functools
import math
import struct
import sys
import types
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from prodml.errors import ConfigError
from prodml.fingerprint.arrays import UnmeaningError, array_digest, combine

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Digester", "fingerprint_array", "fingerprint_value"]

# Recorded by scikit-learn beside the state: a version, and a memory address.
_NOT_STATE = {"_sklearn_version", "_stop_words_id"}
# Changes the time that fitting takes, not what comes of it.
_NOT_PARAMS = {"n_jobs"}


def fingerprint_value(value: object) -> str:
    """Return a digest of a value by its content.

    Parameters
    ----------
    value : object
        Numbers, text, bytes, containers, dates, enums, numpy arrays, pandas frames, estimators,
        functions, and objects that pickle could save.

    Returns
    -------
    str
        ``"sha256:"`` and 64 hex digits; the same in every process. Every NaN is the same, 0.0 and
        -0.0 are not.

    Raises
    ------
    ConfigError
        If a part has a state that cannot be seen, such as an open file, a lock or a generator; the
        message names the part.

    Examples
    --------
    >>> fingerprint_value({"a": 1, "b": 2}) == fingerprint_value({"b": 2, "a": 1})
    True
    >>> len({fingerprint_value(value) for value in (1, "1", 1.0, True)})
    4
    """
    return Digester().fingerprint(value)


def fingerprint_array(array: np.ndarray) -> str:
    """Return a digest of an array: its dtype, its shape and its elements in C order.

    Parameters
    ----------
    array : ndarray
        Of any shape and memory order. Text counts by its characters, not by its storage width.

    Returns
    -------
    str
        ``"sha256:"`` and 64 hex digits.

    Raises
    ------
    ConfigError
        If `array` is not an array, or holds what cannot be digested.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.arange(6.0).reshape(2, 3)
    >>> fingerprint_array(a) == fingerprint_array(np.asfortranarray(a))
    True
    >>> fingerprint_array(a) == fingerprint_array(a.reshape(3, 2))
    False
    """
    import numpy as np

    if not isinstance(array, np.ndarray):
        raise ConfigError(f"fingerprint_array takes a numpy array, got a {type(array).__name__}")
    return fingerprint_value(array)


class Digester:
    """Walks a value and digests it.

    Parameters
    ----------
    on_code : callable or None, default None
        Digests the code of a function or class that is met on the way; None for
        `prodml.fingerprint.fingerprint_code`.
    version_of : callable or None, default None
        Returns the version that stands for the code of a module. With it, the code of an object's
        class counts as well; without it, names alone.
    root : str, default "value"
        How messages call the value itself.
    """

    def __init__(
        self,
        *,
        on_code: Callable[[Any], bytes] | None = None,
        version_of: Callable[[str], str | None] | None = None,
        root: str = "value",
    ) -> None:
        self._on_code = on_code or _digest_code
        self._version_of = version_of
        self._path = [root]
        self._open: dict[int, int] = {}

    def fingerprint(self, value: object) -> str:
        """Return ``"sha256:"`` and the hex digits of `digest`."""
        try:
            return "sha256:" + self.digest(value).hex()
        except RecursionError:
            raise ConfigError(f"{self._path[0]} nests too deep to be digested") from None

    def digest(self, value: object) -> bytes:
        """Return the 32 bytes that stand for `value`."""
        atom = _ATOMS.get(type(value))
        if atom is not None:
            tag, spell = atom
            return combine(tag, [spell(value)])
        with self._entered(value) as depth:
            if depth is not None:  # contains itself: say how many steps up
                return combine("cycle", [str(depth).encode()])
            return self._composite(value)

    @contextmanager
    def _entered(self, value: object) -> Iterator[int | None]:
        if id(value) in self._open:
            yield len(self._open) - self._open[id(value)]
            return
        self._open[id(value)] = len(self._open)
        try:
            yield None
        finally:
            del self._open[id(value)]

    def _composite(self, value: Any) -> bytes:
        kind = type(value)
        if kind in (list, tuple):
            return combine(kind.__name__, self._members(value))
        if kind in (dict, types.MappingProxyType):
            return combine("dict", sorted(self._pair(k, v) for k, v in value.items()))
        if kind in (set, frozenset):
            return combine(kind.__name__, self._unordered(value))
        for special in (self._number, self._frame, self._named, self._callable):
            found = special(value)
            if found is not None:
                return found
        return self._object(value)

    def _members(self, values: Any) -> list[bytes]:
        return [self._at(f"[{i}]", value) for i, value in enumerate(values)]

    def _unordered(self, values: Any) -> list[bytes]:
        # Functions are numbered as they are met, so even a set is walked in an order.
        walked = sorted(values, key=lambda value: str(getattr(value, "__qualname__", "")))
        return sorted(self._at("[...]", value) for value in walked)

    def _pair(self, key: object, value: object) -> bytes:
        # A key may be a personal value, so messages do not show it.
        return combine("pair", [self.digest(key), self._at("[...]", value)])

    def _at(self, label: str, value: object) -> bytes:
        self._path.append(label)
        found = self.digest(value)
        self._path.pop()
        return found

    def _number(self, value: Any) -> bytes | None:
        numpy = sys.modules.get("numpy")
        if numpy is None:
            return None
        if isinstance(value, numpy.ndarray):
            return self._array(value)
        if isinstance(value, numpy.generic):
            return combine("numpy scalar", [self._array(numpy.asarray(value))])
        if isinstance(value, numpy.dtype):
            return combine("dtype", [repr(value).encode()])
        return self._randomness(value, numpy)

    def _array(self, value: np.ndarray) -> bytes:
        try:
            return array_digest(value, functools.partial(self._at, "[...]"))
        except UnmeaningError as exc:
            raise ConfigError(f"{''.join(self._path)} is {exc}") from None

    def _randomness(self, value: Any, numpy: Any) -> bytes | None:
        if isinstance(value, numpy.random.BitGenerator):
            return combine(_name_of(type(value)), [self.digest(value.state)])
        if isinstance(value, numpy.random.Generator):
            return combine("Generator", [self.digest(value.bit_generator)])
        if isinstance(value, numpy.random.RandomState):
            return combine("RandomState", [self.digest(value.get_state(legacy=False))])
        return None

    def _frame(self, value: Any) -> bytes | None:
        pandas = sys.modules.get("pandas")
        if pandas is None or not hasattr(pandas, "DataFrame"):
            return None
        if value is pandas.NaT or value is pandas.NA:
            return combine("missing", [repr(value).encode()])
        if isinstance(value, pandas.Timestamp | pandas.Timedelta):
            zone = str(getattr(value, "tz", None)).encode()
            in_ns = value.as_unit("ns").value if _fits_ns(value) else value.isoformat()
            return combine(type(value).__name__, [str(in_ns).encode(), zone])
        if isinstance(value, pandas.DataFrame | pandas.Series | pandas.Index):
            from prodml.fingerprint.frame import pandas_digest

            return combine(type(value).__name__, [pandas_digest(value)])
        return None

    def _named(self, value: Any) -> bytes | None:
        if isinstance(value, enum.Enum):
            return combine("enum", [self._class(type(value)), value.name.encode()])
        if isinstance(value, PurePath):
            return combine("path", [str(value).encode()])
        if isinstance(value, types.ModuleType):
            return combine("module", [value.__name__.encode()])
        if isinstance(value, range | slice):
            parts = [value.start, value.stop, value.step]
            return combine(type(value).__name__, self._members(parts))
        return None

    def _callable(self, value: Any) -> bytes | None:
        if isinstance(value, types.FunctionType | type):
            return combine("code", [self._on_code(value)])
        if isinstance(value, functools._lru_cache_wrapper):  # noqa: SLF001  (it has no other name)
            return combine("cached", [self.digest(value.__wrapped__)])
        if isinstance(value, types.MethodType):
            return combine(
                "method", [self._at(".__self__", value.__self__), self.digest(value.__func__)]
            )
        return None

    def _object(self, value: Any) -> bytes:
        reduced = self._reduce(value)
        if isinstance(reduced, str):
            return self._global(value, reduced)
        steps: tuple[Any, ...] = (*reduced, None, None, None)
        make, arguments, state, items, pairs = steps[:5]
        params = _params_of(value)
        parts = [
            self._class(type(value)),
            _name_of(make).encode(),
            *[_name_of(a).encode() if isinstance(a, type) else self.digest(a) for a in arguments],
            self._attributes(_without(params, _NOT_PARAMS)),
            self._attributes(_own_state(value, state, params)),
            *self._members(items or ()),
            *self._pairs(value, pairs or ()),
        ]
        return combine("object", parts)

    def _class(self, kind: type) -> bytes:
        return _name_of(kind).encode() if self._version_of is None else self._on_code(kind)

    def _pairs(self, value: object, pairs: Iterable[tuple[object, object]]) -> list[bytes]:
        found = [self._pair(key, member) for key, member in pairs]
        return found if isinstance(value, collections.OrderedDict) else sorted(found)

    def _global(self, value: Any, name: str) -> bytes:
        """Digest what pickle would look up by name, once it is found there."""
        for module in (getattr(value, "__module__", None), "builtins", "numpy", "scipy.special"):
            if getattr(sys.modules.get(str(module)), name, None) is value:
                version = self._version_of(str(module)) if self._version_of else None
                return combine("global", [t.encode() for t in (str(module), name, version or "")])
        raise ConfigError(
            f"{''.join(self._path)} calls itself {name!r:.60}, but is not found there"
        )

    def _reduce(self, value: Any) -> Any:
        reducer = copyreg.dispatch_table.get(type(value))
        try:
            return value.__reduce_ex__(4) if reducer is None else reducer(value)
        except Exception as exc:
            raise ConfigError(
                f"{''.join(self._path)} is a {_name_of(type(value))}, whose state cannot be seen "
                f"({exc}); without it equal and different could not be told apart"
            ) from exc

    def _attributes(self, state: object) -> bytes:
        if not isinstance(state, dict):
            return self.digest(state)
        pairs = []
        for name, value in state.items():
            pairs.append(combine("pair", [self.digest(name), self._at(f".{name}", value)]))
        return combine("attributes", sorted(pairs))


def _digest_code(value: Any) -> bytes:
    from prodml.fingerprint.code import code_digest

    digest: bytes = code_digest(value)
    return digest


def _name_of(value: Any) -> str:
    return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', repr(type(value)))}"


def _fits_ns(value: Any) -> bool:
    try:
        value.as_unit("ns")
    except (ValueError, OverflowError):
        return False
    return True


def _params_of(value: Any) -> dict[str, Any] | None:
    get_params = getattr(value, "get_params", None)
    if not callable(get_params):
        return None
    params = get_params(deep=False)
    return dict(params) if isinstance(params, Mapping) else None


def _without(state: dict[str, Any] | None, names: set[str]) -> dict[str, Any] | None:
    return None if state is None else {k: v for k, v in state.items() if k not in names}


def _own_state(value: Any, state: Any, params: dict[str, Any] | None) -> Any:
    """Return what the state says beyond the parameters."""
    if isinstance(state, tuple) and hasattr(value, "get_tree_stats"):
        return state[:7] + state[11:]  # KDTree, BallTree: between are counters of queries
    if not isinstance(state, dict):
        return state
    if params is None:
        return _without(state, _NOT_STATE)
    said = {name for name in params if state.get(name) is params[name]}
    return _without(state, _NOT_STATE | _NOT_PARAMS | said)


def _spell_float(value: float) -> bytes:
    return struct.pack("<d", math.nan if math.isnan(value) else value)


def _spell_time(value: dt.datetime | dt.time) -> bytes:
    return f"{value.isoformat()} {value.tzinfo} {value.fold}".encode()


_ATOMS: dict[type, tuple[str, Callable[[Any], bytes]]] = {
    type(None): ("none", lambda _: b""),
    bool: ("bool", lambda value: b"1" if value else b"0"),
    int: ("int", lambda value: hex(value).encode()),
    float: ("float", _spell_float),
    complex: ("complex", lambda value: _spell_float(value.real) + _spell_float(value.imag)),
    str: ("str", lambda value: value.encode("utf-8", "surrogatepass")),
    bytes: ("bytes", bytes),
    bytearray: ("bytearray", bytes),
    type(...): ("ellipsis", lambda _: b""),
    type(NotImplemented): ("not implemented", lambda _: b""),
    dt.date: ("date", lambda value: value.isoformat().encode()),
    dt.datetime: ("datetime", _spell_time),
    dt.time: ("time", _spell_time),
    dt.timedelta: ("timedelta", lambda value: repr(value).encode()),
    decimal.Decimal: ("decimal", lambda value: str(value).encode()),
    uuid.UUID: ("uuid", lambda value: value.bytes),
}
