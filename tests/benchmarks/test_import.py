"""`import prodml` beside `import numpy`: at most a tenth, each in a process of its own."""

from __future__ import annotations

import statistics
import subprocess
import sys

import pytest

TIMER = "import time; t = time.perf_counter(); import {name}; print(time.perf_counter() - t)"
ROUNDS = 15


def seconds(name: str) -> float:
    """Median over fresh processes, so that nothing is cached but the disk."""
    command = [sys.executable, "-c", TIMER.format(name=name)]
    runs = [
        subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(ROUNDS)
    ]
    return statistics.median(float(run.stdout) for run in runs)


@pytest.mark.benchmark(group="import")
@pytest.mark.parametrize("name", ["prodml", "numpy"])
def test_import(benchmark, name):
    benchmark.extra_info["median_s"] = seconds(name)
    command = [sys.executable, "-c", f"import {name}"]
    benchmark.pedantic(subprocess.run, args=(command,), kwargs={"check": True}, rounds=ROUNDS)


@pytest.mark.benchmark(group="import")
def test_ratio(benchmark):
    ratio = benchmark.pedantic(lambda: seconds("prodml") / seconds("numpy"), rounds=1)
    benchmark.extra_info["prodml / numpy"] = ratio
    print(f"\nimport prodml / import numpy = {ratio:.3f}")
