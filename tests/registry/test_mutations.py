"""Files changed at random: a typed error or a model that answers; no crash, no hang, no flood of memory.

Each batch runs in a process of its own, so that a crash of compiled code is seen and not suffered.
"""

import json
import os
import subprocess
import sys

import pytest

_BATCH = """
import faulthandler, json, random, resource, sys, time, warnings
import numpy as np
from threadpoolctl import threadpool_limits
from sklearn.ensemble import (GradientBoostingClassifier, HistGradientBoostingClassifier,
    IsolationForest, RandomForestClassifier)
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from prodml.errors import ProdmlError
from prodml.fingerprint.container import pack, unpack
from prodml.fingerprint.digest import sha256
from prodml.registry.formats import inert
from prodml.registry.formats.mapped import MappedModel
from prodml.registry.formats.receipts import Identity, Receipts
from pathlib import Path

faulthandler.enable()
warnings.simplefilter("ignore")
threadpool_limits(1)
X = np.round(np.random.default_rng(0).uniform(0, 3, size=(60, 3)), 1)
X[::7, 1] = 0
Y = (X[:, 0] > 1.5).astype(int) + (X[:, 1] > 2)
MODELS = {
    "forest": RandomForestClassifier(8, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=4),
    "histogram": HistGradientBoostingClassifier(max_iter=3, categorical_features=[2]),
    "isolation": IsolationForest(n_estimators=6, random_state=0),
    "kd_tree": KNeighborsClassifier(algorithm="kd_tree", leaf_size=5),
    "ball_tree": KNeighborsClassifier(algorithm="ball_tree", leaf_size=5),
    "machine": SVC(), "regression": SVR(),
    "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
}
COLD = [0, 1, -1, 2, 3, 7, 255, 2**31 - 1, -2**31, 2**53, -1.5, 1e308, None, True, "", "x", [], {}]
FLOATS = [float("nan"), float("inf"), -float("inf"), -1.0, 1e300, 0.0]


def places(node):
    for i, part in enumerate(node):
        yield node, i
        if isinstance(part, list):
            yield from places(part)


def mutated(data, rng):
    kind = rng.random()
    if kind < 0.35:  # bytes
        broken = bytearray(data)
        for _ in range(rng.choice([1, 1, 2, 8, 64])):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        if rng.random() < 0.2:
            del broken[rng.randrange(len(broken)):]
        return bytes(broken)
    header, arrays = unpack(data)
    header["probe"] = None  # or nearly every change would be found by its answers
    arrays = {name: array.copy() for name, array in arrays.items()}
    if kind < 0.65:  # one number of an array
        name = rng.choice(sorted(k for k in arrays if arrays[k].size))
        flat = arrays[name].reshape(-1)
        for _ in range(rng.choice([1, 1, 3])):
            at = rng.randrange(len(flat))
            if flat.dtype.kind == "f":
                flat[at] = rng.choice(FLOATS)
            else:
                info = np.iinfo(flat.dtype) if flat.dtype.kind in "iu" else None
                odd = [0, 1] if info is None else [0, 1, 3, info.max, info.min, info.max // 2]
                flat[at] = rng.choice(odd)
    elif kind < 0.75:  # an array is shorter, longer, of another kind or another array
        name, other = rng.choice(sorted(arrays)), rng.choice(sorted(arrays))
        array = arrays[name]
        arrays[name] = rng.choice([array[:-1], np.concatenate([array, array]) if array.ndim else array,
            array.astype("f8") if array.dtype != "f8" else array.astype("i4"), arrays[other]])
    else:  # a value of what the header says
        table = [header["objects"], header["trees"], [header["root"]]]
        found = list(places(table))
        for _ in range(rng.choice([1, 1, 2])):
            (parent, key), (other, there) = rng.choice(found), rng.choice(found)
            new = rng.choice(COLD) if rng.random() < 0.5 else other[there]
            parent[key] = json.loads(json.dumps(new))
        header["root"] = table[2][0] if table[2] else None
        header["objects"], header["trees"] = table[0], table[1]
    return pack(header, arrays)


def ask(load):
    try:
        model = load()
    except ProdmlError:
        return "refused"
    try:
        model.predict(X)
    except Exception:
        return "loud"  # it may say anything, as long as it says it
    return "answers"


def main(names, first, n):
    counts, worst, path = {}, 0.0, Path(sys.argv[4])
    stored = {name: inert.dumps(MODELS[name].fit(X, Y), rows=X) for name in names}
    for data in stored.values():
        ask(lambda: inert.loads(data))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    largest = max(map(len, stored.values()))
    for seed in range(first, first + n):
        rng = random.Random(seed)
        name = names[seed % len(names)]
        try:
            data = mutated(stored[name], rng)
        except (ProdmlError, TypeError, ValueError, IndexError, KeyError, OverflowError):
            continue  # what cannot be written cannot be read
        print(name, seed, file=sys.stderr, flush=True)
        begin = time.process_time()
        outcome = ask(lambda: inert.loads(data))
        if name in ("forest", "boosting"):
            path.write_bytes(data)
            receipts = Receipts(now_ns=lambda: time.time_ns() + 10**11)
            receipts.keep(Identity.of(path), sha256(data))  # the worst case: somebody vouched for it
            ask(lambda: MappedModel(path, sha256(data), receipts))
        worst = max(worst, time.process_time() - begin)
        counts[outcome] = counts.get(outcome, 0) + 1
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    print(json.dumps({"counts": counts, "worst_s": worst, "grown": grown, "largest": largest}))


main(sys.argv[1].split(","), int(sys.argv[2]), int(sys.argv[3]))
"""
KINDS = [
    "forest,boosting",
    "histogram,isolation",
    "kd_tree,ball_tree",
    "machine,regression,pipeline",
]


def batch(kinds, first, n, tmp_path):
    return subprocess.run(
        [sys.executable, "-c", _BATCH, kinds, str(first), str(n), str(tmp_path / "model")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=3000,
    )


def check(run, n):
    # A crash has a negative return code; the last line of stderr says at which seed.
    assert run.returncode == 0, run.stderr[-1500:]
    found = json.loads(run.stdout)
    assert sum(found["counts"].values()) >= 0.8 * n
    assert found["counts"]["refused"] > 0
    assert found["worst_s"] < 1
    # Twice the file, and what an allocator keeps.
    assert found["grown"] < 2 * found["largest"] + 48 * 2**20


@pytest.mark.parametrize("kinds", KINDS)
def test_a_hundred_changes_at_random(kinds, tmp_path):
    check(batch(kinds, 0, 100, tmp_path), 100)


@pytest.mark.slow
@pytest.mark.parametrize("kinds", KINDS)
def test_ten_thousand_changes_at_random(kinds, tmp_path):
    check(batch(kinds, 1_000, 2_500, tmp_path), 2_500)
