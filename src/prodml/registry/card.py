"""A model card made of recorded facts; what nobody recorded is said to be unknown."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import attrs

from prodml import display
from prodml.registry.results import ModelVersion, Move

__all__ = ["ModelCard"]

_UNKNOWN = "Not recorded."
_LIMITS = (
    "Nobody has recorded for whom this model was made, how it does on parts of the population, or how "
    "it behaves far from the data it was trained on. Measure that before you rely on it."
)


@attrs.frozen(repr=False)
class ModelCard:
    """What is recorded about a version, for people.

    Parameters
    ----------
    version : ModelVersion
        The version.
    aliases : tuple of str
        Aliases that point at it.
    moves : tuple of Move
        Decisions it took part in.
    """

    version: ModelVersion
    aliases: tuple[str, ...]
    moves: tuple[Move, ...]

    def to_markdown(self) -> str:
        """Return the card as Markdown, with the front matter that model hubs read."""
        version = self.version
        front = ["---", f"model_name: {version.name}", "library_name: scikit-learn"]
        if version.metrics:
            front += ["metrics:", *[f"- {_inline(name)}" for name in version.metrics]]
        parts = ["\n".join([*front, "---"]), f"# {version}"]
        for heading, rows, headers in self._sections():
            body = _markdown_table(rows, headers) if rows else _UNKNOWN
            parts += [f"## {heading}", body]
        parts += ["## Limits", _LIMITS]
        return "\n\n".join(parts) + "\n"

    def to_html(self) -> str:
        """Return the card as a page that needs nothing else."""
        sections = [
            (heading, display.html_table(rows, headers) if rows else f"<p>{_UNKNOWN}</p>")
            for heading, rows, headers in self._sections()
        ]
        sections.append(("Limits", f"<p>{escape(_LIMITS)}</p>"))
        return display.page(f"Model card: {self.version}", sections)

    def __repr__(self) -> str:
        return self.to_markdown()

    def _sections(self) -> list[tuple[str, list[list[str]], tuple[str, ...]]]:
        version = self.version
        columns = () if version.schema is None else version.schema.columns
        return [
            ("Model", self._facts(), ("fact", "value")),
            ("Metrics", [[k, display.number(v)] for k, v in version.metrics.items()], _METRICS),
            (
                "Inputs",
                [[c.name, c.kind, "yes" if c.nullable else "no"] for c in columns],
                ("column", "kind", "may be missing"),
            ),
            ("Training", self._training(), ("fact", "value")),
            ("Decisions", [_decision_row(move) for move in self.moves], _DECISIONS),
        ]

    def _facts(self) -> list[list[str]]:
        version = self.version
        rows = [
            ["estimator", version.estimator],
            ["task", version.task],
            ["predicts", version.target or "not recorded"],
            ["classes", ", ".join(map(str, version.classes)) or "none"],
            ["aliases", ", ".join(self.aliases) or "none"],
            ["registered", f"{version.created:%Y-%m-%d %H:%M} UTC"],
            ["by", version.actor or "not recorded"],
            ["stored as", f"{version.format}, {display.size(version.size_bytes)}"],
            ["digest", version.digest],
            [
                "status",
                f"deprecated: {version.deprecated}" if version.deprecated else "in good standing",
            ],
        ]
        return rows + [[f"tag {k}", v] for k, v in version.tags.items()]

    def _training(self) -> list[list[str]]:
        version = self.version
        scalars = {**version.params, **version.run}
        plain = [[k, str(v)] for k, v in scalars.items() if isinstance(v, (str, int, float, bool))]
        holdout = version.holdout_digest or "none stored: the metrics cannot be computed again"
        reference = version.reference_digest or "none stored"
        return [["holdout", holdout], ["reference sample", reference], *plain]


_METRICS = ("metric", "value")
_DECISIONS = ("at", "alias", "version", "outcome", "evidence", "reason")


def _decision_row(move: Move) -> list[str]:
    evidence = "none" if move.decision is None else move.decision.reason
    change = f"{'none' if move.previous is None else move.previous} → {move.version}"
    return [f"{move.at:%Y-%m-%d %H:%M} UTC", move.alias, change, move.kind, evidence, move.reason]


def _markdown_table(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(_inline(text) for text in line) + " |" for line in lines)


def _inline(text: str) -> str:
    """Keep foreign text inside its cell: no line break, no bar, no markup."""
    flat = " ".join(str(text).split())
    return escape(flat, quote=False).replace("|", "\\|")
