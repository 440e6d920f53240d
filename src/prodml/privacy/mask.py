"""Mask: hide all characters but a few."""

from __future__ import annotations

from typing import ClassVar

import attrs

from prodml.ports import Key
from prodml.privacy.settings import text, whole
from prodml.privacy.transform import Action, Treatment, by_value
from prodml.privacy.values import Reader

__all__ = ["Mask"]


@attrs.frozen
class Mask:
    """Hide the characters of a value, except for a few at its ends.

    A value shorter than twice what would be shown is hidden wholly, so never more than half of a
    value shows. Whole numbers and dates are masked as text. Missing stays missing.

    Parameters
    ----------
    keep_last, keep_first : int, default 4 and 0
        How many characters stay at the end and at the beginning, not negative.
    char : str, default "*"
        What stands for a hidden character.

    Raises
    ------
    ConfigError
        If an argument is out of range.

    Examples
    --------
    >>> action = Mask().bind("card", None)
    >>> action.one("4111111111111111", {}), action.one("12345", {})
    ('************1111', '*****')
    """

    word: ClassVar[str] = "mask"
    treatment: ClassVar[Treatment] = "masked"
    needs_key: ClassVar[bool] = False

    keep_last: int = attrs.field(default=4, kw_only=True, validator=whole(0))
    keep_first: int = attrs.field(default=0, kw_only=True, validator=whole(0))
    char: str = attrs.field(default="*", kw_only=True, validator=text(length=1))

    def bind(self, column: str, key: Key | None) -> Action:  # noqa: ARG002
        """Return the mask of a column."""
        reader = Reader(column, "Mask")

        def masked(value: object) -> str:
            shown = reader.text(value)
            n_hidden = len(shown) - self.keep_first - self.keep_last
            if n_hidden < self.keep_first + self.keep_last:
                return self.char * len(shown)
            end = shown[len(shown) - self.keep_last :]
            return shown[: self.keep_first] + self.char * n_hidden + end

        return by_value(masked)

    def residual(self) -> str:
        """Say what an attacker still learns."""
        shown = [f"the first {self.keep_first}"] if self.keep_first else []
        shown += [f"the last {self.keep_last}"] if self.keep_last else []
        characters = f"{' and '.join(shown)} characters, " if shown else ""
        return f"{characters}the length, which rows look alike"

    def to_dict(self) -> dict[str, object]:
        """Return the settings."""
        return {"keep_last": self.keep_last, "keep_first": self.keep_first, "char": self.char}
