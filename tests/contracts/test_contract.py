from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.contracts import Check, Contract, ContractReport, FreshDraw
from prodml.errors import ConfigError, ContractError, SchemaError

DAY = pd.Timestamp("2024-05-01")


def bad_rows(check, values):
    """Number the rows that a check of one column puts aside."""
    frame = pd.DataFrame({"a": values})
    return Contract({"a": check}).split(frame).bad.index.tolist()


VOCABULARY = {
    "numbers below the range": (Check.number(min=0), [-0.1, 0.0, 1.0], [0]),
    "numbers above the range": (Check.number(max=1), [1.0, 1.1], [1]),
    "infinite numbers": (Check.number(), [1.0, np.inf, -np.inf], [1, 2]),
    "missing numbers": (Check.number(), [1.0, np.nan], [1]),
    "missing numbers that may be": (Check.number(min=0, nullable=True), [-1.0, np.nan], [0]),
    "integers beyond 2**53": (Check.integer(max=2**60), [2**60, 2**60 + 1], [1]),
    "fractions among integers": (Check.integer(), [1.0, 1.5, 2.0], [1]),
    "infinity among integers": (Check.integer(), [1.0, np.inf], [1]),
    "nullable integers": (Check.integer(min=2), pd.array([1, None, 3], dtype="Int64"), [0, 1]),
    "gaps between integers": (Check.integer(min=2, nullable=True), [1.0, None, 3.0], [0]),
    "missing booleans": (Check.boolean(), [True, None, False], [1]),
    "unknown levels": (Check.category(["a", "b"]), ["a", "c", "b"], [1]),
    "levels of a category": (Check.category(["a"]), pd.Categorical(["a", "b"]), [1]),
    "texts that match in part": (Check.text(matches=r"P\d+"), ["P1", "P1x", "xP1"], [1, 2]),
    "texts of another length": (Check.text(min_length=1, max_length=2), ["", "a", "abc"], [0, 2]),
    "texts that are too short": (Check.text(min_length=2), ["a", "ab"], [0]),
    "missing texts": (Check.text(), ["a", None], [1]),
    "times before": (Check.time(min="2024-05-01"), [DAY, DAY - pd.Timedelta("1s")], [1]),
    "times after": (
        Check.time(max=dt.datetime.fromisoformat("2024-05-01")),
        [DAY, DAY + pd.Timedelta("1s")],
        [1],
    ),
    "missing times": (Check.time(min="2024-05-01", nullable=True), [DAY, pd.NaT], []),
    "dates": (Check.time(min="2024-05-02"), [dt.date(2024, 5, 1), dt.date(2024, 5, 2)], [0]),
    "one of some numbers": (Check.one_of([1, 2]), [1, 2, 3], [2]),
    "gaps are not looked at by one_of": (Check.one_of(["a"]), ["a", None], []),
    "gaps": (Check.not_null(), ["a", None], [1]),
    "equal values": (Check.unique(), ["a", "b", "a", None, None], [0, 2]),
    "a function's own": (Check.rows(lambda s: s % 2 == 0, name="is even"), [1, 2, 3], [0, 2]),
    "a function's own, with gaps": (
        Check.rows(lambda s: s > 1, name="is large"),
        [1.0, None, 3.0],
        [0],
    ),
    "a list of checks": ([Check.integer(), Check.unique()], [1, 1, 2], [0, 1]),
}


@pytest.mark.parametrize("name", VOCABULARY)
def test_each_check_puts_aside_the_rows_it_should(name):
    check, values, rows = VOCABULARY[name]
    assert bad_rows(check, values) == rows


def test_zoned_times_are_held_against_the_clock_of_their_zone():
    times = pd.to_datetime(["2024-05-01 00:30"]).tz_localize("Asia/Tokyo")
    assert bad_rows(Check.time(min="2024-05-01"), times) == []
    assert bad_rows(Check.time(min="2024-05-01T00:00+00:00"), times) == [0]


def test_an_end_with_a_zone_asks_for_times_with_one():
    with pytest.raises(ContractError, match='column "a" must hold times with a zone'):
        bad_rows(Check.time(min="2024-05-01T00:00+00:00"), [DAY])


PATIENTS = Contract(
    {
        "patient": [Check.text(matches=r"P\d+"), Check.unique()],
        "age": Check.integer(min=0, max=120),
        "stage": Check.category(["I", "II"]),
    },
    name="patients",
)
ROWS = pd.DataFrame(
    {
        "patient": ["P1", "P2", "P2", "x", "P5"],
        "age": [30.0, 40.0, 50.0, 60.0, np.nan],
        "stage": ["I", "II", "I", "III", "I"],
        "note": list("abcde"),
    },
    index=[10, 11, 12, 13, 14],
)


def test_good_and_bad_rows_are_all_the_rows():
    good, bad, report = PATIENTS.split(ROWS)
    assert (good.index.tolist(), bad.index.tolist()) == ([10], [11, 12, 13, 14])
    assert (report.n_rows, report.n_good, report.n_bad, report.ok) == (5, 1, 4, False)


def test_good_rows_come_in_the_kinds_that_were_asked_for():
    good = PATIENTS.split(ROWS).good
    assert good["age"].dtype == "int64"
    assert good["stage"].dtype == "category"


def test_bad_rows_come_as_they_were():
    bad = PATIENTS.split(ROWS).bad
    pd.testing.assert_frame_equal(bad, ROWS.loc[bad.index])


def test_every_breach_is_counted_by_rule():
    counts = {(r.column, r.rule): r.n_bad for r in PATIENTS.split(ROWS).report.results}
    assert counts == {
        ("patient", "is not missing"): 0,
        ("patient", "matches 'P\\\\d+'"): 1,
        ("patient", "is unique"): 2,
        ("age", "is not missing"): 1,
        ("age", "is a whole number"): 0,
        ("age", "lies in [0, 120]"): 0,
        ("stage", "is not missing"): 0,
        ("stage", "is one of 2 levels"): 1,
    }


def test_examples_are_row_numbers_and_ten_at_most():
    report = Contract({"a": Check.number(max=0)}).split({"a": np.ones(50)}).report
    assert report.results[1].examples == tuple(range(10))
    assert report.results[1].n_bad == 50


def test_no_report_or_error_holds_a_value():
    secret = pd.DataFrame(
        {"patient": ["Mary Smith", "P1"], "age": [999, 30], "stage": ["secret", "I"]}
    )
    secret.index = ["mary@example.org", "b"]
    report = PATIENTS.split(secret).report
    with pytest.raises(ContractError) as caught:
        PATIENTS.check(secret)
    told = f"{report!r}{report._repr_html_()}{report.to_dict()}{caught.value}"
    assert not re.search("Mary|999|secret|example.org", told)


def test_check_hands_on_good_data():
    good = PATIENTS.check(ROWS.iloc[[0]])
    assert good["patient"].tolist() == ["P1"]


def test_check_names_rules_counts_and_rows():
    with pytest.raises(
        ContractError, match=r'"age" is not missing: not so in 1 of 5 rows \(first: 4\)'
    ) as caught:
        PATIENTS.check(ROWS)
    assert caught.value.column == "patient"


def test_troubles_of_whole_columns_come_in_one_error():
    broken = ROWS.drop(columns="patient").assign(age=["x"] * 5, patien=1)
    with pytest.raises(ContractError) as caught:
        PATIENTS.split(broken)
    told = str(caught.value)
    assert 'contract "patients" is broken: no column "patient". Did you mean "patien"' in told
    assert 'column "age" must hold integers, got text' in told
    assert caught.value.column == "patient"
    assert "note" in caught.value.known


def test_many_troubles_are_cut_short():
    contract = Contract({f"c{i}": Check.number() for i in range(9)})
    with pytest.raises(ContractError, match="and 4 more"):
        contract.split({"a": [1]})


def test_a_kind_that_cannot_be_told_is_a_trouble_of_the_column():
    with pytest.raises(ContractError, match='column "a" holds objects'):
        Contract({"a": Check.text()}).split({"a": np.array(["x", 1], dtype=object)})


@pytest.mark.parametrize(("extra", "columns"), [("keep", ["a", "b"]), ("drop", ["a"])])
def test_other_columns_are_kept_or_dropped(extra, columns):
    split = Contract({"a": Check.number()}, extra=extra).split({"a": [1.0], "b": [2]})
    assert list(split.good.columns) == columns


def test_other_columns_may_be_refused():
    with pytest.raises(ContractError, match='column "b" is not part of it'):
        Contract({"a": Check.number()}, extra="raise").split({"a": [1.0], "b": [2]})


@pytest.mark.parametrize(
    ("n", "words"), [(0, "2 rows or more"), (1, "2 rows or more"), (4, "3 rows at most")]
)
def test_too_few_or_too_many_rows_are_refused(n, words):
    contract = Contract({"a": Check.number()}, min_rows=2, max_rows=3)
    with pytest.raises(ContractError, match=words):
        contract.split({"a": np.ones(n)})


def test_an_empty_table_is_refused_unless_it_may_be():
    empty = {"a": np.array([], dtype=float)}
    with pytest.raises(ContractError, match="1 rows or more"):
        Contract({"a": Check.number()}).split(empty)
    assert Contract({"a": Check.number()}, min_rows=0).split(empty).report.ok


def test_a_tolerated_breach_stays_with_the_good_rows():
    split = Contract({"a": Check.number(min=0, mostly=0.7)}).split({"a": [-1.0, 1, 2, 3]})
    assert (len(split.good), split.report.results[1].status, split.report.ok) == (
        4,
        "tolerated",
        True,
    )


def test_beyond_the_tolerance_every_breach_is_put_aside():
    split = Contract({"a": Check.number(min=0, mostly=0.8)}).split({"a": [-1.0, -1, 2, 3, 4]})
    assert (len(split.bad), split.report.results[1].status) == (2, "failed")


def test_tolerated_fractions_leave_integers_as_they_are():
    good = Contract({"a": Check.integer(mostly=0.5)}).split({"a": [1.0, 1.5]}).good
    assert good["a"].tolist() == [1.0, 1.5]


def test_a_warning_is_counted_and_stops_nothing():
    split = Contract({"a": Check.number(min=0, severity="warn")}).split({"a": [-1.0, 1]})
    assert (len(split.good), split.report.results[1].status, split.report.ok) == (2, "warned", True)


def test_a_combination_may_not_occur_twice():
    contract = Contract({"a": Check.number()}, checks=[Check.unique("a", "b")])
    frame = {"a": [1.0, 1, 1, 2, 2], "b": ["x", "x", "y", None, None]}
    split = contract.split(frame)
    assert split.bad.index.tolist() == [0, 1]
    assert split.report.results[-1].column == "a, b"


def test_a_function_may_look_at_whole_rows():
    ordered = Check.rows(
        lambda t: t["start"] <= t["end"], name="starts before its end", columns=["start", "end"]
    )
    contract = Contract({"start": Check.number()}, checks=[ordered])
    assert contract.split({"start": [1.0, 3], "end": [2, 2]}).bad.index.tolist() == [1]
    with pytest.raises(ContractError, match='no column "end"'):
        contract.split({"start": [1.0]})


def test_a_function_over_the_table_needs_to_name_no_column():
    contract = Contract(
        {"a": Check.number()}, checks=[Check.rows(lambda t: t["a"] > 0, name="is up")]
    )
    assert contract.split({"a": [1.0, -1]}).report.results[-1].column == "(table)"


@pytest.mark.parametrize("answer", [True, [True], [1, 2], None])
def test_a_function_must_answer_for_each_row(answer):
    contract = Contract({"a": Check.rows(lambda s: answer, name="odd")})
    with pytest.raises(ContractError, match='check "odd" must return one boolean per row'):
        contract.split({"a": [1, 2]})


def test_a_row_of_which_a_function_is_unsure_is_bad():
    unsure = Check.rows(lambda s: pd.array([True, None], dtype="boolean"), name="sure")
    assert bad_rows(unsure, [1, 2]) == [1]


def test_a_function_that_fails_is_named_and_its_error_kept():
    contract = Contract({"a": Check.rows(lambda s: s["nope"], name="odd")})
    with pytest.raises(ContractError, match='check "odd" failed with KeyError') as caught:
        contract.split({"a": [1, 2]})
    assert isinstance(caught.value.__cause__, KeyError)


def test_polars_arrow_and_pandas_give_the_same_report():
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    columns = {"patient": ["P1", "x", None], "age": [1, None, 130], "stage": ["I", "II", "IV"]}
    found = [PATIENTS.split(t).report for t in (columns, pl.DataFrame(columns), pa.table(columns))]
    assert found[0] == found[1] == found[2]


@given(
    st.lists(
        st.tuples(st.floats(-5, 5) | st.none(), st.sampled_from("abc")), min_size=2, max_size=20
    ),
    st.data(),
)
def test_reports_of_parts_add_up_to_the_report_of_the_whole(rows, data):
    contract = Contract(
        {
            "x": Check.number(min=-2, max=2, severity="warn"),
            "y": Check.category(["a", "b"], mostly=0.5),
        }
    )
    frame = pd.DataFrame(rows, columns=["x", "y"]).astype({"x": float})
    cut = data.draw(st.integers(1, len(rows) - 1))
    parts = [contract.split(frame.iloc[:cut]).report, contract.split(frame.iloc[cut:]).report]
    assert parts[0].merge(parts[1]).results == contract.split(frame).report.results


def test_merged_counts_of_rows_add_up():
    parts = [PATIENTS.split(ROWS).report, PATIENTS.split(ROWS.iloc[:1]).report]
    merged = parts[0].merge(parts[1])
    assert (merged.n_rows, merged.n_good, merged.n_bad) == (6, 2, 4)


def test_reports_of_different_contracts_do_not_merge():
    report = PATIENTS.split(ROWS).report
    with pytest.raises(ConfigError, match="cannot be merged"):
        report.merge(ContractReport("other", 1, 0, ()))
    others = Contract({"a": Check.number()}).split({"a": [1.0]}).report.results
    with pytest.raises(ConfigError, match="one and the same rule"):
        others[0].merge(others[1])


def test_a_report_becomes_plain_data():
    found = (
        Contract({"a": Check.not_null(mostly=FreshDraw(9, 0.1))})
        .split({"a": [1, None]})
        .report.to_dict()
    )
    assert found["results"][0]["mostly"] == {"rows": 9, "alpha": 0.1, "bad": 0}
    assert (found["n_rows"], found["results"][0]["n_bad"]) == (2, 1)


def test_a_split_prints_its_report():
    split = PATIENTS.split(ROWS)
    assert repr(split).startswith("Split(good=1 rows, bad=4 rows)\n")
    assert "patients" in split._repr_html_()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Contract({}), "at least one column"),
        (lambda: Contract({"a": "number"}), "takes Check values"),
        (lambda: Contract({"a": [Check.number(), Check.text()]}), "one kind only"),
        (lambda: Contract({"a": Check.number()}, checks=[Check.number()]), "checks takes"),
        (lambda: Contract({"a": Check.number()}, checks=[Check.unique()]), "needs its columns"),
        (lambda: Contract({"a": Check.unique("a", "b")}), "belongs into checks"),
        (lambda: Contract({"a": Check.number()}, extra="ignore"), "extra must be"),
        (lambda: Contract({"a": Check.number()}, min_rows=3, max_rows=2), "min_rows"),
        (lambda: Check.number(min=2, max=1), "lower end"),
        (lambda: Check.number(min=float("nan"), max=1), "lower end"),
        (lambda: Check.text(matches="("), "no regular expression"),
        (lambda: Check.one_of([]), "at least one value"),
        (lambda: Check.one_of("abc"), "at least one value"),
        (lambda: Check.time(min="soon"), "ISO 8601"),
        (lambda: Check.number(mostly=0), "mostly must be"),
        (lambda: Check.number(severity="info"), "severity must be"),
    ],
)
def test_a_slip_in_a_contract_is_refused_when_it_is_made(make, words):
    with pytest.raises(ConfigError, match=words):
        make()


WHOLE = Contract(
    {
        "n": Check.number(min=0.5, max=2, nullable=True, mostly=0.9),
        "i": [Check.integer(min=0), Check.unique(severity="warn")],
        "b": Check.boolean(),
        "c": Check.category(["x", "y"]),
        "t": Check.text(matches=r"\w+", min_length=1, max_length=9),
        "w": Check.time(min="2024-01-01", max="2025-01-01T12:00"),
        "o": [Check.one_of([1, 2]), Check.not_null(mostly=FreshDraw(100, 0.01, 3))],
    },
    name="whole",
    checks=[Check.unique("i", "t")],
    extra="drop",
    min_rows=2,
    max_rows=10,
)


def test_a_contract_survives_plain_data():
    assert Contract.from_dict(WHOLE.to_dict()) == WHOLE


def test_a_contract_survives_as_python_code():
    scope = {"Contract": Contract, "Check": Check, "FreshDraw": FreshDraw}
    assert eval(WHOLE.to_python(), scope) == WHOLE
    assert repr(WHOLE) == WHOLE.to_python()


def test_functions_are_no_data_but_print_by_name():
    def even(series):
        return series % 2 == 0

    contract = Contract({"a": Check.rows(even, name="is even", columns=[])})
    assert "Check.rows(function=even, name='is even')" in contract.to_python()
    with pytest.raises(ConfigError, match='check "is even" is a function'):
        contract.to_dict()
    wide = Check.rows(even, name="is even", columns=["a"])
    assert repr(wide).endswith("columns=['a'])")


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"format": "prodml.contract/1"},
        {"format": "prodml.contract/1", "columns": 3},
        {"format": "prodml.contract/1", "columns": {"a": [{"check": "numberly"}]}},
        {"format": "prodml.contract/1", "columns": {"a": [{"check": "rows"}]}},
        {"format": "prodml.contract/1", "columns": {"a": [{"check": "to_dict"}]}},
        {"format": "prodml.contract/1", "columns": {"a": [{"check": "number", "least": 3}]}},
    ],
)
def test_plain_data_that_is_no_contract_is_refused(data):
    with pytest.raises(ConfigError):
        Contract.from_dict(data)


def test_what_is_no_table_is_refused_as_such():
    with pytest.raises(ConfigError, match="a table may be"):
        PATIENTS.split(3)
    with pytest.raises(SchemaError):
        PATIENTS.split([])
