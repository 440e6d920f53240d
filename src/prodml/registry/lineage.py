"""From data over run and version to alias: where a model came from, and when it served."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from prodml import display
from prodml.registry.history import History
from prodml.registry.results import ModelVersion, when

__all__ = ["Lineage", "Served", "lineage_of", "served_of"]


@attrs.frozen
class Served:
    """A time in which an alias pointed at a version.

    Parameters
    ----------
    alias : str
        The alias.
    version : int
        The version.
    since : datetime
        When it began.
    until : datetime or None
        When it ended; None if it still does.
    kind : str
        What allowed it, as in `Promotion`.
    """

    alias: str
    version: int
    since: datetime
    until: datetime | None
    kind: str

    def covers(self, moment: datetime) -> bool:
        """Say whether the alias pointed there at this moment."""
        return self.since <= moment and (self.until is None or moment < self.until)


@attrs.frozen(repr=False)
class Lineage:
    """What a version was made of, and what it was used as.

    Parameters
    ----------
    version : ModelVersion
        The version.
    data : mapping of str to str
        Fingerprints of what it was trained on: of the whole under ``""``, then by column; empty if
        nobody recorded them.
    run_id : str
        The training run; empty if unknown.
    served : tuple of Served
        Which alias pointed at it, from when to when.
    relatives : tuple of int
        Other versions of the model from the same data or the same run.
    """

    version: ModelVersion
    data: Mapping[str, str]
    run_id: str
    served: tuple[Served, ...]
    relatives: tuple[int, ...]

    @property
    def data_digest(self) -> str:
        """Fingerprint of all training data; empty if nobody recorded it."""
        return self.data.get("", "")

    def __repr__(self) -> str:
        return display.text_table(self._rows(), _HEADERS, title=f"Lineage of {self.version}")

    def _repr_html_(self) -> str:
        return display.html_table(self._rows(), _HEADERS, title=f"Lineage of {self.version}")

    def to_dict(self) -> dict[str, object]:
        """Return the lineage as plain values."""
        return {
            "version": str(self.version),
            "data": dict(self.data),
            "run_id": self.run_id,
            "model": self.version.digest,
            "served": [
                {
                    **attrs.asdict(s),
                    "since": s.since.isoformat(),
                    "until": None if s.until is None else s.until.isoformat(),
                }
                for s in self.served
            ],
            "relatives": list(self.relatives),
        }

    def _rows(self) -> list[list[str]]:
        version = self.version
        n_columns = len(self.data) - 1
        columns = f"{n_columns} columns, each with its own" if n_columns > 0 else ""
        rows = [
            ["data", _short(self.data_digest) or "not recorded", columns],
            ["run", self.run_id or "not recorded", _started(version.run)],
            ["code", _text_at(version.run, "git_commit") or "not recorded", "commit"],
            ["model", _short(version.digest), version.estimator],
            ["version", str(version), f"registered {when(version.created)} {_by(version.actor)}"],
        ]
        rows += [["alias", f"{version.name}@{s.alias}", _span(s)] for s in self.served]
        if not self.served:
            rows.append(["alias", "none so far", ""])
        if self.relatives:
            others = ", ".join(map(str, self.relatives))
            rows.append(["relatives", others, "from the same data or run"])
        return rows


_HEADERS = ("step", "what", "more")


def lineage_of(version: ModelVersion, history: History, relatives: tuple[int, ...] = ()) -> Lineage:
    """Put together what is recorded of a version."""
    return Lineage(
        version=version,
        data=data_of(version.run),
        run_id=str(version.run.get("run_id") or ""),
        served=tuple(s for s in served_of(history) if s.version == version.version),
        relatives=relatives,
    )


def data_of(run: Mapping[str, object]) -> dict[str, str]:
    """Return the fingerprints in the record of a run: of the whole under "", then by column."""
    data = run.get("data")
    if not isinstance(data, Mapping):
        return {}
    columns = data.get("columns")
    found = {"": data.get("digest"), **(columns if isinstance(columns, Mapping) else {})}
    return {str(name): digest for name, digest in found.items() if isinstance(digest, str)}


def served_of(history: History) -> tuple[Served, ...]:
    """Return when each alias pointed where, in the order in which it began."""
    spans: list[Served] = []
    open_at: dict[str, int] = {}
    for move in history:
        if not move.is_move:
            continue
        if move.alias in open_at:
            place = open_at.pop(move.alias)
            spans[place] = attrs.evolve(spans[place], until=move.at)
        if move.version is not None:
            open_at[move.alias] = len(spans)
            spans.append(Served(move.alias, move.version, move.at, None, move.kind))
    return tuple(spans)


def _span(served: Served) -> str:
    end = "now" if served.until is None else when(served.until)
    return f"{when(served.since)} to {end}"


def _short(digest: str) -> str:
    return f"{digest[:19]}…" if len(digest) > 19 else digest


def _started(run: Mapping[str, object]) -> str:
    try:
        return f"started {when(datetime.fromisoformat(_text_at(run, 'started')))}"
    except ValueError:
        return ""


def _by(actor: str) -> str:
    return f"by {actor}" if actor else ""


def _text_at(run: Mapping[str, object], name: str) -> str:
    found = run.get(name)
    return found if isinstance(found, str) else ""
