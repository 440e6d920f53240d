"""What a bootstrap draws: rows, groups of rows, or stretches of time.

Every scheme answers with *how often each row is drawn*, so that one engine serves them all, and a score
needs to know about weights only, never about the scheme.
"""

from __future__ import annotations

import math
from typing import Literal, Protocol, TypeAlias

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from prodml.errors import ConfigError
from prodml.stats._aligned import Numbers, labels, numbers

__all__ = ["Blocks", "Cells", "Groups", "Rows", "Units", "block_length", "group_codes"]

UnitName: TypeAlias = Literal["row", "group", "block"]

_LEFT_OUT = 200  # parts of the jackknife behind the acceleration


class Units(Protocol):
    """What is drawn with replacement, and left out by the jackknife."""

    @property
    def unit(self) -> UnitName:
        """What is drawn."""
        ...

    @property
    def n_rows(self) -> int:
        """How many weights a draw has."""
        ...

    @property
    def n_units(self) -> int:
        """How many there are."""
        ...

    def whole(self) -> Numbers:
        """Return the weights of the rows as they are, shape (1, n_rows)."""
        ...

    def draw(self, size: int, rng: np.random.Generator) -> Numbers:
        """Return how often each row is drawn, shape (size, n_rows)."""
        ...

    def left_out(self) -> tuple[Numbers, Numbers]:
        """Return weights of the rows with each part left out, and how many parts are alike."""
        ...


@attrs.frozen
class Rows:
    """Rows, each for itself.

    Parameters
    ----------
    n_rows : int
        How many.
    """

    n_rows: int
    unit: UnitName = attrs.field(default="row", init=False)

    @property
    def n_units(self) -> int:
        """How many there are."""
        return self.n_rows

    def whole(self) -> Numbers:
        """Return a weight of 1 for each row."""
        return np.ones((1, self.n_rows))

    def draw(self, size: int, rng: np.random.Generator) -> Numbers:
        """Return how often each row is drawn, shape (size, n_rows)."""
        return _counted(rng.integers(0, self.n_rows, (size, self.n_rows)), self.n_rows)

    def left_out(self) -> tuple[Numbers, Numbers]:
        """Return weights with each row left out, or one of 200 stretches where there are more."""
        return _without(_stretches(self.n_rows, min(self.n_rows, _LEFT_OUT)))


@attrs.frozen(eq=False)
class Cells:
    """Rows of which many are alike: one stands for all of its kind, and their number is drawn.

    The distribution is that of `Rows`; a draw costs the number of kinds, not of rows.

    Parameters
    ----------
    counts : ndarray of shape (k,)
        Rows of each kind.
    """

    counts: NDArray[np.int64]
    unit: UnitName = attrs.field(default="row", init=False)

    @property
    def n_rows(self) -> int:
        """How many kinds there are."""
        return len(self.counts)

    @property
    def n_units(self) -> int:
        """How many rows they stand for."""
        return int(self.counts.sum())

    def whole(self) -> Numbers:
        """Return how many rows each kind stands for."""
        return self.counts[None, :].astype(np.float64)

    def draw(self, size: int, rng: np.random.Generator) -> Numbers:
        """Return how often each kind is drawn, shape (size, k)."""
        total = self.n_units
        return rng.multinomial(total, self.counts / total, size=size).astype(np.float64)

    def left_out(self) -> tuple[Numbers, Numbers]:
        """Return the counts with one row of each kind left out; parts count as often as the kind."""
        less = self.counts - np.eye(self.n_rows)
        return less, self.counts.astype(np.float64)


@attrs.frozen(eq=False)
class Groups:
    """Groups of rows (patients, sessions, shops): all rows of one are drawn together.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        Group of each row, counted from 0.
    n_units : int
        How many groups.
    """

    codes: NDArray[np.intp]
    n_units: int
    unit: UnitName = attrs.field(default="group", init=False)

    @classmethod
    def of(cls, groups: ArrayLike, n_rows: int) -> Groups:
        """Read the group of every row; any labels will do."""
        codes, n_units = group_codes(groups, n_rows)
        if n_units < 2:
            raise ConfigError(f"groups must name at least 2 groups, got {n_units}")
        return cls(codes, n_units)

    @property
    def n_rows(self) -> int:
        """Rows over all groups."""
        return len(self.codes)

    def whole(self) -> Numbers:
        """Return a weight of 1 for each row."""
        return np.ones((1, self.n_rows))

    def draw(self, size: int, rng: np.random.Generator) -> Numbers:
        """Return how often each row is drawn, shape (size, n_rows)."""
        drawn = _counted(rng.integers(0, self.n_units, (size, self.n_units)), self.n_units)
        return drawn[:, self.codes]

    def left_out(self) -> tuple[Numbers, Numbers]:
        """Return weights with each group left out, or one of 200 bundles where there are more."""
        bundles = _stretches(self.n_units, min(self.n_units, _LEFT_OUT))
        return _without(bundles[self.codes])


@attrs.frozen(eq=False)
class Blocks:
    """Stretches of time of random length: the stationary bootstrap.

    Parameters
    ----------
    order : ndarray of shape (n,)
        Row numbers in the order of time.
    length : float
        Mean length of a stretch in rows, at least 1; see `block_length`.

    Notes
    -----
    Source: Politis & Romano 1994, "The stationary bootstrap". Stretches run around the end. Their
    lengths vary, so the draws say as much about the spread as half as many stretches of one length
    would.
    """

    order: NDArray[np.intp]
    length: float
    unit: UnitName = attrs.field(default="block", init=False)

    @property
    def n_rows(self) -> int:
        """How many rows."""
        return len(self.order)

    @property
    def n_units(self) -> int:
        """About how many independent stretches the rows make."""
        return (
            self.n_rows
            if self.length <= 1.0
            else max(2, math.ceil(self.n_rows / self.length / 2.0))
        )

    def whole(self) -> Numbers:
        """Return a weight of 1 for each row."""
        return np.ones((1, self.n_rows))

    def draw(self, size: int, rng: np.random.Generator) -> Numbers:
        """Return how often each row is drawn, shape (size, n_rows)."""
        n = self.n_rows
        begins = rng.random((size, n)) < 1.0 / self.length
        begins[:, 0] = True
        which, places = np.nonzero(begins)
        is_last = np.r_[which[1:] != which[:-1], True]
        lengths = np.where(is_last, n, np.r_[places[1:], 0]) - places
        starts = rng.integers(0, n, len(places))
        ends = starts + lengths
        # A stretch adds 1 where it starts and takes it away where it ends; around the end it goes on at 0.
        steps = np.bincount(which * n + starts, minlength=size * n)
        steps -= np.bincount(which * n + ends % n, minlength=size * n)
        around = np.bincount(which[ends >= n], minlength=size)
        counts = np.empty((size, n))
        counts[:, self.order] = np.cumsum(steps.reshape(size, n), axis=1) + around[:, None]
        return counts

    def left_out(self) -> tuple[Numbers, Numbers]:
        """Return weights with each stretch of that length left out."""
        parts = np.empty(self.n_rows, dtype=np.intp)
        parts[self.order] = _stretches(
            self.n_rows, min(max(round(self.n_rows / self.length), 2), _LEFT_OUT)
        )
        return _without(parts)


def block_length(series: ArrayLike) -> float:
    """Return the mean block length that suits a series in the order of time.

    Parameters
    ----------
    series : array-like of shape (n,)
        Numbers, such as each row's difference of losses.

    Returns
    -------
    float
        At least 1 (a series without memory, or one that never varies), at most a fifth of the rows.

    Notes
    -----
    Source: Politis & White 2004, "Automatic block-length selection for the dependent bootstrap",
    with the correction of Patton, Politis & White 2009, for the stationary bootstrap.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=2000)
    >>> block_length(noise) < block_length(np.convolve(noise, np.ones(10)))
    True
    """
    x = numbers(series, name="series")
    n = len(x)
    x = x - x.mean()
    variance = float(x @ x) / n
    if n < 8 or variance == 0.0:
        return 1.0
    quiet = max(5, math.ceil(math.log10(n)))
    longest = min(math.ceil(math.sqrt(n)) + quiet, n - 2)
    lags = np.arange(longest + 1)
    gamma = np.array([x[: n - k] @ x[k:] for k in lags]) / n
    memory = _memory(gamma / variance, n, quiet)
    reach = np.arange(-min(2 * memory, longest), min(2 * memory, longest) + 1)
    # The flat-top window of Politis & Romano 1995.
    window = np.clip(2.0 * (1.0 - np.abs(reach) / max(2 * memory, 1)), 0.0, 1.0)
    both = gamma[np.abs(reach)]
    g = float((window * np.abs(reach) * both).sum())
    d = 2.0 * float((window * both).sum()) ** 2
    if d <= 0.0:
        return 1.0
    return float(min(max(1.0, (2.0 * g * g / d * n) ** (1.0 / 3.0)), n / 5.0))


def _memory(rho: Numbers, n: int, quiet: int) -> int:
    """Smallest lag after which `quiet` autocorrelations in a row are not to be told from 0."""
    small = np.abs(rho[1:]) < 2.0 * math.sqrt(math.log10(n) / n)
    for lag in range(len(small) - quiet + 1):
        if small[lag : lag + quiet].all():
            return lag
    loud = np.flatnonzero(~small)
    return int(loud[-1]) + 1 if len(loud) else 0


def group_codes(groups: ArrayLike, n_rows: int) -> tuple[NDArray[np.intp], int]:
    """Return each row's group counted from 0, and how many groups there are."""
    given = labels(groups, name="groups")
    if len(given) != n_rows:
        raise ConfigError(f"groups speaks of {len(given)} rows, the comparison of {n_rows}")
    try:
        known, codes = np.unique(given, return_inverse=True)
    except TypeError as exc:
        raise ConfigError("groups of several kinds cannot be told apart; use one kind") from exc
    return codes.astype(np.intp), len(known)


def _counted(drawn: NDArray[np.intp], n: int) -> Numbers:
    size = len(drawn)
    flat = (drawn + np.arange(size)[:, None] * n).ravel()
    return np.bincount(flat, minlength=size * n).reshape(size, n).astype(np.float64)


def _stretches(n: int, parts: int) -> NDArray[np.intp]:
    """Part of each of `n` things in a row, parts as equal as can be."""
    edges = np.linspace(0, n, parts + 1).astype(np.intp)
    return np.repeat(np.arange(parts), np.diff(edges))


def _without(parts: NDArray[np.intp]) -> tuple[Numbers, Numbers]:
    n_parts = int(parts.max()) + 1
    weights = (parts[None, :] != np.arange(n_parts)[:, None]).astype(np.float64)
    return weights, np.ones(n_parts)
