"""The text format: equal to what Prometheus's own client writes, and readable by its parser."""

from __future__ import annotations

import math
import subprocess
import sys
import textwrap
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.metrics import MemoryMetrics, PrometheusMetrics
from prodml.metrics.samples import Sample, Samples, float_text, render

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["counter", "gauge", "histogram"]),
        TEXT,
        st.floats(0, 1e12) | st.integers(0, 10**15),
    ),
    max_size=30,
)


def played(metrics, operations):
    for kind, label, amount in operations:
        if kind == "counter":
            metrics.counter("a_total", 'Help "a" \\ \n b.', labels={"k": label}).inc(amount)
        elif kind == "gauge":
            metrics.gauge("b", "", labels={"k": label, "j": "x"}).set(-amount)
        else:
            metrics.histogram("c_seconds", "C", labels={"z": label}).observe(amount / 1e6)
    return metrics


@pytest.fixture(scope="module")
def peer():
    return pytest.importorskip("prometheus_client", reason="prometheus_client is the peer here")


def lines_of(text):
    """Names and labels as written, numbers by their value: old clients write 1e+010."""
    lines = [line.rpartition(" ") for line in text.split("\n")]
    return sorted((a, b if a.startswith("#") else float(b or 0)) for a, _, b in lines)


def without_created(text):
    lines = text.split("\n")
    return "\n".join(line for line in lines if "_created" not in line.split("{")[0])


@pytest.mark.usefixtures("peer")
@given(OPERATIONS)
def test_the_text_is_what_prometheus_client_writes(operations):
    ours = played(MemoryMetrics(), operations).render()
    theirs = without_created(played(PrometheusMetrics(), operations).render())
    assert lines_of(ours) == lines_of(theirs)


@given(OPERATIONS)
def test_the_parser_of_prometheus_reads_back_what_was_written(peer, operations):
    parser = import_module("prometheus_client.parser")
    metrics = played(MemoryMetrics(), operations)
    read = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parser.text_string_to_metric_families(metrics.render())
        for sample in family.samples
    }
    written = {
        (sample.name, frozenset(sample.labels)): sample.value
        for family in metrics.snapshot()
        for sample in family.samples
    }
    assert read == written


@given(st.floats(allow_nan=False))
def test_a_number_reads_back_as_itself(value):
    assert float(float_text(value)) == value


@given(st.floats(-1e9, 1e9) | st.integers(-(10**6), 10**9).map(float))
def test_a_number_is_written_as_go_writes_it(peer, value):
    go = import_module("prometheus_client.utils").floatToGoString
    assert float_text(value) == go(value)


def test_special_numbers_have_names():
    assert [float_text(x) for x in (math.inf, -math.inf, math.nan)] == ["+Inf", "-Inf", "NaN"]


def test_a_label_value_is_escaped():
    sample = Sample("a", (("k", 'one\\two\n"three"'),), 1.0)
    text = render([Samples("a", "gauge", "A.", (sample,))])
    assert text.splitlines()[-1] == r'a{k="one\\two\n\"three\""} 1.0'


def test_help_is_escaped_but_its_quotes_are_not():
    text = render([Samples("a", "gauge", 'say "hi"\\\nbye', ())])
    assert text.splitlines()[0] == r'# HELP a say "hi"\\\nbye'


def test_labels_are_written_in_order_of_their_names():
    metrics = MemoryMetrics()
    metrics.histogram("a_seconds", "A.", labels={"z": "1", "b": "2"}, buckets=[1]).observe(0.5)
    assert 'a_seconds_bucket{b="2",le="+Inf",z="1"} 1.0' in metrics.render()


def test_the_example_of_the_format_page():
    metrics = MemoryMetrics()
    histogram = metrics.histogram("wait_seconds", "Wait.", buckets=[0.5, 1])
    for value in (0.2, 0.7, 3):
        histogram.observe(value)
    expected = """\
        # HELP wait_seconds Wait.
        # TYPE wait_seconds histogram
        wait_seconds_bucket{le="0.5"} 1.0
        wait_seconds_bucket{le="1.0"} 2.0
        wait_seconds_bucket{le="+Inf"} 3.0
        wait_seconds_count 3.0
        wait_seconds_sum 3.9
        """
    assert metrics.render() == textwrap.dedent(expected)


def test_nothing_is_written_of_no_metrics():
    assert MemoryMetrics().render() == ""


def test_metrics_load_no_other_package():
    code = (
        "import sys, prodml.metrics as m; m.MemoryMetrics(); m.NullMetrics(); "
        "print([n for n in ('prometheus_client', 'numpy', 'pandas') if n in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
