from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError, KeyMaterialError, SchemaError
from prodml.keys import StaticKeys
from prodml.ports import Key
from prodml.privacy import Anonymizer, DateShift, Keep, Pseudonymize

KEY = Key("k1", hashlib.sha256(b"a secret of these tests").digest())
KEYS = StaticKeys({"pseudonym": KEY}, warn=False)
SHIFT = DateShift(subject="who")


def days(subject, max_days=180):
    """The documented formula, written out."""
    extracted = hmac.new(bytes(32), KEY.secret, "sha256").digest()
    derived = hmac.new(extracted, b"prodml/dateshift/v1/\x01", "sha256").digest()
    digest = hmac.new(derived, str(subject).encode(), "sha256").digest()
    return int.from_bytes(digest[:8], "big") % (2 * max_days + 1) - max_days


def one(value, subject="ann", transform=SHIFT):
    return transform.bind("day", KEY).one(value, {"who": subject})


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)),
)
def test_a_date_moves_by_the_documented_days(subject, day):
    assert one(day, subject) == day + dt.timedelta(days=days(subject))


def test_shifts_stay_within_the_limit_and_use_it_all():
    moved = {days(i, 3) for i in range(500)}
    assert moved == set(range(-3, 4))
    transform = DateShift(subject="who", max_days=3)
    day = dt.date(2024, 1, 10)
    assert {(one(day, i, transform) - day).days for i in range(500)} == moved


def test_intervals_of_a_subject_stay_in_all_columns():
    frame = pd.DataFrame(
        {
            "who": ["ann", "bo", "ann"],
            "came": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-03-01"]),
            "left": pd.to_datetime(["2024-01-05", "2024-02-01", None]),
        }
    )
    policy = {"who": Pseudonymize(), "came": SHIFT, "left": SHIFT}
    moved = Anonymizer(policy, keys=KEYS).fit_transform(frame)
    assert (moved["left"] - moved["came"]).dt.days.tolist()[:2] == [4, 31]
    assert (moved["came"][2] - moved["came"][0]).days == 60
    assert pd.isna(moved["left"][2])
    assert (moved["came"][0] - frame["came"][0]).days == days("ann")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (dt.date(2024, 5, 1), dt.date),
        (dt.datetime.fromisoformat("2024-05-01T08:30"), dt.datetime),
        (pd.Timestamp("2024-05-01 08:30"), pd.Timestamp),
        ("2024-05-01", str),
        ("2024-05-01T08:30:00", str),
    ],
)
def test_what_is_moved_stays_what_it_was(value, kind):
    moved = one(value)
    assert type(moved) is kind
    shown = str(dt.date(2024, 5, 1) + dt.timedelta(days=days("ann")))
    assert str(moved).startswith(shown)
    assert ("08:30" in str(moved)) == ("08:30" in str(value))


@pytest.mark.parametrize(
    "dtype",
    [
        "datetime64[s]",
        "datetime64[ns]",
        "datetime64[us, Europe/Berlin]",
        object,
        "category",
        "timestamp[us][pyarrow]",
    ],
)
def test_columns_and_records_move_alike(dtype):
    if "pyarrow" in str(dtype):
        pytest.importorskip("pyarrow", reason="columns on Arrow memory need the extra arrow")
    stamps = pd.Series(pd.to_datetime(["2024-03-30 12:00", None, "2024-10-26 12:00"]))
    if "Berlin" in str(dtype):
        stamps = stamps.dt.tz_localize("Europe/Berlin")
    series = stamps.astype(dtype)
    frame = pd.DataFrame({"who": ["ann", "bo", "cy"], "day": series})
    action = SHIFT.bind("day", KEY)
    moved = action.column(frame["day"], frame)
    expected = [
        action.one(v, {"who": w}) for v, w in zip(series.tolist(), frame["who"], strict=True)
    ]
    assert pd.isna(moved[1])
    assert expected[1] is None
    assert [moved[0], moved[2]] == [expected[0], expected[2]]
    if dtype not in (object, "category"):
        assert str(moved.dtype) == str(series.dtype)


def test_an_aware_time_keeps_its_interval_over_a_change_of_clocks():
    berlin = ZoneInfo("Europe/Berlin")
    before, after = (dt.datetime(2024, 3, day, 12, tzinfo=berlin) for day in (30, 31))
    gap = after.astimezone(dt.UTC) - before.astimezone(dt.UTC)
    assert one(after).astimezone(dt.UTC) - one(before).astimezone(dt.UTC) == gap


def test_a_missing_subject_is_an_error():
    with pytest.raises(SchemaError, match='"who" lacks the subject'):
        one(dt.date(2024, 1, 1), None)
    frame = pd.DataFrame({"who": ["ann", None], "day": pd.to_datetime(["2024-01-01"] * 2)})
    with pytest.raises(SchemaError, match='"who" lacks the subject'):
        Anonymizer({"who": Keep(), "day": SHIFT}, keys=KEYS).fit_transform(frame)


def test_a_missing_subject_of_a_missing_date_is_fine():
    frame = pd.DataFrame({"who": ["ann", None], "day": pd.to_datetime(["2024-01-01", None])})
    moved = Anonymizer({"who": Keep(), "day": SHIFT}, keys=KEYS).fit_transform(frame)
    assert moved["day"].isna().tolist() == [False, True]


def test_a_long_subject_id_is_not_rounded_by_a_gap_in_the_dates():
    long = 2**53 + 1
    frame = pd.DataFrame({"who": [long, 1], "day": pd.to_datetime(["2024-01-01", None])})
    moved = Anonymizer({"who": Keep(), "day": SHIFT}, keys=KEYS).fit_transform(frame)
    assert (moved["day"][0] - frame["day"][0]).days == days(long)


def test_a_table_without_the_subject_is_refused():
    with pytest.raises(SchemaError, match='"who" is missing'):
        Anonymizer({"day": SHIFT}, keys=KEYS).fit(pd.DataFrame({"day": ["2024-01-01"]}))


def test_a_later_table_without_the_subject_is_refused():
    frame = pd.DataFrame({"who": ["ann"], "day": ["2024-01-01"]})
    anonymizer = Anonymizer({"day": SHIFT}, keys=KEYS, remainder="drop").fit(frame)
    assert list(anonymizer.transform(frame).columns) == ["day"]
    with pytest.raises(SchemaError, match='"who" is missing'):
        anonymizer.transform(frame[["day"]])


def test_what_is_no_date_is_refused_without_showing_it():
    with pytest.raises(SchemaError, match="DateShift takes dates") as caught:
        one("the day we met")
    assert "met" not in str(caught.value)


def test_a_date_moved_beyond_the_calendar_is_refused_without_showing_it():
    frame = pd.DataFrame({"who": list(range(50)), "day": [dt.date.max] * 50})
    with pytest.raises(SchemaError, match="DateShift failed .* OverflowError"):
        Anonymizer({"who": Keep(), "day": SHIFT}, keys=KEYS).fit_transform(frame)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"subject": None}, "subject must be text"),
        ({"subject": "who", "max_days": 0}, "max_days must be a whole number from 1 to 36500"),
        ({"subject": "who", "max_days": 40_000}, "max_days must be"),
        ({"subject": "who", "domain": 1}, "domain must be text"),
    ],
)
def test_bad_settings_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        DateShift(**arguments)


def test_it_does_not_bind_without_a_key():
    with pytest.raises(KeyMaterialError, match='"day"'):
        SHIFT.bind("day", None)
