"""Stored JSON that carries its own checksum: ``{"body":...,"sha256":"..."}``.

The checksum catches an accident anywhere in the object, also where nothing else refers to it yet,
as with the newest event. It is no signature: who can write can also compute it.
"""

from __future__ import annotations

import hashlib
from typing import Any

from prodml.errors import IntegrityError
from prodml.fingerprint.canonical import parse_json

__all__ = ["open_envelope", "seal"]

_START = b'{"body":'
_MIDDLE = b',"sha256":"'
_END = b'"}'
_TAIL = len(_MIDDLE) + 64 + len(_END)


def seal(body: bytes) -> bytes:
    """Put JSON into an envelope.

    Parameters
    ----------
    body : bytes
        JSON of an object.

    Returns
    -------
    bytes
        JSON again; canonical if `body` is.
    """
    return _START + body + _MIDDLE + hashlib.sha256(body).hexdigest().encode() + _END


def open_envelope(data: bytes, *, where: str) -> dict[str, Any]:
    """Take the body out of an envelope.

    Parameters
    ----------
    data : bytes
        What `seal` returned.
    where : str
        Names the object in messages.

    Returns
    -------
    dict
        The body.

    Raises
    ------
    IntegrityError
        If a single byte is not what it was.
    """
    body = data[len(_START) : -_TAIL]
    if seal(body) != data:
        raise IntegrityError(f"{where} is damaged: its checksum does not fit its {len(data)} bytes")
    try:
        members = parse_json(body)
    except ValueError as exc:
        raise IntegrityError(f"{where} is not JSON ({exc})") from None
    if not isinstance(members, dict):
        raise IntegrityError(f"{where} is not a JSON object")
    return members
