"""Slow, independent oracles: Shapley values from their definition, through the model's own functions."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """The models here are tiny; threads would only wait for each other."""
    with threadpool_limits(1):
        yield


def _shapley(worth, n):
    """Shapley values from the worth of every coalition, by definition."""
    players = range(n)
    values = []
    for i in players:
        others = [j for j in players if j != i]
        total = 0.0
        for size in range(n):
            weight = factorial(size) * factorial(n - size - 1) / factorial(n)
            for coalition in combinations(others, size):
                with_i = tuple(sorted((*coalition, i)))
                total = total + weight * (worth(with_i) - worth(coalition))
        values.append(total)
    return np.array(values)


@pytest.fixture
def interventional():
    """``f(function, row, background) -> (n_features, n_outputs)`` by enumeration.

    `row` and `background` are frames or arrays, as the function takes them.
    """

    def oracle(function, row, background):
        is_frame = isinstance(background, pd.DataFrame)
        n = background.shape[1]
        known = {}

        def worth(coalition):
            if coalition not in known:
                mixed = background.copy()
                for j in coalition:
                    if is_frame:
                        mixed[mixed.columns[j]] = [row.iloc[0, j]] * len(mixed)
                    else:
                        mixed[:, j] = row[0, j]
                outputs = np.asarray(function(mixed), dtype=float)
                known[coalition] = outputs.reshape(len(mixed), -1).mean(axis=0)
            return known[coalition]

        return _shapley(worth, n)

    return oracle


@pytest.fixture
def path_dependent():
    """``f(tree_, row, owners=None) -> (n_players, n_outputs)`` of one scikit-learn tree by enumeration."""

    def oracle(tree, row, owners=None):
        x = np.asarray(row, dtype=np.float32).ravel()
        owners = list(range(len(x))) if owners is None else list(owners)

        def expected(node, coalition):
            if tree.children_left[node] < 0:
                return tree.value[node].ravel()
            feature = tree.feature[node]
            left, right = tree.children_left[node], tree.children_right[node]
            if owners[feature] in coalition:
                if np.isnan(x[feature]):
                    goes_left = bool(tree.missing_go_to_left[node])
                else:
                    goes_left = x[feature] <= tree.threshold[node]
                return expected(left if goes_left else right, coalition)
            cover = tree.weighted_n_node_samples
            share = cover[left] / cover[node]
            return share * expected(left, coalition) + (1 - share) * expected(right, coalition)

        return _shapley(lambda coalition: expected(0, coalition), max(owners) + 1)

    return oracle
