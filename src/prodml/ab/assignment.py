"""From a unit to an arm: a hash, a line of a million buckets, and segments of it."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence

import attrs

from prodml.errors import ConfigError

__all__ = [
    "N_BUCKETS",
    "Assignment",
    "Segmented",
    "Segments",
    "allocate",
    "check_weights",
    "hasher",
]

N_BUCKETS = 1_000_000


@attrs.frozen
class Assignment:
    """Which arm a unit belongs to.

    Parameters
    ----------
    unit : str
        What is routed, such as a customer id.
    arm : str
        Name of the arm.
    experiment : str
        Name of the experiment.
    phase : int
        How often the weights had been set, from 1.
    """

    unit: str
    arm: str
    experiment: str
    phase: int


# Upper end (exclusive) and arm of each stretch of the line, in order; the last end is N_BUCKETS.
Segments = tuple[tuple[int, str], ...]


class Segmented:
    """Looks a bucket up in segments."""

    __slots__ = ("_arms", "_ends")

    def __init__(self, segments: Segments) -> None:
        self._ends = [end for end, _ in segments]
        self._arms = [arm for _, arm in segments]

    def arm(self, bucket: int) -> str:
        """Return the arm whose segment holds the bucket; O(log segments)."""
        return self._arms[bisect_right(self._ends, bucket)]


def hasher(salt: str) -> hashlib.blake2b:
    """Return a hash that has taken in the salt; copy it for every unit.

    A strong hash keeps experiments independent of each other: with weak ones (CRC, FNV) the arms of two
    experiments are tied, and each one's effect shows up in the other.
    """
    return hashlib.blake2b(salt.encode() + b"\0", digest_size=8)


def bucket_of(base: hashlib.blake2b, unit: str) -> int:
    """Return the bucket of a unit, in [0, N_BUCKETS)."""
    h = base.copy()
    h.update(unit.encode())
    return int.from_bytes(h.digest(), "big") * N_BUCKETS >> 64


def check_weights(arms: Mapping[str, float]) -> dict[str, float]:
    """Return the weights as floats, or say what is wrong with them.

    Raises
    ------
    ConfigError
        If there is no arm, a name is empty, a weight is negative or no number, or they do not sum to 1.
    """
    if not isinstance(arms, Mapping):
        raise ConfigError(
            f'arms map names to shares, such as {{"a": 0.5, "b": 0.5}}, got a {type(arms).__name__}.'
        )
    if not arms:
        raise ConfigError("an experiment needs at least one arm, got none.")
    for arm, weight in arms.items():
        if not isinstance(arm, str) or not arm:
            raise ConfigError(f"an arm's name is a text that is not empty, got {arm!r}.")
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1:
            raise ConfigError(f"the weight of arm {arm!r} must lie in [0, 1], got {weight!r}.")
    total = sum(arms.values())
    if abs(total - 1) > 1e-9:
        raise ConfigError(f"weights must sum to 1, got {total:.6g} from {dict(arms)}.")
    return {arm: float(weight) for arm, weight in arms.items()}


def allocate(arms: Mapping[str, float], before: Segments = ()) -> Segments:
    """Divide the line among the arms, moving as few buckets as possible.

    An arm that shrinks gives up the far end of what it has; arms that grow share what was given up. So a
    unit moves only from an arm that shrank to one that grew, never between two that grew.

    Parameters
    ----------
    arms : mapping of str to float
        Arm to weight; they sum to 1.
    before : Segments, default ()
        How the line was divided until now; empty at the start.

    Returns
    -------
    Segments
    """
    wanted = _whole(arms)
    kept: list[tuple[int, int, str | None]] = []
    left = dict(wanted)
    start = 0
    for end, arm in before or ((N_BUCKETS, None),):
        keep = 0 if arm is None else min(end - start, left.get(arm, 0))
        if arm is not None and keep:
            kept.append((start, start + keep, arm))
            left[arm] -= keep
        if start + keep < end:
            kept.append((start + keep, end, None))
        start = end
    return _merged(_filled(kept, left))


def _whole(arms: Mapping[str, float]) -> dict[str, int]:
    """Buckets per arm, summing to N_BUCKETS: largest remainders get the rest."""
    exact = {arm: weight * N_BUCKETS for arm, weight in arms.items()}
    whole = {arm: int(value) for arm, value in exact.items()}
    rest = N_BUCKETS - sum(whole.values())
    by_remainder = sorted(exact, key=lambda arm: whole[arm] - exact[arm])
    for arm in by_remainder[:rest]:
        whole[arm] += 1
    return whole


def _filled(
    kept: Sequence[tuple[int, int, str | None]], left: Mapping[str, int]
) -> list[tuple[int, str]]:
    """Hand the free stretches to the arms that still want some, in their order."""
    wanting = [arm for arm, n in left.items() if n]
    wants = dict(left)
    filled: list[tuple[int, str]] = []
    for start, end, arm in kept:
        at = end if arm is not None else start
        if arm is not None:
            filled.append((end, arm))
        while at < end:
            take = min(end - at, wants[wanting[0]])
            at += take
            filled.append((at, wanting[0]))
            wants[wanting[0]] -= take
            if not wants[wanting[0]]:
                wanting.pop(0)
    return filled


def _merged(segments: Sequence[tuple[int, str]]) -> Segments:
    merged: list[tuple[int, str]] = []
    for end, arm in segments:
        if merged and merged[-1][1] == arm:
            merged[-1] = (end, arm)
        else:
            merged.append((end, arm))
    return tuple(merged)
