from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import IntegrityError, SchemaError
from prodml.fingerprint.container import pack, unpack
from prodml.tables import decode_frame, encode_frame

NULLABLE = [
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "Float32",
    "Float64",
]
PLAIN = [
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
]
WHOLE = pd.DataFrame(
    {
        **{name: pd.Series([1, 2, 3], dtype=name) for name in PLAIN},
        **{name: pd.Series([1, None, 3], dtype=name) for name in NULLABLE},
        "bool": [True, False, True],
        "boolean": pd.Series([True, None, False], dtype="boolean"),
        "objects of booleans": pd.Series([True, None, np.nan], dtype=object),
        "gaps": [1.5, np.nan, np.inf],
        "text": ["naïve", None, ""],
        "text of objects": pd.Series(["😀", None, np.nan], dtype=object),
        "string": pd.Series(["a", None, "nan"], dtype="string"),
        "nothing": pd.Series([None, np.nan, pd.NA], dtype=object),
        "levels": pd.Series(
            ["a", None, "b"], dtype=pd.CategoricalDtype(["b", "a", "z"], ordered=True)
        ),
        "levels of numbers": pd.Categorical([3, 1, 3]),
        "naive": pd.to_datetime(["2024-01-01", None, "2024-03-31"]),
        "zoned": pd.to_datetime(["2024-01-01", None, "2024-07-01"]).tz_localize("Europe/Oslo"),
        "offset": pd.to_datetime(["2024-01-01", None, "2024-07-01"]).tz_localize("+05:30"),
        **{
            f"in {u}": pd.to_datetime(["2024-01-01"] * 3).as_unit(u)
            for u in ("s", "ms", "us", "ns")
        },
        "dates": [dt.date(2024, 2, 29), None, dt.date(1, 1, 1)],
    }
)


@pytest.mark.parametrize("column", list(WHOLE.columns))
def test_a_column_comes_back_as_it_was(column):
    frame = WHOLE[[column]]
    pd.testing.assert_frame_equal(decode_frame(encode_frame(frame)), frame)


def test_what_marked_a_missing_object_is_kept():
    back = decode_frame(encode_frame(WHOLE))["nothing"].tolist()
    assert (back[0], back[1] != back[1], back[2]) == (None, True, pd.NA)


def test_equal_frames_have_equal_bytes():
    assert encode_frame(WHOLE) == encode_frame(WHOLE.iloc[[0, 1, 2]].copy())


@pytest.mark.parametrize("steps", [range(3), range(5, -1, -2), range(7, 8), range(0)], ids=str)
def test_a_range_and_the_integers_it_counts_have_equal_bytes(steps):
    counted, listed = (
        pd.DataFrame({"a": np.zeros(len(steps))}, index=index)
        for index in (pd.RangeIndex(steps), pd.Index(list(steps), dtype="int64"))
    )
    assert encode_frame(counted) == encode_frame(listed)


@pytest.mark.parametrize("values", [[0, 0], [0, 1, 3], [2**53, 2**53 + 1], [-(2**63), 2**63 - 1]])
def test_integers_that_no_range_can_stand_for_come_back_as_they_were(values):
    frame = pd.DataFrame({"a": 1.0}, index=pd.Index(values, dtype="int64"))
    back = decode_frame(encode_frame(frame))
    pd.testing.assert_frame_equal(back, frame, check_index_type="exact")


def test_a_decoded_frame_may_be_changed():
    frame = decode_frame(encode_frame(WHOLE))
    frame.loc[0, "float64"] = 7.0
    assert frame["float64"].tolist()[0] == 7.0


def test_a_frame_on_disk_is_read_from_its_path(tmp_path):
    path = tmp_path / "frame"
    path.write_bytes(encode_frame(WHOLE))
    pd.testing.assert_frame_equal(decode_frame(path), WHOLE)


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(5, 11, 2, name="row"),
        pd.Index([9, 3, 4]),
        pd.Index(["x", "y", "z"], name="key"),
        pd.date_range("2024-01-01", periods=3, freq="D"),
    ],
)
def test_the_index_comes_back(index):
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=index)
    pd.testing.assert_frame_equal(decode_frame(encode_frame(frame)), frame, check_freq=False)


def test_an_index_of_several_levels_is_refused():
    frame = pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([(1, 2)]))
    with pytest.raises(SchemaError, match="reset_index"):
        encode_frame(frame)


def test_a_frame_without_rows_keeps_its_dtypes():
    empty = WHOLE.iloc[:0].drop(columns=["dates", "objects of booleans"])
    pd.testing.assert_frame_equal(decode_frame(encode_frame(empty)), empty)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], "int64"),
        ([1, None], "Int64"),
        ([1.5, None], "float64"),
        ([1, 2.5], "float64"),
        (
            [dt.datetime.fromisoformat("2024-01-01"), None],
            pd.to_datetime(pd.Series([dt.datetime.fromisoformat("2024-01-01")])).dtype,
        ),
    ],
)
def test_objects_that_have_a_dtype_of_their_own_gain_it(values, dtype):
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object)})
    back = decode_frame(encode_frame(frame))["a"]
    assert back.dtype == dtype
    assert back.isna().tolist() == frame["a"].isna().tolist()


def test_objects_that_are_floats_may_be_missing_in_any_way():
    frame = pd.DataFrame({"a": pd.Series([1.5, None, pd.NA, np.nan], dtype=object)})
    assert decode_frame(encode_frame(frame))["a"].isna().tolist() == [False, True, True, True]


def test_integers_beyond_64_bits_are_refused_with_advice():
    with pytest.raises(SchemaError, match="beyond 64 bits"):
        encode_frame(pd.DataFrame({"a": [2**70, 1]}))


def test_sparse_columns_come_back_dense():
    frame = pd.DataFrame({"a": pd.arrays.SparseArray([0.0, 1.0])})
    assert decode_frame(encode_frame(frame))["a"].dtype == "float64"


def test_arrow_columns_come_back_in_pandas_own_types():
    pa = pytest.importorskip("pyarrow")
    when = dt.datetime.fromisoformat("2024-01-01")
    cells = {
        "Int64": (1, pa.int32()),
        "Float64": (1.5, pa.float64()),
        "boolean": (True, pa.bool_()),
    }
    cells |= {"string": ("a", pa.string()), "datetime64[us]": (when, pa.timestamp("us"))}
    frame = pd.DataFrame(
        {k: pd.Series([v, None], dtype=pd.ArrowDtype(t)) for k, (v, t) in cells.items()}
    )
    back = decode_frame(encode_frame(frame))
    assert [str(t) for t in back.dtypes] == list(cells)
    assert back.iloc[0].tolist() == [v for v, _ in cells.values()]
    assert back.iloc[1].isna().all()


def test_a_zone_without_a_name_is_refused_with_advice():
    tz = pytest.importorskip("dateutil.tz")
    series = pd.to_datetime(pd.Series(["2024-01-01"])).dt.tz_localize(tz.tzlocal())
    with pytest.raises(SchemaError, match="tz_convert"):
        encode_frame(pd.DataFrame({"a": series}))


# Arrow memory, where pandas 3 keeps text if it can, has no lone surrogates.
CELLS = st.one_of(
    st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.none(), min_size=4, max_size=4),
    st.lists(st.floats() | st.none(), min_size=4, max_size=4),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=4, max_size=4),
    st.lists(st.booleans() | st.none(), min_size=4, max_size=4),
)


@given(st.dictionaries(st.text(), CELLS, min_size=1, max_size=4))
def test_any_table_of_scalars_comes_back(columns):
    frame = pd.DataFrame(columns)
    back = decode_frame(encode_frame(frame))
    same = [back[c].isna().tolist() == frame[c].isna().tolist() for c in frame]
    values = [back[c].dropna().tolist() == frame[c].dropna().tolist() for c in frame]
    assert all(same)
    assert all(values)


def test_a_lone_surrogate_comes_back():
    frame = pd.DataFrame({"a": pd.Series(["\ud800", None], dtype=object)})
    assert decode_frame(encode_frame(frame))["a"].tolist() == ["\ud800", None]


def _tamper(change):
    header, arrays = unpack(
        encode_frame(pd.DataFrame({"t": ["ab", "c"], "n": [1, 2], "c": pd.Categorical([1, 2])}))
    )
    arrays = {k: v.copy() for k, v in arrays.items()}
    change(header, arrays)
    return pack(header, arrays)


TAMPERED = {
    "another format": lambda h, a: h.update(format="x"),
    "no columns": lambda h, a: h.pop("columns"),
    "an unknown layout": lambda h, a: h["columns"][0].update(layout="pickle"),
    "rows that are not there": lambda h, a: h.update(rows=3),
    "text beyond its bytes": lambda h, a: a.update({"0.ends": np.array([2, 9])}),
    "text that runs backwards": lambda h, a: a.update({"0.ends": np.array([9, 3])}),
    "text that is no UTF-8": lambda h, a: a.update({"0.utf8": np.array([255, 254, 253], np.uint8)}),
    "another dtype": lambda h, a: h["columns"][1].update(dtype="float64"),
    "a nullable dtype that is none": lambda h, a: h["columns"][1].update(
        layout="nullable", dtype="object"
    ),
    "a matrix for a column": lambda h, a: a.update({"1.values": np.zeros((2, 2), np.int64)}),
    "a code without level": lambda h, a: a.update({"2.codes": np.array([0, 7], np.int8)}),
    "levels of levels": lambda h, a: h["columns"][2]["levels"].update(layout="category"),
    "a time without unit": lambda h, a: h["columns"][1].update(
        layout="time", dtype="int64", unit="datetime64[Y]"
    ),
    "an index that does not fit": lambda h, a: h["index"].update(range=[0, 5, 1]),
    "no array": lambda h, a: a.pop("1.values"),
    "a name twice": lambda h, a: h["columns"][1].update(name="t"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_tampered_bytes_are_refused(name):
    with pytest.raises((IntegrityError, SchemaError)):
        decode_frame(_tamper(TAMPERED[name]))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(data):
    with pytest.raises(IntegrityError):
        decode_frame(data)
