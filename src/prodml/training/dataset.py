"""A table taken apart into inputs, target and the column to split by, with every check on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from prodml.errors import ConfigError, SchemaError, known_names
from prodml.training.gap import gap_in_time
from prodml.training.splits import SPLITS, SplitKind
from prodml.training.task import Task, target_values, task_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Dataset"]


@attrs.frozen(eq=False)
class Dataset:
    """Inputs and target of the same rows.

    Parameters
    ----------
    frame : DataFrame
        Everything, as it came in.
    inputs : DataFrame
        Without the target and without the column to split by.
    target : ndarray of shape (n,)
        Without missing values, of at least two values.
    task : {"classification", "regression"}
        What is to be predicted.
    split : {"stratified", "random", "time", "group", "stratified-group"}
        How rows are set aside.
    column : ndarray of shape (n,) or None
        Times or groups; times as seconds or numbers where there is a gap.
    gap : float
        Between training and testing in time, in the same unit; 0 for none.
    """

    frame: pd.DataFrame
    inputs: pd.DataFrame
    target: NDArray[np.generic]
    task: Task
    split: SplitKind
    column: NDArray[np.generic] | None
    gap: float

    @classmethod
    def of(
        cls,
        data: object,
        *,
        target: str,
        estimator: object,
        split: str,
        split_column: str | None,
        gap: object = None,
        ignore: Sequence[str] = (),
    ) -> Dataset:
        """Take a table apart.

        Raises
        ------
        SchemaError
            If a column is missing, the target or the split column lack values, the target has one
            value only, or nothing is left to learn from.
        ConfigError
            If the settings do not go together.
        """
        from prodml.tables import as_frame

        frame = as_frame(data)
        _need(frame, target, "target")
        if len(frame) == 0:
            raise SchemaError("the table has no rows", column=target)
        values = target_values(frame[target])
        task = task_of(estimator, values, name=target)
        _refuse_one_value(values, task, target)
        kind = _split_kind(split, task, split_column)
        column, gap_size = _split_values(frame, split_column), 0.0
        if gap is not None:
            if kind != "time" or split_column is None:
                raise ConfigError(f'gap= is for split="time", not "{kind}"')
            column, gap_size = gap_in_time(frame[split_column], gap)
        for name in ignore:
            _need(frame, name, "ignored input")
        left = [c for c in frame.columns if c not in (target, split_column, *ignore)]
        if not left:
            raise SchemaError(f'no column is left to predict "{target}" from', column=target)
        return cls(frame, frame[left], values, task, kind, column, gap_size)

    @property
    def n_classes(self) -> int:
        """How many distinct values the target has; 0 for a regression."""
        import numpy as np

        return len(np.unique(self.target)) if self.task == "classification" else 0


def _need(frame: pd.DataFrame, name: str, what: str) -> None:
    if name not in frame.columns:
        known = [str(c) for c in frame.columns]
        raise SchemaError(
            f'no column "{name}" for the {what}. {known_names(str(name), known)}',
            column=str(name),
            known=known,
        )


def _refuse_one_value(values: NDArray[np.generic], task: Task, name: str) -> None:
    import numpy as np

    if len(np.unique(values)) > 1:
        return
    found = "one class only" if task == "classification" else "one value only"
    raise SchemaError(
        f'the target "{name}" has {found} in {len(values)} rows; nothing can be learnt from it',
        column=name,
    )


def _split_kind(split: str, task: Task, column: str | None) -> SplitKind:
    if split == "auto":
        split = "stratified" if task == "classification" else "random"
    if split not in SPLITS:
        known = ", ".join(f'"{s}"' for s in ("auto", *SPLITS))
        raise ConfigError(f"split must be one of {known}, got {split!r}")
    if split.startswith("stratified") and task == "regression":
        instead = "random" if split == "stratified" else "group"
        raise ConfigError(f'split="{split}" is for classes; a regression takes split="{instead}"')
    if split in ("time", "group", "stratified-group") and column is None:
        what = "times" if split == "time" else "groups"
        raise ConfigError(f'split="{split}" needs split_column=, the column of the {what}')
    if split in ("stratified", "random") and column is not None:
        raise ConfigError(f'split_column="{column}" is for split="time" or "group", not "{split}"')
    return split


def _split_values(frame: pd.DataFrame, name: str | None) -> NDArray[np.generic] | None:
    if name is None:
        return None
    _need(frame, name, "split")
    column = frame[name]
    n_missing = int(column.isna().sum())
    if n_missing:
        raise SchemaError(
            f'the split column "{name}" is missing in {n_missing} of {len(frame)} rows', column=name
        )
    import pandas as pd

    # Codes in the order of the values, whatever their dtype.
    codes, _ = pd.factorize(column, sort=True)
    return codes
