"""``python -m prodml``: the loop on real data, and a server for a registered model."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from prodml import __version__
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
        0 if all went well, 1 for an error of prodml's own (told in one line), 2 for wrong words.
    """
    parser = _parser()
    asked = parser.parse_args(argv)
    try:
        if asked.command == "demo":
            _demo(asked)
        if asked.command == "serve":
            _serve(asked)
    except ProdmlError as exc:
        print(f"prodml: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="prodml", description="Machine learning in production as one small library."
    )
    parser.add_argument("--version", action="version", version=f"prodml {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    demo = commands.add_parser(
        "demo", help="walk the whole loop on real data and write a report (about 10 s)"
    )
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("prodml-demo"),
        help="folder for store and report; new or empty, else a number is added (default: %(default)s)",
    )
    demo.add_argument("--seed", type=int, default=0, help="other rows, other lines (default: 0)")

    serve = commands.add_parser("serve", help="answer over HTTP with a registered model")
    serve.add_argument("ref", help='such as "tumours@champion" or "tumours/3"')
    serve.add_argument("--store", required=True, help='such as "./prodml-store"')
    serve.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    serve.add_argument(
        "--port", type=int, default=8000, help="0 for a free one (default: %(default)s)"
    )
    return parser


def _demo(asked: argparse.Namespace) -> None:
    from prodml.demo import run

    run(_unused(asked.out), seed=asked.seed)


def _unused(folder: Path) -> Path:
    """Return the folder itself if it is free, else the same name with the next number."""
    candidate, n = folder, 1
    while candidate.exists() and (not candidate.is_dir() or any(candidate.iterdir())):
        n += 1
        candidate = folder.with_name(f"{folder.name}-{n}")
    return candidate


def _serve(asked: argparse.Namespace) -> None:
    from prodml import MemoryMetrics, PredictionLog, Predictor, Registry, open_storage
    from prodml.serving import HttpServer
    from prodml.serving.loaded import model_name

    store = open_storage(asked.store)
    predictor = Predictor(
        Registry(store),
        asked.ref,
        metrics=MemoryMetrics(),
        log=PredictionLog(store, model_name(asked.ref)),
    )
    server = HttpServer(predictor, host=asked.host, port=asked.port)
    print(f"{asked.ref} answers at {server.url}/predict; stop with Ctrl-C", flush=True)
    signal.signal(signal.SIGTERM, _leave)
    try:
        server.serve_forever()
    finally:
        server.close()


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Leave as after any other work done: whoever sends SIGTERM is content with that."""
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
