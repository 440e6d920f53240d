"""Read checks from a reference, so that the next honest batch passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from prodml.contracts.check import Check
from prodml.contracts.tolerance import FreshDraw
from prodml.errors import ConfigError, SchemaError
from prodml.tables import Kind, as_frame, kind_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["infer_checks"]

# A column of more levels is free text; TFDV's `max_string_domain_size` draws the line there too.
_MAX_LEVELS = 100
# Good and Turing's estimate of how often a level comes that was not seen yet.
_MAX_UNSEEN = 0.05


def infer_checks(reference: object, *, alpha: float) -> dict[str, list[Check]]:
    """Return checks for each column of a reference table.

    * Numbers: the range of the reference. Its two ends are passed by chance as `FreshDraw` says, exactly
      and for any distribution. An integer column that only rises, such as a running number, gets none.
    * Gaps: as many as a fresh draw may have, by Fisher's exact test.
    * Categories, and text of at most 100 levels: the levels, where those seen only once are at most
      5 % of the rows. Their number stands for the rows that a fresh draw gives to levels not seen
      yet; this one is an estimate, after Good 1953.
    * Times: the kind only, for time goes on.

    Parameters
    ----------
    reference : table
        At least two rows.
    alpha : float
        Probability of a false alarm per batch in all, in (0, 1); split evenly over all rules.

    Returns
    -------
    dict of str to list of Check
        Columns in the reference's order.

    Raises
    ------
    ConfigError
        If alpha lies outside (0, 1).
    SchemaError
        If there are fewer than two rows.
    """
    if not 0 < alpha < 1:
        raise ConfigError(f"alpha must lie in (0, 1), got {alpha}")
    frame = as_frame(reference)
    if len(frame) < 2:
        raise SchemaError(f"a contract can be read from two rows or more, got {len(frame)}")
    kinds: dict[str, Kind] = {str(name): kind_of(frame[name]) for name in frame.columns}
    # At most two tolerant rules a column: its gaps, and its range or levels.
    each = alpha / (2 * len(kinds))
    return {name: list(_checks(frame[name], kind, each)) for name, kind in kinds.items()}


def _checks(series: Any, kind: Kind, alpha: float) -> Iterator[Check]:
    present = series.dropna()
    said = _SAID[kind](present, alpha) if len(present) > 1 else {}
    make: Callable[..., Check] = getattr(Check, kind)
    levels = said.pop("one_of", None)
    yield make(nullable=True, **said)
    if levels:
        yield Check.one_of(**levels)
    yield Check.not_null(mostly=FreshDraw(len(series), alpha, len(series) - len(present)))


def _number(present: Any, alpha: float) -> dict[str, Any]:
    values = present.astype("float64")
    low, high = float(values.min()), float(values.max())
    if not (abs(low) < float("inf") and abs(high) < float("inf")):
        raise SchemaError(
            f'column "{present.name}" holds infinite values', column=str(present.name)
        )
    return {"min": low, "max": high, "mostly": FreshDraw(len(present), alpha, 1)}


def _integer(present: Any, alpha: float) -> dict[str, Any]:
    if present.is_monotonic_increasing and present.is_unique:
        return {}
    ends = {"min": int(present.min()), "max": int(present.max())}
    return {**ends, "mostly": FreshDraw(len(present), alpha, 1)}


def _category(present: Any, alpha: float) -> dict[str, Any]:
    levels = _levels(present)
    return {"levels": levels, "mostly": _unseen(present, alpha)} if levels else {}


def _text(present: Any, alpha: float) -> dict[str, Any]:
    levels = _levels(present)
    return {"one_of": {"levels": levels, "mostly": _unseen(present, alpha)}} if levels else {}


def _levels(present: pd.Series) -> list[object]:
    """Return the levels in order, or none if they are not a closed set."""
    counts = Counter(present.tolist())
    once = _seen_once(present)
    if len(counts) > _MAX_LEVELS or once > _MAX_UNSEEN * len(present):
        return []
    return sorted(counts, key=str)


def _seen_once(present: pd.Series) -> int:
    return sum(n == 1 for n in Counter(present.tolist()).values())


def _unseen(present: pd.Series, alpha: float) -> FreshDraw:
    return FreshDraw(len(present), alpha, min(len(present), _seen_once(present) + 1))


def _kind_only(_: object, __: float) -> dict[str, Any]:
    return {}


_SAID: dict[Kind, Callable[[Any, float], dict[str, Any]]] = {
    "number": _number,
    "integer": _integer,
    "boolean": _kind_only,
    "category": _category,
    "text": _text,
    "time": _kind_only,
}
