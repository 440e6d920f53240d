"""The graph that the three spellings of a pipeline compile to: immutable, checked, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from prodml.errors import ConfigError, UnknownNameError
from prodml.pipeline.calls import Kind, Parameter, kind_of_step, name_of, parameters_of
from prodml.pipeline.step import Policy, Step

__all__ = ["Graph", "Node", "Source", "compile_steps"]


@attrs.frozen
class Source:
    """Where a parameter's value comes from.

    Parameters
    ----------
    parameter : str
        Name of the parameter.
    name : str
        The step, or the run's input, whose value it takes.
    is_step : bool
        Which of the two.
    required : bool
        Whether the step has no default for it.
    """

    parameter: str
    name: str
    is_step: bool
    required: bool


@attrs.frozen
class Node:
    """A step in its place.

    Parameters
    ----------
    name : str
        Its name.
    kind : Kind
        What it is.
    target : object
        What it runs.
    wrapper : Step or None
        Where a `Step` was given for a function; this is what can be pickled.
    sources : tuple of Source
        Where its parameters' values come from.
    policy : Policy
        How it is run.
    stage : str
        Its tag.
    """

    name: str
    kind: Kind
    target: Any
    wrapper: Step | None
    sources: tuple[Source, ...]
    policy: Policy
    stage: str
    is_tried_once: bool = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        # Asked for at every execution, and an attribute is quicker than a comparison.
        object.__setattr__(self, "is_tried_once", self.policy == Policy())


@attrs.frozen
class Graph:
    """Steps in an order in which they can run.

    Parameters
    ----------
    nodes : mapping of str to Node
        By name, each after all that it takes from.
    order : tuple of str
        Names as they were given.
    leaves : tuple of str
        Steps that no other step takes from.
    inputs : tuple of Parameter
        What a run can be given, required ones first.
    """

    nodes: Mapping[str, Node]
    order: tuple[str, ...]
    leaves: tuple[str, ...]
    inputs: tuple[Parameter, ...]

    def node(self, name: str) -> Node:
        """Return a step by name, or say which there are."""
        if name not in self.nodes:
            raise UnknownNameError("step", name, self.nodes)
        return self.nodes[name]


@attrs.frozen
class _Draft:
    """A step before its parameters have found their sources."""

    name: str
    kind: Kind
    step: Step
    wrapper: Step | None
    inputs: Mapping[str, str]
    parameters: tuple[Parameter, ...]


def compile_steps(steps: object, *, reserved: Iterable[str] = ()) -> Graph:
    """Wire steps by the names of their parameters.

    Parameters
    ----------
    steps : sequence
        Callables, step objects, `Step` or pairs ``(name, step)``.
    reserved : iterable of str
        Names that no input may have.

    Returns
    -------
    Graph
        In O(steps + wires).

    Raises
    ------
    ConfigError
        If a name is missing, not an identifier or taken twice, a step is no step, or the wires form a cycle.
    """
    if isinstance(steps, str | Mapping) or not isinstance(steps, Iterable):
        raise ConfigError(f"steps must be a sequence of steps, got {type(steps).__name__}")
    drafts = [_draft(position, item) for position, item in enumerate(steps)]
    if not drafts:
        raise ConfigError("a pipeline needs at least one step")
    _refuse_duplicates(drafts)
    nodes = _wire(drafts)
    ordered = _in_order(nodes)
    taken = {s.name for node in ordered for s in node.sources if s.is_step}
    leaves = tuple(n.name for n in nodes if n.name not in taken)
    inputs = _inputs(nodes)
    _refuse_reserved(inputs, set(reserved))
    return Graph({n.name: n for n in ordered}, tuple(n.name for n in nodes), leaves, inputs)


def _draft(position: int, item: Any) -> _Draft:
    named = isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)
    given, target = item if named else ("", item)
    wrapped = target if isinstance(target, Step) else Step(target)
    kind = kind_of_step(wrapped.target)
    name = given or wrapped.name or name_of(wrapped.target)
    if not name.isidentifier():
        raise ConfigError(
            f'step {position + 1} needs a name that could be a parameter, got "{name}": pass ("name", step)'
        )
    parameters = parameters_of(wrapped.target, kind)
    strange = sorted(set(wrapped.inputs) - {p.name for p in parameters})
    if strange:
        raise UnknownNameError(
            "parameter", strange[0], [p.name for p in parameters], where=f'of step "{name}"'
        )
    wrapper = wrapped if wrapped is target and kind == "function" else None
    return _Draft(name, kind, wrapped, wrapper, wrapped.inputs, parameters)


def _refuse_duplicates(drafts: Sequence[_Draft]) -> None:
    seen: set[str] = set()
    for draft in drafts:
        if draft.name in seen:
            raise ConfigError(
                f'two steps are called "{draft.name}": name one with ("other_name", step)'
            )
        seen.add(draft.name)


def _wire(drafts: Sequence[_Draft]) -> list[Node]:
    names = {d.name for d in drafts}
    siblings = _siblings(drafts)
    nodes: list[Node] = []
    for before, draft in zip([None, *drafts], drafts, strict=False):
        chained = _chained(draft, names, None if draft.name in siblings else before)
        sources = tuple(_sources(draft, names, before, chained))
        nodes.append(_node(draft, sources))
    return nodes


def _node(draft: _Draft, sources: tuple[Source, ...]) -> Node:
    own = draft.step
    target, policy, stage = own.target, own.policy, own.stage
    return Node(draft.name, draft.kind, target, draft.wrapper, sources, policy, stage)


def _asked_for(draft: _Draft) -> set[str]:
    """Return the names that a step asks for: its parameters', but where `inputs` say otherwise."""
    if draft.kind in ("contract", "transformer"):
        return set(draft.inputs.values())  # their parameters are not of the host's naming
    return {draft.inputs.get(p.name, p.name) for p in draft.parameters}


def _siblings(drafts: Sequence[_Draft]) -> set[str]:
    """Return the steps that some other one asks for together with the step before them."""
    places = {d.name: i for i, d in enumerate(drafts)}
    found = set()
    for draft in drafts:
        asked = {places[name] for name in _asked_for(draft) if name in places}
        found |= {drafts[i].name for i in asked if i - 1 in asked}
    return found


def _chained(draft: _Draft, names: set[str], before: _Draft | None) -> str | None:
    """Return the parameter that gets the previous step's value, if one does.

    That is the only required one, if none goes by a step's name. Unless another step asks for both by
    name: then they stand side by side, as in ``[customers, orders, joined]``; or the previous one asks
    for this one, as in ``[joined, customers]``.
    """
    free = [p.name for p in draft.parameters if p.required and p.name not in draft.inputs]
    if len(free) != 1:
        return None
    if draft.kind in ("contract", "transformer"):
        return free[0]
    if before is None or draft.name in _asked_for(before):
        return None
    return None if any(p.name in names for p in draft.parameters) else free[0]


def _sources(
    draft: _Draft, names: set[str], before: _Draft | None, chained: str | None
) -> Iterable[Source]:
    for parameter in draft.parameters:
        if parameter.name == chained and before is not None:
            yield Source(parameter.name, before.name, is_step=True, required=True)
            continue
        name = draft.inputs.get(parameter.name, parameter.name)
        is_step = name in names and name in _asked_for(draft)
        yield Source(parameter.name, name, is_step, parameter.required)


def _in_order(nodes: Sequence[Node]) -> list[Node]:
    """Kahn's algorithm, so that a chain of any length needs no recursion."""
    by_name = {n.name: n for n in nodes}
    takers: dict[str, list[str]] = {n.name: [] for n in nodes}
    waiting = {}
    for node in nodes:
        before = {s.name for s in node.sources if s.is_step}
        waiting[node.name] = len(before)
        for name in before:
            takers[name].append(node.name)
    ready = deque(n.name for n in nodes if not waiting[n.name])
    ordered = []
    while ready:
        name = ready.popleft()
        ordered.append(by_name[name])
        for taker in takers[name]:
            waiting[taker] -= 1
            if not waiting[taker]:
                ready.append(taker)
    if len(ordered) < len(nodes):
        raise ConfigError(f"the steps form a cycle: {_cycle(by_name, waiting)}")
    return ordered


def _cycle(nodes: Mapping[str, Node], waiting: Mapping[str, int]) -> str:
    """Walk back among the steps that never became ready until one comes again."""
    name = next(n for n, left in waiting.items() if left)
    path: list[str] = []
    while name not in path:
        path.append(name)
        name = next(s.name for s in nodes[name].sources if s.is_step and waiting[s.name])
    loop = [*path[path.index(name) :], name]
    return " <- ".join(loop)


def _inputs(nodes: Sequence[Node]) -> tuple[Parameter, ...]:
    required: dict[str, bool] = {}
    for node in nodes:
        for source in node.sources:
            if not source.is_step:
                required[source.name] = required.get(source.name, False) or source.required
    found = [Parameter(name, must) for name, must in required.items()]
    return tuple(sorted(found, key=lambda p: not p.required))


def _refuse_reserved(inputs: Sequence[Parameter], reserved: set[str]) -> None:
    for parameter in inputs:
        if parameter.name in reserved and parameter.required:
            raise ConfigError(
                f'no input may be called "{parameter.name}", which is an option of run(): rename the '
                f'parameter, or say step(fn, inputs={{"{parameter.name}": "another_name"}})'
            )
