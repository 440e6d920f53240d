from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.contracts import Check, Contract
from prodml.errors import ContractError

CONTRACT = Contract(
    {
        "age": Check.integer(min=0, max=120),
        "height": Check.number(min=0.3, nullable=True),
        "stage": Check.category(["I", "II"]),
        "name": [Check.text(matches=r"[A-Z]\w*", max_length=9), Check.unique()],
        "seen": Check.time(min="2024-01-01"),
        "member": Check.boolean(),
    },
    name="people",
)
RECORD = {
    "age": 44,
    "height": 1.8,
    "stage": "I",
    "name": "Mary",
    "seen": "2024-05-01",
    "member": True,
}


def test_a_good_record_comes_back_in_its_kinds():
    checked = CONTRACT.check_record(dict(reversed(RECORD.items())) | {"age": 44.0})
    assert list(checked) == list(RECORD)
    assert checked == RECORD | {"seen": dt.datetime.fromisoformat("2024-05-01")}
    assert type(checked["age"]) is int


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("age", 130, r'field "age" breaks: lies in \[0, 120\]'),
        ("age", 1.5, 'field "age" breaks: is a whole number'),
        ("age", "secret", 'field "age" must be an integer, got str'),
        ("age", None, 'field "age" breaks: is not missing'),
        ("height", float("inf"), 'field "height" breaks'),
        ("stage", "secret", 'field "stage" breaks: is one of 2 levels'),
        ("name", "secret", 'field "name" breaks: matches'),
        ("name", "Secretsecret", 'field "name" breaks: has a length in'),
        ("seen", "2023-12-31", 'field "seen" breaks: lies in'),
        ("member", "secret", 'field "member" must be true or false, got str'),
    ],
)
def test_a_bad_field_is_named_with_its_rule_and_without_its_value(field, value, rule):
    with pytest.raises(ContractError, match=rule) as caught:
        CONTRACT.check_record(RECORD | {field: value})
    assert caught.value.column == field
    assert "secret" not in str(caught.value).lower()


def test_a_field_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(ContractError, match=r'no field "age"\. Did you mean "agee"'):
        CONTRACT.check_record({"agee" if k == "age" else k: v for k, v in RECORD.items()})


def test_a_field_that_may_be_missing_may_be_left_out():
    assert (
        CONTRACT.check_record({k: v for k, v in RECORD.items() if k != "height"})["height"] is None
    )


def test_a_record_must_be_a_mapping():
    with pytest.raises(ContractError, match="must be a mapping, got list"):
        CONTRACT.check_record([1])


@pytest.mark.parametrize(("extra", "there"), [("keep", True), ("drop", False)])
def test_other_fields_are_kept_or_dropped(extra, there):
    contract = Contract({"a": Check.number()}, extra=extra)
    assert ("b" in contract.check_record({"a": 1.0, "b": 2})) is there


def test_other_fields_may_be_refused():
    with pytest.raises(ContractError, match='field "b" is not part of it'):
        Contract({"a": Check.number()}, extra="raise").check_record({"a": 1.0, "b": 2})


@pytest.mark.parametrize("options", [{"mostly": 0.9}, {"severity": "warn"}])
def test_what_cannot_be_judged_by_one_record_does_not_stop_it(options):
    contract = Contract({"a": Check.number(min=0, **options)})
    assert contract.check_record({"a": -1.0}) == {"a": -1.0}
    assert contract.check_record({}) == {"a": None}


def test_a_zone_is_asked_for_where_the_contract_has_one():
    contract = Contract({"at": Check.time(min="2024-05-01T00:00+00:00")})
    with pytest.raises(ContractError, match='field "at": must be a time with a zone'):
        contract.check_record({"at": "2024-05-02"})
    assert contract.check_record({"at": "2024-05-02T00:00+02:00"})


def test_a_bare_end_is_read_on_the_clock_of_the_times_zone():
    contract = Contract({"at": Check.time(min="2024-05-01")})
    assert contract.check_record({"at": "2024-05-01T00:30+09:00"})


def test_functions_of_a_column_and_of_a_row_are_asked():
    even = Check.rows(lambda s: s % 2 == 0, name="is even")
    ordered = Check.rows(lambda t: t["a"] <= t["b"], name="is in order", columns=["a", "b"])
    contract = Contract({"a": even}, checks=[ordered, Check.unique("a", "b")])
    assert contract.check_record({"a": 2, "b": 3}) == {"a": 2, "b": 3}
    with pytest.raises(ContractError, match='field "a" breaks: is even'):
        contract.check_record({"a": 1, "b": 3})
    with pytest.raises(ContractError, match="the record breaks: is in order"):
        contract.check_record({"a": 4, "b": 3})
    with pytest.raises(ContractError, match='no field "b"'):
        contract.check_record({"a": 4})


CELLS = {
    "age": st.integers(-5, 130) | st.floats(-5, 130) | st.none(),
    "height": st.floats(allow_nan=False) | st.none(),
    "stage": st.sampled_from(["I", "II", "III"]) | st.none(),
    "name": st.text("AZaz09_", max_size=12) | st.none(),
    "seen": st.datetimes(
        pd.Timestamp("2023").to_pydatetime(), pd.Timestamp("2025").to_pydatetime()
    ),
    "member": st.booleans() | st.none(),
}


@given(
    st.fixed_dictionaries({}, optional=CELLS).map(
        lambda drawn: RECORD | {"seen": dt.datetime.fromisoformat("2024-05-01")} | drawn
    )
)
def test_a_record_passes_exactly_when_a_table_of_it_does(record):
    table = pd.DataFrame(
        {k: pd.Series([v], dtype=object).infer_objects() for k, v in record.items()}
    )
    in_table = len(CONTRACT.split(table).good) == 1
    try:
        CONTRACT.check_record(record)
    except ContractError:
        assert not in_table
    else:
        assert in_table


def test_numpy_scalars_are_taken():
    checked = CONTRACT.check_record(
        RECORD | {"age": np.int64(5), "height": np.float32(1.5), "member": np.True_}
    )
    assert (checked["age"], checked["height"], checked["member"]) == (5, 1.5, True)


def test_a_huge_integer_is_out_of_range_and_no_overflow():
    with pytest.raises(ContractError, match="breaks"):
        CONTRACT.check_record(RECORD | {"age": 10**400})
