"""Many processes on one model: the same program on every storage, beside MLflow's sqlite store.

Each process registers a version and points an alias at it, again and again, as an MLflow client does
with `create_model_version` and `set_registered_model_alias`. Prints commits per second, the share of
the process that got the least (1.00 is fair) and how long the slowest of a hundred waited.

``pytest tests/benchmarks/test_contention.py --benchmark-enable --benchmark-only -s`` prints the figures.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
import time
import uuid

import pytest

from prodml.journal import Draft, Journal
from prodml.registry.fold import ModelFold, n_versions
from prodml.storage import MemoryStorage, open_storage

SECONDS = 5.0
PATIENCE_S = 60.0  # who has not answered by then is killed
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
name, url, options = sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
journal = module.opened(open_storage(url, **options), name)
print("ready", flush=True)
for seconds in sys.stdin:
    print(json.dumps(module.work(journal, name, float(seconds))), flush=True)
"""
THEIRS = """
import json, logging, multiprocessing, sys, time
logging.disable(logging.CRITICAL)
import mlflow.store.model_registry.sqlalchemy_store
from mlflow import MlflowClient
uri, counts, seconds = sys.argv[1], json.loads(sys.argv[2]), float(sys.argv[3])
fork = multiprocessing.get_context("fork")  # imported once, connected by each process itself

def begin():
    MlflowClient(tracking_uri=uri, registry_uri=uri).create_registered_model("m")

def work(name, barrier, answer):
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.search_registered_models()
    barrier.wait()
    waits, numbers, end = [], [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        begun = time.perf_counter()
        version = client.create_model_version("m", source="file:///nowhere")
        middle = time.perf_counter()
        client.set_registered_model_alias("m", name, version.version)
        waits += [middle - begun, time.perf_counter() - middle]
        numbers += [2 * int(version.version) - 1, 2 * int(version.version)]
    answer.send([waits, numbers])

first = fork.Process(target=begin)
first.start()
first.join()
for n in counts:
    barrier, results = fork.Barrier(n), []
    pipes = [fork.Pipe() for _ in range(n)]
    working = [fork.Process(target=work, args=(f"p{i}", barrier, pipes[i][1])) for i in range(n)]
    for process in working:
        process.start()
    for process, (answer, _) in zip(working, pipes):
        if answer.poll(seconds + 20):
            results.append(answer.recv())
        process.kill()  # a straggler, or one that is done
        process.join()
    print(json.dumps(results), flush=True)
"""


def opened(storage, name):
    """Return a journal that has read what there is."""
    journal = Journal(storage, "models/m", actor=name, fold=ModelFold())
    journal.state()
    return journal


def work(journal, name, seconds):
    """Commit until the time is over; return how long each took, and its number."""

    def register(state):
        return Draft("version_registered", {**FACTS, "version": n_versions(state) + 1})

    def point(state):
        to = n_versions(state)
        return Draft("alias_set", {"alias": name, "from": None, "to": to, "kind": "forced"})

    waits, numbers, end = [], [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        for decide in (register, point):
            begun = time.perf_counter()
            numbers.append(journal.commit(decide).seq)
            waits.append(time.perf_counter() - begun)
    return waits, numbers


class Crowd:
    """Processes that are started once, wait, and work when they are told to; gone at the end."""

    def __init__(self, program, n, *arguments):
        command = [sys.executable, "-W", "ignore", "-c", program, __file__]
        self._members = [
            subprocess.Popen(
                [*command, f"p{i}", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for i in range(n)
        ]

    def __enter__(self):
        with _Patience(self._end):
            answers = [member.stdout.readline() for member in self._members]
        if set(answers) == {"ready\n"}:
            return self
        self.__exit__()
        raise RuntimeError(f"not all processes came up: {answers}")

    def __exit__(self, *_):
        self._end()
        for member in self._members:
            member.communicate()

    def work(self):
        """Let all work side by side; return what each has done."""
        for member in self._members:
            member.stdin.write(f"{SECONDS}\n")
            member.stdin.flush()
        with _Patience(self._end):
            return [json.loads(member.stdout.readline()) for member in self._members]

    def _end(self):
        for member in self._members:
            member.kill()


class _Patience:
    """Ends what takes too long."""

    def __init__(self, end):
        self._timer = threading.Timer(PATIENCE_S, end)

    def __enter__(self):
        self._timer.start()

    def __exit__(self, *_):
        self._timer.cancel()
        self._timer.join()


def report(label, results, *, is_whole=True):
    """Print one line; return commits per second."""
    waits = sorted(wait for waits, _ in results for wait in waits)
    numbers = sorted(number for _, numbers in results for number in numbers)
    n = len(waits)
    if is_whole:
        assert numbers == list(range(1, n + 1)), "an event was lost or doubled"
    least = min(len(waits) for waits, _ in results) * len(results) / n
    print(
        f"\n{label:20s} x{len(results)} {n / SECONDS:7.0f} commits/s, least share {least:4.2f} of fair, "
        f"p50 {waits[n // 2] * 1e3:6.2f} ms, p99 {waits[int(0.99 * n)] * 1e3:8.2f} ms, "
        f"max {waits[-1] * 1e3:8.2f} ms",
        end="",
    )
    return n / SECONDS


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """Return MLflow's commits per second by how many work at once."""
    if importlib.util.find_spec("mlflow") is None:
        pytest.skip("compares with MLflow, which is no extra of ours")
    uri, counts = f"sqlite:///{tmp_path_factory.mktemp('theirs') / 'mlflow.db'}", [1, 2, 8]
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", THEIRS, uri, json.dumps(counts), str(SECONDS)],
        stdout=subprocess.PIPE,
        check=True,
        timeout=150,
    )
    found = zip(counts, map(json.loads, ran.stdout.splitlines()), strict=True)
    return {n: report("mlflow, sqlite", results, is_whole=False) for n, results in found}


def beside(benchmark, theirs, label, n, run):
    results = benchmark.pedantic(run, rounds=1)
    ours = report(label, results)
    assert len(results) == n
    benchmark.extra_info.update(ours=ours, mlflow=theirs[n], ratio=ours / theirs[n])
    print(f", {ours / theirs[n]:.1f} times MLflow x{n}")


@pytest.mark.parametrize("n", [1, 2, 8])
def test_folder(benchmark, theirs, tmp_path, n):
    with Crowd(OURS, n, str(tmp_path), "{}") as crowd:
        beside(benchmark, theirs, "prodml, folder", n, crowd.work)


def test_sqlite(benchmark, theirs, tmp_path):
    pytest.importorskip("sqlalchemy", reason="needs the extra prodml[sql]")
    url = f"sqlite:///{tmp_path / 'store.db'}"
    open_storage(url).close()
    with Crowd(OURS, 8, url, "{}") as crowd:
        beside(benchmark, theirs, "prodml, sqlite", 8, crowd.work)


def test_postgresql(benchmark, theirs, postgres):
    options = {"table": f"t_{uuid.uuid4().hex}"}
    open_storage(postgres.url, **options).close()
    with Crowd(OURS, 8, postgres.url, json.dumps(options)) as crowd:
        beside(benchmark, theirs, "prodml, postgresql", 8, crowd.work)


def test_s3(benchmark, theirs, moto):
    url = f"s3://{moto.bucket()}"
    open_storage(url, **moto.options())
    with Crowd(OURS, 8, url, json.dumps(moto.options())) as crowd:
        beside(benchmark, theirs, "prodml, s3 (moto)", 8, crowd.work)


def test_memory_in_threads(benchmark, theirs):
    storage, found = MemoryStorage(), []

    def one(name):
        found.append(work(opened(storage, name), name, SECONDS))

    def run():
        threads = [threading.Thread(target=one, args=(f"p{i}",)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    beside(benchmark, theirs, "prodml, memory", 8, run)
