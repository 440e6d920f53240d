# ruff: noqa: RUF001, RUF002 - the dash for a missing value is meant
"""Numbers as people read them: significant digits, shares, times and sizes."""

from __future__ import annotations

import math
from typing import SupportsFloat, SupportsIndex

from prodml.errors import ConfigError

__all__ = ["MISSING", "decimals", "duration", "number", "percent", "size"]

MISSING = "–"
"""What stands where there is no value."""

Real = SupportsFloat | SupportsIndex | None

_SCIENTIFIC_BELOW = 1e-4
_SCIENTIFIC_FROM = 1e15
_GROUPED_FROM = 10_000


def number(x: Real, digits: int = 4) -> str:
    """Write a number with as many digits as carry meaning.

    Whole numbers are written in full, others rounded to `digits` significant digits (never less
    than the whole part). From 10,000 on thousands are set off by commas.

    Parameters
    ----------
    x : int, float, numpy scalar or None
        The number.
    digits : int, default 4
        Significant digits, at least 1.

    Returns
    -------
    str
        ``"–"`` for None and NaN, ``"∞"`` or ``"-∞"`` for an infinity.

    Raises
    ------
    ConfigError
        If `x` is not a number, or `digits` is less than 1.

    Examples
    --------
    >>> number(0.123456), number(1234567), number(1234.5678), number(2.0), number(0.0000123)
    ('0.1235', '1,234,567', '1235', '2', '1.23e-5')
    >>> number(float("nan")), number(None), number(float("inf"))
    ('–', '–', '∞')
    """
    if digits < 1:
        raise ConfigError(f"digits must be at least 1, got {digits}")
    if x is None:
        return MISSING
    whole = _whole(x)
    if whole is not None and abs(whole) < _SCIENTIFIC_FROM:
        return _grouped(str(whole))
    value = _real(x)
    if not math.isfinite(value):
        return _not_finite(value)
    if abs(value) >= _SCIENTIFIC_FROM or 0 < abs(value) < _SCIENTIFIC_BELOW:
        return _scientific(value, digits)
    places = max(0, digits - 1 - _exponent(value, digits))
    return _trimmed(_grouped(f"{value:.{places}f}"))


def decimals(text: str) -> int | None:
    """Return how many decimals a written number has; None if it is not in plain notation.

    Examples
    --------
    >>> decimals("12.50"), decimals("1,204"), decimals("1.2e-5")
    (2, 0, None)
    """
    body = text.replace(",", "").removeprefix("-")
    head, _, tail = body.partition(".")
    if not head.isdigit() or (tail and not tail.isdigit()):
        return None
    return len(tail)


def percent(x: Real) -> str:
    """Write a share as a percentage with one decimal, more where it would read 0 or 100.

    Parameters
    ----------
    x : float or None
        A share; 1.0 is 100 %. Any size and sign, as a change may exceed 100 %.

    Returns
    -------
    str
        ``"–"`` for None and NaN.

    Raises
    ------
    ConfigError
        If `x` is not a number.

    Examples
    --------
    >>> percent(0.1234), percent(0.5), percent(0.000123), percent(0.99997), percent(1)
    ('12.3%', '50%', '0.012%', '99.997%', '100%')
    """
    if x is None:
        return MISSING
    value = _real(x) * 100
    if not math.isfinite(value):
        return _not_finite(value)
    places = 1
    # A rate of one in a million is not "0%", and 99.997 % is not "100%".
    gap = min(abs(value), abs(100 - abs(value)))
    if 0 < gap < 0.05:
        places = 1 - math.floor(math.log10(gap)) if abs(value) < 1 else -math.floor(math.log10(gap))
    return f"{_trimmed(f'{value:.{min(places, 12)}f}')}%"


_SMALL_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_LARGE_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def duration(seconds: Real) -> str:
    """Write a time span in the unit that suits it.

    Parameters
    ----------
    seconds : float or None
        Seconds; may be negative.

    Returns
    -------
    str
        Three significant digits below a minute, two units above it; ``"–"`` for None and NaN.

    Raises
    ------
    ConfigError
        If `seconds` is not a number.

    Examples
    --------
    >>> duration(4.2e-7), duration(0.0123), duration(59.94), duration(3_700), duration(200_000)
    ('420 ns', '12.3 ms', '59.9 s', '1 h 1 min', '2 d 7 h')
    """
    if seconds is None:
        return MISSING
    value = _real(seconds)
    if not math.isfinite(value):
        return _not_finite(value)
    sign = "-" if value < 0 else ""
    return sign + _span(abs(value))


def size(n_bytes: Real) -> str:
    """Write a number of bytes in binary units.

    Parameters
    ----------
    n_bytes : int or None
        Bytes, not negative.

    Returns
    -------
    str
        ``"–"`` for None.

    Raises
    ------
    ConfigError
        If `n_bytes` is negative or not a number.

    Examples
    --------
    >>> size(0), size(999), size(1536), size(5 * 1024**3)
    ('0 B', '999 B', '1.5 KiB', '5 GiB')
    """
    if n_bytes is None:
        return MISSING
    value = _real(n_bytes)
    if value < 0 or math.isnan(value):
        raise ConfigError(f"a size must not be negative, got {number(value)}")
    if math.isinf(value):
        return "∞"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1023.5:
            return f"{number(value, 3)} {unit}"
        value /= 1024
    return f"{number(value, 3)} PiB"


def _whole(x: SupportsFloat | SupportsIndex) -> int | None:
    if isinstance(x, SupportsIndex):
        return int(x.__index__())
    value = _real(x)
    return int(value) if value.is_integer() else None


def _real(x: SupportsFloat | SupportsIndex) -> float:
    if isinstance(x, str | bytes):
        raise ConfigError(f"a number is needed, got {type(x).__name__}")
    try:
        return float(x)
    except OverflowError:  # an int beyond 1e308
        return math.inf if x > 0 else -math.inf  # type: ignore[operator]
    except (TypeError, ValueError) as exc:
        raise ConfigError(f"a number is needed, got {type(x).__name__}") from exc


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return MISSING
    return "∞" if value > 0 else "-∞"


def _exponent(value: float, digits: int) -> int:
    # Of the rounded number: 9.9996 has one digit before the point, its four-digit form two.
    return int(f"{value:.{digits - 1}e}".partition("e")[2])


def _scientific(value: float, digits: int) -> str:
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return f"{_trimmed(mantissa)}e{int(exponent)}"


def _trimmed(text: str) -> str:
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _grouped(text: str) -> str:
    head, dot, tail = text.partition(".")
    if abs(int(head)) < _GROUPED_FROM:
        return text
    return f"{int(head):,}{dot}{tail}"


def _span(value: float) -> str:
    if value == 0:
        return "0 s"
    if value < 59.95:
        return _short_span(value)
    left = round(value)
    i = next(i for i, (unit_s, _) in enumerate(_LARGE_UNITS) if left >= unit_s)
    (unit_s, unit), (next_s, next_unit) = _LARGE_UNITS[i : i + 2]
    high, rest = divmod(left, unit_s)
    low = rest // next_s
    return f"{high:,} {unit} {low} {next_unit}" if low else f"{high:,} {unit}"


def _short_span(value: float) -> str:
    for unit_s, unit in _SMALL_UNITS:
        if value >= unit_s * 0.9995:
            return f"{_three_digits(value / unit_s)} {unit}"
    return f"{_three_digits(value / 1e-9)} ns"


def _three_digits(value: float) -> str:
    return number(float(f"{value:.3g}"), 3)
