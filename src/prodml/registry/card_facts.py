"""What stands on a model card, section by section, as plain tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from prodml import display
from prodml.registry.comments import Comments
from prodml.registry.description import Description
from prodml.registry.history import History, Move, evidence_of
from prodml.registry.lineage import data_of, served_of
from prodml.registry.measures import (
    calibration_chart,
    calibration_rows,
    scalars,
    threshold_rows,
)
from prodml.registry.results import WHY, ModelVersion, when
from prodml.registry.slices import slice_chart, slice_rows, slices_of

__all__ = ["Section", "Table", "sections_of"]

_NO_USE = (
    "Nobody has recorded for whom this model was made and for which decisions. Say so with "
    "registry.describe(name, intended_use=...)."
)
_NO_LIMITS = (
    "Nobody has recorded where this model must not be used, or how it behaves far from the data it was "
    "trained on. Find out before you rely on it, and say so with registry.describe(name, limits=...)."
)
_NO_SLICES = (
    "Performance on parts of the population was not recorded: an average can hide a group for which "
    "the model is bad."
)


@attrs.frozen
class Table:
    """A table of a card.

    Parameters
    ----------
    headers : tuple of str
        Of the columns.
    rows : list of list of str
        The cells.
    title : str
        Above it.
    """

    headers: tuple[str, ...]
    rows: list[list[str]]
    title: str = ""


@attrs.frozen
class Section:
    """A heading and what stands below it.

    Parameters
    ----------
    heading : str
        The heading.
    tables : tuple of Table
        Empty ones are not shown.
    paragraphs : tuple of str
        Before the tables.
    pictures : tuple of str
        SVG; only on paper that shows it.
    """

    heading: str
    tables: tuple[Table, ...] = ()
    paragraphs: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()


def sections_of(
    version: ModelVersion,
    aliases: Sequence[str],
    history: History,
    about: Description,
    comments: Comments,
) -> list[Section]:
    """Return a card's sections, in the order in which they are read."""
    mine = [m for m in history if version.version in (m.version, m.previous)]
    decided = [m for m in mine if m.kind not in ("approved", "withdrawn")]
    return [
        Section("Model", (Table(_FACT, _model(version, aliases, about)),)),
        Section("Intended use", paragraphs=(about.intended_use or _NO_USE,)),
        Section("Limits", paragraphs=(about.limits or _NO_LIMITS,)),
        Section("Metrics", (Table(*_metrics(version)),)),
        _slices(version),
        *_extras(version),
        Section("Inputs", (Table(("column", "kind", "may be missing"), _inputs(version)),)),
        Section("Data", (Table(_FACT, _data(version)), Table(_COLUMN, _columns(version)))),
        Section("Training", (Table(_FACT, _training(version)),)),
        Section("Approvals", (Table(_APPROVAL, _approvals(mine, version)),), _unapproved(mine)),
        Section("Decisions", (Table(_DECISION, [_decision(move) for move in decided]),)),
        Section("Served", (Table(_SERVED, _served(version, history)),)),
        Section("Comments", (Table(_COMMENT, _comments(comments)),)),
    ]


_FACT = ("fact", "value")
_COLUMN = ("column", "type", "fingerprint")
_APPROVAL = ("at", "who", "for", "said", "why")
_DECISION = ("at", "alias", "version", "outcome", "evidence", "who", "reason")
_SERVED = ("alias", "from", "until")
_COMMENT = ("at", "on", "who", "said")


def _model(version: ModelVersion, aliases: Sequence[str], about: Description) -> list[list[str]]:
    rows = [
        ["estimator", version.estimator],
        ["task", version.task],
        ["predicts", version.target or "not recorded"],
        ["classes", ", ".join(map(str, version.classes)) or "none"],
        ["aliases", ", ".join(aliases) or "none"],
        ["owner", about.owner or "not recorded"],
        ["licence", about.licence or "not recorded"],
        ["registered", when(version.created)],
        ["by", version.actor or "not recorded"],
        ["stored as", f"{version.format}, {display.size(version.size_bytes)}"],
        ["digest", version.digest],
        [
            "status",
            f"deprecated: {version.deprecated}" if version.deprecated else "in good standing",
        ],
    ]
    return rows + [[f"tag {k}", v] for k, v in version.tags.items()]


def _metrics(version: ModelVersion) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return one line per metric, with its value in training and in cross-validation beside it."""
    metrics = version.metrics
    names = [n for n in metrics if not n.startswith(("train_", "cv_"))]
    columns = {"holdout": "", "training": "train_", "cross-validation": "cv_"}
    shown = {
        heading: prefix
        for heading, prefix in columns.items()
        if not prefix or any(f"{prefix}{name}" in metrics for name in names)
    }
    if len(shown) == 1:
        return ("metric", "value"), [[n, display.number(metrics[n])] for n in names]
    rows = [
        [name, *(display.number(metrics.get(f"{p}{name}")) for p in shown.values())]
        for name in names
    ]
    return ("metric", *shown), rows


def _slices(version: ModelVersion) -> Section:
    slices = slices_of(version.run)
    if not slices:
        return Section("Performance by slice", paragraphs=(_NO_SLICES,))
    headers, rows = slice_rows(slices)
    return Section(
        "Performance by slice", (Table(headers, rows),), pictures=slice_chart(slices, version)
    )


def _extras(version: ModelVersion) -> list[Section]:
    """Return what a run may have measured beyond its metrics."""
    calibration = Section(
        "Calibration",
        (Table(("measure", "value", "before"), calibration_rows(version.run)),),
        pictures=calibration_chart(version.run),
    )
    threshold = Section("Threshold", (Table(_FACT, threshold_rows(version.run)),))
    return [section for section in (calibration, threshold) if section.tables[0].rows]


def _inputs(version: ModelVersion) -> list[list[str]]:
    columns = () if version.schema is None else version.schema.columns
    return [[c.name, c.kind, "yes" if c.nullable else "no"] for c in columns]


def _data(version: ModelVersion) -> list[list[str]]:
    data, split = version.run.get("data"), version.run.get("split")
    known = data if isinstance(data, Mapping) else {}
    whole = _without(known, "digest", "columns", "dtypes")
    holdout = version.holdout_digest or "none stored: the metrics cannot be computed again"
    return [
        ["fingerprint of all rows", data_of(version.run).get("", "not recorded")],
        *([_DATA.get(k, k), v] for k, v in scalars(whole, "")),
        *([_SPLIT.get(k, f"split: {k}").replace("_", " "), v] for k, v in scalars(split, "")),
        ["holdout", holdout],
        ["reference sample", version.reference_digest or "none stored"],
    ]


_DATA = {
    "n_rows": "rows",
    "rows": "fingerprint of their order",
    "index": "fingerprint of the index",
}
_SPLIT = {
    "n_train": "rows to train on",
    "n_test": "rows to test on",
    "digest": "split: fingerprint",
}


def _columns(version: ModelVersion) -> list[list[str]]:
    data = version.run.get("data")
    kinds = data.get("dtypes") if isinstance(data, Mapping) else None
    known = kinds if isinstance(kinds, Mapping) else {}
    return [
        [name, str(known.get(name, "")), digest]
        for name, digest in data_of(version.run).items()
        if name
    ]


def _training(version: ModelVersion) -> list[list[str]]:
    run = version.run
    facts = [["run", str(run.get("run_id") or "not recorded")]]
    facts += [[k, v] for k, v in scalars(version.params, "")]
    skipped = {"run_id", "data", "split", "slices", "calibration", "threshold", "environment"}
    facts += [[k, v] for k, v in scalars({k: v for k, v in run.items() if k not in skipped}, "")]
    environment = run.get("environment")
    if isinstance(environment, Mapping):
        packages = environment.get("packages")
        facts += [[k, v] for k, v in scalars(_without(environment, "packages", "blas"), "")]
        facts += [[f"package {k}", v] for k, v in scalars(packages, "")]
    return facts


def _approvals(moves: Sequence[Move], version: ModelVersion) -> list[list[str]]:
    return [
        [when(m.at), m.actor, m.alias, WHY[m.kind], m.reason]
        for m in moves
        if m.kind in ("approved", "withdrawn") and m.version == version.version
    ]


def _unapproved(moves: Sequence[Move]) -> tuple[str, ...]:
    has_any = any(m.kind == "approved" for m in moves)
    return () if has_any else ("Nobody has approved this version.",)


def _decision(move: Move) -> list[str]:
    evidence = "none" if move.decision is None else move.decision.reason
    told = evidence_of(move.decision)
    return [
        when(move.at),
        move.alias,
        move.change,
        move.kind,
        f"{evidence} ({told})" if told else evidence,
        move.actor,
        move.reason,
    ]


def _served(version: ModelVersion, history: History) -> list[list[str]]:
    return [
        [s.alias, when(s.since), "now" if s.until is None else when(s.until)]
        for s in served_of(history)
        if s.version == version.version
    ]


def _comments(comments: Comments) -> list[list[str]]:
    return [
        [
            when(c.at),
            "model" if c.version is None else f"version {c.version}",
            c.actor,
            c.text,
        ]
        for c in comments
    ]


def _without(value: object, *names: str) -> dict[str, object]:
    if not isinstance(value, Mapping):
        return {}
    return {k: v for k, v in value.items() if k not in names}
