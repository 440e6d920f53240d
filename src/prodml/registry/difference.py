"""Two versions side by side: what differs, from the data to the score."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import attrs

from prodml import display
from prodml.registry.lineage import data_of
from prodml.registry.results import ModelVersion

__all__ = ["Difference", "VersionDiff", "diff_of"]


class Difference(NamedTuple):
    """One thing that differs between two versions.

    Parameters
    ----------
    part : str
        Where: ``"metrics"``, ``"params"``, ``"schema"``, ``"data"``, ``"environment"``, ``"code"``,
        ``"tags"`` or ``"model"``.
    what : str
        Which.
    before, after : object
        Of either; None where it has no such thing.
    """

    part: str
    what: str
    before: object
    after: object

    @property
    def change(self) -> float | None:
        """After minus before, where both are numbers."""
        pair = (self.before, self.after)
        if any(isinstance(x, bool) or not isinstance(x, int | float) for x in pair):
            return None
        return float(self.after) - float(self.before)  # type: ignore[arg-type]


@attrs.frozen(repr=False)
class VersionDiff:
    """What differs between two versions of models.

    Parameters
    ----------
    before, after : ModelVersion
        The versions.
    differences : tuple of Difference
        What differs, part by part.
    n_same : int
        How many things were compared and are the same.
    """

    before: ModelVersion
    after: ModelVersion
    differences: tuple[Difference, ...]
    n_same: int

    def __len__(self) -> int:
        return len(self.differences)

    def __iter__(self) -> Iterator[Difference]:
        return iter(self.differences)

    def __getitem__(self, part: str) -> tuple[Difference, ...]:
        return tuple(d for d in self.differences if d.part == part)

    def __repr__(self) -> str:
        return display.text_table(self._rows(), self._headers(), title=self._title())

    def _repr_html_(self) -> str:
        return display.html_table(self._rows(), self._headers(), title=self._title())

    def to_dict(self) -> dict[str, object]:
        """Return the differences as plain values."""
        return {
            "before": str(self.before),
            "after": str(self.after),
            "differences": [d._asdict() for d in self.differences],
            "n_same": self.n_same,
        }

    def _title(self) -> str:
        n = len(self.differences)
        what = "1 thing differs" if n == 1 else f"{n} things differ"
        return f"{self.before} and {self.after}: {what}, {self.n_same} are the same"

    def _headers(self) -> tuple[str, ...]:
        return ("part", "what", str(self.before), str(self.after), "change")

    def _rows(self) -> list[list[str]]:
        return [
            [d.part, d.what, _shown(d.before), _shown(d.after), _change(d)]
            for d in self.differences
        ]


def diff_of(before: ModelVersion, after: ModelVersion) -> VersionDiff:
    """Compare everything that is recorded of two versions, but when and by whom."""
    found: list[Difference] = []
    n_same = 0
    sides = _parts(before), _parts(after)
    for part in sides[0]:
        old, new = sides[0][part], sides[1][part]
        for what in dict.fromkeys((*old, *new)):
            pair = old.get(what), new.get(what)
            if _is_same(*pair):
                n_same += 1
            else:
                found.append(Difference(part, what, *pair))
    return VersionDiff(before, after, tuple(found), n_same)


def _parts(version: ModelVersion) -> dict[str, dict[str, object]]:
    run = version.run
    columns = () if version.schema is None else version.schema.columns
    environment = run.get("environment")
    split, code = _flat(run.get("split"), "split"), _flat(run.get("estimator"), "estimator")
    code.pop("estimator class", None)  # the version says that itself
    data = {("all rows" if k == "" else f"column {k}"): v for k, v in data_of(run).items()}
    return {
        "metrics": dict(version.metrics),
        "params": dict(version.params),
        "schema": {c.name: c.kind + (", may be missing" if c.nullable else "") for c in columns},
        "data": {
            **data,
            "rows": _get(run.get("data"), "n_rows"),
            **split,
            "holdout": version.holdout_digest or None,
        },
        "environment": _flat(environment, "") | _flat(run.get("seeds"), "seed"),
        "code": {"commit": run.get("git_commit"), "estimator": version.estimator, **code},
        "tags": dict(version.tags),
        "model": {
            "digest": version.digest,
            "format": version.format,
            "size in bytes": version.size_bytes,
            "target": version.target,
            "classes": ", ".join(map(str, version.classes)),
        },
    }


def _flat(value: object, name: str) -> dict[str, object]:
    """Return nested facts under one name each."""
    if isinstance(value, Mapping):
        deep = (_flat(v, f"{name} {k}".strip()) for k, v in value.items())
        return {k: v for members in deep for k, v in members.items()}
    if isinstance(value, list | tuple):
        return _flat(dict(enumerate(value, 1)), name)
    return {name: value}


def _get(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None


def _is_same(before: object, after: object) -> bool:
    both_nan = all(isinstance(x, float) and math.isnan(x) for x in (before, after))
    return both_nan or (before == after and isinstance(before, bool) == isinstance(after, bool))


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return display.number(value)
    text = str(value)
    return f"{text[:19]}…" if text.startswith("sha256:") else text


def _change(d: Difference) -> str:
    if d.change is None or math.isnan(d.change):
        return ""
    sign = "+" if d.change > 0 else ""
    return f"{sign}{display.number(d.change)}"
