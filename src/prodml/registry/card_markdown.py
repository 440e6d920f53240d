"""The Markdown of a model card: front matter as model hubs read it, and tables.

Source: the metadata that Hugging Face documents for model cards: ``library_name``, ``license``,
``pipeline_tag``, ``tags``, ``metrics`` and ``model-index`` (the format of Papers with Code).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from html import escape

from prodml.registry.description import Description
from prodml.registry.results import ModelVersion

__all__ = ["front_matter", "inline", "markdown_table"]

_PIPELINES = {"classification": "tabular-classification", "regression": "tabular-regression"}
_LICENCES = {"apache 2.0": "apache-2.0", "apache2": "apache-2.0", "proprietary": "other"}


def front_matter(version: ModelVersion, about: Description) -> str:
    """Return the YAML block at the top of a card."""
    lines = ["---", f"model_name: {_text(version.name)}", f"library_name: {_library(version)}"]
    if about.licence:
        licence = about.licence.strip().lower()
        lines.append(f"license: {_text(_LICENCES.get(licence, licence))}")
    pipeline = _PIPELINES.get(version.task)
    if pipeline:
        lines.append(f"pipeline_tag: {pipeline}")
    lines += ["tags:", *(f"- {_text(tag)}" for tag in _tags(version))]
    scores = {k: v for k, v in version.metrics.items() if not k.startswith(("train_", "cv_"))}
    if scores:
        lines += ["metrics:", *(f"- {_text(name)}" for name in scores)]
    if scores and pipeline:
        lines += _model_index(version, pipeline, scores)
    return "\n".join([*lines, "---"])


def _model_index(version: ModelVersion, pipeline: str, scores: Mapping[str, float]) -> list[str]:
    digest = version.holdout_digest or "not stored"
    lines = [
        "model-index:",
        f"- name: {_text(str(version))}",
        "  results:",
        "  - task:",
        f"      type: {pipeline}",
        "    dataset:",
        "      type: holdout",
        f"      name: {_text('holdout of ' + str(version))}",
        "      split: test",
        f"      revision: {_text(digest)}",
        "    metrics:",
    ]
    for name, value in scores.items():
        if math.isfinite(value):
            lines += [
                f"    - type: {_text(name)}",
                f"      name: {_text(name)}",
                f"      value: {value!r}",
            ]
    return lines


def markdown_table(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    """Return a table."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(inline(text) for text in line) + " |" for line in lines)


def inline(text: str) -> str:
    """Keep foreign text inside its cell: no line break, no bar, no markup."""
    flat = " ".join(str(text).split())
    return escape(flat, quote=False).replace("|", "\\|")


def _library(version: ModelVersion) -> str:
    top = version.estimator.partition(".")[0]
    return _text(top) if top.isidentifier() else _text("sklearn")


def _tags(version: ModelVersion) -> list[str]:
    own = [f"{k}:{v}" for k, v in version.tags.items()]
    return ["prodml", "tabular", version.task, version.format.partition("/")[0], *own]


def _text(text: str) -> str:
    """Write a text as YAML reads it: bare if it is a plain word, else as JSON, which is YAML too."""
    is_bare = text.isascii() and text.replace("-", "").replace("_", "").isalnum()
    is_word = is_bare and text[:1].isalpha() and text.lower() not in _NOT_TEXT
    return text if is_word else json.dumps(" ".join(text.split()))


_NOT_TEXT = {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"}
