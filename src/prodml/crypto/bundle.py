"""Sigstore bundles that hold a DSSE envelope: what stands in a ``model.sig``.

Source
------
DSSE v1.0.2, protocol.md (the pre-authentication encoding); Sigstore bundle v0.3, sigstore_bundle.proto.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from prodml.errors import IntegrityError
from prodml.fingerprint.canonical import parse_json

__all__ = ["Bundle", "pae"]

_MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return what is signed: type and payload, each with its length, so that neither can pose as the other.

    Examples
    --------
    >>> pae("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


@attrs.frozen
class Bundle:
    """A signed payload and what is needed to check it.

    Parameters
    ----------
    payload_type : str
        Media type of the payload.
    payload : bytes
        What was signed.
    signature : bytes
        Over `pae` of both.
    hint : str, default ""
        Names the public key: SHA-256 of its PEM, in hex. Empty if the signer said nothing.
    certificates : tuple of bytes
        The signer's certificate and those above it, as DER; empty when signed with a bare key.
    """

    payload_type: str
    payload: bytes
    signature: bytes
    hint: str = ""
    certificates: tuple[bytes, ...] = ()

    def dump(self) -> bytes:
        """Write the bundle as JSON."""
        material: dict[str, object] = {"publicKey": {"hint": self.hint}}
        if self.certificates:
            chain = [{"rawBytes": _text(der)} for der in self.certificates]
            material = {"x509CertificateChain": {"certificates": chain}}
        envelope = {
            "payload": _text(self.payload),
            "payloadType": self.payload_type,
            "signatures": [{"sig": _text(self.signature), "keyid": ""}],
        }
        bundle = {
            "mediaType": _MEDIA_TYPE,
            "verificationMaterial": {**material, "tlogEntries": []},
            "dsseEnvelope": envelope,
        }
        return json.dumps(bundle).encode()

    @classmethod
    def load(cls, data: bytes) -> Bundle:
        """Read a bundle; nothing in it is believed yet.

        Raises
        ------
        IntegrityError
            If it is no bundle of version 0.3 with one signature over a DSSE envelope.
        """
        try:
            found = parse_json(data)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise IntegrityError("the signature is no JSON object: it is damaged, or no bundle")
        if found.get("mediaType") != _MEDIA_TYPE:
            raise IntegrityError(
                f"the signature is of the type {found.get('mediaType')!r:.80}, expected {_MEDIA_TYPE}"
            )
        envelope = _member(found, "dsseEnvelope", dict)
        signatures = _member(envelope, "signatures", list)
        if len(signatures) != 1:  # the bundle's format allows exactly one
            raise IntegrityError(f"a bundle holds one signature, this one {len(signatures)}")
        hint, certificates = _material(_member(found, "verificationMaterial", dict))
        return cls(
            payload_type=_member(envelope, "payloadType", str),
            payload=_bytes(envelope, "payload"),
            signature=_bytes(signatures[0], "sig"),
            hint=hint,
            certificates=certificates,
        )

    @property
    def signed(self) -> bytes:
        """What the signature is over."""
        return pae(self.payload_type, self.payload)


def _material(material: Mapping[str, object]) -> tuple[str, tuple[bytes, ...]]:
    if "x509CertificateChain" in material:
        chain = _member(material, "x509CertificateChain", dict)
        certificates: Sequence[object] = _member(chain, "certificates", list)
        if not certificates:
            raise IntegrityError("the signature has a certificate chain without a certificate")
        return "", tuple(_bytes(each, "rawBytes") for each in certificates)
    if "publicKey" in material:
        # Before 1.1, model-signing wrote the key itself here and no hint; only a hint is taken.
        hint = _member(material, "publicKey", dict).get("hint") or ""
        return str(hint), ()
    raise IntegrityError(
        "the signature was made neither with a key nor with a certificate chain; keyless signatures "
        "of Sigstore are checked by its own tools"
    )


def _member(found: object, name: str, kind: type) -> Any:
    value = found.get(name) if isinstance(found, dict) else None
    if not isinstance(value, kind):
        raise IntegrityError(f"the signature is damaged: its {name} is missing or of a wrong type")
    return value


def _bytes(found: object, name: str) -> bytes:
    try:
        return base64.b64decode(_member(found, name, str), validate=True)
    except (binascii.Error, ValueError):
        raise IntegrityError(f"the signature is damaged: its {name} is no base64") from None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
