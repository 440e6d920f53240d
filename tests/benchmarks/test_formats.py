"""Storing and restoring models, beside pickle, joblib and skops in one run."""

from __future__ import annotations

import io
import pickle
import statistics
import time
import warnings

import joblib
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from prodml.registry.formats import inert

MODELS = {
    "forest": RandomForestClassifier(100, random_state=0),
    "boosting": GradientBoostingClassifier(random_state=0),
    "histogram": HistGradientBoostingClassifier(random_state=0),
    "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
}


def joblib_dumps(model):
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    return buffer.getvalue()


def skops_of(model):
    sio = pytest.importorskip("skops.io", reason="skops is measured where it is installed")
    data = sio.dumps(model)
    trusted = sio.get_untrusted_types(data=data)
    return lambda: sio.dumps(model), lambda: sio.loads(data, trusted=trusted)


def medians(calls, rounds):
    """Call all in turn, so that a busy machine slows each of them alike; seconds per call."""
    times = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            begin = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(each) for name, each in times.items()}


@pytest.mark.parametrize("name", MODELS)
def test_beside_peers(benchmark, name):
    inputs, target = load_breast_cancer(return_X_y=True, as_frame=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MODELS[name].fit(inputs, target)
    rows = inputs.head(8)
    ours, theirs, jobs = inert.dumps(model, rows=rows), pickle.dumps(model, 5), joblib_dumps(model)
    skops_dump, skops_load = skops_of(model)
    loads = {
        "inert": lambda: inert.loads(ours),
        "pickle 5": lambda: pickle.loads(theirs),
        "joblib": lambda: joblib.load(io.BytesIO(jobs)),
    }
    dumps = {
        "inert": lambda: inert.dumps(model, rows=rows),
        "pickle 5": lambda: pickle.dumps(model, 5),
        "joblib": lambda: joblib_dumps(model),
    }
    load, dump = medians(loads, 41), medians(dumps, 21)
    load |= medians({"skops": skops_load}, 5)
    dump |= medians({"skops": skops_dump}, 5)
    benchmark.group = f"load a {name}"
    benchmark.extra_info |= {
        f"{what} ms, {who}": round(each * 1e3, 3)
        for what, times in (("load", load), ("dump", dump))
        for who, each in times.items()
    }
    print(f"\n{name}: {len(ours)} bytes, pickled {len(theirs)}")
    for who in load:
        print(
            f"  {who:9} load {load[who] * 1e3:8.3f} ms ({load['inert'] / load[who]:6.2f} of it) "
            f"dump {dump[who] * 1e3:8.3f} ms ({dump['inert'] / dump[who]:6.2f} of it)"
        )
    benchmark(inert.loads, ours)
    if name == "forest":
        assert load["inert"] <= 2 * load["pickle 5"]
        assert load["inert"] * 20 <= load["skops"]
