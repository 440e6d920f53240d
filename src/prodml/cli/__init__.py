"""The words of ``python -m prodml``, one module each.

A word's module says in ``HELP`` what it is for, in `arguments` what it takes, and does it in `run`, which
returns the exit code. What it needs is imported there: asking for the usage loads nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from prodml.cli import demo, doctor, registry, retrain, serve
from prodml.cli.word import Word

__all__ = ["WORDS", "Word"]

WORDS: Mapping[str, Word] = MappingProxyType(
    {"demo": demo, "serve": serve, "registry": registry, "retrain": retrain, "doctor": doctor}
)
"""Every word, in the order in which the usage names them."""
