"""Redact: one constant for every value."""

from __future__ import annotations

from typing import ClassVar

import attrs

from prodml.ports import Key
from prodml.privacy.settings import text
from prodml.privacy.transform import Action, Treatment, by_value

__all__ = ["Redact"]


@attrs.frozen
class Redact:
    """Replace every value by the same text, where a consumer needs the column to exist.

    Parameters
    ----------
    text : str, default "[REDACTED]"
        What stands in place of each value. Missing stays missing.

    Examples
    --------
    >>> Redact().bind("note", None).one("met her in May", {})
    '[REDACTED]'
    """

    word: ClassVar[str] = "redact"
    treatment: ClassVar[Treatment] = "removed"
    needs_key: ClassVar[bool] = False

    text: str = attrs.field(default="[REDACTED]", validator=text())

    def bind(self, column: str, key: Key | None) -> Action:  # noqa: ARG002
        """Return the constant."""
        return by_value(lambda _: self.text)

    def residual(self) -> str:
        """Say what an attacker still learns."""
        return "whether there was a value"

    def to_dict(self) -> dict[str, object]:
        """Return the settings."""
        return {"text": self.text}
