"""What the owner says of a model: what it is for, and where it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from prodml import display

__all__ = ["FIELDS", "Description", "description_of"]


@attrs.frozen(repr=False)
class Description:
    """What the owner says of a model; a text is empty where nothing was said.

    Parameters
    ----------
    name : str
        The model.
    summary : str
        What it does.
    intended_use : str
        By whom, for which decisions, on which population.
    limits : str
        Where it must not be used, and what is known to go wrong.
    owner : str
        Who answers for it.
    licence : str
        Under which terms.
    """

    name: str
    summary: str = ""
    intended_use: str = ""
    limits: str = ""
    owner: str = ""
    licence: str = ""

    def __repr__(self) -> str:
        return display.text_table(self._rows(), ("model", self.name))

    def _repr_html_(self) -> str:
        return display.html_table(self._rows(), ("model", self.name))

    def to_dict(self) -> dict[str, str]:
        """Return the texts by name."""
        return attrs.asdict(self)

    def _rows(self) -> list[list[str]]:
        return [[k.replace("_", " "), getattr(self, k) or "not recorded"] for k in FIELDS]


FIELDS = tuple(field.name for field in attrs.fields(Description))[1:]


def description_of(name: str, state: Mapping[str, Any]) -> Description:
    """Read what is said of a model out of its state."""
    return Description(name, **{k: v for k, v in state["about"].items() if k in FIELDS})
