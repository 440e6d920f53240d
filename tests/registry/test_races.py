"""Many writers, no gaps, no duplicates."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from sklearn.linear_model import LinearRegression

from prodml.errors import ConflictError
from prodml.registry import Registry
from prodml.storage import FolderStorage

X = np.array([[0.0], [1.0], [2.0]])


def model(slope=1.0):
    return LinearRegression().fit(X, slope * X[:, 0])


def test_threads_with_registries_of_their_own_never_share_a_number(storage):
    fitted = model()

    def register(_):
        return Registry(storage).register("line", fitted).version

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(register, range(24)))
    assert sorted(numbers) == list(range(1, 25))


def test_threads_that_share_a_registry_never_share_a_number(storage):
    registry, fitted = Registry(storage), model()
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: registry.register("line", fitted).version, range(24)))
    assert sorted(numbers) == list(range(1, 25))
    assert registry.verify().n_events == 24


def test_of_many_who_expect_the_same_champion_one_wins(storage):
    registry = Registry(storage)
    for slope in range(1, 8):
        registry.register("line", model(slope))
    registry.promote("line", 1)

    def promote(version):
        try:
            Registry(storage).promote("line", version, expect=1, force=True, reason="race")
        except ConflictError:
            return 0
        return 1

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(promote, range(2, 8))) == 1


def test_processes_never_share_a_number(tmp_path):
    code = (
        "import sys; from prodml.registry import Registry; from prodml.storage import FolderStorage\n"
        "class Model:\n"
        "    def fit(self): ...\n"
        "registry = Registry(FolderStorage(sys.argv[1]))\n"
        "for _ in range(6): print(registry.register('m', Model(), trust='pickle').version)\n"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    printed = [process.communicate(timeout=120)[0] for process in started]
    numbers = sorted(int(n) for text in printed for n in text.split())
    assert numbers == list(range(1, 13))
    assert Registry(FolderStorage(tmp_path)).verify().n_events == 12
