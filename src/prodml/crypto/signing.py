"""Signer and Verifier: who made this, provable by everybody who has the public key."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from prodml.crypto.bundle import Bundle, pae
from prodml.crypto.certificates import load_certificates, trusted_key
from prodml.crypto.pem import (
    ecdsa,
    hash_of,
    key_id,
    load_private,
    load_public,
    public_pem,
)
from prodml.errors import (
    ConfigError,
    ConflictError,
    IntegrityError,
    KeyMaterialError,
    UntrustedModelError,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

__all__ = ["Signer", "Verifier"]

_SCHEME = "ecdsa"
_TEXT_TYPE = "application/vnd.prodml.signed"


class Signer:
    """Signs with a private key on the curve P-256, P-384 or P-521.

    Parameters
    ----------
    key : bytes, str, Path or callable
        The private key: PEM bytes, the path of a PEM file that only its owner can read, or a function
        ``sign(digest: bytes) -> bytes`` of a key management service that returns a DER signature over
        a SHA-256, SHA-384 or SHA-512 digest, whichever goes with the curve.
    password : bytes, optional
        Of an encrypted private key.
    public_key : bytes, str or Path, optional
        The public key; needed with a function.
    certificates : sequence of bytes, str or Path, default ()
        The certificate of this key and those above it but the root: PEM bytes or files. They go into
        the bundles that it signs, for verifiers that trust a root.

    Raises
    ------
    KeyMaterialError
        If a key or certificate cannot be used, or the first certificate is of another key.
    MissingExtraError
        If cryptography is not installed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     signer = Signer.create(Path(folder) / "signing.pem")
    >>> signature = signer.sign(b"weights")
    >>> Verifier(signer.public_key).verify(b"weights", signature)
    """

    def __init__(
        self,
        key: bytes | str | Path | Callable[[bytes], bytes],
        *,
        password: bytes | None = None,
        public_key: bytes | str | Path | None = None,
        certificates: Sequence[bytes | str | Path] = (),
    ) -> None:
        if callable(key):
            if public_key is None:
                raise ConfigError("a function that signs needs public_key, to name and check it by")
            self._sign_digest: Callable[[bytes], bytes] = key
            self._public = load_public(public_key)
        else:
            private = load_private(key, password)
            self._public = private.public_key()
            scheme = ecdsa(self._public, prehashed=True)
            self._sign_digest = lambda digest: private.sign(digest, scheme)
        self._certificates = self._chain(certificates)

    @classmethod
    def create(cls, path: str | Path, *, password: bytes | None = None) -> Signer:
        """Draw a new P-256 key, write it to a new file that only its owner can read, and open it.

        Parameters
        ----------
        path : str or Path
            Where; its folder must exist.
        password : bytes, optional
            Encrypt the file.

        Raises
        ------
        ConflictError
            If there is a file already.
        """
        from prodml._extras import require

        require("cryptography", for_="signing")
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        locked: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password is not None:
            locked = serialization.BestAvailableEncryption(password)
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked
        )
        _write_private(Path(path), pem)
        return cls(Path(path), password=password)

    @property
    def public_key(self) -> bytes:
        """The public key as PEM, to give to whoever verifies."""
        return public_pem(self._public)

    @property
    def key_id(self) -> str:
        """SHA-256 of the public key's SubjectPublicKeyInfo, in hex."""
        return key_id(self._public)

    def sign(self, data: bytes) -> str:
        """Return a signature as one line of text, which names its key.

        What is signed never passes for a model folder's statement, nor the other way round. Begin
        `data` with what it is, so that one kind of yours does not pass for another.
        """
        signature = self._signature(pae(_TEXT_TYPE, data))
        return f"{_SCHEME}:{self.key_id}:{base64.b64encode(signature).decode()}"

    def bundle(self, payload_type: str, payload: bytes) -> Bundle:
        """Return a payload in a signed Sigstore bundle."""
        signature = self._signature(pae(payload_type, payload))
        hint = hashlib.sha256(self.public_key).hexdigest()
        return Bundle(payload_type, payload, signature, hint, self._certificates)

    def _signature(self, message: bytes) -> bytes:
        from cryptography.exceptions import InvalidSignature

        digest = hashlib.new(hash_of(self._public), message).digest()
        signature = self._sign_digest(digest)
        try:
            self._public.verify(signature, digest, ecdsa(self._public, prehashed=True))
        except (InvalidSignature, ValueError, TypeError):
            pass
        else:
            return signature
        raise KeyMaterialError(
            "what the private key signed does not fit the public key: is public_key of another key, or "
            "does the function hash the digest once more?"
        )

    def _chain(self, sources: Sequence[bytes | str | Path]) -> tuple[bytes, ...]:
        from cryptography.hazmat.primitives.serialization import Encoding

        found = load_certificates(sources)
        if found and found[0].public_key() != self._public:
            raise KeyMaterialError("the first certificate is not of this signer's key")
        return tuple(certificate.public_bytes(Encoding.DER) for certificate in found)

    def __repr__(self) -> str:
        return f"Signer(key_id='{self.key_id[:12]}…')"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Signer cannot be pickled: its private key would be in somebody's cache")


class Verifier:
    """Checks signatures against public keys, and certificates against roots, that you trust.

    Parameters
    ----------
    *public_keys : bytes, str or Path
        PEM bytes or files.
    roots : sequence of bytes, str or Path, default ()
        Certificates of authorities, PEM: a bundle whose certificates lead to one of them is
        trusted too.

    Raises
    ------
    ConfigError
        If nothing is trusted.
    KeyMaterialError
        If a key or certificate cannot be read.
    """

    def __init__(
        self, *public_keys: bytes | str | Path, roots: Sequence[bytes | str | Path] = ()
    ) -> None:
        if not public_keys and not roots:
            raise ConfigError("a Verifier trusts at least one public key or root certificate")
        keys = [load_public(each) for each in public_keys]
        self._keys = {key_id(key): key for key in keys}
        self._hints = {hashlib.sha256(public_pem(key)).hexdigest(): key for key in keys}
        self._roots = load_certificates(roots)

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The names of the trusted keys: SHA-256 of each SubjectPublicKeyInfo, in hex."""
        return tuple(self._keys)

    def verify(self, data: bytes, signature: str) -> None:
        """Refuse data that none of the trusted keys signed.

        Parameters
        ----------
        data : bytes
            What was signed.
        signature : str
            What `Signer.sign` returned.

        Raises
        ------
        IntegrityError
            If the signature cannot be read, or does not fit the data.
        UntrustedModelError
            If it was made with a key that is not trusted here.
        """
        kid, raw = _parse(signature)
        if kid not in self._keys:
            raise UntrustedModelError(
                f"signed with the key {kid[:12]}…, which this verifier does not trust. Trusted: "
                f"{', '.join(f'{each[:12]}…' for each in self._keys) or 'none by key'}"
            )
        _check(self._keys[kid], raw, pae(_TEXT_TYPE, data))

    def open(self, bundle: Bundle) -> bytes:
        """Return the payload of a bundle that a trusted key, or one under a trusted root, signed.

        Raises
        ------
        IntegrityError, UntrustedModelError
            As `verify`.
        """
        if bundle.certificates:
            if not self._roots:
                raise UntrustedModelError(
                    "signed with a certificate, and this verifier trusts no roots: Verifier(roots=[...])"
                )
            _check(trusted_key(bundle.certificates, self._roots), bundle.signature, bundle.signed)
            return bundle.payload
        if not bundle.hint:
            return self._opened_by_any(bundle)
        if bundle.hint not in self._hints:
            raise UntrustedModelError(
                f"signed with the key of hint {bundle.hint[:12]}…, which this verifier does not trust"
            )
        _check(self._hints[bundle.hint], bundle.signature, bundle.signed)
        return bundle.payload

    def _opened_by_any(self, bundle: Bundle) -> bytes:
        for key in self._keys.values():
            try:
                _check(key, bundle.signature, bundle.signed)
            except IntegrityError:
                continue
            return bundle.payload
        raise UntrustedModelError(
            "the signature fits none of the keys that this verifier trusts: it was made with another "
            "key, or what it signed was changed"
        )

    def __repr__(self) -> str:
        return f"Verifier({len(self._keys)} keys, {len(self._roots)} roots)"


def _check(key: EllipticCurvePublicKey, signature: bytes, message: bytes) -> None:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, message, ecdsa(key))
    except InvalidSignature:
        raise IntegrityError(
            "the signature does not fit: what it signed was changed, or it was made with another key"
        ) from None


def _parse(signature: str) -> tuple[str, bytes]:
    parts = signature.split(":") if isinstance(signature, str) else []
    if len(parts) == 3 and parts[0] == _SCHEME:
        try:
            return parts[1], base64.b64decode(parts[2], validate=True)
        except (binascii.Error, ValueError):
            pass
    raise IntegrityError(f'a signature reads "{_SCHEME}:<key id>:<base64>"; this one does not')


def _write_private(path: Path, pem: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as exc:
        raise ConflictError(f"{path} exists already: open it with Signer(path)") from exc
    except FileNotFoundError as exc:
        raise ConfigError(f"there is no folder {path.parent}: make it first") from exc
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
