"""Pseudonymize: the same person, another name."""

from __future__ import annotations

import unicodedata
from typing import Any, ClassVar

import attrs

from prodml.errors import ConfigError, KeyMaterialError
from prodml.ports import Key
from prodml.privacy.keyed import derive, keyed_hash
from prodml.privacy.settings import text, truth
from prodml.privacy.transform import Action, Treatment, by_value
from prodml.privacy.values import Reader

__all__ = ["Pseudonymize"]

_BITS = range(96, 257, 8)


def _check_bits(_: object, __: object, bits: Any) -> None:
    if isinstance(bits, bool) or bits not in _BITS:
        raise ConfigError(
            f"length_bits must be a multiple of 8 from 96 to 256, got {bits!r}: with fewer bits two "
            "people soon share a pseudonym (64 bits: 2.7 % at a billion values)"
        )


@attrs.frozen
class Pseudonymize:
    """Replace each value by a keyed hash: linkable, not to be inverted without the key.

    The result is ``kid:hex`` with ``hex = HMAC-SHA256(K, utf8(value))`` cut to `length_bits`,
    where ``K = HKDF-SHA256(secret, info="prodml/pseudonym/v1/" + domain)`` without salt. Any other
    language can compute it. Text is hashed as it is; a whole number as its decimals (``1``, ``1.0``
    and ``True`` alike); a date as ISO 8601, midnight without a time, aware times in UTC; bytes as
    they are. Floats with a fraction are refused. Missing stays missing.

    Parameters
    ----------
    length_bits : int, default 128
        Length of the hash, a multiple of 8 from 96 to 256. Two of `n` values share a pseudonym
        with probability about ``n**2 / 2**(length_bits + 1)``.
    domain : str, optional
        What may be joined: columns of one domain give the same pseudonym to the same value,
        columns of two domains never. Default: the column's name.
    normalize : bool, default False
        Whether text is brought to NFC, stripped and case-folded first, so that ``"A@x.io "`` and
        ``"a@x.io"`` are one person.

    Raises
    ------
    ConfigError
        If `length_bits` is out of range.

    Source
    ------
    RFC 2104 and 5869; EDPB Guidelines 01/2025 on pseudonymisation, which ask for a secret of
    enough entropy kept apart from the data.

    Examples
    --------
    >>> from prodml.ports import Key
    >>> key = Key("2024-05", bytes.fromhex("8f1d7a60c3e24b95d0a1f2c4e5b69788"))
    >>> action = Pseudonymize().bind("email", key)
    >>> action.one("ann@example.com", {})
    '2024-05:74dd10b8c2aa04c4373e9596bb916e2a'
    """

    word: ClassVar[str] = "pseudonymize"
    treatment: ClassVar[Treatment] = "pseudonymised"
    needs_key: ClassVar[bool] = True

    length_bits: int = attrs.field(default=128, kw_only=True, validator=_check_bits)
    domain: str | None = attrs.field(default=None, kw_only=True, validator=text(optional=True))
    normalize: bool = attrs.field(default=False, kw_only=True, validator=truth)

    def bind(self, column: str, key: Key | None) -> Action:
        """Return the keyed hash of a column."""
        if key is None:
            raise KeyMaterialError(f'Pseudonymize needs a key for column "{column}"')
        domain = column if self.domain is None else self.domain
        digest = keyed_hash(derive(key.secret, f"prodml/pseudonym/v1/{domain}"))
        reader = Reader(column, "Pseudonymize")
        prefix, n_bytes, normalize = f"{key.kid}:", self.length_bits // 8, self.normalize

        def pseudonym(value: object) -> str:
            if normalize and isinstance(value, str):
                value = unicodedata.normalize("NFC", value.strip()).casefold()
            return prefix + digest(reader.bytes(value))[:n_bytes].hex()

        return by_value(pseudonym)

    def residual(self) -> str:
        """Say what an attacker still learns."""
        return "which rows share a value, and how often; everything, with the key"

    def to_dict(self) -> dict[str, object]:
        """Return the settings."""
        return {
            "length_bits": self.length_bits,
            "domain": self.domain,
            "normalize": self.normalize,
        }
