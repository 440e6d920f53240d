"""The one word a reader may say to have foreign code run."""

from __future__ import annotations

from typing import Literal

from prodml.errors import ConfigError

__all__ = ["Trust", "check_trust"]

Trust = Literal["pickle"]


def check_trust(trust: str | None) -> None:
    """Refuse any trust but that in pickles."""
    if trust not in (None, "pickle"):
        raise ConfigError(f'trust is None or "pickle", got {trust!r:.60}')
