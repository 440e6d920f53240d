"""``prodml serve``: a server for a registered model."""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType

__all__ = ["HELP", "arguments", "run"]

HELP = "answer over HTTP with a registered model"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments it takes."""
    parser.add_argument("ref", help='such as "tumours@champion" or "tumours/3"')
    parser.add_argument("--store", required=True, help='such as "./prodml-store"')
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    parser.add_argument(
        "--port", type=int, default=8000, help="0 for a free one (default: %(default)s)"
    )


def run(asked: argparse.Namespace) -> int:
    """Serve until told to stop."""
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
    return 0


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Leave as after any other work done: whoever sends SIGTERM is content with that."""
    sys.exit(0)
