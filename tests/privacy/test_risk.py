from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError, SchemaError
from prodml.privacy import risk

# Sweeney 2002, "k-anonymity: a model for protecting privacy", figure 2: k = 2.
SWEENEY = pd.DataFrame(
    {
        "race": ["Black"] * 4 + ["Black"] * 2 + ["White"] * 5,
        "birth": [
            "1965",
            "1965",
            "1965",
            "1965",
            "1964",
            "1964",
            "1964",
            "1964",
            "1964",
            "1967",
            "1967",
        ],
        "gender": ["m", "m", "f", "f", "f", "f", "m", "m", "m", "m", "m"],
        "zip": [
            "0214*",
            "0214*",
            "0213*",
            "0213*",
            "0213*",
            "0213*",
            "0213*",
            "0213*",
            "0213*",
            "0213*",
            "0213*",
        ],
    }
)


def test_sweeneys_table_has_k_2():
    report = risk(SWEENEY, ["race", "birth", "gender", "zip"])
    assert (report.k, report.n_classes, report.n_rows, report.n_unique) == (2, 5, 11, 0)
    assert report.prosecutor_max == 1 / 2
    assert report.prosecutor_mean == 5 / 11
    assert report.share_unique == 0


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.one_of(st.none(), st.integers(0, 3))), min_size=1)
)
def test_it_counts_as_a_counter_does(rows):
    frame = pd.DataFrame(rows, columns=["x", "y"]).astype({"y": object})
    sizes = Counter(rows).values()
    report = risk(frame, ["x", "y"])
    assert report.k == min(sizes)
    assert report.n_classes == len(sizes)
    assert report.n_unique == sum(size == 1 for size in sizes)


def test_missing_counts_as_a_value_of_its_own():
    frame = pd.DataFrame({"x": pd.Series(["a", None, np.nan, "a"], dtype="category")})
    assert risk(frame, ["x"]).k == 2


def test_many_columns_do_not_overflow():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 40))).rename(columns=str)
    assert risk(frame, list(frame.columns)).n_classes == 200


def test_it_prints_as_a_table_and_exports():
    report = risk(SWEENEY, ["race"])
    assert "smallest class (k)" in repr(report)
    assert "Re-identification risk by race" in repr(report)
    assert "<table>" in report._repr_html_()
    assert report.to_dict()["k"] == 5


@pytest.mark.parametrize("columns", ["race", [], ["race", "race"]])
def test_bad_column_lists_are_refused(columns):
    with pytest.raises(ConfigError):
        risk(SWEENEY, columns)


def test_a_missing_column_is_named_with_its_nearest():
    with pytest.raises(SchemaError, match='"rase" is missing. Did you mean "race"'):
        risk(SWEENEY, ["rase"])


def test_no_rows_is_an_error():
    with pytest.raises(SchemaError, match="no rows"):
        risk(SWEENEY.head(0), ["race"])


def test_cells_that_cannot_be_compared_are_refused_without_showing_them():
    with pytest.raises(SchemaError, match='"x" holds values that cannot be compared') as caught:
        risk(pd.DataFrame({"x": [["secret"], ["b"]]}), ["x"])
    assert caught.value.__context__ is None
