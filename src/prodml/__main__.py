"""``python -m prodml``: finds the word in `prodml.cli`, and says in one line what went wrong."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from prodml import __version__
from prodml.cli import WORDS
from prodml.errors import ProdmlError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after the program's name; those of the process if left out.

    Returns
    -------
    int
        0 if all went well, 1 for an error of prodml's own (told in one line), 2 for wrong words; a
        word may have more to say, see its own help.
    """
    asked = _parser().parse_args(argv)
    try:
        return WORDS[asked.command].run(asked)
    except ProdmlError as exc:
        print(f"prodml: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="prodml", description="Machine learning in production as one small library."
    )
    parser.add_argument("--version", action="version", version=f"prodml {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, word in WORDS.items():
        word.arguments(commands.add_parser(name, help=word.HELP))
    return parser


if __name__ == "__main__":
    sys.exit(main())
