from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError
from prodml.retraining.cron import Cron

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("* * * * *", "2026-03-02T10:15:30", "2026-03-02T10:16"),
        ("* * * * *", "2026-03-02T10:15", "2026-03-02T10:16"),
        ("30 3 * * *", "2026-03-02T03:29:59", "2026-03-02T03:30"),
        ("30 3 * * *", "2026-03-02T03:30", "2026-03-03T03:30"),
        ("*/15 * * * *", "2026-03-02T10:46", "2026-03-02T11:00"),
        ("5/20 * * * *", "2026-03-02T10:26", "2026-03-02T10:45"),
        ("0 9-17/4 * * *", "2026-03-02T09:00", "2026-03-02T13:00"),
        ("0 0,12 * * *", "2026-03-02T00:00", "2026-03-02T12:00"),
        ("0 0 1 jan *", "2026-03-02T00:00", "2027-01-01T00:00"),
        ("0 0 * * MON-fri", "2026-03-06T00:00", "2026-03-09T00:00"),
        ("0 0 * * 7", "2026-03-02T00:00", "2026-03-08T00:00"),
        ("0 0 * * 0", "2026-03-02T00:00", "2026-03-08T00:00"),
        ("0 0 * * fri-sun", "2026-03-07T00:00", "2026-03-08T00:00"),
        ("0 0 * * sat-sun,wed", "2026-03-02T00:00", "2026-03-04T00:00"),
        ("0 0 31 * *", "2026-03-31T00:00", "2026-05-31T00:00"),
        ("0 0 29 2 *", "2026-03-02T00:00", "2028-02-29T00:00"),
        ("0 0 29 2 *", "2096-03-01T00:00", "2104-02-29T00:00"),
        ("@hourly", "2026-03-02T10:15", "2026-03-02T11:00"),
        ("@daily", "2026-03-02T10:15", "2026-03-03T00:00"),
        ("@midnight", "2026-03-02T10:15", "2026-03-03T00:00"),
        ("@weekly", "2026-03-02T10:15", "2026-03-08T00:00"),
        ("@monthly", "2026-03-02T10:15", "2026-04-01T00:00"),
        ("@yearly", "2026-03-02T10:15", "2027-01-01T00:00"),
        ("@Annually", "2026-03-02T10:15", "2027-01-01T00:00"),
        ("0 0 1 1 *", "2026-12-31T23:59", "2027-01-01T00:00"),
    ],
)
def test_the_next_time_is_the_one_the_manual_names(expression, after, expected):
    assert Cron(expression).next_after(at(after)) == at(expected)


def test_either_day_field_will_do_when_both_are_restricted():
    # crontab(5): "30 4 1,15 * 5" runs on the 1st and 15th, plus every Friday.
    cron, found, now = Cron("30 4 1,15 * 5"), [], at("2026-03-01T00:00")
    for _ in range(7):
        now = cron.next_after(now)
        found.append(now.day)
    assert found == [1, 6, 13, 15, 20, 27, 1]


def test_both_day_fields_have_to_match_when_one_begins_with_a_star():
    # The 1st of a month with a Sunday, since "*/7" names Sunday and begins with a star.
    assert Cron("0 0 1 * */7").next_after(at("2026-03-02T00:00")) == at("2026-11-01T00:00")


def test_a_day_forty_years_off_is_found():
    # After 2096-02-29 the next leap day is in 2104: the next 29 February on a Sunday is in 2128.
    assert Cron("0 0 29 2 */7").next_after(at("2088-03-01T00:00")) == at("2128-02-29T00:00")


expressions = st.tuples(
    st.sampled_from(["*", "0", "*/7", "3-50/9", "1,30,59"]),
    st.sampled_from(["*", "5", "*/6", "8-18"]),
    st.sampled_from(["*", "1", "*/10", "28-31", "13"]),
    st.sampled_from(["*", "feb", "*/3", "6-9"]),
    st.sampled_from(["*", "mon", "1-5", "6,7", "*/2"]),
).map(" ".join)
times = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(expressions, times)
def test_the_next_time_matches_and_lies_after(expression, now):
    cron = Cron(expression)
    found = cron.next_after(now)
    assert found > now
    assert (found.second, found.microsecond) == (0, 0)
    assert cron.matches(found)


@given(expressions, times)
def test_no_minute_before_the_next_time_matches(expression, now):
    cron = Cron(expression)
    found = cron.next_after(now)
    minute = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    for _ in range(500):
        if minute >= found:
            break
        assert not cron.matches(minute)
        minute += timedelta(minutes=1)


def test_times_of_other_zones_are_taken_as_utc():
    oslo = timezone(timedelta(hours=1))
    cron = Cron("0 3 * * *")
    assert cron.matches(datetime(2026, 3, 2, 4, 0, tzinfo=oslo))
    assert cron.next_after(datetime(2026, 3, 2, 3, 30, tzinfo=oslo)) == at("2026-03-02T03:00")


def test_every_day_has_one_three_oclock_even_when_clocks_change():
    cron, now = Cron("0 3 * * *"), at("2026-03-27T12:00")
    days = []
    for _ in range(4):
        now = cron.next_after(now)
        days.append((now.day, now.hour))
    assert days == [(28, 3), (29, 3), (30, 3), (31, 3)]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("0 3 * *", "five fields .* got 4"),
        ("", "five fields"),
        ("60 * * * *", "minute must be 0 to 59"),
        ("* 24 * * *", "hour must be 0 to 23"),
        ("* * 0 * *", "day of month must be 1 to 31"),
        ("* * * 13 *", "month must be 1 to 12 or jan to dec"),
        ("* * * * 8", "day of week must be 0 to 7 or sun to sat"),
        ("* * * * funday", "day of week"),
        ("-1 * * * *", "minute"),
        ("+1 * * * *", "minute"),
        ("1_0 * * * *", "minute"),
        ("² * * * *", "minute"),
        ("*/0 * * * *", "step of the minute must be at least 1"),
        ("*/x * * * *", "step"),
        ("30-10 * * * *", "runs backwards"),
        ("1,,2 * * * *", "minute"),
        ("0 0 30 2 *", "never comes"),
        ("@fortnightly", "no preset"),
        ("@hourl", 'Did you mean "@hourly"'),
    ],
)
def test_what_is_no_cron_expression_is_refused(expression, message):
    with pytest.raises(ConfigError, match=message):
        Cron(expression)


def test_an_expression_is_text():
    with pytest.raises(ConfigError, match="is text, got int"):
        Cron(5)


def test_a_time_without_zone_is_refused():
    with pytest.raises(ConfigError, match="aware"):
        Cron("@daily").matches(datetime(2026, 3, 2))  # noqa: DTZ001


def test_equal_expressions_are_equal():
    assert Cron("@daily") == Cron("@daily") != Cron("@hourly")
    assert repr(Cron("@daily")) == "Cron(expression='@daily', zone=None)"
