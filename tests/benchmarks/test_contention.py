"""Many processes on one model: the same program on every storage, beside MLflow's sqlite store.

Each process registers a version and points an alias at it, again and again, as an MLflow client does
with `create_model_version` and `set_registered_model_alias`. Prints commits per second, the share of
the process that got the least (1.00 is fair) and how long the slowest of a hundred waited.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
import time

import pytest

from prodml.journal import Draft, Journal
from prodml.registry.fold import ModelFold, n_versions
from prodml.storage import MemoryStorage, open_storage

SECONDS = 8.0
FACTS = {
    "model": "sha256:" + "0" * 64,
    "format": "inert/2",
    "size_bytes": 3,
    "record": "",
    "holdout": "",
    "reference": "",
    "tags": {},
    "blobs": {},
    "signature": None,
}
OURS = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("contention", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from prodml.storage import open_storage
print(json.dumps(module.work(open_storage(sys.argv[2]), sys.argv[3], float(sys.argv[4]), float(sys.argv[5]))))
"""
BEGIN = """
import sys
from mlflow import MlflowClient
MlflowClient(tracking_uri=sys.argv[1], registry_uri=sys.argv[1]).create_registered_model("m")
"""
THEIRS = """
import json, sys, time, logging
logging.disable(logging.CRITICAL)
from mlflow import MlflowClient
uri, name, start, seconds = sys.argv[2], sys.argv[3], float(sys.argv[4]), float(sys.argv[5])
client = MlflowClient(tracking_uri=uri, registry_uri=uri)
client.search_registered_models()
time.sleep(max(0, start - time.time()))
waits, numbers, end = [], [], time.perf_counter() + seconds
while time.perf_counter() < end:
    begun = time.perf_counter()
    version = client.create_model_version("m", source="file:///nowhere")
    middle = time.perf_counter()
    client.set_registered_model_alias("m", name, version.version)
    waits += [middle - begun, time.perf_counter() - middle]
    numbers += [2 * int(version.version) - 1, 2 * int(version.version)]
print(json.dumps([waits, numbers]))
"""


def work(storage, name, start, seconds):
    """Commit until the time is over; return how long each took, and its number."""
    journal = Journal(storage, "models/m", actor=name, fold=ModelFold())

    def register(state):
        return Draft("version_registered", {**FACTS, "version": n_versions(state) + 1})

    def point(state):
        to = n_versions(state)
        return Draft("alias_set", {"alias": name, "from": None, "to": to, "kind": "forced"})

    journal.state()
    time.sleep(max(0, start - time.time()))
    waits, numbers, end = [], [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        for decide in (register, point):
            begun = time.perf_counter()
            numbers.append(journal.commit(decide).seq)
            waits.append(time.perf_counter() - begun)
    return waits, numbers


def in_processes(program, url, n, seconds):
    start = time.time() + 2 + 1.5 * n
    command = [sys.executable, "-W", "ignore", "-c", program, __file__, url]
    started = [
        subprocess.Popen([*command, f"p{i}", str(start), str(seconds)], stdout=subprocess.PIPE)
        for i in range(n)
    ]
    return [json.loads(process.communicate()[0].splitlines()[-1]) for process in started]


def in_threads(storage, n, seconds):
    found = []
    start = time.time() + 0.2
    threads = [
        threading.Thread(target=lambda i=i: found.append(work(storage, f"p{i}", start, seconds)))
        for i in range(n)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def report(label, results, seconds):
    """Print one line; return commits per second, the least share of a fair one, and p99 in ms."""
    waits = sorted(wait for waits, _ in results for wait in waits)
    numbers = sorted(number for _, numbers in results for number in numbers)
    n = len(waits)
    assert numbers == list(range(1, n + 1)), "an event was lost or doubled"
    least = min(len(waits) for waits, _ in results) * len(results) / n
    p99 = waits[int(0.99 * n)] * 1e3
    print(
        f"{label:28s} x{len(results)} {n / seconds:7.0f} commits/s, least share {least:4.2f} of fair, "
        f"p50 {waits[n // 2] * 1e3:7.2f} ms, p99 {p99:8.2f} ms, max {waits[-1] * 1e3:8.2f} ms"
    )
    return n / seconds, least, p99


@pytest.mark.parametrize("n", [1, 2, 8])
def test_folder_beside_mlflow_sqlite(tmp_path, n):
    if importlib.util.find_spec("mlflow") is None:
        pytest.skip("the peer is not there: pip install mlflow")
    (tmp_path / "ours").mkdir()
    ours = report("prodml, folder", in_processes(OURS, str(tmp_path / "ours"), n, SECONDS), SECONDS)
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    subprocess.run([sys.executable, "-W", "ignore", "-c", BEGIN, uri], check=True)
    theirs = report("mlflow, sqlite", in_processes(THEIRS, uri, n, SECONDS), SECONDS)
    print(f"{ours[0] / theirs[0]:.1f} times as many")


@pytest.mark.parametrize("n", [1, 2, 8])
def test_memory(n):
    report("prodml, memory, threads", in_threads(MemoryStorage(), n, SECONDS), SECONDS)


@pytest.mark.parametrize("n", [1, 2, 8])
def test_sqlite(tmp_path, n):
    pytest.importorskip("sqlalchemy", reason='needs the extra "sql"')
    url = f"sqlite:///{tmp_path / 'store.db'}"
    open_storage(url)
    report("prodml, sqlite", in_processes(OURS, url, n, SECONDS), SECONDS)
