from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from prodml.errors import SchemaError
from prodml.tables import KINDS, is_missing, kind_of

CASES = {
    "int64": (pd.Series([1, 2]), "integer"),
    "uint8": (pd.Series([1, 2], dtype="uint8"), "integer"),
    "Int64 with a gap": (pd.Series([1, None], dtype="Int64"), "integer"),
    "objects that are integers": (pd.Series([1, None], dtype=object), "integer"),
    "float32": (pd.Series([1.0, np.nan], dtype="float32"), "number"),
    "Float64": (pd.Series([1.0, None], dtype="Float64"), "number"),
    "objects that are floats": (pd.Series([1.5, None], dtype=object), "number"),
    "objects that are ints and floats": (pd.Series([1, 2.5], dtype=object), "number"),
    "decimals": (pd.Series([Decimal("1.5"), None]), "number"),
    "bool": (pd.Series([True, False]), "boolean"),
    "boolean with a gap": (pd.Series([True, None], dtype="boolean"), "boolean"),
    "objects that are booleans": (pd.Series([True, None, False]), "boolean"),
    "categories of text": (pd.Series(["a", None], dtype="category"), "category"),
    "categories of numbers": (pd.Series([1, 2], dtype="category"), "category"),
    "text": (pd.Series(["a", "b"]), "text"),
    "text with a gap": (pd.Series(["a", None]), "text"),
    "string": (pd.Series(["a", None], dtype="string"), "text"),
    "text as objects": (pd.Series(["a", np.nan], dtype=object), "text"),
    "nothing but gaps": (pd.Series([None, None], dtype=object), "text"),
    "naive times": (pd.Series(pd.to_datetime(["2024-01-01", None])), "time"),
    "times in a zone": (pd.Series(pd.to_datetime(["2024-01-01"], utc=True)), "time"),
    "dates": (pd.Series([dt.date(2024, 1, 1), None]), "time"),
    "sparse": (pd.Series(pd.arrays.SparseArray([0.0, 1.0])), "number"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_column_has_the_kind_of_its_values(name):
    series, kind = CASES[name]
    assert kind_of(series) == kind
    assert kind in KINDS


@pytest.mark.parametrize(
    "series",
    [
        pd.Series(pd.to_timedelta([1], unit="s"), name="took"),
        pd.Series(pd.period_range("2024-01", periods=1, freq="M"), name="took"),
        pd.Series([1j], name="took"),
        pd.Series([b"raw"], name="took"),
        pd.Series(["a", 1], name="took", dtype=object),
    ],
    ids=["durations", "periods", "complex", "bytes", "a mixture"],
)
def test_a_column_of_no_kind_is_named_in_the_error(series):
    with pytest.raises(SchemaError, match='column "took" holds') as caught:
        kind_of(series)
    assert caught.value.column == "took"


def test_arrow_memory_changes_no_kind():
    pa = pytest.importorskip("pyarrow")
    types = {
        "integer": pa.int32(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "text": pa.string(),
        "time": pa.timestamp("us"),
    }
    for kind, arrow in types.items():
        assert kind_of(pd.Series([None], dtype=pd.ArrowDtype(arrow))) == kind


@pytest.mark.parametrize(
    "value", [None, float("nan"), np.float32("nan"), np.datetime64("NaT", "s"), pd.NA, pd.NaT]
)
def test_every_way_to_be_missing_is_known(value):
    assert is_missing(value)


@pytest.mark.parametrize(
    "value", [0, 0.0, "", False, np.float32(1), np.str_("nan"), [], {}, np.arange(3)]
)
def test_what_is_there_is_not_missing(value):
    assert not is_missing(value)
