"""Who vouches for a checkpoint, for readers whose storage others can write to.

A checkpoint that names the right event may still hold a wrong state, and only a replay of all events
would show it. A signature shows that the state was made by somebody who holds the key.
"""

from __future__ import annotations

import json
from typing import Any, Protocol

import attrs

from prodml.errors import ConfigError
from prodml.fingerprint.canonical import parse_json
from prodml.ports.duck import check_methods

__all__ = ["Signs", "Verifies", "Vouching", "dumped"]


class Signs(Protocol):
    """Signs bytes; a `prodml.crypto.Signer` is one."""

    def sign(self, data: bytes, /) -> str:
        """Return a signature that names its key."""
        ...


class Verifies(Protocol):
    """Checks signatures; a `prodml.crypto.Verifier` is one."""

    def verify(self, data: bytes, signature: str, /) -> None:
        """Raise IntegrityError or UntrustedModelError unless a trusted key signed the data."""
        ...


@attrs.frozen
class Vouching:
    """Signs checkpoints, and believes no others where it can check them.

    Parameters
    ----------
    signer : Signs or None, default None
        Signs what is written.
    verifier : Verifies or None, default None
        Checks what is read.

    Raises
    ------
    ConfigError
        If there is a signer and no verifier: it would sign what it took from others unchecked.
    """

    signer: Signs | None = None
    verifier: Verifies | None = None

    def __attrs_post_init__(self) -> None:
        """Check what was given."""
        if self.verifier is not None:
            check_methods(
                self.verifier, "verify", what="verifier", such_as='Verifier("signing.pub")'
            )
        if self.signer is None:
            return
        check_methods(self.signer, "sign", what="signer", such_as='Signer("signing.pem")')
        if self.verifier is None:
            raise ConfigError(
                "a journal that signs checkpoints has to check those that it starts from: give it "
                "a verifier as well, such as Verifier(signer.public_key)"
            )

    def sign(self, stream: str, body: dict[str, Any]) -> str | None:
        """Return a signature of a checkpoint, or None with nothing to sign with."""
        if self.signer is None:
            return None
        return self.signer.sign(_what(stream, parse_json(dumped(body))))  # as it will be read

    def accepts(self, stream: str, body: dict[str, Any], signature: str | None) -> bool:
        """Say if a checkpoint may be started from; one that nobody signed may not.

        Raises
        ------
        IntegrityError
            If the signature does not fit.
        UntrustedModelError
            If somebody signed it who is not trusted here.
        """
        if self.verifier is None:
            return True
        if signature is None:
            return False
        self.verifier.verify(_what(stream, body), signature)
        return True


def dumped(body: object) -> bytes:
    """Return JSON that keeps the order of every dict: a fold may rely on it."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _what(stream: str, body: object) -> bytes:
    return b"prodml checkpoint\n" + stream.encode() + b"\n" + dumped(body)
