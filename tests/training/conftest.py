from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def churn():
    """Two classes, 200 rows, one informative column."""
    rng = np.random.default_rng(0)
    tenure = rng.normal(size=200)
    return pd.DataFrame(
        {
            "tenure": tenure,
            "spend": rng.gamma(2.0, size=200),
            "churned": np.where(tenure + rng.normal(scale=0.7, size=200) > 0.3, "yes", "no"),
        }
    )


@pytest.fixture
def prices():
    rng = np.random.default_rng(1)
    area = rng.uniform(20, 200, 120)
    return pd.DataFrame(
        {"area": area, "rooms": rng.integers(1, 6, 120), "price": 3.5 * area + rng.normal(size=120)}
    )
