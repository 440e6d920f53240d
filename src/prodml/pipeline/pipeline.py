"""Pipeline: steps wired by the names of their parameters."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from prodml.display import html_table, text_table
from prodml.errors import ConfigError, UnknownNameError
from prodml.pipeline.calls import Parameter
from prodml.pipeline.drawing import mermaid
from prodml.pipeline.events import OnEvent, RunFinished, RunStarted
from prodml.pipeline.failure import StepErrors
from prodml.pipeline.graph import Graph, Node, compile_steps
from prodml.pipeline.plan import Plan, plan_run
from prodml.pipeline.results import PipelineResult, StepReport
from prodml.pipeline.run import Run
from prodml.pipeline.subscribers import JournalLike, all_of, on_bar, on_journal
from prodml.pipeline.values import n_rows
from prodml.ports.duck import check_methods

__all__ = ["Pipeline"]

_RESERVED = (
    "targets",
    "keep",
    "overrides",
    "executor",
    "progress",
    "on_event",
    "journal",
    "run_id",
)


class Pipeline:
    """Steps wired by the names of their parameters.

    A parameter called like a step takes that step's value. If none of a step's parameters is, and
    exactly one has no default, that one takes the value of the step before it; unless another step
    asks for both of them by name, which makes them stand side by side. Every other parameter is an
    input of the run, to be passed to `run`; a default makes it optional. ``print(pipeline)`` shows what
    came of it, and ``step(function, inputs={"parameter": "step or input"})`` says it outright.

    A step is a function, or an object told by its methods: ``split`` and ``check`` (a
    `Contract`: good rows go on, the others are kept in the result), ``transform`` (an `Anonymizer`, a
    scikit-learn transformer), ``run`` (a `Pipeline`). A pair ``("name", step)`` names it.

    Transformers that are not fitted yet are fitted by the first run, in place as in scikit-learn's
    Pipeline, and only transform from then on; so a second run on the same data has the same result.

    Parameters
    ----------
    steps : sequence
        Functions, objects, `step` wrappers, or pairs ``(name, any of these)``.
    name : str, default "pipeline"
        For reports, events and errors.
    sleep : callable, default `time.sleep`
        Waits between retries.
    rng : random.Random, optional
        Draws the pauses between retries; default: seeded by the system.

    Raises
    ------
    ConfigError
        If two steps have one name, the wires form a cycle, or a step is no step.

    Examples
    --------
    >>> from prodml.pipeline import step
    >>> def extract(n):
    ...     return list(range(n))
    >>> def double(rows):
    ...     return [2 * row for row in rows]
    >>> def total(extract, double):
    ...     return sum(extract) + sum(double)
    >>> pipeline = Pipeline([extract, ("double", step(double, inputs={"rows": "extract"})), total])
    >>> pipeline.run(n=4).value
    18
    """

    def __init__(
        self,
        steps: Sequence[object],
        *,
        name: str = "pipeline",
        sleep: Callable[[float], object] = time.sleep,
        rng: random.Random | None = None,
    ) -> None:
        self.steps = steps
        self.name = name
        self.sleep = sleep
        self.rng = rng
        self._graph = compile_steps(steps, reserved=_RESERVED)
        # A plan depends on names alone, and the same ones come again and again.
        self._plans: dict[object, Plan] = {}

    def run(
        self,
        *,
        targets: Sequence[str] | None = None,
        keep: Iterable[str] = (),
        overrides: Mapping[str, object] | None = None,
        executor: Executor | None = None,
        progress: bool = False,
        on_event: OnEvent | None = None,
        journal: JournalLike | None = None,
        run_id: str = "",
        **inputs: object,
    ) -> PipelineResult:
        """Execute the steps and return what came of them.

        Parameters
        ----------
        targets : sequence of str, optional
            Steps whose values are wanted; only what they need is executed. Default: every step that no
            other one takes from.
        keep : iterable of str, optional
            Steps whose values the result shall hold besides. Every other value is let go as soon as
            no step needs it.
        overrides : mapping of str to object, optional
            Values for steps that are then not executed.
        executor : concurrent.futures.Executor, optional
            Runs independent steps at once. Default: this thread, one after the other.
        progress : bool, default False
            Draw a bar, if standard error is a terminal.
        on_event : callable, optional
            Called with each `RunEvent` in this thread; what it raises ends the run.
        journal : JournalLike, optional
            Gets every event, with counts and digests of frames and code; never data.
        run_id : str, optional
            Names the run; default: a random one.
        **inputs
            The run's inputs.

        Returns
        -------
        PipelineResult
            Values by step name.

        Raises
        ------
        ConfigError
            If an input is missing, or no step takes it.
        UnknownNameError
            If `targets`, `keep` or `overrides` name no step.
        StepError
            If a step failed; branches that do not need it have run to their end.
        StepErrors
            If several did.
        """
        _check_options(keep, overrides, executor, on_event, journal)
        given = dict(overrides or {})
        plan = self._plan(targets, tuple(keep), given, inputs)
        run = self._new_run(plan, {**inputs, **given}, run_id)
        writer = on_journal(journal, self._graph, run.values.get) if journal is not None else None
        run.tell = all_of([on_event, writer, on_bar(self.name) if progress else None])
        return self._execute(run, given, executor)

    def apply(self, data: object, *, after: str = "", target: str = "") -> Any:
        """Put new rows through the steps as they are, the way a service does before it predicts.

        Nothing is fitted and no row is put aside: a contract that is broken raises.

        Parameters
        ----------
        data : object
            Stands for the value of the step `after`.
        after : str, optional
            Default: the first step, which usually reads the data.
        target : str, optional
            Step whose value is returned; default: the only one that no other step takes from.

        Returns
        -------
        object
            The value of `target`.

        Raises
        ------
        NotFittedError
            As the cause of a `StepError`, if a transformer has not been fitted by a run yet.
        StepError
            If a step failed.
        """
        source = after or next(iter(self._graph.order))
        return self._applied({source: data}, {}, target or self._only_leaf())

    def apply_inputs(self, **inputs: object) -> Any:
        """Do as `apply`, from the inputs of a run; what an outer pipeline calls.

        Parameters
        ----------
        **inputs
            The run's inputs.

        Returns
        -------
        object
            The value of the only step that no other one takes from.
        """
        return self._applied({}, inputs, self._only_leaf())

    def _applied(self, overrides: dict[str, object], inputs: dict[str, object], target: str) -> Any:
        plan = self._plan((target,), (), overrides, inputs)
        run = self._new_run(plan, {**inputs, **overrides}, "apply")
        run.applying = True
        return self._execute(run, overrides, None)[target]

    def _plan(
        self,
        targets: Sequence[str] | None,
        keep: tuple[str, ...],
        overrides: Mapping[str, object],
        inputs: Mapping[str, object],
    ) -> Plan:
        if isinstance(targets, str):
            raise ConfigError(f'targets must be a sequence of names: ["{targets}"]')
        wanted = None if targets is None else tuple(targets)
        key = (wanted, keep, frozenset(overrides), frozenset(inputs))
        if key not in self._plans:
            self._plans[key] = plan_run(
                self._graph, targets=wanted, keep=keep, overrides=overrides, inputs=inputs
            )
        return self._plans[key]

    def _new_run(self, plan: Plan, values: dict[str, object], run_id: str) -> Run:
        rng = self.rng or random.Random()
        return Run(run_id or uuid.uuid4().hex, self.name, plan, values, None, rng, self.sleep)

    def _execute(
        self, run: Run, overrides: Mapping[str, object], executor: Executor | None
    ) -> PipelineResult:
        start = time.perf_counter()
        if run.tell is not None:
            run.tell(RunStarted(run.run_id, self.name, tuple(n.name for n in run.plan.nodes)))
        if executor is None:
            run.here()
        else:
            run.on(executor)
        result = self._result(run, overrides, time.perf_counter() - start)
        if run.tell is not None:
            status = "failed" if run.errors else "succeeded"
            run.tell(RunFinished(run.run_id, self.name, status, result.seconds, _counts(result)))
        if len(run.errors) > 1:
            raise StepErrors(
                f'{len(run.errors)} steps of pipeline "{self.name}" failed', run.errors
            )
        if run.errors:
            raise run.errors[0]
        return result

    def _result(self, run: Run, overrides: Mapping[str, object], seconds: float) -> PipelineResult:
        reports = run.reports
        for name, value in overrides.items():
            reports[name] = StepReport(name, "overridden", None, n_rows(value), 0.0, 0)
        steps = tuple(reports[name] for name in self._graph.nodes if name in reports)
        kept = run.plan.kept
        values = {n: run.values[n] for n in self._graph.nodes if n in kept and n in run.values}
        return PipelineResult(
            self.name, run.run_id, steps, run.quarantined, run.contract_reports, seconds, values
        )

    def _only_leaf(self) -> str:
        leaves = self._graph.leaves
        if len(leaves) > 1:
            raise ConfigError(
                f"the pipeline ends in several steps, name one of them: {', '.join(leaves)}"
            )
        return next(iter(leaves))

    # -- what it is ----------------------------------------------------------------------------------

    @property
    def named_steps(self) -> dict[str, object]:
        """What each step runs, by name."""
        return {name: self._graph.nodes[name].target for name in self._graph.order}

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Inputs of a run, the required ones first."""
        return self._graph.inputs

    @property
    def graph(self) -> Graph:
        """The compiled graph."""
        return self._graph

    def __getitem__(self, name: str) -> object:
        return self._graph.node(name).target

    def __iter__(self) -> Iterator[str]:
        return iter(self._graph.order)

    def __len__(self) -> int:
        return len(self._graph.order)

    def __rshift__(self, other: object) -> Pipeline:
        """Return a pipeline with one step more."""
        return Pipeline([*self.steps, other], name=self.name, sleep=self.sleep, rng=self.rng)

    def to_mermaid(self) -> str:
        """Return the graph as a Mermaid flowchart, which GitHub and Jupyter draw."""
        return mermaid(self._graph)

    def get_params(self, deep: bool = True) -> dict[str, object]:
        """Return the constructor's arguments; with `deep`, the step objects' as ``step__argument``."""
        own: dict[str, object] = {k: getattr(self, k) for k in ("steps", "name", "sleep", "rng")}
        if not deep:
            return own
        for name, node in self._graph.nodes.items():
            target: Any = node.target
            if hasattr(target, "get_params") and not isinstance(target, type):
                own.update({f"{name}__{k}": v for k, v in target.get_params().items()})
        return own

    def set_params(self, **params: object) -> Pipeline:
        """Set constructor's arguments, or with ``step__argument`` those of step objects.

        Raises
        ------
        UnknownNameError
            If there is no such argument.
        """
        for key, value in params.items():
            name, deeper, argument = key.partition("__")
            if deeper:
                target: Any = self._graph.node(name).target
                target.set_params(**{argument: value})
            elif key in ("steps", "name", "sleep", "rng"):
                setattr(self, key, value)
            else:
                raise UnknownNameError("parameter", key, self.get_params(deep=False))
        self._graph = compile_steps(self.steps, reserved=_RESERVED)
        self._plans = {}
        return self

    def __repr__(self) -> str:
        return text_table(self._rows(), _HEADERS, title=self._title())

    def _repr_html_(self) -> str:
        return html_table(self._rows(), _HEADERS, title=self._title())

    def _title(self) -> str:
        inputs = ", ".join(p.name if p.required else f"{p.name}=..." for p in self.parameters)
        return f'Pipeline "{self.name}", run({inputs})'

    def _rows(self) -> list[list[object]]:
        return [[name, node.kind, _taken(node)] for name, node in self._in_given_order()]

    def _in_given_order(self) -> Iterable[tuple[str, Node]]:
        return ((name, self._graph.nodes[name]) for name in self._graph.order)


def _check_options(
    keep: object, overrides: object, executor: object, on_event: object, journal: object
) -> None:
    """Refuse slips here: in the middle of a run they would look like a step's failure."""
    if isinstance(keep, str):
        raise ConfigError(f'keep must be a collection of names: ["{keep}"]')
    if overrides is not None and not isinstance(overrides, Mapping):
        raise ConfigError(f"overrides must map steps to values, got a {type(overrides).__name__}")
    if executor is not None:
        check_methods(executor, "submit", what="executor", such_as="ThreadPoolExecutor()")
    if on_event is not None and not callable(on_event):
        raise ConfigError(
            f"on_event must be a function of an event, got a {type(on_event).__name__}"
        )
    if journal is not None:
        check_methods(journal, "append", what="journal", such_as='Journal(storage, "runs/1")')


_HEADERS = ("step", "kind", "takes")


def _taken(node: Node) -> str:
    """Name the sources, with the parameter where it is called otherwise."""
    return ", ".join(
        s.name if s.name == s.parameter else f"{s.parameter} from {s.name}" for s in node.sources
    )


def _counts(result: PipelineResult) -> dict[str, int]:
    counts: dict[str, int] = {}
    for report in result.steps:
        counts[report.status] = counts.get(report.status, 0) + 1
    return counts
