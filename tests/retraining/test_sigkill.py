"""Real processes on a folder, killed by SIGKILL or put to sleep by SIGSTOP in the middle of a run."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from prodml.journal import Journal
from prodml.registry import Registry
from prodml.retraining.fold import LoopState
from prodml.storage import FolderStorage

# One process imports everything, and forks a runner per command: a runner costs milliseconds then.
NURSERY = '''
import itertools, json, os, signal, sys, time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import attrs, numpy as np, pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from prodml import Registry, RetrainLoop, Trainer
from prodml.retraining import OnNewLabels
from prodml.storage import FolderStorage

rng = np.random.default_rng(0)
x = rng.normal(size=400)
frame = pd.DataFrame({"x": x, "y": (x > 0).astype(int)})
good = Trainer(LogisticRegression(), target="y").fit(frame)
weak = Trainer(DummyClassifier(), target="y").fit(frame)


class Signalling:
    """A folder whose n-th call sends this process a signal, before or after it is done."""

    def __init__(self, folder, number, at, after):
        self.inner, self.n, self.numbers = FolderStorage(folder), 0, itertools.count(1)
        self.caps, self.number, self.at, self.after = self.inner.caps, number, at, after

    def call(self, name, *args, **options):
        # The heartbeat calls from a thread of its own; one call alone is the one.
        self.n = mine = next(self.numbers)
        if mine == self.at and not self.after:
            os.kill(os.getpid(), self.number)
        try:
            answer = getattr(self.inner, name)(*args, **options)
            return iter(list(answer)) if name == "list" else answer
        finally:
            if mine == self.at and self.after:
                os.kill(os.getpid(), self.number)

    def __getattr__(self, name):
        if name not in ("put", "get", "fetch", "head", "list", "delete"):
            raise AttributeError(name)
        return lambda *args, **options: self.call(name, *args, **options)


class TenLabels:
    def performance(self, *, version=None, since=None):
        return SimpleNamespace(scores={}, n_outcomes=10)

    def predictions(self, *, since=None):
        return []


class Learnt:
    def fit(self, data):
        return attrs.evolve(good)


def look(folder, hours, number=0, at=0, after=False):
    storage = Signalling(folder, number, at, after)

    def tell(notice):
        with open(os.path.join(folder, "..", "told"), "a") as file:
            file.write(notice.id + "\\n")

    loop = RetrainLoop(
        "churn", trainer=Learnt(), registry=Registry(storage), storage=storage,
        triggers=[OnNewLabels(10)], source=lambda: [1], log=TenLabels(), notify=[tell],
        clock=lambda: datetime.now(UTC) + timedelta(hours=hours),
    )
    try:
        loop.run_once()
    except RuntimeError as exc:
        return type(exc).__name__, storage.n
    return "", storage.n


def born(folder, hours, **disturbed):
    """Fork a runner; it leaves with 7 if it was told that its lease is lost."""
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whoever waits for an answer waits for the nursery alone
        error, _ = look(folder, hours, **disturbed)
        os._exit(7 if error else 0)
    return pid


def fate(pid, **options):
    return os.waitpid(pid, os.WUNTRACED)[1]


for line in sys.stdin:
    order = json.loads(line)
    folder, answer = order["folder"], {}
    if order["do"] == "prepare":
        registry = Registry(FolderStorage(folder))
        registry.register("churn", weak)
        registry.promote("churn", 1)
    if order["do"] == "count":
        answer["n"] = look(folder, 0)[1]
    if order["do"] == "kill at":
        status = fate(born(folder, 0, number=signal.SIGKILL, at=order["at"], after=order["after"]))
        answer["killed"] = os.WIFSIGNALED(status)
    if order["do"] == "kill after":
        pid = born(folder, 0)
        time.sleep(order["seconds"])
        os.kill(pid, signal.SIGKILL)
        answer["killed"] = os.WIFSIGNALED(fate(pid))
    if order["do"] == "sleep at":
        pid = born(folder, 0, number=signal.SIGSTOP, at=order["at"], after=order["after"])
        status = fate(pid)
        answer["slept"] = os.WIFSTOPPED(status)
    if order["do"] in ("kill at", "kill after", "sleep at"):
        answer["later"] = [os.waitstatus_to_exitcode(fate(born(folder, 2 * n))) for n in (1, 2, 3)]
    if order["do"] == "sleep at":
        if order["roll back"]:
            Registry(FolderStorage(folder)).rollback("churn", reason="wrong answers")
        if answer["slept"]:
            os.kill(pid, signal.SIGCONT)
            status = fate(pid)
        answer["woke"] = os.waitstatus_to_exitcode(status)
    print(json.dumps(answer), flush=True)
'''


class Nursery:
    def __init__(self, root):
        self.root, self.n = root, 0
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", NURSERY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.base = root / "base" / "store"
        self.base.mkdir(parents=True)

    def order(self, do, folder, **details):
        told = json.dumps({"do": do, "folder": str(folder), **details})
        self.process.stdin.write(f"{told}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def fresh(self):
        """Return a folder with a weak champion in it."""
        self.n += 1
        folder = self.root / str(self.n) / "store"
        shutil.copytree(self.base, folder)
        return folder

    def n_calls(self):
        return self.order("count", self.fresh())["n"]

    def close(self):
        self.process.kill()
        self.process.wait(20)
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def nursery(tmp_path_factory):
    nursery = Nursery(tmp_path_factory.mktemp("runners"))
    try:
        nursery.order("prepare", nursery.base)
        yield nursery
    finally:
        nursery.close()


def check(folder, *, moves=("first", "gate")):
    """Compare what is stored with what should be, and say who was told."""
    registry = Registry(FolderStorage(folder))
    assert len(registry.versions("churn")) == 2
    assert [m.kind for m in registry.history("churn")] == list(moves)
    registry.verify()
    journal = Journal(FolderStorage(folder), "retraining/churn", fold=LoopState())
    journal.verify()
    state = journal.state()
    assert (state["run"], state["outbox"], state["n_runs"]) == (None, [], 1)
    types = Counter(event.type for event in journal.events())
    assert types["registered"] == types["decided"] == types["run_finished"] == 1
    told = (Path(folder).parent / "told").read_text().split()
    assert len(set(told)) == 1
    shutil.rmtree(Path(folder).parent)


def kill_at(nursery, at, *, after):
    """Kill a runner, and say if it was still there: how many calls it takes varies a little."""
    folder = nursery.fresh()
    found = nursery.order("kill at", folder, at=at, after=after)
    assert found["later"] == [0, 0, 0]
    check(folder)
    return found["killed"]


def test_a_killed_process_is_continued_by_the_next(nursery):
    total = nursery.n_calls()
    points = range(3, total, max(1, total // 12))
    killed = [kill_at(nursery, at, after=bool(at % 2)) for at in points]
    assert sum(killed) > len(killed) / 2


@pytest.mark.slow
def test_a_process_killed_at_every_call_is_continued_by_the_next(nursery):
    points = [(at, after) for at in range(1, nursery.n_calls() + 1) for after in (False, True)]
    killed = [kill_at(nursery, at, after=after) for at, after in points]
    assert sum(killed) > len(killed) / 2


@pytest.mark.parametrize(
    "n_kills", [10, pytest.param(500, marks=pytest.mark.slow)], ids=["10 kills", "500 kills"]
)
def test_a_process_killed_at_any_instant_is_continued_by_the_next(nursery, n_kills):
    rng, n_killed = random.Random(n_kills), 0
    for _ in range(n_kills):
        folder = nursery.fresh()
        found = nursery.order("kill after", folder, seconds=rng.uniform(0.0, 0.06))
        n_killed += found["killed"]
        assert found["later"] == [0, 0, 0]
        check(folder)
    assert n_killed > n_kills / 3


def sleep_at(nursery, at, *, after, roll_back):
    folder = nursery.fresh()
    found = nursery.order("sleep at", folder, at=at, after=after, **{"roll back": roll_back})
    assert found["later"] == [0, 0, 0]
    assert found["woke"] in (0, 7)  # it had done its work, or was told that it lost the lease
    check(folder, moves=("first", "gate", *(["rollback"] if roll_back else [])))


@pytest.mark.parametrize("roll_back", [False, True], ids=["", "and a rollback"])
def test_a_process_that_slept_past_its_lease_changes_nothing_when_it_wakes(nursery, roll_back):
    total = nursery.n_calls()
    for at in range(2, total, max(1, total // 8)):
        sleep_at(nursery, at, after=bool(at % 2), roll_back=roll_back)


@pytest.mark.slow
@pytest.mark.parametrize("roll_back", [False, True], ids=["", "and a rollback"])
def test_a_process_that_slept_at_any_call_changes_nothing_when_it_wakes(nursery, roll_back):
    for at in range(1, nursery.n_calls() + 1):
        for after in (False, True):
            sleep_at(nursery, at, after=after, roll_back=roll_back)
