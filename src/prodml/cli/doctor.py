"""``prodml doctor``: what is installed here, and whether a location keeps its promises."""

from __future__ import annotations

import argparse
import platform
from importlib import metadata

from prodml import __version__, display
from prodml._extras import EXTRAS

__all__ = ["HELP", "arguments", "run"]

HELP = "say what is installed, and whether a store and a loop are in order"

_CORE = ("attrs", "numpy", "pandas", "scipy", "scikit-learn", "joblib", "shap")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments it takes."""
    parser.add_argument(
        "--store", metavar="URL", help="open it, and prove on a probe that it keeps its promises"
    )
    parser.add_argument("--loop", metavar="MODULE:LOOP", help="show how this RetrainLoop stands")


def run(asked: argparse.Namespace) -> int:
    """Look at everything, and say what was found; what is not in order raises."""
    here = [["prodml", __version__], ["Python", platform.python_version()]]
    here += [[name, _version(name) or "missing"] for name in _CORE]
    print(display.text_table([*here, *_extras()], ("package", "here")))
    if asked.store is not None:
        print(f"\n{_prove(asked.store)}")
    if asked.loop is not None:
        from prodml.cli.loading import load_loop

        print(f"\n{load_loop(asked.loop).status()!r}")
    return 0


def _extras() -> list[list[str]]:
    rows = []
    for extra, packages in EXTRAS.items():
        found = [(name.split(">=")[0], name) for name, _, _ in packages]
        missing = [name for name, _ in found if _version(name) is None]
        here = ", ".join(f"{name} {_version(name)}" for name, _ in found if name not in missing)
        absent = f'not here: pip install "prodml[{extra}]"' if missing else ""
        rows.append([f"[{extra}]", "; ".join(filter(None, (here, absent)))])
    return rows


def _version(package: str) -> str | None:
    try:
        return metadata.version(package.split("[", maxsplit=1)[0])
    except metadata.PackageNotFoundError:
        return None


def _prove(url: str) -> str:
    from prodml import open_storage
    from prodml.storage import verify

    storage = open_storage(url)
    verify(storage)
    return (
        f"{storage.caps.url} creates exclusively, gives back what it took, lists and deletes; "
        f"durable: {storage.caps.durable}"
    )
