"""Frames with every kind of column, and a detector fitted on one."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from prodml.drift import DriftDetector


def make_frame(rng, n):
    """Return a frame with every kind of column, under names that say which."""
    x = rng.normal(size=n)
    numbers = rng.integers(0, 60, n)
    seconds = pd.to_timedelta(rng.integers(0, 10**7, n), unit="s")
    vocabulary = np.array([f"word{i}" for i in range(50)])
    return pd.DataFrame(
        {
            "float64": x,
            "float32": x.astype("float32"),
            "Float64": pd.array(x, dtype="Float64"),
            "int64": numbers,
            "Int16": pd.array([None if i % 7 == 0 else v for i, v in enumerate(numbers)], "Int16"),
            "bool": rng.random(n) < 0.4,
            "boolean": pd.array([None if r < 0.2 else r < 0.6 for r in rng.random(n)], "boolean"),
            "category": pd.Categorical(rng.choice(["a", "b", "c"], n)),
            "codes": pd.Categorical(rng.integers(0, 4, n)),
            "band": pd.cut(x, [-9, -1, 0, 1, 9]),
            "level": rng.choice(["x", "y", None], n),
            "text": [" ".join(rng.choice(vocabulary, rng.integers(3, 9))) for _ in range(n)],
            "time": pd.Timestamp("2024-01-01") + seconds,
            "zoned": (pd.Timestamp("2024-01-01") + seconds)
            .tz_localize("UTC")
            .tz_convert("Asia/Tokyo"),
            "date": [dt.date(2024, 1, 1) + dt.timedelta(int(d)) for d in numbers],
        }
    )


@pytest.fixture
def frames():
    """A function of (seed, rows) that returns such a frame."""
    return lambda seed, n: make_frame(np.random.default_rng(seed), n)


@pytest.fixture(scope="session")
def fitted():
    """A detector fitted on 600 rows of every kind."""
    return DriftDetector().fit(make_frame(np.random.default_rng(0), 600))
