"""A chain of 1,000 steps, beside a plain loop of calls and scikit-learn's Pipeline."""

from __future__ import annotations

import pytest

from prodml.pipeline import Pipeline

N = 1000


def increment(x):
    return x + 1


@pytest.fixture(scope="module")
def chain():
    return Pipeline([(f"s{i}", increment) for i in range(N)])


def test_chain(benchmark, chain):
    assert benchmark(lambda: chain.run(x=0).value) == N


def test_chain_with_events(benchmark, chain):
    assert benchmark(lambda: chain.run(x=0, on_event=lambda event: None).value) == N


def test_compiling_the_chain(benchmark):
    assert len(benchmark(lambda: Pipeline([(f"s{i}", increment) for i in range(N)]))) == N


def test_plain_loop(benchmark):
    def loop():
        x = 0
        for _ in range(N):
            x = increment(x)
        return x

    assert benchmark(loop) == N


def test_scikit_learn(benchmark):
    from sklearn.pipeline import Pipeline as Theirs
    from sklearn.preprocessing import FunctionTransformer

    chain = Theirs([(f"s{i}", FunctionTransformer(increment)) for i in range(N)])
    assert benchmark(lambda: chain.transform(0)) == N
