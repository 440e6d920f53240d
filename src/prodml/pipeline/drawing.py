"""The graph as a picture."""

from __future__ import annotations

from prodml.pipeline.graph import Graph

__all__ = ["mermaid"]

_SHAPES = {
    "function": ("[", "]"),
    "contract": ("{{", "}}"),
    "transformer": ("[/", "/]"),
    "pipeline": ("[[", "]]"),
}


def mermaid(graph: Graph) -> str:
    """Return a Mermaid flowchart: inputs are round, contracts hexagons, transformers slanted.

    Names are identifiers, so that nothing in them needs to be escaped.
    """
    lines = ["flowchart LR"]
    lines += [f"    in_{p.name}([{p.name}])" for p in graph.inputs]
    for name in graph.order:
        left, right = _SHAPES[graph.nodes[name].kind]
        lines.append(f"    s_{name}{left}{name}{right}")
    for name in graph.order:
        for source in graph.nodes[name].sources:
            kind = "s" if source.is_step else "in"
            arrow = "-->" if source.required else "-.->"
            lines.append(f"    {kind}_{source.name} {arrow} s_{name}")
    return "\n".join(lines)
