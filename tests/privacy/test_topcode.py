from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError, SchemaError
from prodml.privacy import TopCode


def column(transform, series):
    return transform.bind("x", None).column(series, pd.DataFrame())


def one(transform, value):
    return transform.bind("x", None).one(value, {})


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False)), max_size=20))
def test_a_column_and_its_values_are_cut_alike(values):
    transform = TopCode(low=-5, high=7.5)
    cut = column(transform, pd.Series(values, dtype="float64")).tolist()
    for value, after in zip(values, cut, strict=True):
        if value is None:
            assert np.isnan(after)
            assert one(transform, value) is None
        else:
            assert after == one(transform, value) == min(max(value, -5), 7.5)


@pytest.mark.parametrize(
    ("dtype", "after"),
    [
        ("int64", "int64"),
        ("int8", "int8"),
        ("Int64", "Int64"),
        ("float32", "float32"),
        ("int64[pyarrow]", "int64[pyarrow]"),
    ],
)
def test_a_whole_limit_keeps_the_dtype(dtype, after):
    if "pyarrow" in str(dtype):
        pytest.importorskip("pyarrow", reason="columns on Arrow memory need the extra arrow")
    series = pd.Series([1, 100, 50], dtype=dtype)
    cut = column(TopCode(high=60), series)
    assert cut.tolist() == [1, 60, 50]
    assert str(cut.dtype) == after


@pytest.mark.parametrize("dtype", ["int64", "Int64", "int64[pyarrow]", object, "category"])
def test_a_limit_with_a_fraction_is_kept(dtype):
    if "pyarrow" in str(dtype):
        pytest.importorskip("pyarrow", reason="columns on Arrow memory need the extra arrow")
    assert column(TopCode(high=60.5), pd.Series([1, 100], dtype=dtype)).tolist() == [1, 60.5]


def test_objects_that_are_numbers_are_cut():
    series = pd.Series([Decimal("1.5"), None, 100], dtype=object)
    cut = column(TopCode(high=60), series)
    assert cut[0] == 1.5
    assert pd.isna(cut[1])
    assert cut[2] == 60


def test_text_is_refused():
    with pytest.raises(SchemaError, match="TopCode takes finite numbers"):
        column(TopCode(high=60), pd.Series(["61"]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give high, low or both"),
        ({"high": float("nan")}, "high must be a finite number"),
        ({"low": "1"}, "low must be a finite number"),
        ({"high": True}, "high must be"),
        ({"high": 1, "low": 1}, "low must be below high"),
    ],
)
def test_bad_settings_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        TopCode(**arguments)
