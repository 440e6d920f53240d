"""The bytes of arrays and texts, so that equal content gives equal bytes on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from prodml.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "UnmeaningError",
    "array_digest",
    "combine",
    "narrow",
    "numeric_bytes",
    "numeric_name",
    "text_parts",
]


class UnmeaningError(ConfigError):
    """An array's bytes are not its meaning."""


def combine(tag: str, parts: Iterable[bytes | memoryview]) -> bytes:
    """Digest a tag and parts, each with its length before it, so that no two lists run together.

    Parameters
    ----------
    tag : str
        What this is; values of different tags never have the same digest.
    parts : iterable of bytes or memoryview
        The content, or digests of it.

    Returns
    -------
    bytes
        32 bytes of SHA-256.
    """
    digest = hashlib.sha256()
    for part in (tag.encode(), *parts):
        view = memoryview(part)
        digest.update(view.nbytes.to_bytes(8, "little"))
        digest.update(view)
    return digest.digest()


def array_digest(array: np.ndarray, digest_object: Callable[[object], bytes]) -> bytes:
    """Digest dtype, shape and elements of an array, in C order whatever its memory order.

    Parameters
    ----------
    array : ndarray
        Of any shape.
    digest_object : callable
        Digests an element of an array of objects.

    Returns
    -------
    bytes
        32 bytes of SHA-256.

    Raises
    ------
    UnmeaningError
        For a dtype whose bytes have no meaning of their own (long double, raw void).
    """
    shape = repr(tuple(int(n) for n in array.shape)).encode()
    if array.dtype.names is not None:
        fields = [array_digest(array[name], digest_object) for name in array.dtype.names]
        names = [name.encode() for name in array.dtype.names]
        return combine("record array", [shape, *names, *fields])
    if array.dtype.kind == "O":
        elements = array.ravel(order="C").tolist()
        return combine("object array", [shape, *map(digest_object, elements)])
    if array.dtype.kind in "UT":
        return combine("text array", [shape, *text_parts(array.ravel(order="C").tolist())])
    if array.dtype.kind == "S":
        return combine("bytes array", [shape, *array.ravel(order="C").tolist()])
    return combine(f"array {numeric_name(array.dtype)}", [shape, numeric_bytes(array)])


def numeric_name(dtype: np.dtype) -> str:
    """Return kind and width of a dtype without its byte order, such as ``"f8"`` or ``"M8[us]"``."""
    return dtype.str[1:]


def numeric_bytes(array: np.ndarray) -> memoryview:
    """Return the little-endian bytes of the elements, with one NaN for all; -0.0 stays -0.0.

    Parameters
    ----------
    array : ndarray
        Booleans, integers, floats, complex numbers, dates or durations.

    Returns
    -------
    memoryview
        In C order; a copy only where the memory does not look like that already.

    Raises
    ------
    UnmeaningError
        For other dtypes.
    """
    import numpy as np

    if array.dtype.kind not in "biufcMm" or array.dtype.itemsize > _WIDEST[array.dtype.kind]:
        raise UnmeaningError(f"of dtype {array.dtype}, whose bytes do not mean the same everywhere")
    array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(-1)
    if array.dtype.kind == "c":
        array = array.view(f"<f{array.dtype.itemsize // 2}")
    if array.dtype.kind == "f":
        missing = np.isnan(array)
        if missing.any():
            array = np.where(missing, array.dtype.type(np.nan), array)
    return array.view(np.uint8).data


def text_parts(texts: Sequence[str]) -> list[bytes | memoryview]:
    """Return texts as one run of UTF-8 and the length of each.

    Parameters
    ----------
    texts : sequence of str
        The texts.

    Returns
    -------
    list
        UTF-8 and `narrow` lengths in bytes.
    """
    import numpy as np

    joined = "".join(texts)
    if joined.isascii():
        data, lengths = joined.encode(), map(len, texts)
    else:
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        data, lengths = b"".join(encoded), map(len, encoded)
    return [data, narrow(np.fromiter(lengths, dtype="<i8", count=len(texts)))]


def narrow(numbers: np.ndarray) -> memoryview:
    r"""Return the bytes of counts in the fewest bytes each that hold the largest of them.

    Parameters
    ----------
    numbers : ndarray of int
        Not negative.

    Returns
    -------
    memoryview
        Little-endian, of 1, 2, 4 or 8 bytes each.

    Examples
    --------
    >>> import numpy as np
    >>> bytes(narrow(np.array([1, 256])))
    b'\x01\x00\x00\x01'
    """
    import numpy as np

    widest = int(numbers.max()) if len(numbers) else 0
    width = next(w for w in (1, 2, 4, 8) if widest < 1 << (8 * w))
    return numbers.astype(f"<u{width}").view(np.uint8).data


_WIDEST = {"b": 1, "i": 8, "u": 8, "f": 8, "c": 16, "M": 8, "m": 8}
