from __future__ import annotations

import gc
import sys
import threading

import pytest

from prodml.errors import UnknownNameError
from prodml.metrics import MemoryMetrics
from prodml.metrics.cells import Cells, Shared


@pytest.fixture
def metrics():
    return MemoryMetrics()


def in_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_what_ended_threads_counted_is_kept(metrics):
    counter = metrics.counter("rows_total", "Rows.")
    for _ in range(50):
        in_thread(counter.inc)
    assert metrics.value("rows_total") == 50


def test_memory_follows_the_living_threads_not_the_dead():
    shared = Shared(1)
    cells = Cells(shared)

    def add():
        cells.mine[0] += 1

    for _ in range(500):
        in_thread(add)
    gc.collect()
    assert len(shared._rows) <= 20
    assert shared.totals() == [500.0]


def test_living_threads_are_counted_while_they_live():
    shared = Shared(1)
    cells = Cells(shared)
    added, stop = threading.Barrier(21), threading.Event()

    def add():
        cells.mine[0] += 1
        added.wait()
        stop.wait()

    threads = [threading.Thread(target=add) for _ in range(20)]
    for thread in threads:
        thread.start()
    added.wait()
    assert shared.totals() == [20.0]
    stop.set()
    for thread in threads:
        thread.join()
    assert shared.totals() == [20.0]


def test_a_row_added_while_others_are_folded_is_not_lost():
    """A finaliser may count for the first time in the middle of a reading."""
    shared = Shared(1)

    class Late:
        def __add__(self, other):
            raise AssertionError

        def __radd__(self, other):
            shared.row_for(keeper)[0] += 1.0
            return other

    keeper = type("Keeper", (), {})()
    shared.row_for(type("Gone", (), {})())[0] = Late()
    gc.collect()
    shared.totals()
    assert shared.totals() == [1.0]


def test_a_reader_never_sees_a_counter_fall(metrics):
    counter = metrics.counter("rows_total", "Rows.")
    seen, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            seen.append(metrics.value("rows_total"))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        reader = threading.Thread(target=read)
        reader.start()
        for _ in range(40):
            in_thread(lambda: [counter.inc() for _ in range(50)])
        stop.set()
        reader.join()
    finally:
        sys.setswitchinterval(before)
    assert seen == sorted(seen)
    assert metrics.value("rows_total") == 2000


def test_the_same_name_and_labels_give_the_very_same_object(metrics):
    first = metrics.counter("rows_total", "Rows.", labels={"a": "1", "b": "2"})
    assert metrics.counter("rows_total", "Rows.", labels={"b": "2", "a": "1"}) is first


def test_the_first_help_stays(metrics):
    metrics.gauge("busy", "Workers at work.")
    metrics.gauge("busy", "Something else.")
    assert metrics.snapshot()[0].help == "Workers at work."


def test_default_buckets_run_from_10_microseconds_to_10_seconds(metrics):
    metrics.histogram("wait_seconds", "Wait.")
    bounds = [dict(s.labels)["le"] for s in metrics.snapshot()[0].samples[:-2]]
    assert (bounds[0], bounds[-2], bounds[-1], len(bounds)) == ("1e-05", "10.0", "+Inf", 20)


def test_an_unknown_metric_is_told_with_its_nearest(metrics):
    metrics.counter("rows_total", "Rows.")
    with pytest.raises(UnknownNameError, match='Did you mean "rows_total"'):
        metrics.value("row_total")


def test_an_unknown_series_names_labels_but_no_values(metrics):
    metrics.counter("rows_total", "Rows.", labels={"who": "jo@example.com"})
    with pytest.raises(UnknownNameError, match="who") as caught:
        metrics.value("rows_total", {"who": "al@example.com"})
    assert "example.com" not in str(caught.value)


def test_repr_is_a_table_without_buckets(metrics):
    metrics.histogram("wait_seconds", "Wait.", labels={"arm": "a"}).observe(0.25)
    metrics.gauge("busy", "Busy.").set(3)
    assert repr(metrics).splitlines()[2:] == [
        "wait_seconds_count  arm=a       1",
        "wait_seconds_sum    arm=a    0.25",
        "busy                            3",
    ]


def test_a_notebook_shows_an_escaped_table(metrics):
    metrics.gauge("busy", "Busy.", labels={"arm": "<script>"})
    assert "arm=&lt;script&gt;" in metrics._repr_html_()


def test_text_is_sent_as_prometheus_expects(metrics):
    assert metrics.content_type == "text/plain; version=0.0.4; charset=utf-8"


def test_a_histogram_adds_up_the_threads(metrics):
    histogram = metrics.histogram("wait_seconds", "Wait.", buckets=[1])
    in_thread(lambda: histogram.observe(0.5))
    histogram.observe(2)
    assert metrics.value("wait_seconds_bucket", {"le": "1.0"}) == 1
    assert metrics.value("wait_seconds_count") == 2
    assert metrics.value("wait_seconds_sum") == 2.5
