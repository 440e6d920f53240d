"""A look at a loop that has nothing to do, beside the one durable commit that it cannot do without."""

from __future__ import annotations

import itertools
import statistics
import time

import pytest
from sklearn.linear_model import LogisticRegression

from prodml import Registry, RetrainLoop, Trainer
from prodml.retraining import OnSchedule
from prodml.storage import FolderStorage

BAR = 2.5  # times the bare commit, for a look by a process that has looked before


def make(folder):
    storage = FolderStorage(folder)
    return RetrainLoop(
        "churn",
        trainer=Trainer(LogisticRegression(), target="y"),
        registry=Registry(storage),
        storage=storage,
        triggers=[OnSchedule("0 3 * * mon", zone="Europe/Oslo")],
        source=list,
    )


@pytest.fixture
def commit(tmp_path):
    """Return what a bare durable commit is: an event's bytes under a new key, synced to the disk."""
    storage, number = FolderStorage(tmp_path / "bare"), itertools.count()
    return lambda: storage.put(f"bare/log/{next(number):020d}.json", b"x" * 400, if_absent=True)


def test_a_bare_durable_commit(benchmark, commit):
    benchmark(commit)


def test_a_look_with_nothing_to_do(benchmark, tmp_path, commit):
    loop = make(tmp_path / "store")
    assert benchmark(loop.run_once).status == "not due"
    if benchmark.stats is None:
        return
    ratio = beside(loop.run_once, commit)
    benchmark.extra_info["times a bare commit"] = round(ratio, 2)
    print(f"\na look costs {ratio:.2f} times a bare durable commit")
    assert ratio <= BAR


def test_a_look_by_a_new_process_after_a_thousand(benchmark, tmp_path, commit):
    folder = tmp_path / "store"
    loop = make(folder)
    if benchmark.enabled:
        for _ in range(1_000):
            loop.run_once()
    assert benchmark(lambda: make(folder).run_once()).status == "not due"
    if benchmark.stats is None:
        return
    ratio = beside(lambda: make(folder).run_once(), commit)
    benchmark.extra_info["times a bare commit"] = round(ratio, 2)
    print(f"\na look by a new process costs {ratio:.2f} times a bare durable commit")


def beside(action, peer, n=300):
    """Return how many times as long one takes as the other, taken in turns; lower quartiles."""
    times = {action: [], peer: []}
    for _ in range(n):
        for each, found in times.items():
            start = time.perf_counter()
            each()
            found.append(time.perf_counter() - start)
    ours, theirs = (statistics.quantiles(found, n=4)[0] for found in times.values())
    return ours / theirs
