"""From a unit to an arm: sticky, even, independent, and moving as little as possible."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodml.ab.assignment import (
    N_BUCKETS,
    Segmented,
    allocate,
    bucket_of,
    check_weights,
    hasher,
)
from prodml.errors import ConfigError

NAMES = ["arm0", "arm1", "arm2", "arm3", "champion", "challenger"]


def weights(n_arms):
    parts = st.lists(st.integers(0, 100), min_size=n_arms, max_size=n_arms).filter(sum)
    return parts.map(lambda p: {f"arm{i}": v / sum(p) for i, v in enumerate(p)})


def owner(segments):
    """Slow oracle: the number of the arm of every bucket."""
    ends = [end for end, _ in segments]
    assert ends[-1] == N_BUCKETS
    codes = np.array([NAMES.index(arm) for _, arm in segments], dtype=np.int8)
    return np.repeat(codes, np.diff([0, *ends]))


def sizes(segments):
    return np.bincount(owner(segments), minlength=len(NAMES))


@settings(max_examples=40)
@given(weights(4))
def test_every_arm_has_its_share_of_the_line(arms):
    found = sizes(allocate(arms))
    assert all(abs(found[NAMES.index(arm)] - w * N_BUCKETS) < 1 for arm, w in arms.items())


@settings(max_examples=40)
@given(weights(4), weights(4))
def test_buckets_move_only_from_arms_that_shrink_to_arms_that_grow(before, after):
    old, new = allocate(before), allocate(after, allocate(before))
    a, b = owner(old), owner(new)
    moved = a != b
    was, now = sizes(old), sizes(new)
    assert all(now[arm] < was[arm] for arm in np.unique(a[moved]))
    assert all(now[arm] > was[arm] for arm in np.unique(b[moved]))
    assert moved.sum() == np.maximum(was - now, 0).sum()


@given(weights(3))
def test_the_same_weights_move_nothing(arms):
    assert allocate(arms, allocate(arms)) == allocate(arms)


def test_a_ramp_moves_no_unit_out_of_the_growing_arm():
    segments, inside = (), np.zeros(N_BUCKETS, dtype=bool)
    challenger = NAMES.index("challenger")
    for share in (0.01, 0.05, 0.2, 1.0):
        segments = allocate({"champion": 1 - share, "challenger": share}, segments)
        line = owner(segments) == challenger
        assert not (inside & ~line).any()
        inside = line


@given(st.integers(0, N_BUCKETS - 1))
def test_looking_a_bucket_up_finds_its_segment(bucket):
    segments = ((10, "a"), (500_000, "b"), (N_BUCKETS, "a"))
    expected = "b" if 10 <= bucket < 500_000 else "a"
    assert Segmented(segments).arm(bucket) == expected


@given(st.text(), st.text())
def test_a_bucket_is_on_the_line_and_always_the_same(salt, unit):
    bucket = bucket_of(hasher(salt), unit)
    assert 0 <= bucket < N_BUCKETS
    assert bucket == bucket_of(hasher(salt), unit)


def test_a_bucket_is_the_published_hash_of_salt_and_unit():
    import hashlib

    digest = hashlib.blake2b(b"ranker\0user-42", digest_size=8).digest()
    expected = int.from_bytes(digest, "big") * N_BUCKETS // 2**64
    assert bucket_of(hasher("ranker"), "user-42") == expected


def test_sequential_ids_are_spread_evenly():
    base = hasher("exp")
    counts = np.bincount([bucket_of(base, f"user-{i}") * 20 // N_BUCKETS for i in range(20_000)])
    statistic = ((counts - 1000) ** 2 / 1000).sum()
    assert statistic < 43.8  # chi-square with 19 degrees of freedom at 0.001


def test_experiments_are_independent_of_each_other():
    n = 20_000
    arms = []
    for salt in range(8):
        base = hasher(f"exp-{salt:02}")
        arms.append(np.array([bucket_of(base, f"user-{i}") < N_BUCKETS // 2 for i in range(n)]))
    phis = [abs(np.corrcoef(a, b)[0, 1]) for a, b in combinations(arms, 2)]
    # 28 pairs of a normal with standard deviation 1/sqrt(n), at a chance of 0.001 over all.
    assert max(phis) < 4.2 / math.sqrt(n)


@pytest.mark.parametrize(
    ("arms", "says"),
    [
        ({}, "at least one arm"),
        ({"a": 0.5, "b": 0.4}, "must sum to 1, got 0.9"),
        ({"a": 1.5, "b": -0.5}, r"weight of arm 'a' must lie in \[0, 1\], got 1.5"),
        ({"a": float("nan"), "b": 1}, "weight of arm 'a'"),
        ({"a": "1"}, "weight of arm 'a'"),
        ({"a": True}, "weight of arm 'a'"),
        ({"": 1.0}, "arm's name"),
    ],
)
def test_malformed_weights_are_refused(arms, says):
    with pytest.raises(ConfigError, match=says):
        check_weights(arms)
