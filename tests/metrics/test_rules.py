"""What is refused, and in which words."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import pairwise

import pytest

from prodml.errors import ConfigError
from prodml.metrics import DEFAULT_BUCKETS, MemoryMetrics, NullMetrics, PrometheusMetrics

PROMETHEUS = pytest.param(
    PrometheusMetrics,
    marks=pytest.mark.skipif(
        find_spec("prometheus_client") is None,
        reason="PrometheusMetrics needs the extra prodml[prometheus]",
    ),
)


def told(call):
    with pytest.raises(ConfigError) as caught:
        call()
    return str(caught.value)


WRONG = {
    "a counter without _total": (
        lambda m: m.counter("rows", "Rows."),
        (
            'only counters end in "_total", and all of them do, got the counter "rows". '
            'Did you mean "rows_total"?'
        ),
    ),
    "a gauge with _total": (
        lambda m: m.gauge("rows_total", "Rows."),
        (
            'only counters end in "_total", and all of them do, got the gauge "rows_total". '
            'Did you mean "rows"?'
        ),
    ),
    "a name in capitals": (
        lambda m: m.gauge("Rows", "Rows."),
        (
            "the name of a gauge must be lower-case letters, digits and '_', and begin with a letter, "
            "got 'Rows'"
        ),
    ),
    "a help that is no text": (
        lambda m: m.gauge("rows", None),
        'the help of "rows" must be text, got NoneType',
    ),
    "labels that are no mapping": (
        lambda m: m.gauge("rows", "Rows.", labels=["a"]),
        'the labels of "rows" must map names to text, got list',
    ),
    "a label that is a number": (
        lambda m: m.gauge("rows", "Rows.", labels={"version": 3}),
        'the label "version" of "rows" must be text, got int: write str(value) where you mean it',
    ),
    "a label that is no Unicode": (
        lambda m: m.gauge("rows", "Rows.", labels={"version": "\ud800"}),
        'the label "version" of "rows" holds a lone surrogate: no Unicode text',
    ),
    "a reserved label": (
        lambda m: m.gauge("rows", "Rows.", labels={"le": "3"}),
        (
            "a label of \"rows\" must be lower-case letters, digits and '_', begin with a letter and "
            'not be "le" or "quantile", got \'le\''
        ),
    ),
    "falling buckets": (
        lambda m: m.histogram("wait_seconds", "Wait.", buckets=[2, 1]),
        'the buckets of "wait_seconds" must rise strictly, got [2.0, 1.0]',
    ),
    "no buckets": (
        lambda m: m.histogram("wait_seconds", "Wait.", buckets=[]),
        'the buckets of "wait_seconds" must be at least one finite upper bound',
    ),
}


@pytest.mark.parametrize("adapter", [MemoryMetrics, PROMETHEUS, NullMetrics])
@pytest.mark.parametrize("what", WRONG)
def test_a_mistake_is_told_alike_by_every_adapter(adapter, what):
    call, message = WRONG[what]
    assert told(lambda: call(adapter())) == message


@pytest.fixture(params=[MemoryMetrics, PROMETHEUS])
def metrics(request):
    return request.param()


def test_another_kind_is_told(metrics):
    metrics.gauge("wait_seconds", "Wait.")
    message = told(lambda: metrics.histogram("wait_seconds", "Wait."))
    assert message == '"wait_seconds" is a gauge already, so it cannot be a histogram'


def test_other_label_names_are_told(metrics):
    metrics.gauge("busy", "Busy.", labels={"model": "a"})
    message = told(lambda: metrics.gauge("busy", "Busy.", labels={"arm": "a"}))
    assert message.startswith("\"busy\" has the labels ['model'], got ['arm']")


def test_other_buckets_are_told(metrics):
    metrics.histogram("wait_seconds", "Wait.", buckets=[1])
    message = told(lambda: metrics.histogram("wait_seconds", "Wait.", buckets=[2]))
    assert message.startswith('"wait_seconds" has the buckets [1.0], got [2.0]')


@pytest.mark.parametrize("name", ["wait_seconds_count", "wait_seconds_sum", "wait_seconds_bucket"])
def test_a_gauge_cannot_pass_for_a_part_of_a_histogram(metrics, name):
    metrics.histogram("wait_seconds", "Wait.")
    assert f'would write "{name}", which "wait_seconds" does already' in told(
        lambda: metrics.gauge(name, "Count.")
    )


@pytest.mark.parametrize("first", ["counter", "gauge"])
def test_a_counters_stem_is_taken_with_it(metrics, first):
    calls = {
        "counter": lambda: metrics.counter("rows_total", "Rows."),
        "gauge": lambda: metrics.gauge("rows", "Rows."),
    }
    calls.pop(first)()
    assert 'would write "rows"' in told(calls.popitem()[1])


def test_a_negative_increment_is_told(metrics):
    message = told(lambda: metrics.counter("rows_total", "Rows.").inc(-2))
    assert message == "a counter only grows: inc(amount >= 0), finite, got -2"


def test_an_infinite_observation_is_told(metrics):
    message = told(lambda: metrics.histogram("wait_seconds", "W.").observe(float("inf")))
    assert message == "observe() needs a finite number, got inf"


def test_default_buckets_rise_in_steps_of_at_most_two_and_a_half():
    ratios = [b / a for a, b in pairwise(DEFAULT_BUCKETS)]
    assert 2 <= min(ratios) <= max(ratios) <= 2.5 + 1e-12
