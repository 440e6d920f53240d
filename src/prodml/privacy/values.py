"""One value of a column as text, number or date, the same whatever dtype it came in.

Equal values give equal results: ``1``, ``1.0``, ``True``, ``Decimal("1")`` and ``numpy.int64(1)`` are one
number, whichever of them a chunk, a category or a record happens to hold. No message shows a value.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Protocol, cast, runtime_checkable

import attrs

from prodml.errors import SchemaError

__all__ = ["Reader", "is_missing"]

# From here on a float may have lost its last digits, and two ids become one.
_WHOLE_IN_A_FLOAT = 2.0**53


def is_missing(value: object) -> bool:
    """Whether a value is None, NaN, NaT or NA, without importing pandas to know.

    Examples
    --------
    >>> is_missing(None), is_missing(float("nan")), is_missing(""), is_missing(0)
    (True, True, False, False)
    """
    kind = type(value)
    if kind is str or kind is int:
        return False
    if value is None or kind.__name__ in {"NAType", "NaTType"}:
        return True
    try:
        return bool(value != value)  # noqa: PLR0124  # only NaN and NaT differ from themselves
    except (TypeError, ValueError):  # an array; whoever reads it will refuse it
        return False


@attrs.frozen
class Reader:
    """Reads values on behalf of one transform of one column, which its messages name.

    Parameters
    ----------
    column : str
        Name of the column.
    reader : str
        Who reads, such as ``"Pseudonymize"``.
    """

    column: str
    reader: str

    def text(self, value: object) -> str:
        """Return a value as text: text as it is, whole numbers in decimals, dates in ISO 8601.

        Truth values are 1 and 0. A naive datetime at midnight is a date; an aware one is moved to
        UTC. Decimals lose their trailing zeros.

        Raises
        ------
        SchemaError
            If the value is a float with a fraction, a float of 2**53 or more, or of any other type: they have
            no one spelling.
        """
        value = _plain(value)
        if isinstance(value, str):
            return str(value)
        if isinstance(value, int):
            return str(int(value))
        if isinstance(value, float):
            return self._whole(value)
        if isinstance(value, Decimal):
            return self._decimal(value)
        if isinstance(value, date):
            return _iso(value)
        raise self.refuse(value, "text, whole numbers or dates")

    def bytes(self, value: object) -> bytes:
        """Return a value as bytes: bytes as they are, all else as its `text` in UTF-8."""
        if isinstance(value, bytes):
            return value
        text = self.text(value)
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise SchemaError(
                f'{self.reader} cannot encode column "{self.column}": it holds text that is not '
                "Unicode (lone surrogates). Decode the source with the right encoding",
                column=self.column,
            )
        return text.encode("utf-8")

    def number(self, value: object) -> Fraction:
        """Return a finite number exactly as its decimal notation reads."""
        value = _plain(value)
        if isinstance(value, int):
            return Fraction(int(value))
        if isinstance(value, float | Decimal) and _is_finite(value):
            return Fraction(str(value))
        raise self.refuse(value, "finite numbers")

    def extent(self, value: object) -> Fraction | float:
        """Return a number as `number` does, or an infinity."""
        bare = _plain(value)
        if isinstance(bare, float) and math.isinf(bare):
            return bare
        return self.number(bare)

    def date(self, value: object) -> date:
        """Return a date or datetime, also from ISO 8601 text; an aware datetime in UTC."""
        value = _plain(value)
        if isinstance(value, str):
            value = _parsed(value)
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(UTC)
        if isinstance(value, date):
            return value
        raise self.refuse(value, "dates")

    def refuse(self, value: object, wanted: str) -> SchemaError:
        """Return the error for a value of the wrong type; it names the type, not the value."""
        found = "text that is none" if value is _NO_DATE else type(value).__name__
        if isinstance(value, float):
            found = "a float that is not whole, not finite or too large"
        return SchemaError(
            f'{self.reader} takes {wanted}, but column "{self.column}" holds {found}',
            column=self.column,
        )

    def _whole(self, value: float) -> str:
        if value.is_integer() and abs(value) < _WHOLE_IN_A_FLOAT:
            return str(int(value))
        raise self.refuse(value, "text, whole numbers or dates")

    def _decimal(self, value: Decimal) -> str:
        if not value.is_finite():
            raise self.refuse(value, "text, whole numbers or dates")
        text = format(value, "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text in {"-0", ""} else text


@runtime_checkable
class _Scalar(Protocol):
    """A numpy scalar."""

    def item(self) -> object: ...


_NO_DATE = object()


def _plain(value: object) -> object:
    if type(value).__module__ != "numpy" or not isinstance(value, _Scalar):
        return value
    if type(value).__name__ == "datetime64":  # item() of nanoseconds is an int
        value = cast("_Scalar", value.astype("datetime64[us]"))  # type: ignore[attr-defined]
    return value.item()


def _is_finite(value: float | Decimal) -> bool:
    return value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)


def _parsed(text: str) -> object:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _NO_DATE
    return moment


def _iso(value: date) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.tzinfo is not None:
        return value.astimezone(UTC).isoformat()
    if value.time() == time() and not getattr(value, "nanosecond", 0):
        return value.date().isoformat()
    return value.isoformat()
