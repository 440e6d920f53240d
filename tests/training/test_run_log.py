"""Runs that are remembered, whatever becomes of them."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from prodml.errors import (
    ConfigError,
    ConflictError,
    SchemaError,
    StorageError,
    UnknownNameError,
)
from prodml.journal import Journal
from prodml.storage import MemoryStorage, open_storage
from prodml.training import RunLog, Trainer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


class Flaky(MemoryStorage):
    """Loses its connection on demand."""

    is_down = False

    def put(self, key, data, *, if_absent=False):
        if self.is_down:
            raise StorageError("no connection")
        return super().put(key, data, if_absent=if_absent)


@pytest.fixture
def store():
    return MemoryStorage()


@pytest.fixture
def runs(store):
    return RunLog(store, actor="ada")


def events(store, run_id):
    return [event.type for event in Journal(store, f"runs/{run_id}").events()]


def test_a_run_is_remembered_with_what_it_logged(runs):
    with runs.start("baseline", params={"lr": 0.1}, tags={"team": "growth"}) as run:
        for step in range(4):
            run.log(step=step, loss=1.0 / (step + 1))
        run.log({"top-5": 0.9})
        run.params(depth=3, model=LogisticRegression)
    found = runs.get(run.run_id)
    assert (found.status, found.name, found.actor) == ("finished", "baseline", "ada")
    assert found.metrics == {"loss": 0.25, "top-5": 0.9}
    assert found.params["lr"] == 0.1
    assert found.params["depth"] == 3
    assert found.params["model"].endswith("LogisticRegression")
    assert found.tags == {"team": "growth"}
    assert found.seconds >= 0
    assert json.loads(json.dumps(found.to_dict()))["metrics"]["loss"] == 0.25
    assert "metric loss" in repr(found)
    assert "<table" in found._repr_html_()


def test_the_history_of_a_metric_is_kept_by_step_and_time(store):
    clock = Clock()
    runs = RunLog(store, clock=clock)
    with runs.start() as run:
        run.log(step=0, loss=2.0)
        clock.now += timedelta(seconds=1)
        run.log(step=1, loss=1.0, accuracy=0.5)
    points = runs.history(run.run_id, "loss")
    assert [(p.step, p.value) for p in points] == [(0, 2.0), (1, 1.0)]
    assert points[1].at - points[0].at == timedelta(seconds=1)
    assert set(runs.history(run.run_id)) == {"loss", "accuracy"}
    with pytest.raises(UnknownNameError, match='Did you mean "loss"'):
        runs.history(run.run_id, "los")


def test_ten_thousand_values_are_few_events(store, runs):
    with runs.start() as run:
        for step in range(10_000):
            run.log(step=step, loss=float(step))
    assert runs.get(run.run_id).n_points == 10_000
    assert len(events(store, run.run_id)) < 45
    assert [p.step for p in runs.history(run.run_id, "loss")] == list(range(10_000))


def test_a_loss_that_went_astray_is_logged_as_it_is(runs):
    with runs.start() as run:
        run.log(step=0, loss=math.nan, norm=math.inf)
    found = runs.get(run.run_id).metrics
    assert math.isnan(found["loss"])
    assert found["norm"] == math.inf
    assert len(runs.search(lowest="loss")) == 0


def test_an_error_fails_the_run_and_its_message_is_not_written_down(store, runs):
    with pytest.raises(ValueError, match="secret"), runs.start() as run:
        run.log(loss=1.0)
        raise ValueError("secret")
    found = runs.get(run.run_id)
    assert (found.status, found.error, found.metrics) == ("failed", "ValueError", {"loss": 1.0})
    assert all(b"secret" not in store.get(meta.key) for meta in store.list())


def test_a_run_gives_signs_of_life_from_a_thread_that_ends_with_it(store):
    runs = RunLog(store, lease=timedelta(seconds=1))
    with runs.start() as run:
        run.log(loss=1.0)
        deadline = time.monotonic() + 20
        while "run_renewed" not in events(store, run.run_id) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert runs.get(run.run_id).metrics == {"loss": 1.0}  # written with the sign of life
        assert runs.get(run.run_id).status == "running"
    assert "run_renewed" in events(store, run.run_id)
    assert not [t for t in threading.enumerate() if t.name.startswith("run ")]


def test_a_run_whose_lease_has_ended_has_died(store):
    clock = Clock()
    runs = RunLog(store, clock=clock)
    run = runs.start()
    clock.now += timedelta(minutes=4)
    assert runs.get(run.run_id).status == "running"
    clock.now += timedelta(minutes=2)
    assert [found.status for found in runs.search(status="died")] == ["died"]
    run.finish()  # late, but alive after all
    assert runs.get(run.run_id).status == "finished"


KILLED = """
import sys, time
from datetime import timedelta
from prodml.storage import open_storage
from prodml.training import RunLog
run = RunLog(open_storage(sys.argv[1]), lease=timedelta(seconds=1)).start("doomed", run_id="doomed")
run.log(loss=1.0)
run.flush()
print("ready", flush=True)
time.sleep(60)
"""


def test_a_killed_process_leaves_no_run_that_is_running_for_ever(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    with process:
        assert process.stdout.readline().strip() == "ready"
        process.kill()
    runs = RunLog(open_storage(tmp_path), clock=lambda: datetime.now(UTC) + timedelta(seconds=2))
    found = runs.get("doomed")
    assert (found.status, found.metrics, found.seconds) == ("died", {"loss": 1.0}, None)


def test_runs_at_the_same_time_do_not_meet(store):
    runs = RunLog(store)

    def work(i):
        with runs.start(f"run {i}", params={"i": i}) as run:
            for step in range(50):
                run.log(step=step, value=float(i))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = runs.search(highest="value")
    assert [run.params["i"] for run in found] == [7, 6, 5, 4, 3, 2, 1, 0]
    assert all(run.status == "finished" and run.n_points == 50 for run in found)


def test_one_run_may_be_written_by_many_threads(runs):
    with runs.start() as run:
        threads = [
            threading.Thread(
                target=lambda k=k: [run.log(step=s, **{f"m{k}": s}) for s in range(300)]
            )
            for k in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    history = runs.history(run.run_id)
    assert all([p.step for p in history[f"m{k}"]] == list(range(300)) for k in range(4))


def test_an_id_is_given_once(runs):
    with runs.start(run_id="mine"):
        pass
    with pytest.raises(ConflictError, match='there is a run "mine" already'):
        runs.start(run_id="mine")
    with pytest.raises(ConfigError, match="named by segments"):
        runs.start(run_id="My run")


def test_search_filters_sorts_and_limits(runs):
    for i, name in enumerate(["a", "b", "a"]):
        with runs.start(name, tags={"odd": str(i % 2)}) as run:
            run.log(score=float(i))
    with runs.start("empty"):
        pass
    assert [r.name for r in runs.search(highest="score")] == ["a", "b", "a"]
    assert [r.metrics["score"] for r in runs.search(lowest="score", limit=2)] == [0.0, 1.0]
    assert len(runs.search(name="a")) == 2
    assert len(runs.search(tags={"odd": "1"})) == 1
    assert [r.name for r in runs.search(where=lambda r: r.metrics["score"] == 1)] == ["b"]
    assert len(runs.search(status="failed")) == 0
    assert runs.search()[0].name == "empty"


def test_runs_print_as_a_table_of_what_differs(runs):
    for c in (0.1, 1.0):
        with runs.start(params={"C": c, "same": 1}) as run:
            run.log(loss=c)
    table = runs.search(lowest="loss")
    assert "2 runs" in repr(table)
    assert "C" in table._headers()
    assert "same" not in table._headers()
    assert "<table" in table._repr_html_()
    frame = table.to_frame()
    assert frame["metric.loss"].tolist() == [0.1, 1.0]
    assert frame["param.same"].tolist() == [1, 1]


def test_what_is_kept_comes_back(runs, tmp_path):
    (tmp_path / "plot.svg").write_text("<svg/>")
    with runs.start() as run:
        run.keep("notes.txt", b"text")
        run.keep("plot.svg", tmp_path / "plot.svg")
    assert runs.artifact(run.run_id, "notes.txt") == b"text"
    assert runs.artifact(run.run_id, "plot.svg") == b"<svg/>"
    with pytest.raises(UnknownNameError, match="no artifact"):
        runs.artifact(run.run_id, "plot.png")


def test_a_trainer_with_a_storage_remembers_its_runs(churn, store):
    trainer = Trainer(LogisticRegression(C=0.5), target="churned", storage=store, cv=3)
    run = trainer.fit(churn, name="first")
    found = RunLog(store).get(run.run_id)
    assert (found.name, found.status) == ("first", "finished")
    assert found.metrics == run.metrics
    assert found.params["C"] == 0.5
    assert found.tags["target"] == "churned"
    record = RunLog(store).record(run.run_id)
    assert record["record"]["data"] == run.record["data"]
    assert record["schema"] == run.schema.to_dict()


def test_a_trainer_takes_a_run_log_too_and_a_clone_shares_it(churn, store):
    runs = RunLog(store, actor="bo")
    trainer = Trainer(LogisticRegression(), target="churned", storage=runs)
    clone(trainer).fit(churn)
    trainer.fit(churn)
    assert [run.actor for run in runs.search()] == ["bo", "bo"]


def test_a_training_that_fails_is_remembered_as_failed(churn, store):
    with pytest.raises(SchemaError):
        Trainer(LogisticRegression(), target="gone", storage=store).fit(churn)
    assert [(r.status, r.error) for r in RunLog(store).search()] == [("failed", "SchemaError")]


def test_what_was_logged_while_the_storage_was_away_is_written_later():
    store = Flaky()
    runs = RunLog(store)
    with runs.start() as run:
        store.is_down = True
        run.log(loss=1.0)
        with pytest.raises(StorageError):
            run.flush()
        store.is_down = False
        run.log(loss=2.0)
    assert [p.value for p in runs.history(run.run_id, "loss")] == [1.0, 2.0]


def test_the_error_on_its_way_out_is_not_hidden_by_a_storage_that_is_away():
    store = Flaky()
    run = RunLog(store).start()
    store.is_down = True
    with pytest.warns(UserWarning, match="end of the run is not written"):
        assert run.__exit__(KeyError, KeyError("mine"), None) is None


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda runs, run: run.log([0.1]), "metrics map names to numbers, got a list"),
        (lambda runs, run: run.log(loss="low"), '"loss" must be a number, got a str'),
        (lambda runs, run: run.log(loss=1, step="last"), "step must be a whole number"),
        (lambda runs, run: run.log({"": 1.0}), "1 to 200 characters"),
        (lambda runs, run: run.params([1]), "params map names to values"),
        (lambda runs, run: runs.start(3), "name of a run is a text"),
        (lambda runs, run: runs.start(tags={"a": 1}), "tags map names to texts"),
        (lambda runs, run: runs.search(status="done"), "status must be one of running"),
        (lambda runs, run: runs.search(highest="a", lowest="b"), "two orders"),
        (lambda runs, run: runs.search(limit=0), "limit must be"),
        (lambda runs, run: RunLog(MemoryStorage(), lease=timedelta(0)), "at least a second"),
        (lambda runs, run: RunLog("./store"), "storage must have"),
    ],
)
def test_what_does_not_fit_is_refused(runs, use, message):
    with runs.start() as run, pytest.raises(ConfigError, match=message):
        use(runs, run)


def test_a_run_that_is_over_takes_nothing_more(runs):
    with runs.start() as run:
        pass
    for late in (lambda: run.log(loss=1.0), lambda: run.params(a=1), lambda: run.keep("a", b"")):
        with pytest.raises(ConfigError, match="is over; start another"):
            late()


def test_an_unknown_run_is_said_with_those_there_are(runs):
    with runs.start(run_id="here"):
        pass
    with pytest.raises(UnknownNameError, match='Did you mean "here"'):
        runs.get("hero")
    with pytest.raises(UnknownNameError, match="no record"):
        runs.record("here")


def test_a_stream_that_a_trainer_logged_to_is_listed_too(churn, store, runs):
    journal = Journal(store, "runs/by-log")
    run = Trainer(LogisticRegression(), target="churned").fit(churn, log=journal, run_id="by-log")
    found = runs.get("by-log")
    assert (found.status, found.metrics) == ("finished", run.metrics)
    Journal(store, "runs/open").append("run_started", {"run_id": "open"})
    assert runs.get("open").status == "running"
