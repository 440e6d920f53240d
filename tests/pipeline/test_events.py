from __future__ import annotations

import io
import json
import sys

import pandas as pd
import pytest

from prodml.errors import StepError
from prodml.pipeline import (
    Pipeline,
    RunFinished,
    RunStarted,
    StepFailed,
    StepFinished,
    StepStarted,
    step,
)


def extract(n):
    return pd.DataFrame({"name": ["Mary Smith"] * n, "age": range(n)})


def adults(frame):
    return frame[frame["age"] >= 18]


def broken(frame):
    raise ValueError("Mary Smith")


class Book:
    """A journal that remembers in memory."""

    def __init__(self):
        self.events = []

    def append(self, type, payload):  # noqa: A002
        self.events.append((type, json.loads(json.dumps(payload))))


def test_a_run_tells_what_it_does_in_order():
    events = []
    Pipeline([extract, adults], name="nightly").run(n=20, on_event=events.append, run_id="r1")
    assert events[0] == RunStarted("r1", "nightly", ("extract", "adults"))
    assert events[1] == StepStarted("r1", "extract", None)
    assert events[3] == StepStarted("r1", "adults", 20)
    finished = events[4]
    assert (type(finished), finished.rows_in, finished.rows_out) == (StepFinished, 20, 2)
    assert (type(events[5]), events[5].status, events[5].counts) == (
        RunFinished,
        "succeeded",
        {"finished": 2},
    )


def test_a_failure_is_told_by_class_only():
    events = []
    with pytest.raises(StepError):
        Pipeline([extract, broken]).run(n=1, on_event=events.append)
    failed = events[-2]
    assert (type(failed), failed.error, events[-1].status) == (StepFailed, "ValueError", "failed")
    assert "Mary" not in str(events)


def test_every_run_has_an_id_of_its_own():
    pipeline = Pipeline([extract])
    assert pipeline.run(n=1).run_id != pipeline.run(n=1).run_id


def test_a_journal_gets_counts_and_digests_and_no_data():
    book, again = Book(), Book()
    pipeline = Pipeline([extract, adults])
    pipeline.run(n=20, journal=book)
    pipeline.run(n=20, journal=again)
    types = [t for t, _ in book.events]
    assert types == [
        "run.started", "step.started", "step.finished", "step.started", "step.finished", "run.finished",
    ]  # fmt: skip
    assert book.events[4][1]["rows_out"] == 2
    assert book.events[4][1]["digest"] == again.events[4][1]["digest"]
    assert book.events[4][1]["digest"].startswith("sha256:")
    assert "Mary" not in str(book.events)


def test_a_journal_knows_the_code_of_functions():
    book = Book()
    Pipeline([extract, ("other", adults)]).run(n=20, journal=book)
    code = book.events[0][1]["code"]
    assert code["extract"] != code["other"]
    assert code["extract"].startswith("sha256:")


def test_what_cannot_be_digested_has_no_digest():
    def one():
        return eval("1")

    def frame():
        return pd.DataFrame({"a": [(x for x in ())]})

    book = Book()
    Pipeline([one, frame]).run(journal=book)
    assert book.events[0][1]["code"]["one"] is None
    assert [payload["digest"] for kind, payload in book.events if kind == "step.finished"] == [
        None,
        None,
    ]


def test_a_real_journal_takes_a_run():
    journal = pytest.importorskip("prodml.journal")
    storage = pytest.importorskip("prodml.storage").MemoryStorage()
    log = journal.Journal(storage, "runs/r1")
    Pipeline([extract, step(adults, retries=1)]).run(n=20, journal=log)
    assert [e.type for e in log.events()][-1] == "run.finished"
    assert log.verify().ok


def test_journal_and_callable_both_hear():
    book, events = Book(), []
    Pipeline([extract]).run(n=1, journal=book, on_event=events.append)
    assert len(book.events) == len(events) == 4


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_drawn_on_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    Pipeline([extract, adults], name="nightly").run(n=20, progress=True)
    assert "nightly" in sys.stderr.getvalue()
    assert "2 of 2" in sys.stderr.getvalue()


def test_progress_ends_after_a_failure(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(StepError):
        Pipeline([extract, broken, adults]).run(n=20, progress=True)
    assert sys.stderr.getvalue().endswith("\n")


def test_progress_is_silent_elsewhere(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    Pipeline([extract]).run(n=20, progress=True)
    assert sys.stderr.getvalue() == ""
