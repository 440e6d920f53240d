from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from prodml.errors import ConfigError, UnknownNameError
from prodml.retraining import (
    Context,
    OnDrift,
    OnNewLabels,
    OnPerformance,
    OnSchedule,
    Reason,
    decide,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def drift(share, *, drifted=True):
    return SimpleNamespace(drifted=drifted, share=share)


@pytest.mark.parametrize(
    ("last_run", "due"), [(None, True), (NOW - DAY, True), (NOW - DAY / 2, False)]
)
def test_an_interval_counts_from_the_last_run(last_run, due):
    found = OnSchedule(DAY).due(Context(NOW, last_run))
    assert (found is not None) == due


def test_an_interval_says_how_long_ago():
    found = OnSchedule(DAY).due(Context(NOW, NOW - 2 * DAY))
    assert str(found) == "schedule: the last run was 2 d ago, and one is due every 1 d"


@pytest.mark.parametrize(
    ("last_run", "first_check", "due"),
    [
        (None, None, False),
        (None, NOW - timedelta(hours=8), False),
        (None, NOW - timedelta(hours=10), True),
        (NOW - timedelta(hours=8), NOW - 9 * DAY, False),
        (NOW - timedelta(hours=10), NOW - 9 * DAY, True),
        (NOW - 9 * DAY, None, True),
    ],
)
def test_a_cron_time_is_due_once_it_has_passed_since_the_last_run(last_run, first_check, due):
    found = OnSchedule("0 3 * * *").due(Context(NOW, last_run, first_check))
    assert (found is not None) == due


def test_a_cron_expression_may_be_shared():
    schedule = OnSchedule("@daily")
    assert OnSchedule(schedule.every) == schedule


@pytest.mark.parametrize("every", [timedelta(0), -DAY, 5, None])
def test_an_interval_that_is_none_is_refused(every):
    with pytest.raises(ConfigError, match="every must be"):
        OnSchedule(every)


@pytest.mark.parametrize(
    ("report", "due"),
    [
        (None, False),
        (drift(0.0, drifted=False), False),
        (drift(0.29), False),
        (drift(0.3), True),
    ],
)
def test_drift_counts_from_the_least_share_on(report, due):
    found = OnDrift(min_share=0.3).due(Context(NOW, drift=report))
    assert (found is not None) == due


def test_any_drift_will_do_by_default():
    assert OnDrift().due(Context(NOW, drift=drift(0.01))) == Reason(
        "drift", "1% of the columns drifted"
    )


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_is_a_share(share):
    with pytest.raises(ConfigError, match=r"\[0, 1\]"):
        OnDrift(min_share=share)


@pytest.mark.parametrize(
    ("limits", "value", "due"),
    [
        ({"below": 0.8}, 0.79, True),
        ({"below": 0.8}, 0.8, False),
        ({"above": 12.0}, 12.5, True),
        ({"above": 12.0}, 12.0, False),
    ],
)
def test_performance_counts_beyond_its_limit(limits, value, due):
    found = OnPerformance("score", **limits).due(Context(NOW, performance={"score": value}))
    assert (found is not None) == due


def test_performance_may_be_an_object_with_scores():
    context = Context(NOW, performance=SimpleNamespace(scores={"mae": 9.0}))
    assert str(OnPerformance("mae", above=5).due(context)) == "performance: mae is 9, above 5"


@pytest.mark.parametrize("scores", [None, {}])
def test_without_scores_performance_is_no_reason(scores):
    assert OnPerformance("accuracy", below=0.8).due(Context(NOW, performance=scores)) is None


def test_a_misspelt_score_is_an_error_and_not_silence():
    context = Context(NOW, performance={"accuracy": 0.5})
    with pytest.raises(UnknownNameError, match='Did you mean "accuracy"'):
        OnPerformance("acuracy", below=0.8).due(context)


@pytest.mark.parametrize("limits", [{}, {"below": 1, "above": 2}])
def test_performance_has_exactly_one_limit(limits):
    with pytest.raises(ConfigError, match="not both or neither"):
        OnPerformance("accuracy", **limits)


def test_enough_new_labels_are_a_reason():
    assert OnNewLabels(1000).due(Context(NOW, n_new_labels=999)) is None
    found = OnNewLabels(1000).due(Context(NOW, n_new_labels=1200))
    assert found.message == "1,200 new labels, 1,000 are enough"


@pytest.mark.parametrize("n", [0, -1, 2.5, True])
def test_a_number_of_labels_is_a_whole_number(n):
    with pytest.raises(ConfigError, match="whole number"):
        OnNewLabels(n)


def test_a_context_needs_aware_times_and_counts():
    with pytest.raises(ConfigError, match="now must be an aware"):
        Context(datetime(2026, 3, 2))  # noqa: DTZ001
    with pytest.raises(ConfigError, match="n_new_labels must be at least 0"):
        Context(NOW, n_new_labels=-1)


def test_every_trigger_that_fires_gives_its_reason():
    triggers = [OnSchedule(DAY), OnDrift(), OnNewLabels(10)]
    found = decide(Context(NOW, n_new_labels=10), triggers)
    assert found.due
    assert [r.trigger for r in found.reasons] == ["schedule", "new_labels"]
    assert (
        found.message == "schedule: there was no run yet; new_labels: 10 new labels, 10 are enough"
    )


def test_nothing_fires_without_a_reason():
    found = decide(Context(NOW), [OnDrift()])
    assert (found.due, found.reasons, found.message) == (False, (), "no trigger fired")


def test_a_cooldown_holds_back_what_fires():
    context = Context(NOW, NOW - timedelta(hours=1), n_new_labels=10)
    found = decide(context, [OnNewLabels(10)], cooldown=timedelta(hours=3))
    assert not found.due
    assert [r.trigger for r in found.reasons] == ["new_labels"]
    assert found.message == "cooling down for another 2 h"


def test_a_cooldown_ends():
    context = Context(NOW, NOW - timedelta(hours=3), n_new_labels=10)
    assert decide(context, [OnNewLabels(10)], cooldown=timedelta(hours=3)).due


def test_force_runs_without_a_reason_and_through_the_cooldown():
    context = Context(NOW, NOW - timedelta(hours=1))
    found = decide(context, [OnDrift()], cooldown=timedelta(hours=3), force=True)
    assert found.due
    assert [r.trigger for r in found.reasons] == ["forced"]
