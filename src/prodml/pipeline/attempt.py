"""One step, tried as often as its policy allows."""

from __future__ import annotations

import os
import pickle
import random
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import attrs

from prodml.pipeline.step import Policy

__all__ = ["Retry", "Tried", "try_elsewhere", "try_step"]


@attrs.frozen
class Retry:
    """A failed attempt and the pause after it."""

    attempt: int
    error: str
    delay_s: float


class Tried(NamedTuple):
    """What came of a step: a value or an error. A tuple, for it is made at every step."""

    value: object
    error: Exception | None
    attempts: int
    seconds: float
    retries: tuple[Retry, ...]


def try_step(
    call: Callable[..., object],
    arguments: Mapping[str, Any],
    policy: Policy,
    rng: random.Random,
    sleep: Callable[[float], object],
) -> Tried:
    """Call a step until it succeeds, or its policy says that this was the last attempt.

    Parameters
    ----------
    call : callable
        The step.
    arguments : mapping
        By parameter.
    policy : Policy
        How often and how long.
    rng : random.Random
        Draws the pauses.
    sleep : callable
        Waits for so many seconds.

    Source
    ------
    Brooker 2015, "Exponential Backoff And Jitter", AWS Architecture Blog: "full jitter".
    """
    start = time.perf_counter()
    retries: list[Retry] = []
    while True:
        value, error = _once(call, arguments, policy.timeout_s)
        n_failed = len(retries)
        if error is None or n_failed == policy.retries or not isinstance(error, policy.retry_on):
            seconds = time.perf_counter() - start
            return Tried(value, error, n_failed + 1, seconds, tuple(retries))
        delay = rng.uniform(0.0, min(policy.max_backoff_s, policy.backoff_s * 2.0**n_failed))
        retries.append(Retry(n_failed + 1, type(error).__name__, delay))
        sleep(delay)


def try_elsewhere(
    home: int,
    call: Callable[..., object],
    arguments: Mapping[str, Any],
    *,
    policy: Policy,
    rng: random.Random,
    sleep: Callable[[float], object],
) -> Tried:
    """Do as `try_step`, on an executor; `home` is the process that waits for the answer."""
    tried = try_step(call, arguments, policy, rng, sleep)
    if tried.error is None or os.getpid() == home:
        return tried
    return tried._replace(error=_portable(tried.error))


def _portable(error: Exception) -> Exception:
    """Return an error that survives the way home; one that does not would break the whole pool."""
    where = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    except Exception:  # noqa: BLE001 - whatever its constructor does
        error = RuntimeError(f"{type(error).__qualname__}, which cannot be pickled: {error}")
    error.add_note(f"In the worker:\n{where}")
    return error


def _once(
    call: Callable[..., object], arguments: Mapping[str, Any], timeout_s: float | None
) -> tuple[object, Exception | None]:
    if timeout_s is not None:
        return _within(call, arguments, timeout_s)
    try:
        return call(**arguments), None
    except Exception as exc:  # noqa: BLE001 - whatever a step raises is the run's to tell
        return None, exc


def _within(
    call: Callable[..., object], arguments: Mapping[str, Any], timeout_s: float
) -> tuple[object, Exception | None]:
    """Run in a thread of its own and stop waiting for it; nothing can stop the thread itself."""
    answer: list[tuple[object, Exception | None]] = []
    worker = threading.Thread(
        target=lambda: answer.append(_once(call, arguments, None)), name="prodml-step", daemon=True
    )
    worker.start()
    worker.join(timeout_s)
    return answer[0] if answer else (None, TimeoutError(f"no result within {timeout_s} s"))
