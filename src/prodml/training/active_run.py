"""A run while it lasts: what is logged, batched into few events, and the lease that shows it lives."""

from __future__ import annotations

import json
import math
import threading
import warnings
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from prodml.errors import ConfigError, ConflictError, ProdmlWarning
from prodml.journal import Blobs, Draft, Journal
from prodml.ports.clock import Clock
from prodml.ports.duck import is_number
from prodml.training.params import plain_params

__all__ = ["ActiveRun"]

Point: TypeAlias = tuple[str, float | str, int | None, str]

_MOST_POINTS = 500
_MOST_BYTES = 48 * 1024
_LONGEST_NAME = 200


class ActiveRun:
    """A run that is going on, as `RunLog.start` returns it; not made by hand.

    Values are written in batches: at the latest with every sign of life, a third of the lease apart,
    and at the end. Use it from as many threads as you like.
    """

    def __init__(
        self, journal: Journal, blobs: Blobs, run_id: str, *, lease: timedelta, clock: Clock
    ) -> None:
        self.run_id = run_id
        self._journal = journal
        self._blobs = blobs
        self._lease = lease
        self._clock = clock
        self._lock = threading.Lock()
        self._points: list[Point] = []
        self._n_bytes = 0
        self._over = threading.Event()
        self._ended = False
        self._pulse = threading.Thread(target=self._live, name=f"run {run_id}", daemon=True)

    def begin(self, name: str, params: Mapping[str, object], tags: Mapping[str, str]) -> None:
        """Write the first event and begin to give signs of life; `RunLog.start` has done so."""
        facts = {"name": name, "tags": _texts(tags), "params": _plain(params)}

        def decide(state: dict[str, Any]) -> Draft:
            if state["status"] is not None:
                raise ConflictError(f'there is a run "{self.run_id}" already; leave out run_id=')
            return Draft("run_started", {**facts, "run_id": self.run_id, **self._expiry()})

        self._journal.commit(decide)
        self._pulse.start()

    def log(
        self, metrics: Mapping[str, float] | None = None, *, step: int | None = None, **more: float
    ) -> None:
        """Log values: ``run.log(step=3, loss=0.2)``, or a mapping where names are no identifiers.

        Parameters
        ----------
        metrics : mapping of str to float, optional
            Name to value.
        step : int, optional
            Of the training.
        **more : float
            The same, as keywords.

        Raises
        ------
        ConfigError
            If a value is no number, or the run is over.
        """
        if metrics is not None and not isinstance(metrics, Mapping):
            raise ConfigError(f"metrics map names to numbers, got a {type(metrics).__name__}")
        if step is not None and (isinstance(step, bool) or not isinstance(step, int)):
            raise ConfigError(f"step must be a whole number, got {step!r:.60}")
        at = self._clock().isoformat()
        named = {**(metrics or {}), **more}
        points: list[Point] = [(_name(k), _value(k, v), step, at) for k, v in named.items()]
        with self._lock:
            self._check_open()
            self._points += points
            self._n_bytes += sum(80 + 4 * len(point[0]) for point in points)
            is_full = len(self._points) >= _MOST_POINTS or self._n_bytes >= _MOST_BYTES
        if is_full:
            self.flush()

    def params(self, params: Mapping[str, object] | None = None, **more: object) -> None:
        """Log what the run is run with: ``run.params(model.get_params())``.

        Parameters
        ----------
        params : mapping, optional
            Name to value; of values that JSON cannot hold, the name of their class.
        **more : object
            The same, as keywords.
        """
        self._check_open()
        found = {**_plain(params or {}), **_plain(more)}
        self._journal.append("params", {"params": found, **self._expiry()})

    def keep(self, name: str, data: bytes | bytearray | memoryview | Path) -> str:
        """Keep bytes, or a file, under a name; `RunLog.artifact` gives them back.

        Returns
        -------
        str
            Their digest.
        """
        self._check_open()
        digest = self._blobs.put(data)
        self._journal.append("artifact", {"name": _name(name), "digest": digest, **self._expiry()})
        return digest

    def flush(self) -> None:
        """Write what was logged so far.

        Raises
        ------
        StorageError
            If it could not be written; it is kept, and written with the next flush.
        """
        with self._lock:
            self._write_full_batches()
            if self._points:
                self._write(self._points)
            self._n_bytes = 0

    def finish(self, *, record: Mapping[str, object] | None = None) -> None:
        """End the run as finished; the ``with`` block does so.

        Parameters
        ----------
        record : mapping, optional
            JSON-able; `RunLog.record` gives it back.
        """
        self._check_open()
        digest = None if record is None else self._blobs.put(json.dumps(record).encode())
        self._end("run_finished", {"record": digest})

    def fail(self, error: BaseException) -> None:
        """End the run as failed; the ``with`` block does so.

        Parameters
        ----------
        error : BaseException
            Its class is written down; its message, which may speak of the data, is not.
        """
        self._check_open()
        self._end("run_failed", {"error": type(error).__name__})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ended:
            return
        if error is None:
            self.finish()
            return
        try:
            self.fail(error)
        except OSError as exc:
            # The error on its way out matters more; without this event the run counts as died.
            warnings.warn(f"the end of the run is not written: {exc}", ProdmlWarning, stacklevel=2)

    def _end(self, type_: str, payload: dict[str, object]) -> None:
        self._over.set()
        self._pulse.join()
        with self._lock:
            self._write_full_batches()
            last = {"points": list(self._points)}
            self._journal.append(type_, {"run_id": self.run_id, **payload, **last})
            self._points.clear()
        self._ended = True

    def _write_full_batches(self) -> None:
        """Write until what is left fits into one event."""
        while len(batch := _fitting(self._points)) < len(self._points):
            self._write(batch)

    def _write(self, batch: list[Point]) -> None:
        self._journal.append("metrics", {"points": list(batch), **self._expiry()})
        del self._points[: len(batch)]

    def _live(self) -> None:
        pause_s = self._lease.total_seconds() / 3.0
        while not self._over.wait(pause_s):
            try:
                self.flush()
                self._journal.append("run_renewed", self._expiry())
            except OSError:  # a storage that is away for a while: tried again with the next sign
                continue

    def _expiry(self) -> dict[str, str]:
        return {"expires": (self._clock() + self._lease).isoformat()}

    def _check_open(self) -> None:
        if self._ended:
            raise ConfigError(f'the run "{self.run_id}" is over; start another')

    def __repr__(self) -> str:
        return f"ActiveRun({self.run_id})"


def _fitting(points: list[Point]) -> list[Point]:
    """Return as many of the first points as one event can hold."""
    n_bytes = 0
    for i, point in enumerate(points[:_MOST_POINTS]):
        n_bytes += 80 + 4 * len(point[0])
        if n_bytes > _MOST_BYTES:
            return points[:i]
    return points[:_MOST_POINTS]


def _name(name: object) -> str:
    if isinstance(name, str) and 1 <= len(name) <= _LONGEST_NAME:
        return name
    raise ConfigError(f"a name is a text of 1 to {_LONGEST_NAME} characters, got {name!r:.60}")


def _value(name: str, value: object) -> float | str:
    """Return a number as JSON can hold it: a loss that went astray is worth a log, not an error."""
    if not is_number(value):
        raise ConfigError(f'the metric "{name}" must be a number, got a {type(value).__name__}')
    number = float(value)  # type: ignore[arg-type]
    return number if math.isfinite(number) else str(number)


def _texts(tags: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(tags, Mapping) or not all(isinstance(v, str) for v in tags.values()):
        raise ConfigError('tags map names to texts, such as {"team": "growth"}')
    return {_name(name): value for name, value in tags.items()}


def _plain(params: Mapping[str, object]) -> dict[str, object]:
    if not isinstance(params, Mapping):
        raise ConfigError(f"params map names to values, got a {type(params).__name__}")
    return plain_params(params)
