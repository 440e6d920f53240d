"""Arrays that speak of the same rows, checked once before any score is taken."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prodml.errors import ConfigError

Numbers: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]
Labels: TypeAlias = NDArray[np.generic]

_TEXT_KINDS = "OUST"


def labels(values: ArrayLike, *, name: str) -> Labels:
    """Return `values` as a vector without missing entries, as numbers or as text."""
    array: Labels = np.asarray(values)
    if array.ndim != 1:
        raise ConfigError(f"{name} must have one dimension, got shape {array.shape}")
    if array.dtype.kind in _TEXT_KINDS:
        array = array.astype(object)
    missing = _is_missing(array)
    if missing.any():
        raise ConfigError(f"{name} has {int(missing.sum())} missing values; drop these rows first")
    return array


def numbers(values: ArrayLike, *, name: str, ndim: tuple[int, ...] = (1,)) -> Numbers:
    """Return `values` as finite floats of an allowed number of dimensions."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as exc:
        raise ConfigError(f"{name} must hold numbers, got {np.asarray(values).dtype}") from exc
    if array.ndim not in ndim:
        allowed = " or ".join(str(n) for n in ndim)
        raise ConfigError(f"{name} must have {allowed} dimensions, got shape {array.shape}")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise ConfigError(
            f"{name} has {bad} values that are NaN or infinite; drop these rows first"
        )
    return array


def same_rows(first: NDArray[np.generic], second: NDArray[np.generic], *, names: str) -> None:
    """Refuse arrays of different length, and empty ones."""
    if len(first) != len(second):
        raise ConfigError(f"{names} must have the same rows, got {len(first)} and {len(second)}")
    if len(first) == 0:
        raise ConfigError(f"{names} are empty; a score needs at least one row")


def encode(*arrays: Labels, classes: ArrayLike | None = None) -> tuple[list[Codes], Labels]:
    """Turn labels into positions in the sorted `classes` (default: all labels that occur)."""
    kinds = {"text" if a.dtype.kind in _TEXT_KINDS else "number" for a in arrays}
    if len(kinds) > 1:
        raise ConfigError("labels are numbers on one side and text on the other; use one kind")
    known = _distinct(*arrays) if classes is None else _sorted_classes(classes)
    return [_positions(a, known) for a in arrays], known


def _distinct(*arrays: Labels) -> Labels:
    try:
        return np.unique(np.concatenate(arrays))
    except TypeError as exc:
        raise ConfigError("labels of several kinds cannot be sorted; use one kind") from exc


def _sorted_classes(classes: ArrayLike) -> Labels:
    known = labels(classes, name="classes")
    if len(known) != len(_distinct(known)) or np.any(known[:-1] > known[1:]):  # type: ignore[operator]
        raise ConfigError("classes must be distinct and sorted")
    return known


def _positions(array: Labels, known: Labels) -> Codes:
    try:
        codes = np.searchsorted(known, array)
    except TypeError as exc:
        raise ConfigError("labels and classes are of different kinds; use one kind") from exc
    inside = np.minimum(codes, len(known) - 1)
    foreign = known[inside] != array
    if np.any(foreign):
        raise ConfigError(f"{int(np.sum(foreign))} labels are none of the {len(known)} classes")
    return codes


def _is_missing(array: Labels) -> NDArray[np.bool_]:
    if array.dtype.kind == "O":
        # None, NaN, pandas.NA and NaT: NA answers NA to every comparison, so it is asked by name.
        return np.fromiter(
            (v is None or type(v).__name__ in {"NAType", "NaTType"} or v != v for v in array),  # noqa: PLR0124
            dtype=np.bool_,
            count=len(array),
        )
    if array.dtype.kind in "mM":
        return np.isnat(array)
    return np.isnan(array) if array.dtype.kind in "fc" else np.zeros(len(array), dtype=np.bool_)
