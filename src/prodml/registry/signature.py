"""Who vouches for a version, for registries whose storage others can write to.

A digest shows that bytes are those that were named; whoever can write to the storage can name other
bytes. A signature shows who named them: everything that the event of a version says is signed, the
digests of all its parts included. With keys it is an HMAC, which whoever checks it could also make; with
a signer it is made with a private key, and the public one is enough to check it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Protocol

import attrs

from prodml.errors import IntegrityError, UntrustedModelError
from prodml.fingerprint.canonical import canonical_json
from prodml.ports.duck import check_methods
from prodml.ports.keys import Keys

__all__ = ["DOMAIN", "Proofs", "SignerLike", "VerifierLike"]

DOMAIN = "model"
_LABEL = b"prodml model version\n"
_UNSIGNED = frozenset({"signature", "at"})  # the time is that of the commit, not known before


class SignerLike(Protocol):
    """Signs bytes; a `prodml.crypto.Signer` is one."""

    def sign(self, data: bytes, /) -> str:
        """Return a signature that names its key."""
        ...


class VerifierLike(Protocol):
    """Checks signatures; a `prodml.crypto.Verifier` is one."""

    def verify(self, data: bytes, signature: str, /) -> None:
        """Raise IntegrityError or UntrustedModelError unless a trusted key signed the data."""
        ...


def _check_keys(_: object, __: object, keys: Any) -> None:
    if keys is not None:
        check_methods(keys, "active", "get", what="keys", such_as="EnvKeys()")


def _check_signer(_: object, __: object, signer: Any) -> None:
    if signer is not None:
        check_methods(signer, "sign", what="signer", such_as='Signer("signing.pem")')


def _check_verifier(_: object, __: object, verifier: Any) -> None:
    if verifier is not None:
        check_methods(verifier, "verify", what="verifier", such_as='Verifier("signing.pub")')


@attrs.frozen
class Proofs:
    """Signs the facts of versions, and believes no others where it can check them.

    Parameters
    ----------
    keys : Keys or None
        Make and check an HMAC.
    signer : SignerLike or None
        Signs.
    verifier : VerifierLike or None
        Checks what a signer signed.
    """

    keys: Keys | None = attrs.field(default=None, validator=_check_keys)
    signer: SignerLike | None = attrs.field(default=None, validator=_check_signer)
    verifier: VerifierLike | None = attrs.field(default=None, validator=_check_verifier)
    _checked: dict[str, bytes] = attrs.field(factory=dict, init=False, repr=False, eq=False)

    def sign(self, name: str, facts: Mapping[str, Any]) -> dict[str, str] | None:
        """Return a signature of the facts of a version, or None with nothing to sign with."""
        made: dict[str, str] = {}
        data = _signed(name, facts)
        if self.keys is not None:
            key = self.keys.active(DOMAIN)
            made.update(kid=key.kid, hmac=_hmac(key.secret, data))
        if self.signer is not None:
            made["signed"] = self.signer.sign(data)
        return made or None

    def check(self, name: str, facts: Mapping[str, Any]) -> bool:
        """Refuse a version that nobody trusted vouches for.

        Returns
        -------
        bool
            Whether somebody does; False without keys and verifier, where nothing is checked.

        Raises
        ------
        UntrustedModelError
            If it was registered without a signature, or signed with a key that is not trusted.
        IntegrityError
            If the signature does not fit.
        KeyMaterialError
            If its HMAC key is not known any more.
        """
        if self.keys is None and self.verifier is None:
            return False
        ref, found, data = (
            f"{name}/{facts['version']}",
            facts.get("signature"),
            _signed(name, facts),
        )
        if self.keys is not None:
            self._check_hmac(self.keys, ref, found, data)
        if self.verifier is not None:
            self._check_signed(self.verifier, ref, found, data)
        return True

    def _check_hmac(self, keys: Keys, ref: str, found: object, data: bytes) -> None:
        said = _said(found, "hmac")
        if said is None:
            raise UntrustedModelError(
                f"{ref} is not signed, and this registry was opened with keys: register it again, or "
                "open the registry without keys"
            )
        expected = _hmac(keys.get(_said(found, "kid") or "").secret, data)
        if not hmac.compare_digest(expected.encode(), said.encode()):
            raise IntegrityError(f"the signature of {ref} does not fit: its facts were changed")

    def _check_signed(self, verifier: VerifierLike, ref: str, found: object, data: bytes) -> None:
        said = _said(found, "signed")
        if said is None:
            raise UntrustedModelError(
                f"{ref} is not signed, and this registry was opened with a verifier: register it "
                "again with a signer, or open the registry without a verifier"
            )
        digest = hashlib.sha256(data).digest()
        if self._checked.get(said) == digest:
            return  # a signature that fitted once fits for ever
        try:
            verifier.verify(data, said)
        except (IntegrityError, UntrustedModelError) as exc:
            raise type(exc)(f"{ref} cannot be trusted: {exc}") from exc
        self._checked[said] = digest


def _signed(name: str, facts: Mapping[str, Any]) -> bytes:
    signed = {k: v for k, v in facts.items() if k not in _UNSIGNED}
    return _LABEL + canonical_json({"name": name, "facts": signed})


def _said(signature: object, part: str) -> str | None:
    found = signature.get(part) if isinstance(signature, Mapping) else None
    return found if isinstance(found, str) else None


def _hmac(secret: bytes, data: bytes) -> str:
    return hmac.digest(secret, data, "sha256").hex()
