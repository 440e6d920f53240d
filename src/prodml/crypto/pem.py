"""Keys for signatures as they come in files: PEM, on the curves that model signing knows."""

from __future__ import annotations

import contextlib
import hashlib
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from prodml._extras import require
from prodml.errors import ConfigError, KeyMaterialError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import (
        ECDSA,
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )

__all__ = ["HASHES", "ecdsa", "hash_of", "key_id", "load_private", "load_public", "public_pem"]

HASHES = {"secp256r1": "sha256", "secp384r1": "sha384", "secp521r1": "sha512"}
"""Curve to the hash that goes with it: NIST P-256, P-384 and P-521."""

_CURVES = "P-256, P-384 or P-521"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def load_private(source: bytes | str | Path, password: bytes | None) -> EllipticCurvePrivateKey:
    """Read a private key from PEM bytes, or from a file that only its owner can read.

    Raises
    ------
    KeyMaterialError
        If it cannot be read, is no private key on one of the three curves, or its file is open to
        others. Nothing of it is shown.
    """
    require("cryptography", for_="signing")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    what = "the private key" if isinstance(source, bytes) else f"the private key {source}"
    data = source if isinstance(source, bytes) else _read(Path(source), private=True)
    found, fault = None, "is not PEM, or needs another password"
    try:
        found = load_pem_private_key(data, password)
    except TypeError:
        fault = "needs a password" if password is None else "has no password, but one was given"
    except (ValueError, UnsupportedAlgorithm):
        pass
    if found is None:  # raised out here, so that no error of the parser travels along
        raise KeyMaterialError(f"{what} cannot be used: it {fault}")
    if not isinstance(found, EllipticCurvePrivateKey) or found.curve.name not in HASHES:
        raise KeyMaterialError(f"{what} is no key on the curve {_CURVES}")
    return found


def load_public(source: bytes | str | Path) -> EllipticCurvePublicKey:
    """Read a public key from PEM bytes or from a file.

    Raises
    ------
    KeyMaterialError
        If it cannot be read, or is no public key on one of the three curves.
    """
    require("cryptography", for_="checking signatures")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    what = "the public key" if isinstance(source, bytes) else f"the public key {source}"
    data = source if isinstance(source, bytes) else _read(Path(source), private=False)
    found = None
    with contextlib.suppress(ValueError, UnsupportedAlgorithm):
        found = load_pem_public_key(data)
    if not isinstance(found, EllipticCurvePublicKey) or found.curve.name not in HASHES:
        raise KeyMaterialError(f"{what} is no PEM of a public key on the curve {_CURVES}")
    return found


def public_pem(key: EllipticCurvePublicKey) -> bytes:
    """Return a public key as PEM."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def key_id(key: EllipticCurvePublicKey) -> str:
    """Return the name of a key: SHA-256 of its SubjectPublicKeyInfo, in hex."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def hash_of(key: EllipticCurvePublicKey) -> str:
    """Return the name of the hash that goes with a key's curve."""
    return HASHES[key.curve.name]


def ecdsa(key: EllipticCurvePublicKey, *, prehashed: bool = False) -> ECDSA:
    """Return the signature scheme of a key: ECDSA with the hash of its curve."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    by_name = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
    algorithm = by_name[hash_of(key)]
    return ECDSA(Prehashed(algorithm) if prehashed else algorithm)


def _read(path: Path, *, private: bool) -> bytes:
    if not isinstance(path, Path):
        raise ConfigError(f"a key is PEM bytes or the path of a file, got a {type(path).__name__}")
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            data = file.read()
    except OSError as exc:
        raise KeyMaterialError(f"cannot read the key file {path}: {exc.strerror}") from exc
    if private and mode & _OTHERS:
        raise KeyMaterialError(
            f"the key file {path} is open to others than its owner (mode {mode:04o}). Close it with: "
            f"chmod 600 {path}"
        )
    return data
