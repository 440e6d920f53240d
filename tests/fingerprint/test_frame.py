"""Frames: equal ones agree whatever their route; every change is found, in its column."""

from __future__ import annotations

import datetime as dt
import decimal
import hashlib
import struct
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError, IntegrityError
from prodml.fingerprint import FrameFingerprint, fingerprint_frame


def digest(frame):
    return fingerprint_frame(frame).digest


def of(values, **options):
    return digest(pd.DataFrame({"a": pd.Series(values, **options)}))


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "n": [1.5, np.nan, -0.0, 3.0],
            "i": np.array([1, 2, 3, 4], dtype="int32"),
            "b": [True, False, True, True],
            "t": pd.Series(["a", None, "ü", ""], dtype=object),
            "c": pd.Categorical(["x", "y", None, "x"]),
            "d": pd.to_datetime(
                ["2020-01-01T00:00:00.0", None, "1969-12-31T23:59:59.5", "2020-01-02T00:00:00.0"]
            ),
            "z": pd.to_datetime(["2020-01-01"] * 4).tz_localize("Europe/Berlin"),
            "s": pd.to_timedelta([1, 2, None, 4], unit="s"),
        }
    )


def leaf(name, kind, n, *parts):
    """Digest a column by hand, as the definition has it."""
    tag = hashlib.sha256()
    for part in (b"str", name.encode()):
        tag.update(struct.pack("<Q", len(part)) + part)
    full = hashlib.sha256()
    for part in (b"column", tag.digest(), kind, struct.pack("<Q", n), *parts):
        full.update(struct.pack("<Q", len(part)) + part)
    return f"sha256:{full.hexdigest()}"


def test_a_leaf_is_name_kind_length_mask_and_little_endian_values():
    frame = pd.DataFrame({"x": [1.5, -0.0], "t": ["ü", None], "i": pd.array([7, None], "Int16")})
    assert dict(fingerprint_frame(frame).columns) == {
        "x": leaf("x", b"number f8", 2, b"", struct.pack("<dd", 1.5, -0.0)),
        "t": leaf("t", b"text", 2, b"\x00\x01", "ü".encode(), b"\x02\x00"),
        "i": leaf("i", b"number i2", 2, b"\x00\x01", struct.pack("<hh", 7, 0)),
    }


ROUTES = {
    "copy": lambda f: f.copy(),
    "column by column": lambda f: pd.concat([f[[name]] for name in f], axis=1),
    "row by row": lambda f: pd.concat([f.iloc[:2], f.iloc[2:]]),
    "inserted": lambda f: f.drop(columns="i").pipe(lambda g: g.assign(i=f["i"])[list(f)]),
    "text as string": lambda f: f.astype({"t": "string"}),
    "text as objects with NaN": lambda f: f.assign(
        t=pd.Series(["a", np.nan, "ü", ""], dtype=object)
    ),
    "text as objects with NA": lambda f: f.assign(t=pd.Series(["a", pd.NA, "ü", ""], dtype=object)),
    "nullable integers": lambda f: f.astype({"i": "Int32"}),
    "nullable booleans": lambda f: f.astype({"b": "boolean"}),
    "times in ns": lambda f: f.assign(d=f["d"].dt.as_unit("ns"), z=f["z"].dt.as_unit("ns")),
    "times in ms": lambda f: f.assign(d=f["d"].dt.as_unit("ms"), s=f["s"].dt.as_unit("ms")),
    "another NaN": lambda f: f.assign(
        n=np.array([1.5, struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000001))[0], -0.0, 3.0])
    ),
    "categories in another order": lambda f: f.assign(c=f["c"].cat.reorder_categories(["y", "x"])),
    "big endian": lambda f: f.assign(n=f["n"].to_numpy().astype(">f8")),
    "sparse": lambda f: f.assign(n=f["n"].astype(pd.SparseDtype("float64"))),
    "index in another type": lambda f: f.set_axis(np.arange(4), axis=0),
}


@pytest.mark.parametrize("route", ROUTES)
def test_equal_frames_by_another_route_have_equal_digests(frame, route):
    other = ROUTES[route](frame)
    assert fingerprint_frame(frame).differences(fingerprint_frame(other)) == []
    assert digest(frame) == digest(other)


def test_memory_order_does_not_count():
    values = np.arange(12.0).reshape(4, 3)
    a, b = (pd.DataFrame(make(values)) for make in (np.ascontiguousarray, np.asfortranarray))
    assert digest(a) == digest(b) == digest(pd.DataFrame(dict(enumerate(values.T))))


ARROW = {
    "text": lambda f: f.astype({"t": "string[pyarrow]"}),
    "integers": lambda f: f.astype({"i": "int32[pyarrow]"}),
    "booleans": lambda f: f.astype({"b": "bool[pyarrow]"}),
    "times": lambda f: f.astype({"d": "timestamp[us][pyarrow]"}),
    "zoned times": lambda f: f.astype({"z": "timestamp[us, Europe/Berlin][pyarrow]"}),
    "durations": lambda f: f.astype({"s": "duration[ms][pyarrow]"}),
}


@pytest.mark.parametrize("route", ARROW)
def test_equal_frames_in_arrow_have_equal_digests(frame, route):
    pytest.importorskip("pyarrow")
    other = fingerprint_frame(ARROW[route](frame))
    assert fingerprint_frame(frame).differences(other) == []


def test_other_columns_in_arrow_count_by_their_values():
    pa = pytest.importorskip("pyarrow")
    columns = [
        (pa.date32(), [dt.date(2020, 1, 1), None]),
        (pa.decimal128(5, 2), [decimal.Decimal("1.20"), None]),
        (pa.list_(pa.int64()), [[1], None]),
        (pa.binary(), [b"x", None]),
        (pa.float32(), [1.5, None]),
    ]
    for kind, values in columns:
        dtype = pd.ArrowDtype(kind)
        assert of(values, dtype=dtype) == of(list(values), dtype=dtype)
        assert of(values, dtype=dtype) != of(values[::-1], dtype=dtype)


CHANGES = {
    "n": lambda f: f.assign(n=[1.5, np.nan, 0.0, 3.0]),
    "i": lambda f: f.astype({"i": "int64"}),
    "b": lambda f: f.assign(b=f["b"].astype("int8")),
    "t": lambda f: f.assign(t=["a", "", "ü", ""]),
    "c": lambda f: f.astype({"c": object}),
    "d": lambda f: f.assign(d=f["d"] + pd.Timedelta(1, "us")),
    "z": lambda f: f.assign(z=f["z"].dt.tz_convert("UTC")),
    "s": lambda f: f.assign(s=f["s"].fillna(pd.Timedelta(0))),
}


@pytest.mark.parametrize("column", CHANGES)
def test_a_change_is_found_in_its_column_and_in_no_other(frame, column):
    before, after = fingerprint_frame(frame), fingerprint_frame(CHANGES[column](frame))
    assert before.digest != after.digest
    assert before.differences(after) == [f'column "{column}" differs']


def test_categories_that_are_not_used_count_and_so_does_their_order_where_they_are_ordered():
    values = ["x", "y"]
    dtypes = [
        pd.CategoricalDtype(["x", "y"]),
        pd.CategoricalDtype(["x", "y", "z"]),
        pd.CategoricalDtype(["x", "y"], ordered=True),
        pd.CategoricalDtype(["y", "x"], ordered=True),
    ]
    assert len({of(values, dtype=dtype) for dtype in dtypes}) == 4
    assert of([None, None], dtype=pd.CategoricalDtype([])) != of(
        [None], dtype=pd.CategoricalDtype([])
    )
    numbers = {of([1, 2], dtype=pd.CategoricalDtype(c)) for c in ([1, 2], [2, 1])}
    assert len(numbers) == 1


def test_rows_columns_names_and_index_are_named_where_they_differ(frame):
    mine = fingerprint_frame(frame)
    assert mine.differences(fingerprint_frame(frame.iloc[:3]))[0] == "4 rows here, 3 there"
    assert mine.differences(fingerprint_frame(frame.drop(columns="i"))) == [
        'column "i" is only here'
    ]
    assert mine.differences(fingerprint_frame(frame.assign(w=1))) == ['column "w" is only there']
    assert mine.differences(fingerprint_frame(frame[list(frame)[::-1]])) == [
        "the columns stand in another order"
    ]
    assert mine.differences(fingerprint_frame(frame.set_axis(range(1, 5), axis=0))) == [
        "the row index differs"
    ]


def test_all_of_it_counts_in_the_one_digest(frame):
    others = [
        frame.iloc[:3],
        frame.drop(columns="i"),
        frame.rename(columns={"i": "j"}),
        frame[list(frame)[::-1]],
        frame.set_axis(range(1, 5), axis=0),
        frame.rename_axis("id"),
        frame.iloc[::-1],
        frame.iloc[::-1].reset_index(drop=True),
        frame.set_axis([[0, 0, 1, 1], [0, 1, 0, 1]], axis=0),
    ]
    assert len({digest(f) for f in [frame, *others]}) == len(others) + 1


def test_a_name_counts_with_its_type():
    frames = [pd.DataFrame([[1]], columns=[name]) for name in (1, "1", 1.0, True, ("1",))]
    assert len({digest(f) for f in frames}) == 5
    assert fingerprint_frame(frames[0]).columns[0][0] == "1"


def test_columns_of_one_name_are_told_apart():
    a = pd.DataFrame([[1, 2]], columns=["x", "x"])
    b = pd.DataFrame([[2, 1]], columns=["x", "x"])
    assert digest(a) != digest(b)
    assert fingerprint_frame(a).differences(fingerprint_frame(b.assign(y=1))) != []


def test_similar_values_are_told_apart():
    columns = [
        [1, 2],
        [1.0, 2.0],
        ["1", "2"],
        [True, False],
        [b"1", b"2"],
        pd.array([1, 2], dtype="uint8"),
        pd.Series([1, "2"], dtype=object),
        pd.Series([1, 2], dtype=object),
        pd.Series([decimal.Decimal(1), decimal.Decimal(2)]),
        pd.Series([[1], [2]]),
        pd.Series(["12", ""]),
        pd.Series(["", "12"]),
        [1j, 2j],
        pd.interval_range(0, 2),
        pd.period_range("2020-01", periods=2, freq="M"),
        pd.period_range("2020-01-01", periods=2, freq="D"),
        pd.to_datetime([1, 2]),
        pd.to_timedelta([1, 2]),
    ]
    assert len({of(values) for values in columns}) == len(columns)


@pytest.mark.parametrize("n_columns", [0, 2])
def test_an_empty_frame_has_a_digest_of_its_own(n_columns):
    frame = pd.DataFrame({f"x{i}": [] for i in range(n_columns)})
    assert fingerprint_frame(frame).n_rows == 0
    assert digest(frame) == digest(frame.copy())


def test_empty_and_missing_text_are_equal_whatever_the_dtype():
    assert of([], dtype=object) == of([], dtype="string")
    assert of([None, None], dtype=object) == of([pd.NA, pd.NA], dtype="string")


def test_lone_surrogates_do_not_stop_it():
    assert of(["\ud800"], dtype=object) != of(["\ud801"], dtype=object)


def test_what_cannot_be_seen_is_refused_by_its_column_without_its_value():
    frame = pd.DataFrame({"ok": [1], "who": pd.Series([threading.Lock()], dtype=object)})
    with pytest.raises(ConfigError, match=r'column "who": .*lock'):
        fingerprint_frame(frame)


@pytest.mark.parametrize("data", [[[1]], {"a": [1]}, np.zeros((1, 1)), None])
def test_what_is_no_frame_is_refused(data):
    with pytest.raises(ConfigError, match="as_frame"):
        fingerprint_frame(data)


def test_the_frame_is_not_changed(frame):
    before = frame.copy(deep=True)
    fingerprint_frame(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_it_comes_back_from_json(frame):
    found = fingerprint_frame(frame)
    assert FrameFingerprint.from_dict(found.to_dict()) == found
    for bad in ({}, {**found.to_dict(), "columns": [1]}, {**found.to_dict(), "columns": None}):
        with pytest.raises(IntegrityError, match="not the fingerprint"):
            FrameFingerprint.from_dict(bad)


CELLS = {
    "float": (st.floats(), "float64"),
    "int": (st.integers(-(2**63), 2**63 - 1), "int64"),
    "text": (st.none() | st.text(max_size=3), object),
}


@given(data=st.data(), kind=st.sampled_from(sorted(CELLS)))
def test_one_cell_more_or_less_is_seen(data, kind):
    cells, dtype = CELLS[kind]
    values = data.draw(st.lists(cells, min_size=1, max_size=6))
    position = data.draw(st.integers(0, len(values) - 1))
    other = list(values)
    other[position] = data.draw(cells)
    same = all(
        (a == b and str(a) == str(b)) or (a != a and b != b)  # noqa: PLR0124
        for a, b in zip(values, other, strict=True)
    )
    assert (of(values, dtype=dtype) == of(other, dtype=dtype)) is same


DTYPES = {
    "float16": np.array([1, np.nan, -0.0], "f2"),
    "complex": np.array([1, 2j, np.nan]),
    "uint64": np.array([1, 2, 2**63], "u8"),
    "wide int64": np.array([-(2**63), 0, 2**63 - 1]),
    "Float32": pd.array([1, None, 3], dtype="Float32"),
    "boolean": pd.array([True, None, False], dtype="boolean"),
    "string": pd.array(["a", None, "b"], dtype="string"),
    "category": pd.Categorical(["x", "y", None]),
    "ordered category": pd.Categorical(["x", "y", "z"], ordered=True),
    "category of intervals": pd.cut(pd.Series([1, 2, 3]), 2),
    "time": pd.to_datetime(["2020-01-01", "2020-01-02", None]),
    "time before 1678": np.array(["1000-01-01", "2020-01-01", "NaT"], "M8[s]"),
    "time with zone": pd.date_range("2020", periods=3, tz="Asia/Tokyo"),
    "duration": pd.to_timedelta([1, 2, None], unit="s"),
    "period": pd.PeriodIndex(["2020-01", None, "2020-03"], freq="M"),
    "interval": pd.IntervalIndex.from_tuples([(0, 1), (1, 2), None]),
    "interval of times": pd.interval_range(pd.Timestamp("2020"), periods=3),
    "sparse": pd.arrays.SparseArray([0, 0, 1]),
    "bytes": pd.Series([b"a", None, b"c"]),
    "mixed objects": pd.Series([1, "a", None], dtype=object),
    "decimals": pd.Series([decimal.Decimal("1.5"), None, decimal.Decimal(2)], dtype=object),
    "dates": pd.Series([dt.date(2020, 1, 1), None, dt.date(2020, 1, 2)], dtype=object),
    "nested lists": pd.Series([[1, [2]], [], None]),
    "dicts": pd.Series([{"a": [1]}, {}, None]),
    "arrays": pd.Series([np.arange(2), np.arange(3), None]),
}


@pytest.mark.parametrize("kind", DTYPES)
def test_every_dtype_counts_by_its_values_and_their_order(kind):
    series = pd.Series(DTYPES[kind])
    frame = pd.DataFrame({"same": [1, 2, 3], "a": series})
    found = fingerprint_frame(frame)
    again = pd.concat([frame.iloc[:1], frame.iloc[1:]])
    assert fingerprint_frame(again) == found
    turned = frame.assign(a=series.iloc[::-1].array)
    assert found.compare(fingerprint_frame(turned)).changed == ("a",)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (
            pd.period_range("2020", periods=2, freq="M"),
            pd.period_range("2020", periods=2, freq="D"),
        ),
        (
            pd.IntervalIndex.from_breaks([0, 1, 2], closed="left"),
            pd.IntervalIndex.from_breaks([0, 1, 2], closed="right"),
        ),
        (np.array([1, 2], "i8"), np.array([1, 2], "u8")),
        (np.array([1, 2], "i8"), np.array([2, 3], "i8")),
        (np.array([1, 2], "i8"), np.array([1, 2], "i4")),
        (np.array([0, 2**40], "i8"), np.array([0, 2**41], "i8")),
    ],
)
def test_kinds_that_look_alike_are_told_apart(here, there):
    assert of(here) != of(there)


def test_arrow_types_count_by_their_values():
    pa = pytest.importorskip("pyarrow", reason="the arrow extra is not installed")
    days = [dt.date(2020, 1, 1), None, dt.date(2020, 1, 2)]
    columns = {
        pa.binary(): [b"a", None, b"b"],
        pa.date32(): days,
        pa.time64("us"): [dt.time(1), None, dt.time(2)],
        pa.decimal128(5, 2): [decimal.Decimal("1.50"), None, decimal.Decimal("2.50")],
        pa.list_(pa.list_(pa.string())): [[["a", None]], [], None],
        pa.struct([("a", pa.int64())]): [{"a": 1}, {"a": None}, None],
        pa.map_(pa.string(), pa.int64()): [[("a", 1)], [], None],
        pa.dictionary(pa.int8(), pa.string()): ["a", "b", None],
        pa.list_(pa.float32(), 1): [[1.0], [2.0], None],
    }
    for kind, values in columns.items():
        series = pd.Series(pd.array(values, dtype=pd.ArrowDtype(kind)))
        assert of(series) == of(series.copy())
        assert of(series) != of(series.iloc[::-1].reset_index(drop=True))


def test_an_arrow_dictionary_is_a_category():
    pa = pytest.importorskip("pyarrow", reason="the arrow extra is not installed")
    arrow = pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string()))
    values = ["b", None, "a"]
    assert of(pd.array(values, dtype=arrow)) == of(pd.Categorical(values))


def test_a_polars_frame_counts_as_the_pandas_frame_of_its_values():
    pl = pytest.importorskip("polars", reason="the polars extra is not installed")
    pytest.importorskip("pyarrow", reason="the arrow extra is not installed")
    columns = {"i": [1, 2, None], "f": [0.5, -0.0, 2.0], "t": ["a", None, "ü"]}
    days = ["2020-01-01", None, "2020-01-02"]
    times = pl.Series(days).str.to_datetime("%Y-%m-%d")
    theirs = pl.DataFrame({**columns, "d": times, "l": [[1], [], None]})
    ours = pd.DataFrame({**columns, "d": pd.to_datetime(days)}).astype({"i": "Int64"})
    found = fingerprint_frame(theirs)
    assert found.columns[:4] == fingerprint_frame(ours).columns
    changed = theirs.with_columns(pl.Series("l", [[2], [], None]))
    assert found.compare(fingerprint_frame(changed)).changed == ("l",)


def test_text_counts_the_same_with_and_without_arrow(monkeypatch):
    values = ["a", None, "ü", "", "long " * 60, "😀"]
    series = [pd.Series(values, dtype=kind) for kind in (object, "string")]
    with_arrow = [of(s) for s in series]
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert [digest(pd.DataFrame({"a": s})) for s in series[:1]] == with_arrow[:1]
    assert with_arrow[0] == with_arrow[1]


def test_threads_change_nothing():
    rng = np.random.default_rng(0)
    wide = pd.DataFrame({f"c{i}": rng.normal(size=150_000) for i in range(4)})
    wide["text"] = "some"
    assert fingerprint_frame(wide).columns == tuple(
        column for name in wide for column in fingerprint_frame(wide[[name]]).columns
    )
    assert not [t for t in threading.enumerate() if "ThreadPool" in t.name]


@pytest.mark.parametrize(
    ("index", "same"),
    [
        (pd.RangeIndex(3), True),
        (pd.Index([0, 1, 2]), True),
        (pd.Index([0, 1, 3]), False),
        (pd.RangeIndex(0, 6, 2), False),
        (pd.Index([0, 1, 2], name="id"), False),
        (pd.Index([0.0, 1.0, 2.0]), False),
    ],
)
def test_an_index_counts_by_its_numbers_and_name(index, same):
    here = fingerprint_frame(pd.DataFrame({"a": [1, 2, 3]}))
    there = fingerprint_frame(pd.DataFrame({"a": [1, 2, 3]}, index=index))
    assert (here.index == there.index) is same


def test_an_index_of_one_row_or_none_counts_too():
    frame = pd.DataFrame({"a": [1, 2, 3]})
    assert (
        digest(frame.iloc[[0]])
        == digest(frame.iloc[:1])
        != digest(frame.set_axis([7, 8, 9]).iloc[:1])
    )
    assert digest(frame.iloc[:0]) == digest(frame.iloc[1:1])
    assert digest(frame.iloc[[0]]) == digest(frame.iloc[[0]].set_axis(pd.Index([0])))
    assert digest(frame.iloc[:0]) == digest(frame.iloc[:0].set_axis(pd.Index([], dtype="int64")))


def test_what_a_digest_of_the_first_rows_misses_is_found():
    # Changes that the digest of a peer, over the first 10,000 rows and by values alone, lets pass.
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((20_000, 5)), columns=list("abcde"))
    late, one = frame.copy(), frame.copy()
    late.iloc[10_000:] = 0.0
    one.iloc[5, 0] += 1e-9
    times = pd.date_range("2020", periods=len(frame), freq="s")
    kinds = pd.Categorical(["x"] * len(frame), categories=["x", "y"])
    pairs = [
        (frame, late),
        (frame, one),
        (frame.assign(t=times), frame.assign(t=times + pd.Timedelta("365D"))),
        (frame.assign(b=True), frame.assign(b=False)),
        (frame.assign(k=kinds), frame.assign(k=kinds.rename_categories({"x": "y", "y": "x"}))),
    ]
    found = [fingerprint_frame(a).compare(fingerprint_frame(b)).changed for a, b in pairs]
    assert found == [tuple("abcde"), ("a",), ("t",), ("b",), ("k",)]


def test_a_comparison_prints_what_differs(frame):
    here = fingerprint_frame(frame)
    there = fingerprint_frame(frame.assign(n=1.0, new=1).drop(columns="b"))
    comparison = here.compare(there)
    assert not comparison
    assert (comparison.changed, comparison.only_here, comparison.only_there) == (
        ("n",),
        ("b",),
        ("new",),
    )
    assert repr(comparison).splitlines() == here.differences(there)
    assert here.compare(here)
    assert repr(here.compare(here)) == "the frames are equal"
    with pytest.raises(ConfigError, match="what fingerprint_frame"):
        here.compare(frame)


def test_the_digest_is_the_same_in_every_process(frame):
    code = (
        "import pandas as pd; from prodml.fingerprint import fingerprint_frame; "
        "print(fingerprint_frame(pd.DataFrame({'a': [1, 2], 'c': pd.Categorical(['x', 'y'])})).digest)"
    )
    here = digest(pd.DataFrame({"a": [1, 2], "c": pd.Categorical(["x", "y"])}))
    for seed in "1", "2":
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        )
        assert done.stdout.strip() == here
