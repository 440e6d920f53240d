"""How a failed step is told: its name and the shapes of its inputs, never what is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prodml.errors import ProdmlError, StepError

__all__ = ["StepErrors", "described", "step_error"]

_MAX_COLUMNS = 12


class StepErrors(ExceptionGroup[StepError], ProdmlError):  # noqa: N818 - it holds several
    """Several steps failed, each in a branch of its own.

    An `ExceptionGroup` of `StepError`, for ``except*`` or a look at ``exc.exceptions``.
    """

    def __str__(self) -> str:
        return f"{self.message}: {'; '.join(map(str, self.exceptions))}"

    def derive(self, excs: Sequence[Any], /) -> StepErrors:  # type: ignore[override]
        """Return a group of the same kind; `split` and ``except*`` ask for it."""
        return StepErrors(self.message, excs)


def step_error(
    pipeline: str, step: str, error: Exception, attempts: int, inputs: Mapping[str, object]
) -> StepError:
    """Return the error that a run raises for a failed step, with `error` as its cause."""
    tries = f" after {attempts} attempts" if attempts > 1 else ""
    given = "; ".join(f"{name} = {described(value)}" for name, value in inputs.items()) or "none"
    told = StepError(
        f'step "{step}" of pipeline "{pipeline}" failed with {type(error).__name__}{tries}. Inputs: {given}',
        step=step,
    )
    told.__cause__ = error
    return told


def described(value: Any) -> str:
    """Say what a value is without saying what is in it.

    Examples
    --------
    >>> import pandas as pd
    >>> described(pd.DataFrame({"age": [31, 44]}))
    'DataFrame of 2 rows (age int64)'
    >>> described("Mary Smith"), described([1, 2])
    ('str', 'list of 2')
    """
    name = type(value).__name__
    shape = getattr(value, "shape", None)
    columns = getattr(value, "columns", None)
    dtypes = getattr(value, "dtypes", None)
    if columns is not None and dtypes is not None and shape is not None:
        pairs = [f"{c} {t}" for c, t in zip(columns, dtypes, strict=False)]
        more = f", and {len(pairs) - _MAX_COLUMNS} more" if len(pairs) > _MAX_COLUMNS else ""
        return f"{name} of {shape[0]} rows ({', '.join(pairs[:_MAX_COLUMNS])}{more})"
    if shape is not None:
        return f"{name} of shape {tuple(shape)}, {getattr(value, 'dtype', 'object')}"
    if isinstance(value, list | tuple | dict | set | frozenset):
        return f"{name} of {len(value)}"
    return name
