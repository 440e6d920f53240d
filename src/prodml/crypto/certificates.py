"""Who a signer is, by certificates: from a trusted root down to the key that signed.

The chain is checked as of the moment its signing certificate became valid, since a bundle without a
timestamp does not say when it was made: an expired certificate still proves what it signed. To stop
trusting one, stop trusting what issued it.

Source
------
RFC 5280, section 6.1 (path validation) for what applies here; OpenSSF model signing 1.0 for the moment and
for the key usage that a signing certificate needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from prodml._extras import require
from prodml.crypto.pem import HASHES
from prodml.errors import IntegrityError, KeyMaterialError, ProdmlError, UntrustedModelError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.x509 import Certificate

__all__ = ["load_certificates", "trusted_key"]

_LONGEST = 8


def load_certificates(sources: Iterable[bytes | str | Path]) -> list[Certificate]:
    """Read certificates from PEM bytes or files, each with one or more.

    Raises
    ------
    KeyMaterialError
        If one cannot be read.
    """
    require("cryptography", for_="certificates")
    from cryptography.x509 import load_pem_x509_certificates

    found: list[Certificate] = []
    for source in sources:
        try:
            data = source if isinstance(source, bytes) else Path(source).read_bytes()
            found += load_pem_x509_certificates(data)
        except (OSError, ValueError, TypeError) as exc:
            what = "bytes" if isinstance(source, bytes) else f"file {source}"
            raise KeyMaterialError(f"the {what} cannot be read as PEM of certificates") from exc
    return found


def trusted_key(chain: Sequence[bytes], roots: Sequence[Certificate]) -> EllipticCurvePublicKey:
    """Return the public key of a chain's first certificate, once it leads to a trusted root.

    Parameters
    ----------
    chain : sequence of bytes
        DER; the signer's certificate first, those above it in any order.
    roots : sequence of Certificate
        What is trusted.

    Raises
    ------
    UntrustedModelError
        If it does not lead to one of them, or the first may not sign.
    IntegrityError
        If a certificate cannot be read.
    """
    require("cryptography", for_="certificates")
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    damaged = (ValueError, x509.InvalidVersion, x509.DuplicateExtension, UnsupportedAlgorithm)
    try:
        return _trusted_key(chain, roots)
    except ProdmlError:
        raise
    except (*damaged, x509.UnsupportedGeneralNameType):
        raise IntegrityError("a certificate of the signature cannot be read") from None


def _trusted_key(chain: Sequence[bytes], roots: Sequence[Certificate]) -> EllipticCurvePublicKey:
    from cryptography.x509 import load_der_x509_certificate

    signer, *above = map(load_der_x509_certificate, chain[: _LONGEST + 1])
    key = _signing_key(signer)
    moment = signer.not_valid_before_utc
    path, depth = [signer], 0
    while path[-1] not in roots:
        issuer = _issuer(path[-1], [*roots, *above], moment, depth)
        if issuer is None or len(path) > _LONGEST:
            raise UntrustedModelError(
                "the signer's certificate does not lead to a root that this verifier trusts"
            )
        depth += 1 if issuer.subject != issuer.issuer else 0
        path.append(issuer)
    return key


def _signing_key(signer: Certificate) -> EllipticCurvePublicKey:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    if not _may(signer, sign=True):
        raise UntrustedModelError("the signer's certificate may not be used for signing")
    key = signer.public_key()
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in HASHES:
        return key
    raise UntrustedModelError("the signer's certificate has no key on P-256, P-384 or P-521")


def _issuer(
    child: Certificate, candidates: Sequence[Certificate], moment: datetime, depth: int
) -> Certificate | None:
    """Return who issued a certificate: an authority at that moment, whose signature it bears."""
    from cryptography.exceptions import InvalidSignature

    for candidate in candidates:
        valid = candidate.not_valid_before_utc <= moment <= candidate.not_valid_after_utc
        if child.issuer != candidate.subject or not valid or not _is_authority(candidate, depth):
            continue
        try:
            child.verify_directly_issued_by(candidate)
        except (InvalidSignature, ValueError, TypeError):
            continue
        return candidate
    return None


def _is_authority(certificate: Certificate, depth: int) -> bool:
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    deep_enough = found.path_length is None or depth <= found.path_length
    return found.ca and deep_enough and _may(certificate, sign=False)


def _may(certificate: Certificate, *, sign: bool) -> bool:
    """Say whether a certificate may sign documents, or issue certificates."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    may = not sign  # an authority that says nothing of its usage may issue
    known = (x509.BasicConstraints, x509.SubjectAlternativeName)
    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, x509.KeyUsage):
            may = may or value.digital_signature if sign else value.key_cert_sign
        elif isinstance(value, x509.ExtendedKeyUsage):
            may = may or (sign and ExtendedKeyUsageOID.CODE_SIGNING in value)
        elif extension.critical and not isinstance(value, known):
            return False  # it says something that must be understood, and is not
    return may
