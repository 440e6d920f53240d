"""Which rows train and which test, and the folds of a cross-validation.

Every function takes what is known of the rows and returns row numbers in rising order, so that
frames keep their order. The same seed gives the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from prodml.errors import ConfigError
from prodml.training.balance import deal_groups

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows: TypeAlias = NDArray[np.intp]
    Values: TypeAlias = NDArray[np.generic]

__all__ = ["SPLITS", "Split", "SplitKind", "fold_rows", "split_rows"]

SplitKind: TypeAlias = Literal["stratified", "random", "time", "group", "stratified-group"]
SPLITS: tuple[SplitKind, ...] = ("stratified", "random", "time", "group", "stratified-group")


@attrs.frozen(eq=False)
class Split:
    """Row numbers of the two sides, each in rising order; no row is on both.

    Every row is on one, except those that a `gap` in time leaves out.

    Parameters
    ----------
    train, test : ndarray of int
        Row numbers.
    """

    train: Rows
    test: Rows


def split_rows(
    kind: SplitKind,
    *,
    n_rows: int,
    test_size: float,
    seed: int,
    target: Values | None = None,
    column: Values | None = None,
    gap: float = 0.0,
) -> Split:
    """Set rows aside for testing.

    Parameters
    ----------
    kind : {"stratified", "random", "time", "group", "stratified-group"}
        ``"stratified"`` keeps the share of each class of `target`; ``"time"`` tests on the latest
        rows by `column`, rows of one time together; ``"group"`` keeps all rows of a group in
        `column` on one side; ``"stratified-group"`` does so and keeps the share of each class as
        well as whole groups allow.
    n_rows : int
        Number of rows.
    test_size : float
        Share to test on, in (0, 1). Groups and ties in time move it a little.
    seed : int
        Same seed, same rows.
    target : ndarray of shape (n_rows,), optional
        Classes, for ``"stratified"``.
    column : ndarray of shape (n_rows,), optional
        Times or groups, without missing values. Times are numbers where there is a gap.
    gap : float, default 0.0
        Of time: leave out training rows closer than this to the first row to test on, in the unit
        of `column`. What is known only later, such as an outcome, then cannot leak into training.

    Returns
    -------
    Split

    Raises
    ------
    ConfigError
        If there are too few rows, rows of a class, times or groups for two sides.

    Examples
    --------
    >>> import numpy as np
    >>> split = split_rows("time", n_rows=4, test_size=0.25, seed=0, column=np.array([3, 1, 4, 2]))
    >>> split.test.tolist()
    [2]
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    n_test = min(max(round(n_rows * test_size), 1), n_rows - 1)
    if n_rows < 2:
        raise ConfigError(f"a split needs at least 2 rows, got {n_rows}")
    if kind == "stratified":
        test = _stratified(_codes(target), n_test, rng)
    elif kind == "random":
        test = rng.permutation(n_rows)[:n_test]
    elif kind == "time":
        test = _latest(_codes(column), n_test)
    elif kind == "group":
        test = _whole_groups(_codes(column), n_test, rng)
    else:
        test = _balanced(_codes(column), _codes(target), test_size, rng)
    is_test = np.zeros(n_rows, dtype=bool)
    is_test[test] = True
    return _with_gap(Split(np.flatnonzero(~is_test), np.flatnonzero(is_test)), column, gap)


def fold_rows(
    kind: SplitKind,
    n_folds: int,
    *,
    n_rows: int,
    seed: int,
    target: Values | None = None,
    column: Values | None = None,
    gap: float = 0.0,
) -> Iterator[Split]:
    """Yield the folds of a cross-validation.

    Parameters
    ----------
    kind : {"stratified", "random", "time", "group", "stratified-group"}
        As in `split_rows`. In time every fold tests on the rows that follow those it trains on.
    n_folds : int
        At least 2.
    n_rows, seed, target, column, gap
        As in `split_rows`.

    Yields
    ------
    Split
        Except in time, every row is tested on exactly once.

    Raises
    ------
    ConfigError
        If there are fewer rows, rows of a class, times or groups than folds.

    Examples
    --------
    >>> folds = list(fold_rows("random", 5, n_rows=10, seed=0))
    >>> sorted(row for fold in folds for row in fold.test.tolist())
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    fold_of = _fold_of(kind, n_folds, rng, n_rows=n_rows, target=target, column=column)
    for fold in range(n_folds):
        test = np.flatnonzero(fold_of == fold)
        # Fold -1 is the oldest block of a time series, which nothing comes before.
        before = fold_of < fold if kind == "time" else fold_of != fold
        yield _with_gap(Split(np.flatnonzero(before), test), column, gap)


def _fold_of(
    kind: SplitKind,
    n_folds: int,
    rng: np.random.Generator,
    *,
    n_rows: int,
    target: Values | None,
    column: Values | None,
) -> Rows:
    import numpy as np

    if kind == "stratified":
        codes = _codes(target)
        _enough(int(np.bincount(codes).min()), n_folds, "rows of the rarest class")
        return _dealt(codes, n_folds, rng)
    if kind == "random":
        _enough(n_rows, n_folds, "rows")
        return _dealt(np.zeros(n_rows, dtype=np.intp), n_folds, rng)
    codes = _codes(column)
    n_values = int(codes.max()) + 1
    if kind == "time":
        _enough(n_values, n_folds + 1, "times")
        return codes * (n_folds + 1) // n_values - 1
    _enough(n_values, n_folds, "groups")
    if kind == "stratified-group":
        return deal_groups(codes, _codes(target), np.full(n_folds, 1.0 / n_folds), rng)
    return _dealt(np.zeros(n_values, dtype=np.intp), n_folds, rng)[codes]


def _dealt(codes: Rows, n_folds: int, rng: np.random.Generator) -> Rows:
    """Shuffle, sort by class and deal out in turn: every fold gets its share of every class."""
    import numpy as np

    shuffled = rng.permutation(len(codes))
    order = shuffled[np.argsort(codes[shuffled], kind="stable")]
    fold_of = np.empty(len(codes), dtype=np.intp)
    fold_of[order] = np.arange(len(codes)) % n_folds
    return fold_of


def _stratified(codes: Rows, n_test: int, rng: np.random.Generator) -> Rows:
    import numpy as np

    counts = np.bincount(codes)
    if counts.min() < 2:
        raise ConfigError(
            f"a stratified split needs 2 rows of each class, the rarest has {counts.min()}. "
            'Use split="random", or more rows'
        )
    wanted = counts * n_test / len(codes)
    takes = np.floor(wanted).astype(np.intp)
    # The seats that rounding down left over go to the largest remainders.
    left_over = np.argsort(takes - wanted, kind="stable")[: n_test - takes.sum()]
    takes[left_over] += 1
    takes = np.clip(takes, 1, counts - 1)
    chosen = [rng.permutation(np.flatnonzero(codes == k))[:take] for k, take in enumerate(takes)]
    return np.concatenate(chosen)


def _latest(codes: Rows, n_test: int) -> Rows:
    import numpy as np

    first_time = np.sort(codes)[len(codes) - n_test]
    if first_time == 0:
        # All the rows from the boundary on are the oldest ones too: begin one time later.
        first_time = 1
    test = np.flatnonzero(codes >= first_time)
    if len(test) == 0:
        raise ConfigError("a split in time needs at least 2 different times, got 1")
    return test


def _whole_groups(codes: Rows, n_test: int, rng: np.random.Generator) -> Rows:
    import numpy as np

    counts = np.bincount(codes)
    if len(counts) < 2:
        raise ConfigError("a split by group needs at least 2 groups, got 1")
    order = rng.permutation(len(counts))
    n_groups = int(np.searchsorted(np.cumsum(counts[order]), n_test)) + 1
    chosen = order[: min(n_groups, len(counts) - 1)]
    return np.flatnonzero(np.isin(codes, chosen))


def _balanced(codes: Rows, classes: Rows, test_size: float, rng: np.random.Generator) -> Rows:
    import numpy as np

    if codes.max() < 1:
        raise ConfigError("a split by group needs at least 2 groups, got 1")
    part = deal_groups(codes, classes, np.array([1.0 - test_size, test_size]), rng)
    return np.flatnonzero(part == 1)


def _with_gap(split: Split, times: Values | None, gap: float) -> Split:
    if gap <= 0.0 or times is None:
        return split
    import numpy as np

    moments = times.astype(np.float64)
    kept = split.train[moments[split.train] <= moments[split.test].min() - gap]
    if len(kept) == 0:
        raise ConfigError(
            f"a gap of {gap:g} before the first row to test on leaves no row to train on"
        )
    return Split(kept, split.test)


def _codes(values: Values | None) -> Rows:
    import numpy as np

    if values is None:
        raise ConfigError("this split needs the values to split by")
    codes = np.unique(values, return_inverse=True)[1]
    return codes.astype(np.intp, copy=False)


def _enough(found: int, needed: int, what: str) -> None:
    if needed < 2:
        raise ConfigError(f"cv must be at least 2 folds, got {needed}")
    if found < needed:
        raise ConfigError(f"{needed} folds need at least as many {what}, got {found}. Lower cv=")
