"""The digest of whole frames, beside `pandas.util.hash_pandas_object` and `joblib.hash`.

The peers' results are 64 bits per row and 128 bits of a pickle; ours is SHA-256 of every column.
"""

from __future__ import annotations

import time

import joblib
import numpy as np
import pandas as pd
import pytest

from prodml.fingerprint import fingerprint_frame

BAR = 1.8


def numeric():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((2_000_000, 20))
    return pd.DataFrame(values, columns=[f"c{i}" for i in range(20)])


def mixed():
    rng, n = np.random.default_rng(1), 1_000_000
    levels = np.array([f"category-{i:04d}" for i in range(1000)])
    columns = {f"f{i}": rng.standard_normal(n) for i in range(4)}
    texts = {s: levels[rng.integers(0, 1000, n)] for s in ("s1", "s2")}
    rest = {"i": rng.integers(0, 9, n), "t": pd.date_range("2020", periods=n, freq="s")}
    return pd.DataFrame({**columns, **texts, **rest})


FRAMES = {"2M x 20 numbers": numeric, "1M x 8 mixed": mixed}


@pytest.fixture(scope="module", params=FRAMES)
def case(request):
    return request.param, FRAMES[request.param]()


WAYS = {
    "fingerprint_frame": fingerprint_frame,
    "hash_pandas_object": lambda frame: pd.util.hash_pandas_object(frame, index=False),
    "joblib.hash": joblib.hash,
}


@pytest.mark.parametrize("way", WAYS)
def test_digest(benchmark, case, way):
    name, frame = case
    benchmark.group = name
    benchmark.pedantic(WAYS[way], args=(frame,), rounds=3)


def test_digest_is_so_many_times_as_fast_as_the_peer(benchmark, case):
    name, frame = case
    ours, theirs = [], []
    for _ in range(5):  # in turns, so that a busy machine is busy for both
        ours.append(seconds(fingerprint_frame, frame))
        theirs.append(seconds(WAYS["hash_pandas_object"], frame))
    ratio = min(theirs) / min(ours)
    benchmark.extra_info["ratio"] = ratio
    benchmark.pedantic(fingerprint_frame, args=(frame,), rounds=1)
    print(f"{name}: {ratio:.2f} times hash_pandas_object")
    assert ratio >= BAR


def seconds(way, frame):
    start = time.perf_counter()
    way(frame)
    return time.perf_counter() - start
