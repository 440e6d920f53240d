"""SHA-256, written ``sha256:<64 hex digits>``."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from prodml.errors import ConfigError

__all__ = ["check_digest", "sha256", "sha256_file"]

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def sha256(data: bytes | bytearray | memoryview) -> str:
    """Return the SHA-256 of some bytes.

    Parameters
    ----------
    data : bytes, bytearray or memoryview
        What to digest; empty is fine.

    Returns
    -------
    str
        ``"sha256:"`` and 64 lower-case hex digits.

    Source
    ------
    FIPS 180-4.

    Examples
    --------
    >>> sha256(b"abc")
    'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    """
    return "sha256:" + hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces; see `sha256`.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        ``"sha256:"`` and 64 lower-case hex digits.
    """
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def check_digest(digest: str) -> str:
    """Return `digest` if it is written as `sha256` writes one.

    Parameters
    ----------
    digest : str
        What is claimed to be a digest.

    Returns
    -------
    str
        The same digest.

    Raises
    ------
    ConfigError
        If it is not ``sha256:`` and 64 lower-case hex digits.
    """
    if isinstance(digest, str) and _DIGEST.fullmatch(digest):
        return digest
    raise ConfigError(f"a digest reads 'sha256:' and 64 lower-case hex digits, got {digest!r:.100}")
