"""Runs that are remembered: parameters, metrics by step, what was kept, and how each ended."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, overload

from prodml.errors import ConfigError, UnknownNameError
from prodml.journal import Blobs, Journal
from prodml.ports.clock import Clock, utc_now
from prodml.ports.duck import check_methods
from prodml.ports.storage import Storage
from prodml.training.active_run import ActiveRun
from prodml.training.run_state import MetricPoint, RunFold, RunStatus, RunSummary
from prodml.training.run_table import RunTable

__all__ = ["RunLog"]

_STATUSES = ("running", "finished", "failed", "died")


class RunLog:
    """Remembers runs in a storage: any number of them at a time, from any number of processes.

    Parameters
    ----------
    storage : Storage
        Where they are kept, below ``runs/``.
    lease : timedelta, default 5 minutes
        How long after its last sign of life a run is still believed to be running; at least a
        second. A run gives a sign three times as often, from a thread of its own.
    actor : str, default ""
        Who runs.
    clock : callable, default `utc_now`
        Tells the time.

    Examples
    --------
    >>> from prodml.storage import MemoryStorage
    >>> runs = RunLog(MemoryStorage())
    >>> with runs.start("by hand", params={"lr": 0.1}) as run:
    ...     for step in range(3):
    ...         run.log(step=step, loss=1.0 / (step + 1))
    >>> summary = runs.get(run.run_id)
    >>> summary.status, summary.metrics["loss"].__round__(2), summary.n_points
    ('finished', 0.33, 3)
    """

    def __init__(
        self,
        storage: Storage,
        *,
        lease: timedelta = timedelta(minutes=5),
        actor: str = "",
        clock: Clock = utc_now,
    ) -> None:
        check_methods(
            storage, "get", "put", "list", what="storage", such_as='open_storage("./store")'
        )
        if not isinstance(lease, timedelta) or lease < timedelta(seconds=1):
            raise ConfigError(f"lease must be a timedelta of at least a second, got {lease!r:.60}")
        self._storage = storage
        self._lease = lease
        self._actor = actor
        self._clock = clock

    def start(
        self,
        name: str = "",
        *,
        run_id: str | None = None,
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> ActiveRun:
        """Begin a run; use it in a ``with`` block, which ends it.

        Parameters
        ----------
        name : str, default ""
            What people call it; need not be unique.
        run_id : str, optional
            Default: the time and random digits. Lower-case letters, digits and ``._=@-``.
        params : mapping, optional
            What it is run with; more can follow.
        tags : mapping of str to str, optional
            What it is found by.

        Returns
        -------
        ActiveRun

        Raises
        ------
        ConflictError
            If there is a run of this id.
        ConfigError
            If an argument is of another kind.
        """
        if not isinstance(name, str):
            raise ConfigError(f"the name of a run is a text, got a {type(name).__name__}")
        run_id = run_id or new_run_id(self._clock)
        run = ActiveRun(
            self._journal(run_id), self._blobs(run_id), run_id, lease=self._lease, clock=self._clock
        )
        run.begin(name, params or {}, tags or {})
        return run

    def get(self, run_id: str) -> RunSummary:
        """Return what is known of a run.

        Raises
        ------
        UnknownNameError
            If there is none of this id.
        """
        state = self._journal(run_id).state()
        if state["status"] is None:
            raise UnknownNameError("run", run_id, self._ids())
        return RunSummary.of(run_id, state, self._clock())

    def search(
        self,
        *,
        name: str | None = None,
        status: RunStatus | None = None,
        tags: Mapping[str, str] | None = None,
        where: Callable[[RunSummary], bool] | None = None,
        highest: str | None = None,
        lowest: str | None = None,
        limit: int | None = None,
    ) -> RunTable:
        """Find runs, the newest first.

        Parameters
        ----------
        name : str, optional
            Of this name.
        status : {"running", "finished", "failed", "died"}, optional
            Of this status.
        tags : mapping, optional
            With all of these tags.
        where : callable, optional
            Says of a `RunSummary` whether it is wanted:
            ``where=lambda run: run.metrics["loss"] < 0.1``. Runs that lack what it asks for
            (``KeyError``) are not.
        highest, lowest : str, optional
            A metric to sort by, best first; runs without it are left out.
        limit : int, optional
            At most so many.

        Returns
        -------
        RunTable
            Prints as a table; `to_frame` makes a pandas frame of it.

        Raises
        ------
        ConfigError
            If `status` is none of these, or both `highest` and `lowest` are given.
        """
        if status is not None and status not in _STATUSES:
            raise ConfigError(f"status must be one of {', '.join(_STATUSES)}, got {status!r:.60}")
        if highest is not None and lowest is not None:
            raise ConfigError("highest= and lowest= are two orders; give one")
        if limit is not None and (
            isinstance(limit, bool) or not isinstance(limit, int) or limit < 1
        ):
            raise ConfigError(f"limit must be a whole number of at least 1, got {limit!r:.60}")
        wanted = [
            run
            for run in self._all()
            if (name is None or run.name == name)
            and (status is None or run.status == status)
            and all(run.tags.get(key) == value for key, value in (tags or {}).items())
            and _holds(where, run)
        ]
        metric = highest or lowest
        if metric is None:
            ordered = sorted(wanted, key=lambda run: (run.started, run.run_id), reverse=True)
        else:
            sign = -1.0 if highest is not None else 1.0
            scored = [r for r in wanted if not math.isnan(r.metrics.get(metric, math.nan))]
            ordered = sorted(scored, key=lambda run: sign * run.metrics[metric])
        return RunTable(tuple(ordered[:limit]))

    @overload
    def history(self, run_id: str, metric: str) -> list[MetricPoint]: ...

    @overload
    def history(self, run_id: str, metric: None = None) -> dict[str, list[MetricPoint]]: ...

    def history(
        self, run_id: str, metric: str | None = None
    ) -> list[MetricPoint] | dict[str, list[MetricPoint]]:
        """Return every value that was logged, in order.

        Parameters
        ----------
        run_id : str
            Which run.
        metric : str, optional
            Which metric; default all, by name.

        Returns
        -------
        list of MetricPoint, or dict of them

        Raises
        ------
        UnknownNameError
            If there is no such run or metric.
        """
        self.get(run_id)
        found: dict[str, list[MetricPoint]] = {}
        for event in self._journal(run_id).events():
            for name, value, step, at in event.payload.get("points", ()):
                point = MetricPoint(float(value), step, datetime.fromisoformat(at))
                found.setdefault(name, []).append(point)
        if metric is None:
            return found
        if metric not in found:
            raise UnknownNameError("metric", metric, found)
        return found[metric]

    def record(self, run_id: str) -> dict[str, Any]:
        """Return the full record of a run, as `TrainingRun.to_dict` made it.

        Raises
        ------
        UnknownNameError
            If there is no such run, or nothing was recorded of it.
        """
        digest = self.get(run_id).record
        if digest is None:
            raise UnknownNameError("record of a run", run_id, ())
        found: dict[str, Any] = json.loads(self._blobs(run_id).get(digest))
        return found

    def artifact(self, run_id: str, name: str) -> bytes:
        """Return what a run kept under this name.

        Raises
        ------
        UnknownNameError
            If there is no such run or name.
        """
        kept = self.get(run_id).artifacts
        if name not in kept:
            raise UnknownNameError("artifact", name, kept)
        return self._blobs(run_id).get(kept[name])

    def _all(self) -> Iterator[RunSummary]:
        now = self._clock()
        for run_id in self._ids():
            state = self._journal(run_id).state()
            if state["status"] is not None:
                yield RunSummary.of(run_id, state, now)

    def _ids(self) -> Sequence[str]:
        keys = self._storage.list("runs/")
        return list(dict.fromkeys(meta.key.split("/")[1] for meta in keys))

    def _journal(self, run_id: str) -> Journal:
        return Journal(
            self._storage, f"runs/{run_id}", actor=self._actor, clock=self._clock, fold=RunFold()
        )

    def _blobs(self, run_id: str) -> Blobs:
        return Blobs(self._storage, f"runs/{run_id}")

    def __sklearn_clone__(self) -> RunLog:
        return self

    def __repr__(self) -> str:
        return f"RunLog({self._storage.caps.url})"


def new_run_id(clock: Clock) -> str:
    """Return an id that sorts by time."""
    return f"{clock():%Y%m%dt%H%M%S}-{secrets.token_hex(4)}"


def _holds(where: Callable[[RunSummary], bool] | None, run: RunSummary) -> bool:
    try:
        return where is None or bool(where(run))
    except KeyError:
        return False
