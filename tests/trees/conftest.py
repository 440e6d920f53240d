"""Small data sets, with and without gaps."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def rows():
    rng = np.random.default_rng(7)
    X = rng.normal(size=(160, 6))
    X[:, 2] = np.round(X[:, 2])  # ties: many rows stand exactly on a threshold
    X[:, 5] *= 1e6
    return X


@pytest.fixture(scope="session")
def gaps(rows):
    X = rows.copy()
    X[np.random.default_rng(8).random(X.shape) < 0.15] = np.nan
    return X


@pytest.fixture(scope="session")
def number(rows):
    return rows[:, 0] * 3 + np.sin(rows[:, 1]) + np.random.default_rng(9).normal(size=len(rows))


@pytest.fixture(scope="session")
def two(number):
    return np.where(number > 0, "yes", "no")


@pytest.fixture(scope="session")
def three(number):
    return np.digitize(number, [-1.5, 1.5]) * 10
