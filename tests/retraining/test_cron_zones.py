"""Wall clocks that are set forward and back, against an oracle that looks at every single minute."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from prodml.errors import ConfigError
from prodml.retraining.cron import Cron

MINUTE = timedelta(minutes=1)
# Half hours, a set-back over midnight, a day that never was, a zone that went its own ways.
ZONES = {
    "Europe/Oslo": ["2026-03-29T01:00", "2026-10-25T01:00"],
    "America/New_York": ["2026-03-08T07:00", "2026-11-01T06:00"],
    "Australia/Lord_Howe": ["2026-04-04T15:00", "2026-10-03T15:30"],
    "America/Santiago": ["2026-04-05T03:00", "2026-09-06T04:00"],
    "Africa/Casablanca": ["2026-02-15T02:00", "2026-03-22T02:00"],
    "Asia/Kathmandu": ["2026-05-01T00:00"],
    "Pacific/Apia": ["2011-12-30T10:00"],
}


def zone_or_skip(name):
    try:
        return ZoneInfo(name)
    except (KeyError, OSError):
        pytest.skip(f"this machine has no time zone {name}: tzdata is not installed")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- an oracle: no skipping, no arithmetic, one minute after the other -------------------------


def number_matches(text, value, names, low, high):
    """Say if a field names a value, by trying; Sunday is asked as 0 and as 7."""
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        else:
            ends = [names.index(e) + low if e in names else int(e) for e in span.split("-")]
            first, last = ends[0], ends[-1]
            if step and len(ends) == 1:
                last = high
        if first <= value <= last and (value - first) % int(step or 1) == 0:
            return True
    return False


MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


def names(expression, wall):
    minute, hour, day, month, weekday = expression.split()
    if not number_matches(minute, wall.minute, [], 0, 59):
        return False
    if not number_matches(hour, wall.hour, [], 0, 23):
        return False
    if not number_matches(month, wall.month, MONTHS, 1, 12):
        return False
    in_month = number_matches(day, wall.day, [], 1, 31)
    today = wall.isoweekday() % 7
    in_week = any(number_matches(weekday, d, DAYS, 0, 7) for d in {today, today or 7})
    restricted = not day.startswith("*") and not weekday.startswith("*")
    return (in_month or in_week) if restricted else (in_month and in_week)


def oracle(expression, zone, begin, end):
    """Return every minute from `begin` to `end`, both exclusive, at which the expression comes due."""
    minute_field, hour_field, *_ = expression.split()
    frequent = minute_field.startswith("*") or hour_field.startswith("*")
    # Begin two days before, so that a repeated or skipped time is seen for what it is.
    now = begin - timedelta(days=2)
    shown, found = None, []
    seen = set()
    while now < end:
        wall = now.astimezone(zone).replace(tzinfo=None, fold=0)
        walls = [wall]
        if not frequent and shown is not None and wall - shown > MINUTE:
            n_skipped = int((wall - shown) / MINUTE)
            walls += [shown + i * MINUTE for i in range(1, n_skipped)]
        if not frequent:
            walls = [w for w in walls if w not in seen]
            seen.update(walls)
        if now > begin and any(names(expression, w) for w in walls):
            found.append(now)
        shown, now = wall, now + MINUTE
    return found


def times(cron, begin, end):
    found, now = [], begin
    while (now := cron.next_after(now)) < end:
        found.append(now)
    return found


def field(rng, low, high, *, star):
    a, b = sorted(rng.sample(range(low, high + 1), 2))
    kinds = [
        str(a),
        f"{a},{b}",
        f"{a}-{b}",
        f"{a}-{b}/{rng.randint(1, 5)}",
        f"{a}/{rng.randint(2, 9)}",
    ]
    return rng.choice(["*", f"*/{rng.randint(2, 7)}"]) if rng.random() < star else rng.choice(kinds)


def expression(rng):
    return " ".join(
        [
            field(rng, 0, 59, star=0.2),
            field(rng, 0, 5, star=0.4),  # clocks are set at night
            field(rng, 1, 31, star=0.7),
            field(rng, 1, 12, star=0.9),
            field(rng, 0, 7, star=0.7),
        ]
    )


def compare(name, change, n, seed):
    zone, rng = zone_or_skip(name), random.Random(seed)
    begin, end = at(change) - timedelta(hours=30), at(change) + timedelta(hours=30)
    for _ in range(n):
        text = expression(rng)
        try:
            cron = Cron(text, name)
        except ConfigError:
            continue  # it never comes, such as 31 February
        assert times(cron, begin, end) == oracle(text, zone, begin, end), (text, name)


CHANGES = [(name, change) for name, changes in ZONES.items() for change in changes]


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_around_a_change_of_clocks_every_minute_is_as_the_oracle_says(name, change):
    compare(name, change, n=4, seed=change)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_many_expressions_around_a_change_of_clocks(name, change):
    compare(name, change, n=400, seed=1)


def test_in_utc_every_minute_is_as_the_oracle_says():
    rng = random.Random(7)
    begin = at("2028-02-27T22:00")  # over the end of a leap February
    for _ in range(10):
        text = expression(rng)
        found = times(Cron(text), begin, begin + timedelta(days=4))
        assert found == oracle(text, UTC, begin, begin + timedelta(days=4)), text


# --- and by hand, from the manual --------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        # Oslo, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC.
        ("30 2 * * *", "2026-03-28T12:00", "2026-03-29T01:00"),
        ("30 2 * * *", "2026-03-29T01:00", "2026-03-30T00:30"),
        ("*/30 2 * * *", "2026-03-28T12:00", "2026-03-30T00:00"),
        ("0 * * * *", "2026-03-29T00:30", "2026-03-29T01:00"),
        # 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC.
        ("30 2 * * *", "2026-10-24T12:00", "2026-10-25T00:30"),
        ("30 2 * * *", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("0 * * * *", "2026-10-25T00:00", "2026-10-25T01:00"),
        # A month ends when it does in Oslo, not in Greenwich.
        ("30 0 1 * *", "2026-04-15T00:00", "2026-04-30T22:30"),
    ],
)
def test_times_in_oslo(expression, after, expected):
    zone_or_skip("Europe/Oslo")
    assert Cron(expression, "Europe/Oslo").next_after(at(after)) == at(expected)


def test_a_time_on_a_day_that_never_was_comes_when_the_next_day_begins():
    # Samoa went from 29 to 31 December 2011.
    zone_or_skip("Pacific/Apia")
    assert Cron("0 12 30 12 *", "Pacific/Apia").next_after(at("2011-06-01T00:00")) == at(
        "2011-12-30T10:00"
    )


def test_utc_may_be_named():
    assert Cron("0 3 * * *", "UTC").next_after(at("2026-03-29T02:00")) == at("2026-03-29T03:00")


@pytest.mark.parametrize("zone", ["Europe/Olso", "../etc/passwd", "", 5])
def test_a_zone_that_is_none_is_refused(zone):
    with pytest.raises(ConfigError, match="no time zone"):
        Cron("@daily", zone)
