"""A process killed at every system call of a registration, a promotion, a deletion, a collection."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

STORM = '''
import json, os, shutil, signal, sys
import numpy as np
from sklearn.linear_model import LinearRegression
from prodml.registry import Registry
from prodml.storage import FolderStorage

CALLS = ("open", "write", "close", "fsync", "link", "unlink", "replace", "mkdir", "lstat", "fstat", "pread", "scandir")
X = np.array([[0.0], [1.0], [2.0]])
MODELS = [LinearRegression().fit(X, slope * X[:, 0]) for slope in range(3)]
STEPS = [
    lambda r: r.register("line", MODELS[0], reference=X),
    lambda r: r.register("line", MODELS[1], reference=X),
    lambda r: r.promote("line", 2, force=True, reason="so it is"),
    lambda r: r.delete("line", 1, reason="old"),
    lambda r: r.collect("line"),
    lambda r: r.register("line", MODELS[2], reference=X),
]

def die_at(n):
    """Kill this process at its n-th system call: an even one just before, an odd one just after."""
    left = [n]
    def deadly(call):
        def called(*args, **choices):
            left[0] -= 1
            if left[0] == -1 and n % 2 == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                return call(*args, **choices)
            finally:
                if left[0] == -1:
                    os.kill(os.getpid(), signal.SIGKILL)
        return called
    for name in CALLS:
        setattr(os, name, deadly(getattr(os, name)))

def in_child(folder, step, n):
    """Say whether the step was killed."""
    pid = os.fork()
    if pid == 0:
        registry = Registry(FolderStorage(folder), actor="ops")
        die_at(n)
        step(registry)
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL, status
    return status != 0

def summary(folder):
    registry = Registry(FolderStorage(folder))
    if not registry.models():
        return None
    return [(v.version, v.digest) for v in registry.versions("line")], registry.aliases("line")

def check(folder, possible):
    assert summary(folder) in possible, (summary(folder), possible)
    registry = Registry(FolderStorage(folder))
    registry.verify()
    registry.collect()
    assert registry.collect(dry_run=True).n_blobs == 0
    Registry(FolderStorage(folder)).verify()
    assert summary(folder) in possible
    left = folder + "/.tmp~"
    assert not os.path.exists(left) or os.listdir(left) == [], "a dead writer's file was not swept"

root, every = sys.argv[1], int(sys.argv[2])
begun, n_kills = root + "/begun", 0
FolderStorage(begun)
for step in STEPS:
    whole = root + "/whole"
    shutil.copytree(begun, whole)
    step(Registry(FolderStorage(whole), actor="ops"))
    possible = [summary(begun), summary(whole)]
    n = 0
    while True:
        folder = root + "/killed"
        shutil.copytree(begun, folder)
        if not in_child(folder, step, n):
            break
        check(folder, possible)
        shutil.rmtree(folder)
        n_kills, n = n_kills + 1, n + every
    shutil.rmtree(folder), shutil.rmtree(begun)
    os.rename(whole, begun)
print(json.dumps(n_kills))
'''


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork to be killed by itself")
@pytest.mark.parametrize(
    ("every", "least"),
    [(41, 10), pytest.param(1, 500, marks=pytest.mark.slow)],
    ids=["some calls", "every call"],
)
def test_a_kill_leaves_the_old_state_or_the_new(tmp_path, every, least):
    done = subprocess.run(
        [sys.executable, "-c", STORM, str(tmp_path), str(every)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    n_kills = json.loads(done.stdout)
    print(f"\n{n_kills} kills")
    assert n_kills >= least
