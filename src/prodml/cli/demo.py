"""``prodml demo``: the loop on real data."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["HELP", "arguments", "run"]

HELP = "walk the whole loop on real data and write a report (about 10 s)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments it takes."""
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("prodml-demo"),
        help="folder for store and report; new or empty, else a number is added (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="other rows, other lines (default: 0)")


def run(asked: argparse.Namespace) -> int:
    """Walk."""
    from prodml import demo

    demo.run(_unused(asked.out), seed=asked.seed)
    return 0


def _unused(folder: Path) -> Path:
    """Return the folder itself if it is free, else the same name with the next number."""
    candidate, n = folder, 1
    while candidate.exists() and (not candidate.is_dir() or any(candidate.iterdir())):
        n += 1
        candidate = folder.with_name(f"{folder.name}-{n}")
    return candidate
