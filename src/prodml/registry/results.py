"""What the registry answers with: frozen values that print as tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import attrs

from prodml import display
from prodml.gate import GateDecision

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from prodml.tables import Schema

__all__ = ["WHY", "Checked", "Holdout", "Kind", "ModelVersion", "Promotion", "when"]

Kind: TypeAlias = Literal[
    "first", "gate", "forced", "free", "rollback", "refused", "removed", "approved", "withdrawn"
]
Label: TypeAlias = "str | int | float | bool"

WHY = {
    "first": "nothing to compare with",
    "gate": "the gate was convinced",
    "forced": "FORCED",
    "free": "this alias has no gate",
    "rollback": "rolled back",
    "refused": "the gate refused",
    "removed": "alias removed",
    "approved": "approved",
    "withdrawn": "approval withdrawn",
}


class Holdout(NamedTuple):
    """Rows that a version was not trained on, as they were stored with it.

    Parameters
    ----------
    inputs : DataFrame
        The model's inputs.
    target : ndarray of shape (n_rows,)
        What was true.
    """

    inputs: pd.DataFrame
    target: np.ndarray


@attrs.frozen(repr=False, eq=False)
class ModelVersion:
    """A registered version of a model: what it is, not the model itself.

    Parameters
    ----------
    name : str
        The model.
    version : int
        Counted from 1, without a gap.
    digest : str
        ``"sha256:<hex>"`` of the stored model.
    format : str
        How it is stored: ``"inert/2"`` or ``"pickle/5"``.
    created : datetime
        When it was registered, in UTC.
    schema : Schema or None
        Columns the model takes; None if nobody said.
    metrics : mapping of str to float
        As measured before it was registered.
    params : mapping
        The estimator's parameters.
    tags : mapping of str to str
        As given.
    task : str
        ``"classification"``, ``"regression"``, or ``"other"``.
    classes : tuple
        Labels of a classifier, in the order of its probabilities; empty otherwise.
    run : mapping
        The record of the training run: fingerprints, seeds, environment.
    estimator : str
        Its class.
    size_bytes : int
        Of the stored model.
    holdout_digest, reference_digest : str
        Digests of the stored holdout and reference sample; empty if there is none.
    target : str
        Name of the target column; empty if nobody said.
    actor : str
        Who registered it.
    reason : str
        Why, in their words.
    deprecated : str or None
        Why nobody should use it any more; None for a version in good standing.
    """

    name: str
    version: int
    digest: str
    format: str
    created: datetime
    schema: Schema | None
    metrics: Mapping[str, float]
    params: Mapping[str, object]
    tags: Mapping[str, str]
    task: str
    classes: tuple[Label, ...]
    run: Mapping[str, object]
    estimator: str
    size_bytes: int
    holdout_digest: str = ""
    reference_digest: str = ""
    target: str = ""
    actor: str = ""
    reason: str = ""
    deprecated: str | None = None

    def __str__(self) -> str:
        return f"{self.name}/{self.version}"

    def __repr__(self) -> str:
        return display.text_table(self._rows(), ("model", str(self)))

    def _repr_html_(self) -> str:
        return display.html_table(self._rows(), ("model", str(self)))

    def to_dict(self) -> dict[str, object]:
        """Return the version as plain values."""
        plain = {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}
        schema = None if self.schema is None else self.schema.to_dict()
        lists = {"classes": list(self.classes), "created": self.created.isoformat()}
        maps = {k: dict(plain[k]) for k in ("metrics", "params", "tags", "run")}
        return {**plain, **lists, **maps, "schema": schema}

    def _rows(self) -> list[list[str]]:
        metrics = ", ".join(f"{k} {display.number(v)}" for k, v in self.metrics.items())
        columns = "not recorded" if self.schema is None else f"{len(self.schema.names)} columns"
        rows = [
            ["estimator", self.estimator],
            ["task", self.task],
            ["metrics", metrics or "none recorded"],
            ["input", columns],
            ["stored as", f"{self.format}, {display.size(self.size_bytes)}, {self.digest[:19]}…"],
            ["registered", when(self.created) + (f" by {self.actor}" if self.actor else "")],
        ]
        if self.reason:
            rows.append(["reason", self.reason])
        if self.deprecated is not None:
            rows.append(["DEPRECATED", self.deprecated])
        return rows


@attrs.frozen(repr=False)
class Promotion:
    """An alias that now points at another version.

    Parameters
    ----------
    name, alias : str
        The model and the alias.
    version : int
        Where it points now.
    previous : int or None
        Where it pointed before.
    kind : {"first", "gate", "forced", "free", "rollback"}
        What allowed the move.
    at : datetime
        When.
    seq : int
        Number of the event in the model's journal.
    actor, reason : str
        Who and why.
    decision : GateDecision or None
        The gate's evidence, where there was one.
    """

    name: str
    alias: str
    version: int
    previous: int | None
    kind: Kind
    at: datetime
    seq: int
    actor: str = ""
    reason: str = ""
    decision: GateDecision | None = None

    def __str__(self) -> str:
        return f"{self.name}@{self.alias} → {self.version}"

    def __repr__(self) -> str:
        table = display.text_table(self._rows(), ("alias", str(self)))
        return table if self.decision is None else f"{table}\n\n{self.decision!r}"

    def _repr_html_(self) -> str:
        table = display.html_table(self._rows(), ("alias", str(self)))
        return table if self.decision is None else table + self.decision._repr_html_()

    def to_dict(self) -> dict[str, object]:
        """Return the promotion as plain values."""
        plain = attrs.asdict(self, recurse=False)
        decision = None if self.decision is None else self.decision.to_dict()
        return {**plain, "at": self.at.isoformat(), "decision": decision}

    def _rows(self) -> list[list[str]]:
        return [
            ["before", "nothing" if self.previous is None else str(self.previous)],
            ["allowed by", WHY[self.kind]],
            ["at", when(self.at) + (f" by {self.actor}" if self.actor else "")],
            ["reason", self.reason or "none given"],
        ]


@attrs.frozen
class Checked:
    """Everything of a registry, or of one model, has been read and is what was written.

    Parameters
    ----------
    n_models, n_events, n_blobs : int
        What was read.
    """

    n_models: int
    n_events: int
    n_blobs: int

    def _repr_html_(self) -> str:
        rows = [["models", self.n_models], ["events", self.n_events], ["blobs", self.n_blobs]]
        return display.html_table(rows, ("verified", "n"))

    def to_dict(self) -> dict[str, int]:
        """Return the counts as plain values."""
        return attrs.asdict(self)


def when(at: datetime) -> str:
    """Return a moment as people read it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
