"""What a module of this room has to offer."""

from __future__ import annotations

import argparse
from typing import Protocol

__all__ = ["Word"]


class Word(Protocol):
    """One word of the command line."""

    @property
    def HELP(self) -> str:  # noqa: N802  (a constant of the module)
        """One line for the usage."""
        ...

    def arguments(self, parser: argparse.ArgumentParser, /) -> None:
        """Say which arguments it takes."""
        ...

    def run(self, asked: argparse.Namespace, /) -> int:
        """Do it, and return the exit code."""
        ...
