from __future__ import annotations

import datetime as dt
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from prodml.errors import ConfigError, SchemaError
from prodml.tables import as_frame, kind_of


def test_a_pandas_frame_is_not_copied():
    frame = pd.DataFrame({"a": [1]})
    assert as_frame(frame) is frame


def test_an_array_gets_numbered_columns():
    assert list(as_frame(np.zeros((2, 3))).columns) == ["x0", "x1", "x2"]


def test_an_array_of_objects_gets_the_kinds_of_its_columns():
    frame = as_frame(np.array([[1, "a"], [2, "b"]], dtype=object))
    assert [kind_of(frame[c]) for c in frame] == ["integer", "text"]


def test_a_structured_array_has_its_fields_for_columns():
    array = np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")])
    assert as_frame(array).to_dict("list") == {"a": [1], "b": [2.5]}


def test_a_mapping_of_series_goes_by_position_not_by_label():
    frame = as_frame({"a": pd.Series([1, 2], index=[7, 8]), "b": pd.Series([3, 4])})
    assert frame.to_dict("list") == {"a": [1, 2], "b": [3, 4]}


def test_a_field_that_a_record_lacks_is_missing():
    frame = as_frame([{"a": 1, "b": "x"}, {"a": 2}])
    assert frame["b"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (3, "builtins.int"),
        ("a,b", "builtins.str"),
        (np.arange(3), "two dimensions"),
        ({"a": 1}, "not a column but int"),
        ({"a": "text"}, "not a column but str"),
        ({"a": [1, 2], "b": [1]}, "one length"),
        ({"a": np.zeros((2, 2))}, "one column of scalars"),
        ([{"a": 1}, 2], "item 1 is int"),
    ],
)
def test_what_is_no_table_is_refused_with_advice(data, words):
    with pytest.raises(ConfigError, match=words):
        as_frame(data)


@pytest.mark.parametrize("data", [[], {}, pd.DataFrame()])
def test_a_table_without_columns_is_refused(data):
    with pytest.raises(SchemaError, match="at least one column"):
        as_frame(data)


def test_a_name_that_occurs_twice_is_refused_by_name():
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(SchemaError, match="'a'") as caught:
        as_frame(frame)
    assert caught.value.column == "a"


def test_names_that_are_not_text_are_refused():
    with pytest.raises(SchemaError, match="2 of type int"):
        as_frame(pd.DataFrame([[1, 2]]))


VALUES = {
    "whole": [1, None, 3],
    "number": [1.5, None, 2.5],
    "yes": [True, None, False],
    "text": ["a", None, "b"],
    "day": [dt.date(2024, 1, 1), None, dt.date(2024, 1, 2)],
    "at": [
        dt.datetime.fromisoformat("2024-01-01T05:00"),
        None,
        dt.datetime.fromisoformat("2024-01-02"),
    ],
    "full": [1, 2, 3],
}
KINDS = ["integer", "number", "boolean", "text", "time", "time", "integer"]


def _polars():
    pl = pytest.importorskip("polars")
    zoned = (
        pl.Series("zoned", VALUES["at"])
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone("Asia/Tokyo")
    )
    return pl.DataFrame(VALUES).with_columns(
        zoned, pl.Series("level", ["a", None, "b"], pl.Categorical)
    )


def _arrow():
    pa = pytest.importorskip("pyarrow")
    table = pa.table(VALUES)
    zoned = pa.array(VALUES["at"], pa.timestamp("us", "Asia/Tokyo"))
    level = pa.array(["a", None, "b"]).dictionary_encode()
    return table.append_column("zoned", zoned).append_column("level", level)


@pytest.mark.parametrize("make", [_polars, _arrow])
def test_a_foreign_table_keeps_kinds_values_and_gaps(make):
    frame = as_frame(make())
    assert [kind_of(frame[c]) for c in frame] == [*KINDS, "time", "category"]
    assert frame.drop(columns="full").isna().sum(axis=1).tolist() == [0, 8, 0]
    assert frame["whole"].dropna().tolist() == [1, 3]
    assert frame["text"].dropna().tolist() == ["a", "b"]
    assert frame["at"].dropna().tolist() == [pd.Timestamp(2024, 1, 1, 5), pd.Timestamp(2024, 1, 2)]


def test_polars_and_arrow_give_the_same_instants():
    assert as_frame(_polars())["zoned"].dropna().tolist()[0].hour == 14
    assert as_frame(_arrow())["zoned"].dropna().tolist()[0].hour == 14


@pytest.mark.parametrize("width", [8, 16, 32, 64])
@pytest.mark.parametrize("sign", ["", "U"])
def test_foreign_integers_with_gaps_keep_their_width(width, sign):
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    name = f"{sign}Int{width}"
    ours = as_frame(pl.DataFrame({"a": pl.Series([1, None], dtype=getattr(pl, name))}))
    theirs = as_frame(pa.table({"a": pa.array([1, None], getattr(pa, name.lower())())}))
    assert str(ours["a"].dtype) == str(theirs["a"].dtype) == name


def test_foreign_decimals_are_numbers():
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    decimals = pl.DataFrame({"a": pl.Series(["1.5", None]).cast(pl.Decimal(10, 2))})
    assert as_frame(decimals)["a"].dtype == "float64"
    assert as_frame(pa.table({"a": pa.array([1.5]).cast(pa.decimal128(5, 2))}))["a"].tolist() == [
        1.5
    ]


def test_a_lazy_frame_is_asked_to_be_collected():
    pl = pytest.importorskip("polars")
    with pytest.raises(ConfigError, match="collect"):
        as_frame(pl.LazyFrame({"a": [1]}))


def test_nested_polars_columns_come_as_objects():
    pl = pytest.importorskip("polars")
    assert as_frame(pl.DataFrame({"a": [[1, 2]]}))["a"].dtype == object


def test_an_arrow_table_with_a_name_twice_is_refused():
    pa = pytest.importorskip("pyarrow")
    with pytest.raises(SchemaError, match="twice"):
        as_frame(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]))


def test_no_dataframe_library_is_loaded_to_recognise_a_table():
    code = "import sys; from prodml.tables import as_frame; as_frame([{'a': 1}]); print('polars' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_importing_the_room_loads_no_heavy_package():
    code = "import sys, prodml.tables; print({'numpy', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
