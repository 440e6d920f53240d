"""``prodml retrain``: one look at a loop's triggers, or one at every tick."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prodml.cli.loading import load_loop
from prodml.errors import ConfigError, ProdmlError

if TYPE_CHECKING:
    from prodml.retraining import RetrainLoop, RetrainOutcome

__all__ = ["HELP", "arguments", "run"]

HELP = "train again if there is a reason, and promote what the gate lets through"

_CODES = {"kept": 3, "busy": 4, "stopped": 5}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments it takes."""
    parser.add_argument(
        "loop", metavar="MODULE:LOOP", help="a RetrainLoop, or a function that returns one"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="look once and leave (the default)")
    how.add_argument(
        "--watch", action="store_true", help="go on looking, at every tick of the loop's schedules"
    )
    how.add_argument("--status", action="store_true", help="show how the loop stands, do nothing")
    how.add_argument("--history", action="store_true", help="show what it has done, do nothing")
    how.add_argument(
        "--break-lease", metavar="REASON", help="take the lease from a runner that is stuck"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would happen, do nothing")
    parser.add_argument(
        "--force", action="store_true", help="train without a reason; the gate still decides"
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON per decision")
    parser.add_argument(
        "--exit-code",
        action="store_true",
        help="leave with 3 if the champion stays, 4 if another runner is at it, 5 if stopped",
    )
    parser.add_argument(
        "--poll",
        type=float,
        default=300.0,
        metavar="SECONDS",
        help="with --watch, look at least so often (default: %(default)s)",
    )
    parser.add_argument(
        "--traceback", action="store_true", help="show where a run failed; may show data"
    )


def run(asked: argparse.Namespace) -> int:
    """Look."""
    if not asked.poll > 0:
        raise ConfigError(f"--poll must be more than 0 seconds, got {asked.poll}")
    loop = load_loop(asked.loop)
    if asked.break_lease is not None:
        print(f"taken from {loop.break_lease(asked.break_lease)}")
        return 0
    if asked.status or asked.history:
        _show(loop.status() if asked.status else loop.history(), as_json=asked.json)
        return 0
    with _until_sigterm() as stop:
        return _watch(loop, asked, stop) if asked.watch else _look(loop, asked, stop.is_set)


def _look(loop: RetrainLoop[Any, Any], asked: argparse.Namespace, stop: Callable[[], bool]) -> int:
    try:
        outcome = loop.run_once(dry_run=asked.dry_run, force=asked.force, stop=stop)
    except ProdmlError:
        if asked.traceback:
            traceback.print_exc()
        raise
    except Exception as exc:  # noqa: BLE001  (whatever the source or the trainer raise)
        _tell_failure(exc, show=asked.traceback)
        return 1
    _tell(outcome, as_json=asked.json)
    return _CODES.get(outcome.status, 0) if asked.exit_code else 0


def _watch(loop: RetrainLoop[Any, Any], asked: argparse.Namespace, stop: threading.Event) -> int:
    while not stop.is_set():
        try:
            _look(loop, asked, stop.is_set)
        except ProdmlError as exc:  # the next look may find it in order
            print(f"prodml: {exc}", file=sys.stderr, flush=True)
        stop.wait(_pause_s(loop, asked.poll))
    return 0


def _pause_s(loop: RetrainLoop[Any, Any], poll_s: float) -> float:
    """Return how long to sleep: until the next tick, but no longer than `poll_s`."""
    try:
        tick = loop.next_tick()
    except ProdmlError:  # the next look will say what is wrong
        return poll_s
    left_s = 0.0 if tick is None else (tick - datetime.now(UTC)).total_seconds()
    # A time that has passed is one that something holds back, such as a cooldown.
    return min(poll_s, left_s) if left_s > 0 else poll_s


@contextmanager
def _until_sigterm() -> Iterator[threading.Event]:
    """Let SIGTERM set an event: the step that is being done is ended, then this leaves."""
    stop = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell(outcome: RetrainOutcome, *, as_json: bool) -> None:
    print(json.dumps(outcome.to_dict()) if as_json else outcome.line(), flush=True)


def _show(what: Any, *, as_json: bool) -> None:
    print(json.dumps(what.to_dict()) if as_json else repr(what))


def _tell_failure(exc: Exception, *, show: bool) -> None:
    """Say where a run failed. The message itself may speak of the data: it is shown if asked for."""
    if show:
        traceback.print_exception(exc)
        return
    frames = traceback.extract_tb(exc.__traceback__)
    where = f" in {frames[-1].name}, line {frames[-1].lineno} of {frames[-1].filename}"
    print(
        f"prodml: the run failed with {type(exc).__name__}{where}; --traceback shows all of it",
        file=sys.stderr,
        flush=True,
    )
