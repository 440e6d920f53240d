"""Triggers made of triggers, what holds a run back, and what a person asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from prodml.retraining import (
    AllOf,
    AnyOf,
    AtMostEvery,
    Context,
    Manual,
    Not,
    OnDrift,
    OnNewLabels,
    OnSchedule,
    QuietHours,
    Reason,
    Request,
    decide,
)
from prodml.retraining.combining import crons, next_due

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DRIFTED = SimpleNamespace(drifted=True, share=0.5)
LABELS, DRIFT = OnNewLabels(10), OnDrift()


def context(*, labels=0, drifted=False, **known):
    known = {"now": NOON, "n_new_labels": labels, "drift": DRIFTED if drifted else None, **known}
    return Context(**known)


@pytest.mark.parametrize("labels", [0, 10])
@pytest.mark.parametrize("drifted", [False, True])
def test_any_all_and_not_are_what_they_are_in_logic(labels, drifted):
    seen, enough = context(labels=labels, drifted=drifted), labels >= 10

    def fires(trigger):
        return trigger.due(seen) is not None

    assert fires(AnyOf(LABELS, DRIFT)) == (enough or drifted)
    assert fires(AllOf(LABELS, DRIFT)) == (enough and drifted)
    assert fires(Not(LABELS)) == (not enough)
    assert fires(AllOf(DRIFT, Not(LABELS))) == (drifted and not enough)
    assert fires(Not(AnyOf(LABELS, DRIFT))) == fires(AllOf(Not(LABELS), Not(DRIFT)))


def test_several_reasons_become_one():
    found = AllOf(DRIFT, LABELS).due(context(labels=12, drifted=True))
    assert found == Reason(
        "drift and new_labels", "50% of the columns drifted; 12 new labels, 10 are enough"
    )
    assert AnyOf(DRIFT, LABELS).due(context(labels=12)).trigger == "new_labels"


def test_equal_combinations_are_equal():
    assert AnyOf(DRIFT, LABELS) == AnyOf(OnDrift(), OnNewLabels(10)) != AllOf(DRIFT, LABELS)
    assert len({AnyOf(DRIFT), AnyOf(DRIFT), AllOf(DRIFT)}) == 2


@pytest.mark.parametrize(("ago", "due"), [(None, True), (DAY, True), (DAY - HOUR, False)])
def test_a_trigger_may_be_heard_at_most_every_so_often(ago, due):
    last = None if ago is None else NOON - ago
    found = AtMostEvery(DAY, LABELS).due(context(labels=10, last_run=last))
    assert (found is not None) == due


@pytest.mark.parametrize(
    ("start", "end", "hour", "quiet"),
    [
        ("08:00", "18:00", 7, False),
        ("08:00", "18:00", 8, True),
        ("08:00", "18:00", 17, True),
        ("08:00", "18:00", 18, False),
        ("22:00", "06:00", 21, False),
        ("22:00", "06:00", 22, True),
        ("22:00", "06:00", 0, True),
        ("22:00", "06:00", 5, True),
        ("22:00", "06:00", 6, False),
    ],
)
def test_quiet_hours_begin_and_end_when_they_say(start, end, hour, quiet):
    hours = QuietHours(LABELS, start=start, end=end)
    seen = context(labels=10, now=NOON.replace(hour=hour))
    assert (hours.due(seen) is None) == hours.is_quiet(seen.now) == quiet


def test_quiet_hours_are_those_of_a_zone():
    pytest.importorskip("zoneinfo").ZoneInfo("Europe/Oslo")
    hours = QuietHours(LABELS, start="08:00", end="09:00", zone="Europe/Oslo")
    assert hours.is_quiet(datetime(2026, 3, 2, 7, 30, tzinfo=UTC))
    assert hours.is_quiet(datetime(2026, 7, 2, 6, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        ("2026-03-06T23:00", True),  # Friday night
        ("2026-03-07T05:00", True),  # still Friday's night
        ("2026-03-07T23:00", False),  # Saturday night
        ("2026-03-09T05:00", False),  # Monday before dawn is Sunday's night
        ("2026-03-09T23:00", True),
    ],
)
def test_a_night_belongs_to_the_day_it_began_on(at, quiet):
    hours = QuietHours(LABELS, start="22:00", end="06:00", weekdays_only=True)
    assert hours.is_quiet(datetime.fromisoformat(at).replace(tzinfo=UTC)) == quiet


def test_every_schedule_is_found_however_deep():
    nightly, weekly = OnSchedule("@daily"), OnSchedule("@weekly")
    triggers = [AnyOf(AtMostEvery(DAY, nightly), Not(OnSchedule("@hourly"))), AllOf(weekly, LABELS)]
    assert [c.expression for c in crons(triggers)] == ["@daily", "@weekly"]
    seen = context(last_run=NOON)
    assert next_due(triggers, seen) == datetime(2026, 3, 3, tzinfo=UTC)
    assert next_due([LABELS], seen) is None
    assert next_due([OnSchedule(2 * HOUR)], seen) == NOON + 2 * HOUR
    assert next_due([OnSchedule(2 * HOUR)], context()) == NOON


# --- schedules and clocks ---------------------------------------------------------------------


def test_a_tick_a_moment_early_by_this_clock_is_not_missed_for_a_week():
    weekly = OnSchedule("0 3 * * mon")
    early = datetime(2026, 3, 2, 2, 59, 45, tzinfo=UTC)
    assert weekly.due(Context(early, last_run=early - 7 * DAY)) is not None
    # ... and counts once: a moment later it is not due again, nor at the minute itself.
    for later in (timedelta(seconds=1), timedelta(seconds=15), HOUR):
        assert weekly.due(Context(early + later, last_run=early)) is None


def test_a_loop_first_asked_at_the_very_time_is_due():
    weekly = OnSchedule("0 3 * * mon")
    assert weekly.due(Context(datetime(2026, 3, 2, 3, 0, 40, tzinfo=UTC))) is not None
    assert weekly.due(Context(datetime(2026, 3, 2, 3, 1, 5, tzinfo=UTC))) is None


def test_a_schedule_that_runs_every_minute_is_due_every_minute():
    every, now, n = OnSchedule("* * * * *"), NOON, 0
    last = NOON - DAY
    for _ in range(10):
        if every.due(Context(now, last_run=last)) is not None:
            n, last = n + 1, now
        now += timedelta(minutes=1)
    assert n == 10


def test_ticks_that_were_missed_count_once():
    daily = OnSchedule("0 3 * * *")
    assert daily.due(Context(NOON, last_run=NOON - 30 * DAY)) is not None
    assert daily.due(Context(NOON + HOUR, last_run=NOON)) is None


# --- what holds a run back --------------------------------------------------------------------


def test_after_an_inconclusive_verdict_a_run_waits_for_the_labels_it_lacked():
    found = decide(context(labels=12, n_labels_wanted=300), [LABELS])
    assert (found.due, found.message) == (
        False,
        "the last verdict was inconclusive: waiting for 288 more labels",
    )


def test_when_they_have_come_in_that_is_a_reason_of_its_own():
    found = decide(context(labels=300, n_labels_wanted=300), [DRIFT])
    assert found.due
    assert (
        str(found.reasons[0])
        == "labels_came: the 300 labels that the last verdict lacked have come in"
    )


def test_where_nobody_counts_labels_nothing_waits_for_them():
    assert decide(context(labels=None, drifted=True, n_labels_wanted=300), [DRIFT]).due


def test_force_and_a_person_wait_for_nothing():
    seen = context(labels=0, n_labels_wanted=300, last_run=NOON, request=Request("now", "ops"))
    assert decide(seen, [Manual()], cooldown=DAY).due
    assert decide(context(n_labels_wanted=300), [DRIFT], force=True, cooldown=DAY).due
    assert not decide(seen, [DRIFT], cooldown=DAY).due
