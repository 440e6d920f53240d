"""All models of a registry at a glance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import attrs

from prodml import display
from prodml.registry.results import when

__all__ = ["Overview", "OverviewRow"]


@attrs.frozen
class OverviewRow:
    """A model at a glance.

    Parameters
    ----------
    name : str
        The model.
    n_versions : int
        How many versions there are, without deleted ones.
    newest : int or None
        Number of the newest; None if all were deleted.
    registered : datetime or None
        When that was registered.
    aliases : mapping of str to int
        What points where.
    owner : str
        Who answers for it, see `Registry.describe`.
    """

    name: str
    n_versions: int
    newest: int | None
    registered: datetime | None
    aliases: Mapping[str, int]
    owner: str


@attrs.frozen(repr=False)
class Overview:
    """The models of a registry, by name.

    Parameters
    ----------
    models : tuple of OverviewRow
        One each.
    """

    models: tuple[OverviewRow, ...]

    def __len__(self) -> int:
        return len(self.models)

    def __iter__(self) -> Iterator[OverviewRow]:
        return iter(self.models)

    def __repr__(self) -> str:
        return display.text_table(self._rows(), _HEADERS)

    def _repr_html_(self) -> str:
        return display.html_table(self._rows(), _HEADERS)

    def to_dict(self) -> dict[str, object]:
        """Return the overview as plain values."""
        return {"models": [_plain(row) for row in self.models]}

    def _rows(self) -> list[list[object]]:
        return [
            [
                row.name,
                row.n_versions,
                row.newest,
                None if row.registered is None else when(row.registered),
                ", ".join(f"{alias} → {n}" for alias, n in row.aliases.items()),
                row.owner,
            ]
            for row in self.models
        ]


_HEADERS = ("model", "versions", "newest", "registered", "aliases", "owner")


def _plain(row: OverviewRow) -> dict[str, object]:
    registered = None if row.registered is None else row.registered.isoformat()
    return {**attrs.asdict(row), "registered": registered}
