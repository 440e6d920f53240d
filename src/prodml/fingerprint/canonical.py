"""JSON with exactly one spelling for each value.

Equal values give equal bytes, so a digest of the bytes is a digest of the value, and any other
implementation of RFC 8785 in any language comes to the same bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from json.encoder import encode_basestring as _quote

from prodml.errors import ConfigError

__all__ = ["MAX_INTEGER", "canonical_json", "parse_json"]

MAX_INTEGER = 2**53
"""Largest magnitude of an integer: beyond it a reader that uses doubles sees another number."""


def canonical_json(value: object) -> bytes:
    """Write a value as canonical JSON.

    Keys are sorted by their UTF-16 code units, there are no spaces, text is UTF-8, numbers are
    written as ECMAScript writes them: ``1.0`` is ``1``, ``-0.0`` is ``0``, ``1e21`` is ``1e+21``.
    Integers and floats share one number type, as in JSON itself: 1 and 1.0 give the same bytes.

    Parameters
    ----------
    value : dict, list, tuple, str, int, float, bool or None
        Nested as you like; keys are strings, a tuple is written as a list.

    Returns
    -------
    bytes
        UTF-8.

    Raises
    ------
    ConfigError
        For anything JSON has no spelling for: NaN and infinities, integers beyond 2**53, keys that
        are not strings, lone surrogates, other types, a value that contains itself. The message
        names the path of the bad member, such as ``$.metrics["log loss"][3]``.

    Source
    ------
    RFC 8785, JSON Canonicalization Scheme; ECMA-262, 6.1.6.1.20 Number::toString.

    Examples
    --------
    >>> canonical_json({"b": [1.0, -0.0, 1e21], "a": None})
    b'{"a":null,"b":[1,0,1e+21]}'
    """
    try:
        return _spell(value).encode()
    except _BadMember as bad:
        path = "$" + "".join(reversed(bad.path))
        raise ConfigError(f"{path} cannot be written as JSON: {bad}") from None
    except RecursionError:
        raise ConfigError("the value nests too deep for JSON, or contains itself") from None


def parse_json(data: bytes | bytearray | memoryview | str) -> object:
    """Read JSON strictly, so that what `canonical_json` wrote comes back as an equal value.

    Parameters
    ----------
    data : bytes, bytearray, memoryview or str
        UTF-8.

    Returns
    -------
    dict, list, str, int, float, bool or None
        Integers beyond 2**53 come back as floats: they were written from floats.

    Raises
    ------
    ValueError
        If it is not JSON, has a key twice in one object, NaN or an infinity, or nests too deep.

    Examples
    --------
    >>> parse_json(b'{"a":[1,2.5,100000000000000000000]}')
    {'a': [1, 2.5, 1e+20]}
    """
    text = data if isinstance(data, str) else bytes(data).decode()
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("the JSON nests too deep") from None


class _BadMember(Exception):  # noqa: N818  (never leaves this module)
    """Carries the path of a bad member from the inside out."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.path: list[str] = []


def _spell(value: object) -> str:
    speller = _SPELLERS.get(type(value))
    if speller is not None:
        return speller(value)
    for kind, spell in _SUBCLASSES:
        if isinstance(value, kind):
            return spell(value)
    raise _BadMember(
        f"it is a {type(value).__module__}.{type(value).__qualname__}; JSON holds "
        "dict, list, tuple, str, int, float, bool and None (a numpy number has .item())"
    )


def _spell_text(value: str) -> str:
    if not value.isascii():
        _check_surrogates(value)
    return _quote(value)


def _check_surrogates(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _BadMember("it holds a lone surrogate, which no UTF-8 text can") from None


def _spell_integer(value: int) -> str:
    if -MAX_INTEGER <= value <= MAX_INTEGER:
        return str(int(value))
    raise _BadMember(
        "it is an integer beyond 2**53, which readers of JSON round; write it as a string"
    )


def _spell_float(value: float) -> str:
    if not math.isfinite(value):
        raise _BadMember(f"it is {float(value)!r}; write None, or leave the member out")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    digits, point = _shortest(abs(float(value)))
    return sign + _place(digits, point)


def _shortest(value: float) -> tuple[str, int]:
    """Return the shortest digits that round-trip, and where the decimal point is among them."""
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    leading_zeros = len(whole + fraction) - len(digits)
    point = len(whole) - leading_zeros + int(exponent or 0)
    return digits.rstrip("0"), point


def _place(digits: str, point: int) -> str:
    """Place the point as Number::toString does: 0.digits times 10**point."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    exponent = f"e{point - 1:+d}"
    return digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + exponent


def _spell_object(value: Mapping[object, object]) -> str:
    return "{" + ",".join([_spell_member(k, value[k]) for k in _in_order(value)]) + "}"


def _in_order(value: Mapping[object, object]) -> list[str]:
    keys = [_check_name(key) for key in value]
    if all(map(str.isascii, keys)):
        return sorted(keys)
    return sorted(keys, key=lambda key: key.encode("utf-16-be", "surrogatepass"))


def _check_name(key: object) -> str:
    if isinstance(key, str):
        return key
    raise _BadMember(f"it has the key {key!r:.40} of type {type(key).__name__}; JSON's are strings")


def _spell_member(key: str, value: object) -> str:
    try:
        return f"{_spell_text(key)}:{_spell(value)}"
    except _BadMember as bad:
        bad.path.append(f".{key}" if key.isidentifier() else f"[{json.dumps(key)}]")
        raise


def _spell_array(value: Sequence[object]) -> str:
    parts = []
    for position, member in enumerate(value):
        try:
            parts.append(_spell(member))
        except _BadMember as bad:
            bad.path.append(f"[{position}]")
            raise
    return "[" + ",".join(parts) + "]"


_SUBCLASSES: tuple[tuple[type, Callable[..., str]], ...] = (
    (str, lambda value: _spell_text(str.__str__(value))),
    (int, _spell_integer),
    (float, _spell_float),
    (Mapping, _spell_object),
    (list, _spell_array),
    (tuple, _spell_array),
)
_SPELLERS: dict[type, Callable[..., str]] = {
    str: _spell_text,
    int: _spell_integer,
    float: _spell_float,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
    dict: _spell_object,
    list: _spell_array,
    tuple: _spell_array,
}


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("an object of the JSON has one key twice")
    return members


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _read_float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"the number {text:.40} of the JSON is beyond any double")
    return value


def _read_integer(text: str) -> int | float:
    # A longest double written out has 22 characters; longer digits never came from canonical_json.
    value = int(text) if len(text) <= 17 else MAX_INTEGER + 1
    return value if -MAX_INTEGER <= value <= MAX_INTEGER else _read_float(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_once,
    parse_constant=_no_constant,
    parse_float=_read_float,
    parse_int=_read_integer,
)
