"""The words a reader may say to have foreign code run, and those a writer may say to need them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from prodml.errors import ConfigError

__all__ = ["Form", "Trust", "check_trust", "trusted_by_reader"]

Trust = Literal["pickle", "joblib", "skops", "onnx"]
Form = Literal["inert", "pickle", "joblib", "skops", "onnx"]
_WORDS = ("pickle", "joblib", "skops", "onnx")


def check_trust(trust: str | None) -> None:
    """Refuse any trust of a writer but that in pickles."""
    if trust not in (None, "pickle"):
        raise ConfigError(f'trust is None or "pickle", got {trust!r:.60}')


def trusted_by_reader(trust: str | Sequence[str] | None) -> str | tuple[str, ...] | None:
    """Return what a reader trusts: the name of a format, or those of types in a file of skops."""
    if trust is None or (isinstance(trust, str) and trust in _WORDS):
        return trust
    if isinstance(trust, (list, tuple)) and all(isinstance(name, str) for name in trust):
        return tuple(trust)
    words = ", ".join(f'"{word}"' for word in _WORDS)
    raise ConfigError(
        f"trust is None, one of {words}, or a list of the types in a file of skops, got {trust!r:.60}"
    )
