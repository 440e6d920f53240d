"""One run of a plan: here, step after step, or on an executor, whatever is ready."""

from __future__ import annotations

import os
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any

import attrs

from prodml.errors import StepError
from prodml.pipeline.attempt import Tried, try_elsewhere, try_step
from prodml.pipeline.calls import Outcome, callable_of, is_fitted
from prodml.pipeline.events import OnEvent, StepFailed, StepFinished, StepRetried, StepStarted
from prodml.pipeline.failure import step_error
from prodml.pipeline.graph import Node
from prodml.pipeline.plan import Plan
from prodml.pipeline.results import StepReport
from prodml.pipeline.values import n_rows, own

__all__ = ["Run"]


@attrs.define
class Run:
    """The state of one run.

    Parameters
    ----------
    run_id, pipeline : str
        For events and errors.
    plan : Plan
        What to do.
    values : dict
        Inputs and overrides; gains the steps' values, and loses each when nobody needs it any more.
    tell : callable or None
        Gets the events.
    rng : random.Random
        Draws the pauses between retries.
    sleep : callable
        Waits for their length.
    applying : bool
        Whether nothing may be fitted and no row put aside.
    """

    run_id: str
    pipeline: str
    plan: Plan
    values: dict[str, object]
    tell: OnEvent | None
    rng: random.Random
    sleep: Callable[[float], object]
    applying: bool = False
    reports: dict[str, StepReport] = attrs.field(factory=dict)
    errors: list[StepError] = attrs.field(factory=list)
    quarantined: dict[str, Any] = attrs.field(factory=dict)
    contract_reports: dict[str, Any] = attrs.field(factory=dict)
    left: dict[str, int] = attrs.field(init=False)
    shared: set[str] = attrs.field(init=False)
    lost: set[str] = attrs.field(factory=set)

    def __attrs_post_init__(self) -> None:
        self.left = dict(self.plan.consumers)
        # Who else holds the value: another step, the result, or the caller who passed it in.
        several = {name for name, count in self.left.items() if count > 1}
        self.shared = several | self.plan.kept | set(self.values)

    def here(self) -> None:
        """Execute the steps one after the other in this thread."""
        for node in self.plan.nodes:
            if self.lost and self._cannot_run(node):
                continue
            arguments = self._arguments(node)
            self._start(node, _rows_in(arguments))
            self._finish(node, arguments, self._try(node, arguments))

    def on(self, executor: Executor) -> None:
        """Execute each step on `executor` as soon as it can run.

        Unfitted transformers are fitted in this thread, since what they learn in another process
        would stay there.
        """
        waiting = {n.name: self._n_waiting(n) for n in self.plan.nodes}
        takers = self._takers()
        ready = deque(n for n in self.plan.nodes if not waiting[n.name])
        running: dict[Future[Tried], tuple[Node, dict[str, Any]]] = {}
        try:
            while ready or running:
                while ready:
                    self._release(
                        takers, waiting, ready, self._submit(ready.popleft(), executor, running)
                    )
                if running:
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        node, arguments = running.pop(future)
                        self._finish(node, arguments, _tried(future))
                        self._release(takers, waiting, ready, node)
        finally:
            for future in running:  # only after an interrupt: do not leave a queue behind
                future.cancel()

    def _submit(
        self,
        node: Node,
        executor: Executor,
        running: dict[Future[Tried], tuple[Node, dict[str, Any]]],
    ) -> Node | None:
        """Hand a step over; return it if it is over and done with already."""
        if self.lost and self._cannot_run(node):
            return node
        arguments = self._arguments(node)
        self._start(node, _rows_in(arguments))
        if node.kind == "transformer" and not is_fitted(node.target):
            self._finish(node, arguments, self._try(node, arguments))
            return node
        call = node.wrapper or self._call(node)
        # A copy in another process must not draw what its twin in a third one draws.
        rng = random.Random(self.rng.getrandbits(64))
        home = os.getpid()
        future = executor.submit(
            try_elsewhere, home, call, arguments, policy=node.policy, rng=rng, sleep=self.sleep
        )
        running[future] = (node, arguments)
        return None

    def _release(
        self,
        takers: Mapping[str, list[Node]],
        waiting: dict[str, int],
        ready: deque[Node],
        node: Node | None,
    ) -> None:
        for taker in takers.get(node.name, ()) if node else ():
            waiting[taker.name] -= 1
            if not waiting[taker.name]:
                ready.append(taker)

    def _n_waiting(self, node: Node) -> int:
        return sum(s.is_step and s.name not in self.values for s in node.sources)

    def _takers(self) -> dict[str, list[Node]]:
        takers: dict[str, list[Node]] = {}
        for node in self.plan.nodes:
            for source in node.sources:
                if source.is_step:
                    takers.setdefault(source.name, []).append(node)
        return takers

    def _cannot_run(self, node: Node) -> bool:
        if not any(s.name in self.lost for s in node.sources):
            return False
        self.lost.add(node.name)
        self.reports[node.name] = StepReport(node.name, "skipped", None, None, 0.0, 0)
        return True

    def _arguments(self, node: Node) -> dict[str, Any]:
        arguments = {}
        values, left = self.values, self.left
        for source in node.sources:
            name = source.name
            if name not in values:
                continue  # an input with a default
            shared = name in self.shared
            arguments[source.parameter] = own(values[name]) if shared else values[name]
            left[name] -= 1
            if not left[name] and name not in self.plan.kept:
                del values[name]
        return arguments

    def _call(self, node: Node) -> Callable[..., object]:
        return callable_of(node.target, node.kind, node.name, applying=self.applying)

    def _try(self, node: Node, arguments: dict[str, Any]) -> Tried:
        call = self._call(node)
        if not node.is_tried_once:
            return try_step(call, arguments, node.policy, self.rng, self.sleep)
        start = time.perf_counter()
        try:
            value = call(**arguments)
        except Exception as exc:  # noqa: BLE001 - whatever a step raises is the run's to tell
            return Tried(None, exc, 1, time.perf_counter() - start, ())
        return Tried(value, None, 1, time.perf_counter() - start, ())

    def _start(self, node: Node, rows_in: int | None) -> None:
        if self.tell is not None:
            self.tell(StepStarted(self.run_id, node.name, rows_in))

    def _finish(self, node: Node, arguments: Mapping[str, Any], tried: Tried) -> None:
        if self.tell is not None and tried.retries:
            self._tell_retries(self.tell, node, tried)
        rows_in = _rows_in(arguments)
        if tried.error is not None:
            self._fail(node, arguments, tried, tried.error)
            return
        name, value, n_aside = node.name, tried.value, 0
        if type(value) is Outcome:
            value, n_aside = self._unfold(value)
        self.values[name] = value
        rows_out, seconds, attempts = n_rows(value), tried.seconds, tried.attempts
        self.reports[name] = StepReport(
            name, "finished", rows_in, rows_out, seconds, attempts, n_aside
        )
        if self.tell is not None:
            self.tell(
                StepFinished(self.run_id, name, rows_in, rows_out, n_aside, seconds, attempts)
            )

    def _tell_retries(self, tell: OnEvent, node: Node, tried: Tried) -> None:
        for retry in tried.retries:
            tell(StepRetried(self.run_id, node.name, retry.attempt, retry.error, retry.delay_s))

    def _unfold(self, outcome: Outcome) -> tuple[object, int]:
        self.quarantined.update(outcome.quarantined)
        self.contract_reports.update(outcome.reports)
        return outcome.value, sum(len(bad) for bad in outcome.quarantined.values())

    def _fail(
        self, node: Node, arguments: Mapping[str, Any], tried: Tried, error: Exception
    ) -> None:
        self.lost.add(node.name)
        self.errors.append(step_error(self.pipeline, node.name, error, tried.attempts, arguments))
        rows_in = _rows_in(arguments)
        self.reports[node.name] = StepReport(
            node.name, "failed", rows_in, None, tried.seconds, tried.attempts
        )
        if self.tell is not None:
            kind = type(error).__name__
            self.tell(StepFailed(self.run_id, node.name, kind, tried.seconds, tried.attempts))


def _rows_in(arguments: Mapping[str, Any]) -> int | None:
    for value in arguments.values():
        rows = n_rows(value)
        if rows is not None:
            return rows
    return None


def _tried(future: Future[Tried]) -> Tried:
    """Return what the worker sent, or the error of the way there, such as one of pickling."""
    error = future.exception()
    if error is None:
        return future.result()
    if not isinstance(error, Exception):
        raise error
    return Tried(None, error, 1, 0.0, ())
