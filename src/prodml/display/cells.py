# ruff: noqa: RUF002 - the dash for a missing value is meant
"""One cell of a table as text, safe for a terminal and for markup."""

from __future__ import annotations

import html
import re
import unicodedata
from datetime import datetime
from typing import SupportsFloat, SupportsIndex

from prodml.display.numbers import MISSING, number

__all__ = ["cell", "clip", "escape", "plain", "reads_as_number", "width"]

# Bidirectional controls reorder what follows on the screen; a name must not be able to do that.
# The last two code points are no characters in XML, which an SVG file is.
_NOT_SHOWN = {
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    *(0x200E, 0x200F, 0x061C, 0xFFFE, 0xFFFF),
}
_NUMBER_LIKE = re.compile(
    r"[-+±<>≤≥~]?\s?(\d[\d,]*\.?\d*(e-?\d+)?|∞)(\s?[^\W\d_]{1,4}|\s?%)?( \d+ [a-z]+)?"
)


def cell(value: object) -> str:
    r"""Return a value as the text of one cell.

    Numbers go through `number`, truth values read yes and no, None and NaN are a dash, times are
    ISO 8601 to the second, all else is `str`. Control characters are made visible.

    Examples
    --------
    >>> cell(0.123456), cell(True), cell(None), cell("two\nlines")
    ('0.1235', 'yes', '–', 'two lines')
    """
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:  # pandas's, unimported
        return MISSING
    if isinstance(value, str):
        return plain(value)
    if type(value).__name__ in {"bool", "bool_"}:  # numpy's too, without importing it
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds").replace("+00:00", " UTC")
    if is_number(value):
        return number(value)  # type: ignore[arg-type]
    return plain(str(value))


def is_number(value: object) -> bool:
    """Whether a value is a number: int, float, a numpy scalar, Decimal; not a truth value."""
    if isinstance(value, str | bytes) or type(value).__name__ in {"bool", "bool_"}:
        return False
    return isinstance(value, SupportsFloat | SupportsIndex)


def plain(text: str) -> str:
    r"""Return text on one line with control characters made visible.

    Examples
    --------
    >>> plain("red \x1b[31m")
    'red \\x1b[31m'
    """
    if text.isprintable():  # the common case; separators other than blank are not printable
        return text
    return "".join(map(_visible, " ".join(text.split())))


def escape(value: object) -> str:
    """Return text that is safe in HTML and SVG, in content and in quoted attributes.

    Examples
    --------
    >>> escape("<script>")
    '&lt;script&gt;'
    """
    return html.escape(plain(str(value)), quote=True)


def width(text: str) -> int:
    r"""Return how many columns of a terminal a text takes.

    Examples
    --------
    >>> width("abc"), width("日本"), width("e\u0301")
    (3, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def clip(text: str, limit: int) -> str:
    """Cut a text to `limit` columns, with an ellipsis where it was cut.

    Examples
    --------
    >>> clip("abcdef", 4), clip("abcd", 4)
    ('abc…', 'abcd')
    """
    if width(text) <= limit:
        return text
    room = limit - 1
    kept: list[str] = []
    for char in text:
        room -= _columns(char)
        if room < 0:
            break
        kept.append(char)
    return "".join(kept) + "…"


def reads_as_number(text: str) -> bool:
    """Whether a cell reads as a number, with or without a unit.

    Examples
    --------
    >>> [reads_as_number(t) for t in ("1,204", "-0.5", "12.3%", "1.5 KiB", "1 h 3 min", "v1")]
    [True, True, True, True, True, False]
    """
    return _NUMBER_LIKE.fullmatch(text) is not None


def _visible(char: str) -> str:
    code = ord(char)
    if code in _NOT_SHOWN or unicodedata.category(char) in {"Cc", "Cs"}:
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    return char


def _columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
