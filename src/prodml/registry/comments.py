"""What people said about a model and its versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import attrs

from prodml import display
from prodml.journal import Event

__all__ = ["Comment", "Comments", "comment_of"]


@attrs.frozen
class Comment:
    """Something that somebody said.

    Parameters
    ----------
    version : int or None
        About which version; None for the model as a whole.
    text : str
        The words.
    actor : str
        Whose.
    at : datetime
        When.
    seq : int
        Number of the event in the model's journal.
    """

    version: int | None
    text: str
    actor: str
    at: datetime
    seq: int

    def to_dict(self) -> dict[str, object]:
        """Return the comment as plain values."""
        return {**attrs.asdict(self), "at": self.at.isoformat()}


@attrs.frozen(repr=False)
class Comments:
    """What people said, the oldest first.

    Parameters
    ----------
    name : str
        The model.
    comments : tuple of Comment
        In order.
    """

    name: str
    comments: tuple[Comment, ...]

    def __len__(self) -> int:
        return len(self.comments)

    def __iter__(self) -> Iterator[Comment]:
        return iter(self.comments)

    def __repr__(self) -> str:
        return display.text_table(self._rows(), _HEADERS, title=f"Comments on {self.name}")

    def _repr_html_(self) -> str:
        return display.html_table(self._rows(), _HEADERS, title=f"Comments on {self.name}")

    def to_dict(self) -> dict[str, object]:
        """Return the comments as plain values."""
        return {"name": self.name, "comments": [comment.to_dict() for comment in self.comments]}

    def _rows(self) -> list[list[str]]:
        return [
            [
                f"{c.at:%Y-%m-%d %H:%M} UTC",
                "model" if c.version is None else f"version {c.version}",
                c.actor,
                c.text,
            ]
            for c in self.comments
        ]


_HEADERS = ("at", "on", "who", "said")


def comment_of(event: Event) -> Comment:
    """Read a comment out of its event."""
    payload = event.payload
    return Comment(payload["version"], payload["text"], event.actor, event.at, event.seq)
