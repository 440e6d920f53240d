"""Which steps a run executes, and when each value can be forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from prodml.errors import ConfigError, known_names
from prodml.pipeline.graph import Graph, Node

__all__ = ["Plan", "plan_run"]


@attrs.frozen
class Plan:
    """What a run does.

    Parameters
    ----------
    nodes : tuple of Node
        Steps to execute, in order.
    kept : frozenset of str
        Steps whose values the result holds.
    consumers : mapping of str to int
        How many of these steps take each value.
    """

    nodes: tuple[Node, ...]
    kept: frozenset[str]
    consumers: Mapping[str, int]


def plan_run(
    graph: Graph,
    *,
    targets: Sequence[str] | None,
    keep: Iterable[str],
    overrides: Mapping[str, object],
    inputs: Mapping[str, object],
) -> Plan:
    """Choose the steps that the targets need, and check that they have what they need.

    Raises
    ------
    UnknownNameError
        If a target, a kept step or an override is no step.
    ConfigError
        If an input is missing, or one is given that no step takes.
    """
    wanted = graph.leaves if targets is None else tuple(targets)
    keep = tuple(keep)
    for name in (*wanted, *keep, *overrides):
        graph.node(name)
    needed = _ancestors(graph, [*wanted, *keep], overrides)
    nodes = tuple(node for name, node in graph.nodes.items() if name in needed)
    _check_inputs(graph, nodes, inputs)
    return Plan(nodes, frozenset((*wanted, *keep)), _consumers(nodes))


def _ancestors(graph: Graph, wanted: Sequence[str], overrides: Mapping[str, object]) -> set[str]:
    needed: set[str] = set()
    stack = [name for name in wanted if name not in overrides]
    while stack:
        name = stack.pop()
        if name in needed:
            continue
        needed.add(name)
        sources = graph.nodes[name].sources
        stack.extend(s.name for s in sources if s.is_step and s.name not in overrides)
    return needed


def _consumers(nodes: Sequence[Node]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for node in nodes:
        for source in node.sources:
            counts[source.name] = counts.get(source.name, 0) + 1
    return counts


def _check_inputs(graph: Graph, nodes: Sequence[Node], inputs: Mapping[str, object]) -> None:
    known = [p.name for p in graph.inputs]
    for name in inputs:
        if name not in known:
            raise ConfigError(f'no step takes an input "{name}". {_advice(graph, name, known)}')
    for node in nodes:
        for source in node.sources:
            if source.required and not source.is_step and source.name not in inputs:
                raise ConfigError(
                    f'step "{node.name}" needs the input "{source.name}": pass run({source.name}=...), or '
                    f'say step({node.name}, inputs={{"{source.parameter}": "name of a step"}})'
                )


def _advice(graph: Graph, name: str, known: Sequence[str]) -> str:
    """Somebody may have meant as input what the wiring took for the previous step's value."""
    if name in graph.nodes:
        return f'It is a step: pass run(overrides={{"{name}": ...}}) to give its value'
    for node in graph.nodes.values():
        for source in node.sources:
            if source.parameter == name:
                return (
                    f'Parameter "{name}" of step "{node.name}" takes the value of "{source.name}"; '
                    f'to make it an input, say step({node.name}, inputs={{"{name}": "{name}"}})'
                )
    return known_names(name, known) if known else "This pipeline takes no input."
