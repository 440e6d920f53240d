"""Drop: the column goes."""

from __future__ import annotations

from typing import ClassVar

import attrs

from prodml.ports import Key
from prodml.privacy.transform import Treatment

__all__ = ["Drop"]


@attrs.frozen
class Drop:
    """Leave the column out.

    Examples
    --------
    >>> Drop().residual()
    'nothing'
    """

    word: ClassVar[str] = "drop"
    treatment: ClassVar[Treatment] = "removed"
    needs_key: ClassVar[bool] = False

    def bind(self, column: str, key: Key | None) -> None:  # noqa: ARG002
        """Return None: there is nothing to do."""
        return

    def residual(self) -> str:
        """Say what an attacker still learns."""
        return "nothing"

    def to_dict(self) -> dict[str, object]:
        """Return the settings."""
        return {}
