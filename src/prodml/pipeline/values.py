"""Values on their way between steps."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["n_rows", "own"]

_PLAIN = frozenset({int, float, bool, str, bytes, type(None)})


def n_rows(value: Any) -> int | None:
    """Return how many rows a value has, or None if it is nothing with rows.

    Examples
    --------
    >>> n_rows([{"age": 31}]), n_rows("text")
    (1, None)
    """
    if type(value) in _PLAIN:
        return None
    shape = getattr(value, "shape", None)
    if shape:
        return int(shape[0])
    return len(value) if isinstance(value, list | tuple) else None


def own(value: Any) -> Any:
    """Return a frame that can be changed without another step seeing it; other values as they are.

    With copy-on-write (pandas 3, or pandas 2 if asked for) that costs nothing until it is changed.
    """
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(value, pandas.DataFrame):
        return value
    lazily = int(pandas.__version__.split(".")[0]) >= 3 or pandas.options.mode.copy_on_write is True
    return value.copy(deep=not lazily)
