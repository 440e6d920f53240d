"""Rows in: names, order, width, and the form the model was fitted with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np

from prodml.errors import ConfigError, SchemaError, known_names
from prodml.tables import as_frame

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Inputs"]


@attrs.frozen
class Inputs:
    """The columns of a model.

    Parameters
    ----------
    names : tuple of str
        Columns in the model's order.
    is_named : bool
        Whether the model was fitted with names, and so wants a frame.
    by_position : bool
        Whether nobody knows the names, so that rows go by position.
    """

    names: tuple[str, ...]
    is_named: bool
    by_position: bool = False

    @classmethod
    def of(cls, model: object, background: object, feature_names: Sequence[str] | None) -> Inputs:
        """Find out what a model's columns are called.

        Raises
        ------
        ConfigError
            If `feature_names` contradict the model, or nothing tells how many columns there are.
        """
        known = getattr(model, "feature_names_in_", None)
        if known is not None:
            names = tuple(map(str, known))
            if feature_names is not None and tuple(feature_names) != names:
                raise ConfigError("the model knows its columns: leave feature_names out")
            return cls(names, is_named=True)
        width = getattr(model, "n_features_in_", None)
        if feature_names is not None:
            return cls(_checked(feature_names, width), is_named=False)
        if background is None and width is None:
            raise ConfigError(
                f"nothing tells what columns {type(model).__name__} takes: pass feature_names= or "
                "background="
            )
        if background is None or _is_bare(background):
            n = int(width or 0) if background is None else as_frame(background).shape[1]
            return cls(tuple(f"x{i}" for i in range(n)), is_named=False, by_position=True)
        return cls(tuple(as_frame(background).columns), is_named=False)

    def rows(self, data: object, *, what: str = "rows") -> pd.DataFrame:
        """Return data as a frame with the model's columns in order; others are left out.

        Raises
        ------
        SchemaError
            If a column is missing, the width is another, or there are no rows.
        """
        frame = as_frame([data] if _is_record(data) else data)
        if self.by_position or _is_bare(data):
            if frame.shape[1] != len(self.names):
                raise SchemaError(
                    f"the {what} have {frame.shape[1]} columns, but the model takes "
                    f"{len(self.names)}"
                )
            # A rename on the frame itself would change the caller's.
            frame = frame.set_axis(list(self.names), axis=1)
        for name in self.names:
            if name not in frame.columns:
                found = list(frame.columns)
                raise SchemaError(
                    f'the {what} lack column "{name}". {known_names(name, found)}',
                    column=name,
                    known=found,
                )
        if not len(frame):
            raise SchemaError(f"there are no {what}")
        return frame[list(self.names)].reset_index(drop=True)

    def for_model(self, frame: pd.DataFrame) -> object:
        """Return the frame as the model wants it: a frame, or an array without names."""
        return frame if self.is_named else frame.to_numpy()


def _checked(names: Sequence[str], width: int | None) -> tuple[str, ...]:
    if isinstance(names, str) or len(set(names)) < len(names):
        raise ConfigError("feature_names must be a list of different names")
    if width is not None and len(names) != width:
        raise ConfigError(f"{len(names)} feature_names were given, but the model takes {width}")
    return tuple(map(str, names))


def _is_bare(data: object) -> bool:
    return isinstance(data, np.ndarray) and data.dtype.names is None


def _is_record(data: object) -> bool:
    if not isinstance(data, Mapping):
        return False
    return all(isinstance(v, str | bytes) or not hasattr(v, "__len__") for v in data.values())
