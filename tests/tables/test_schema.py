from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError, SchemaError
from prodml.tables import Column, Schema, as_frame, kind_of

PEOPLE = pd.DataFrame(
    {
        "age": [31, 44],
        "height": [1.7, np.nan],
        "member": [True, False],
        "plan": pd.Series(["s", "m"], dtype="category"),
        "city": ["Oslo", None],
        "seen": pd.to_datetime(["2024-05-01", "2024-05-02"]),
    }
)
RECORD = {
    "age": 50,
    "height": None,
    "member": True,
    "plan": "s",
    "city": "Rome",
    "seen": "2024-06-01",
}


@pytest.fixture
def schema():
    return Schema.of(PEOPLE)


def test_a_schema_reads_kinds_and_gaps_from_a_table(schema):
    assert [(c.name, c.kind, c.nullable) for c in schema.columns] == [
        ("age", "integer", False),
        ("height", "number", True),
        ("member", "boolean", False),
        ("plan", "category", False),
        ("city", "text", True),
        ("seen", "time", False),
    ]


def test_a_table_of_its_own_passes_unchanged(schema):
    pd.testing.assert_frame_equal(schema.check(PEOPLE), PEOPLE)


def test_columns_come_in_the_schemas_order_and_others_are_dropped(schema):
    shuffled = PEOPLE[["seen", "city", "age", "plan", "member", "height"]].assign(extra=1)
    assert list(schema.check(shuffled).columns) == list(schema.names)


def test_a_missing_column_is_an_error_that_names_the_nearest(schema):
    with pytest.raises(SchemaError, match=r'no column "age".*Did you mean "agee"') as caught:
        schema.check(PEOPLE.rename(columns={"age": "agee"}))
    assert (caught.value.column, "agee" in caught.value.known) == ("age", True)


def test_several_missing_columns_are_counted(schema):
    with pytest.raises(SchemaError, match='"age" \\(and 1 more\\)'):
        schema.check(PEOPLE.drop(columns=["age", "city"]))


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("age", ["31", "44"]),
        ("age", [1.5, 2.0]),
        ("age", [np.inf, 2.0]),
        ("height", [True, False]),
        ("member", [1, 0]),
        ("plan", [1.5, 2.5]),
        ("city", [1, 2]),
        ("city", pd.Categorical([1, 2])),
        ("seen", ["2024-05-01", "2024-05-02"]),
    ],
)
def test_another_kind_is_refused_by_column(schema, column, values):
    with pytest.raises(SchemaError, match=f'column "{column}" must hold') as caught:
        schema.check(PEOPLE.assign(**{column: values}))
    assert caught.value.column == column


def test_gaps_where_none_may_be_are_counted(schema):
    with pytest.raises(SchemaError, match='"age" may not miss values, but 1 of 2'):
        schema.check(PEOPLE.assign(age=[31, None]))


@pytest.mark.parametrize(
    ("column", "values", "dtype"),
    [
        ("age", [1.0, 2.0], "int64"),
        ("height", [1, 2], "int64"),
        ("plan", ["s", "m"], "category"),
        ("plan", [1, 2], "category"),
        ("city", pd.Categorical(["Oslo", None]), PEOPLE["city"].dtype),
        ("height", [None, None], "float64"),
        ("city", [None, None], "object"),
    ],
)
def test_a_cast_that_loses_nothing_is_made(schema, column, values, dtype):
    assert schema.check(PEOPLE.assign(**{column: values}))[column].dtype == dtype


@pytest.mark.parametrize("kind", ["number", "integer", "boolean", "category", "text", "time"])
def test_a_column_of_gaps_alone_is_of_any_kind_that_may_be_missing(kind):
    checked = Schema([Column("a", kind, nullable=True)]).check({"a": [None, None]})
    assert checked["a"].isna().all()


def test_whole_floats_with_gaps_stay_floats():
    checked = Schema([Column("a", "integer", nullable=True)]).check({"a": [1.0, np.nan]})
    assert checked["a"].dtype == "float64"


def test_whole_floats_beyond_int64_stay_floats():
    assert Schema([Column("a", "integer")]).check({"a": [1e19]})["a"].dtype == "float64"


def test_a_record_is_brought_into_the_schemas_order_and_types(schema):
    given_record = dict(reversed(RECORD.items())) | {"age": 50.0, "extra": 1}
    checked = schema.check_record(given_record)
    assert list(checked) == list(schema.names)
    assert checked == RECORD | {"seen": dt.datetime.fromisoformat("2024-06-01")}
    assert type(checked["age"]) is int


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("age", np.int32(5), 5),
        ("height", np.float64(1.5), 1.5),
        ("height", 2, 2),
        ("height", Decimal("1.5"), 1.5),
        ("height", float("nan"), None),
        ("member", np.bool_(True), True),
        ("plan", 3, 3),
        ("city", pd.NA, None),
        ("seen", dt.date(2024, 5, 1), dt.datetime.fromisoformat("2024-05-01")),
        ("seen", pd.Timestamp("2024-05-01"), dt.datetime.fromisoformat("2024-05-01")),
        ("seen", "2024-05-01T10:00:00+00:00", dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)),
    ],
)
def test_a_field_may_come_in_any_honest_form(schema, field, value, kept):
    assert schema.check_record(RECORD | {field: value})[field] == kept


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("age", "secret"),
        ("age", True),
        ("age", 1.5),
        ("height", "secret"),
        ("height", False),
        ("member", 1),
        ("plan", ["secret"]),
        ("city", 3),
        ("seen", "secret"),
        ("seen", 20240501),
    ],
)
def test_a_field_of_another_kind_is_refused_without_showing_it(schema, field, value):
    with pytest.raises(SchemaError, match=f'field "{field}" must be') as caught:
        schema.check_record(RECORD | {field: value})
    assert "secret" not in str(caught.value)


def test_a_field_may_be_left_out_only_where_it_may_be_missing(schema):
    assert schema.check_record({k: v for k, v in RECORD.items() if k != "city"})["city"] is None
    with pytest.raises(SchemaError, match=r'no field "age".*Did you mean "aeg"'):
        schema.check_record({"aeg" if k == "age" else k: v for k, v in RECORD.items()})


def test_a_field_that_is_missing_where_it_may_not_be_is_refused(schema):
    with pytest.raises(SchemaError, match='field "age" may not be missing'):
        schema.check_record(RECORD | {"age": None})


def test_a_record_must_be_a_mapping(schema):
    with pytest.raises(SchemaError, match="must be a mapping, got list"):
        schema.check_record([1])


CELLS = {
    "number": st.floats(allow_nan=False, width=32),
    "integer": st.integers(-(2**40), 2**40),
    "boolean": st.booleans(),
    "text": st.text(),
    "time": st.datetimes(
        pd.Timestamp("1900").to_pydatetime(), pd.Timestamp("2100").to_pydatetime()
    ),
}


@given(st.data())
def test_a_record_and_a_table_of_it_are_judged_alike(data):
    asked, given_kind = (data.draw(st.sampled_from(sorted(CELLS))) for _ in range(2))
    nullable = data.draw(st.booleans())
    value = data.draw(CELLS[given_kind] | st.none())
    schema = Schema([Column("a", asked, nullable)])
    if asked == "time" and given_kind == "text":
        return  # ISO text is a time in a record only: JSON has no other way to say it
    outcomes = []
    for check in (
        lambda: schema.check_record({"a": value}),
        lambda: schema.check(as_frame([{"a": value}])),
    ):
        try:
            check()
        except SchemaError:
            outcomes.append("refused")
        else:
            outcomes.append("passed")
    assert outcomes[0] == outcomes[1]


def test_a_schema_survives_plain_data(schema):
    again = Schema.from_dict(schema.to_dict())
    assert again == schema
    assert hash(again) == hash(schema)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"columns": 3},
        {"columns": [{"name": "a"}]},
        {"columns": []},
        {"columns": [{"nameq": "a"}]},
    ],
)
def test_plain_data_that_is_no_schema_is_refused(data):
    with pytest.raises(ConfigError):
        Schema.from_dict(data)


def test_a_schema_refuses_a_name_twice_and_strangers():
    with pytest.raises(ConfigError, match="no name twice"):
        Schema([Column("a", "text"), Column("a", "text")])
    with pytest.raises(ConfigError, match="made of Column"):
        Schema("age")


def test_an_unknown_kind_is_refused():
    with pytest.raises(ConfigError, match='kind of "a" must be one of number'):
        Column("a", "float")


def test_a_schema_prints_as_a_table(schema):
    assert repr(schema).splitlines()[0] == "Schema of 6 columns"
    assert "height" in schema._repr_html_()
    assert len(schema) == 6


def test_the_kind_of_every_checked_column_is_the_one_asked_for(schema):
    checked = schema.check(PEOPLE)
    assert [kind_of(checked[c]) for c in checked] == [c.kind for c in schema.columns]
