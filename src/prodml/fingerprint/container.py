"""The one inert container: a JSON header and named arrays, nothing that can run.

The layout is that of safetensors: eight bytes with the header's length (little-endian), the header
as JSON, then the arrays' raw little-endian bytes without a gap. Two additions keep to that format:
the caller's own header is canonical JSON under ``__metadata__``, and every array starts at a
multiple of 64 bytes from the start of the file, with named padding between (``__pad__/0``, ...),
so that a memory-mapped file can be computed on in place. Equal content has equal bytes.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodml.errors import ConfigError, IntegrityError
from prodml.fingerprint.canonical import canonical_json, parse_json

if TYPE_CHECKING:
    import numpy as np

__all__ = ["pack", "unpack"]

_ALIGN = 64
_MAX_HEADER = 100_000_000  # safetensors' own limit
_OWN = "prodml"
_PAD = "__pad__/"
_DTYPES = {
    "BOOL": "|b1",
    "I8": "|i1",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "U8": "|u1",
    "U16": "<u2",
    "U32": "<u4",
    "U64": "<u8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
}
_CODES = {dtype: code for code, dtype in _DTYPES.items()}


def pack(header: Mapping[str, object], arrays: Mapping[str, np.ndarray]) -> bytes:
    """Write a header and named arrays as one run of bytes.

    Parameters
    ----------
    header : mapping
        Anything `canonical_json` can write.
    arrays : mapping of str to ndarray
        Of booleans, integers or floats up to 64 bits, any shape and memory order. Stored in the
        order of their names.

    Returns
    -------
    bytes
        The same for the same content, on every machine.

    Raises
    ------
    ConfigError
        If the header is not JSON, or an array is of another dtype (text, objects, dates).

    Source
    ------
    The safetensors format, https://github.com/huggingface/safetensors, README, "Format".

    Examples
    --------
    >>> import numpy as np
    >>> data = pack({"kind": "demo"}, {"w": np.arange(3.0)})
    >>> header, arrays = unpack(data)
    >>> header, arrays["w"]
    ({'kind': 'demo'}, array([0., 1., 2.]))
    """
    entries: dict[str, object] = {"__metadata__": {_OWN: canonical_json(header).decode()}}
    buffers: list[bytes] = []
    end = 0
    for name in sorted(arrays):
        array = _little_endian(_check_name(name), arrays[name])
        gap = -end % _ALIGN
        if gap:
            entries[f"{_PAD}{len(buffers)}"] = _entry("U8", (gap,), end)
            buffers.append(bytes(gap))
        entries[name] = _entry(_CODES[array.dtype.str], array.shape, end + gap)
        buffers.append(array.tobytes())
        end += gap + array.nbytes
    return b"".join([_frame_header(canonical_json(entries)), *buffers])


def unpack(
    data: bytes | bytearray | memoryview | Path,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read what `pack` wrote.

    Parameters
    ----------
    data : bytes, bytearray, memoryview or Path
        A `Path` is memory-mapped: nothing but the header and boolean arrays is read until the
        arrays are used.

    Returns
    -------
    header : dict
        The caller's header.
    arrays : dict of str to ndarray
        Read-only views of `data`; they keep it alive.

    Raises
    ------
    IntegrityError
        If the bytes are not such a container: a wrong length, an offset out of range, buffers that
        overlap or leave a gap, a shape that does not fit its buffer, an unknown dtype, a key
        twice. Whatever the bytes, nothing is allocated beyond the header.
    """
    if not isinstance(data, Path | bytes | bytearray | memoryview):
        raise ConfigError(
            f"a container is bytes or the Path of a file, got a {type(data).__name__}"
        )
    view = _map(data) if isinstance(data, Path) else memoryview(data).toreadonly().cast("B")
    entries, start = _read_header(view)
    own = _own_header(entries.pop("__metadata__", None))
    body = view[start:]
    return own, _read_arrays(entries, body)


def _check_name(name: object) -> str:
    if isinstance(name, str) and name != "__metadata__" and not name.startswith(_PAD):
        return name
    raise ConfigError(f"an array cannot be called {name!r:.60}; names are other strings")


def _little_endian(name: str, array: np.ndarray) -> np.ndarray:
    import numpy as np

    array = np.asarray(array)
    little = array.dtype.newbyteorder("<")
    if little.str not in _CODES:
        raise ConfigError(
            f'array "{name}" is of dtype {array.dtype}; a container holds booleans, integers and '
            "floats up to 64 bits: encode text, dates and objects first"
        )
    return np.asarray(array, dtype=little)


def _entry(code: str, shape: tuple[int, ...], begin: int) -> dict[str, object]:
    return {"dtype": code, "shape": shape, "data_offsets": (begin, begin + _n_bytes(code, shape))}


def _n_bytes(code: str, shape: tuple[int, ...] | list[int]) -> int:
    size = int(_DTYPES[code][2:])
    for n in shape:
        size *= n
    return size


def _frame_header(header: bytes) -> bytes:
    header += b" " * (-(8 + len(header)) % _ALIGN)
    return len(header).to_bytes(8, "little") + header


def _map(path: Path) -> memoryview:
    with path.open("rb") as file:
        try:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except ValueError:  # an empty file cannot be mapped
            return memoryview(b"")


def _read_header(view: memoryview) -> tuple[dict[str, Any], int]:
    length = int.from_bytes(view[:8], "little")
    if len(view) < 8 or length > min(len(view) - 8, _MAX_HEADER):
        raise IntegrityError(
            f"not a container: {len(view)} bytes, of which the header claims {length}"
        )
    try:
        entries = parse_json(view[8 : 8 + length])
    except ValueError as exc:
        raise IntegrityError(f"not a container: its header is not JSON ({exc})") from None
    if not isinstance(entries, dict):
        raise IntegrityError("not a container: its header is not a JSON object")
    return entries, 8 + length


def _own_header(metadata: object) -> dict[str, Any]:
    text = metadata.get(_OWN) if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise IntegrityError(f"not a container of prodml: __metadata__ has no text under {_OWN!r}")
    try:
        own = parse_json(text)
    except ValueError as exc:
        raise IntegrityError(f"the container's own header is not JSON ({exc})") from None
    if not isinstance(own, dict):
        raise IntegrityError("the container's own header is not a JSON object")
    return own


def _read_arrays(entries: dict[str, Any], body: memoryview) -> dict[str, np.ndarray]:
    spans = sorted((_span(name, entry), name) for name, entry in entries.items())
    end = 0
    for (begin, stop), name in spans:
        if begin != end:
            raise IntegrityError(f'array "{name:.80}" begins at byte {begin}, expected {end}')
        end = stop
    if end != len(body):
        raise IntegrityError(f"the arrays end at byte {end} of {len(body)}")
    return {
        name: _view(name, entries[name], body[begin:stop])
        for (begin, stop), name in spans
        if not name.startswith(_PAD)
    }


def _span(name: str, entry: object) -> tuple[int, int]:
    """Return where an array lies, once its entry makes sense in itself."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise IntegrityError(f'the entry of array "{name:.80}" lacks a part, or has one too many')
    code, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(code, str) or code not in _DTYPES:
        raise IntegrityError(
            f'array "{name:.80}" is of dtype {code!r:.40}; known: {", ".join(_DTYPES)}'
        )
    if not _are_sizes(shape) or len(shape) > 32:
        raise IntegrityError(f'the shape of array "{name:.80}" is not a short list of sizes')
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise IntegrityError(f'the offsets of array "{name:.80}" are not two sizes')
    begin, end = offsets
    if end - begin != _n_bytes(code, shape):
        raise IntegrityError(
            f'array "{name:.80}" has {end - begin} bytes, its shape another number'
        )
    return begin, end


def _are_sizes(value: object) -> bool:
    return isinstance(value, list) and all(type(n) is int and n >= 0 for n in value)


def _view(name: str, entry: dict[str, Any], buffer: memoryview) -> np.ndarray:
    import numpy as np

    try:
        array = np.frombuffer(buffer, dtype=_DTYPES[entry["dtype"]]).reshape(entry["shape"])
    except (ValueError, OverflowError):  # sizes of an empty array that no machine could index
        raise IntegrityError(f'the shape of array "{name:.80}" is impossible') from None
    if array.dtype == bool and array.size and array.view("u1").max() > 1:
        raise IntegrityError(f'array "{name:.80}" holds booleans other than 0 and 1')
    return array
