from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError, SchemaError
from prodml.privacy import Generalize


def one(transform, value):
    return transform.bind("x", None).one(value, {})


@pytest.mark.parametrize(
    ("width", "value", "label"),
    [
        (10, 34, "[30, 40)"),
        (10, 40, "[40, 50)"),
        (10, -1, "[-10, 0)"),
        (10, 39.999, "[30, 40)"),
        (0.1, 0.3, "[0.3, 0.4)"),
        (2.5, 5, "[5, 7.5)"),
        (10, True, "[0, 10)"),
        (1000, 10**20 + 1, "[100000000000000000000, 100000000000000001000)"),
    ],
)
def test_a_number_lies_in_its_range(width, value, label):
    assert one(Generalize(width=width), value) == label


@given(
    st.floats(-1e9, 1e9),
    st.sampled_from([0.1, 0.25, 0.3, 1, 5, 7.5, 10, 1000]),
)
def test_the_label_of_a_range_holds_the_value(value, width):
    low, high = map(Fraction, re.findall(r"-?[\d.]+", one(Generalize(width=width), value)))
    assert low <= Fraction(repr(value)) < high
    assert high - low == Fraction(str(width))


@pytest.mark.parametrize(
    ("value", "label"),
    [(17.9, "< 18"), (18, "[18, 30)"), (30, "[30, 65.5)"), (65.5, ">= 65.5"), (1e9, ">= 65.5")],
)
def test_edges_leave_no_number_without_a_range(value, label):
    assert one(Generalize(edges=[18, 30, 65.5]), value) == label


@pytest.mark.parametrize(
    ("unit", "label"), [("year", "1984"), ("quarter", "1984-Q4"), ("month", "1984-12")]
)
@pytest.mark.parametrize(
    "value",
    [
        dt.date(1984, 12, 31),
        dt.datetime.fromisoformat("1984-12-31T23:59"),
        pd.Timestamp("1984-12-31"),
        "1984-12-31",
        "1985-01-01T00:30:00+01:00",
    ],
)
def test_a_date_lies_in_its_unit(unit, label, value):
    assert one(Generalize(unit=unit), value) == label


def test_a_hierarchy_compares_values_as_text():
    transform = Generalize(hierarchy={10: "south", "20": "north"})
    assert [one(transform, v) for v in (10, 10.0, "10", 20)] == ["south", "south", "south", "north"]


def test_an_unseen_category_is_an_error_that_does_not_show_it():
    with pytest.raises(SchemaError, match="hierarchy of 1 values") as caught:
        one(Generalize(hierarchy={"a": "b"}), "Atlantis")
    assert "Atlantis" not in str(caught.value)


def test_an_unseen_category_goes_where_one_said():
    assert one(Generalize(hierarchy={"a": "b"}, unseen="other"), "Atlantis") == "other"


def test_missing_stays_missing():
    series = pd.Series([34, None, 51.0])
    labels = Generalize(width=10).bind("x", None).column(series, pd.DataFrame())
    assert labels.tolist()[0] == "[30, 40)"
    assert labels.isna().tolist() == [False, True, False]


def test_a_category_stays_a_category_of_fewer():
    series = pd.Series(["a", "b", "c", "a"], dtype="category")
    groups = Generalize(hierarchy={"a": "z", "b": "y", "c": "z"}).bind("x", None)
    column = groups.column(series, pd.DataFrame())
    assert column.tolist() == ["z", "y", "z", "z"]
    assert column.cat.categories.tolist() == ["y", "z"]


@pytest.mark.parametrize("value", ["34", float("inf"), dt.date(2024, 1, 1)])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(SchemaError, match="finite numbers"):
        one(Generalize(width=10), value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "exactly one .* got none"),
        ({"width": 1, "unit": "year"}, "exactly one .* got width, unit"),
        ({"width": 0}, "width must be a finite number above 0"),
        ({"width": -1}, "width must be"),
        ({"width": float("inf")}, "width must be"),
        ({"width": True}, "width must be"),
        ({"width": "10"}, "width must be"),
        ({"edges": []}, "at least one"),
        ({"edges": [1, 1]}, "must rise"),
        ({"edges": [2, 1]}, "must rise"),
        ({"edges": [1, float("nan")]}, "finite"),
        ({"hierarchy": {}}, "at least one"),
        ({"hierarchy": [("a", "b")]}, "mapping"),
        ({"hierarchy": {"a": 1}}, "must be text"),
        ({"hierarchy": {1: "a", "1": "b"}}, "same text"),
        ({"unit": "week"}, "unit must be one of"),
        ({"width": 1, "unseen": "x"}, "unseen goes with hierarchy"),
    ],
)
def test_bad_settings_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Generalize(**arguments)


def test_a_hierarchy_shows_its_size_and_not_its_values():
    assert "<2 values>" in repr(Generalize(hierarchy={"a": "x", "b": "y"}))


@pytest.mark.parametrize(
    ("transform", "residual"),
    [
        (Generalize(width=5), "the range"),
        (Generalize(hierarchy={"a": "b"}), "the group"),
        (Generalize(unit="month"), "the month"),
    ],
)
def test_it_says_what_is_left_to_learn(transform, residual):
    assert transform.residual() == residual
