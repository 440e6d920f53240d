"""Keep: the column stays as it is, because somebody decided so."""

from __future__ import annotations

from typing import ClassVar

import attrs

from prodml.ports import Key
from prodml.privacy.transform import Action, Treatment

__all__ = ["Keep"]


@attrs.frozen
class Keep:
    """Leave the column as it is.

    Examples
    --------
    >>> Keep().bind("score", None).one(0.5, {})
    0.5
    """

    word: ClassVar[str] = "keep"
    treatment: ClassVar[Treatment] = "kept"
    needs_key: ClassVar[bool] = False

    def bind(self, column: str, key: Key | None) -> Action:  # noqa: ARG002
        """Return the identity."""
        return Action(lambda value, _: value, lambda series, _: series)

    def residual(self) -> str:
        """Say what an attacker still learns."""
        return "everything in it"

    def to_dict(self) -> dict[str, object]:
        """Return the settings."""
        return {}
