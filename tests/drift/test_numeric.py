"""Numbers: ranks, bins and thinning."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.drift.numeric import NumberProfile
from prodml.drift.ordered import ordered, same_precision
from prodml.stats.divergence import bin_counts, psi, quantile_edges

values = st.lists(
    st.one_of(st.integers(-3, 3).map(float), st.floats(-1e9, 1e9)), min_size=1, max_size=60
)


def profile(data, kind="number"):
    return NumberProfile.of(pd.Series(data), kind)


@given(values, values)
def test_ranks_are_counts_of_lesser_and_not_greater_rows(reference, current):
    reference, current = np.array(reference), np.array(current)
    p = profile(reference)
    c = p.count(pd.Series(current))
    assert p.grid.tolist() == sorted(set(reference.tolist()))
    assert p.below.tolist() == [(reference < v).sum() for v in p.grid]
    assert p.at_most.tolist() == [(reference <= v).sum() for v in p.grid]
    assert c.below.tolist() == [(current < v).sum() for v in p.grid]
    assert c.at_most.tolist() == [(current <= v).sum() for v in p.grid]


@given(values, values)
def test_bins_hold_every_row_once(reference, current):
    p = profile(reference)
    c = p.count(pd.Series(current))
    assert p.bins.tolist() == bin_counts(reference, p.edges).tolist()
    assert c.bins.tolist() == bin_counts(current, p.edges).tolist()
    assert (np.diff(p.edges) > 0).all()


@given(values, st.integers(2, 40))
def test_thinning_keeps_exact_ranks_and_the_ends(data, kept):
    p = profile(data)
    thin = p.thin(kept)
    where = np.searchsorted(p.grid, thin.grid)
    assert thin.at_most.tolist() == p.at_most[where].tolist()
    assert thin.below.tolist() == p.below[where].tolist()
    assert (thin.grid[0], thin.grid[-1]) == (p.grid[0], p.grid[-1])
    assert thin.n_values == p.n_values
    assert len(thin.grid) <= max(kept, 2)


def test_psi_of_untied_data_is_that_of_tenths():
    rng = np.random.default_rng(0)
    reference, current = rng.normal(size=1000), rng.normal(0.3, 1, 800)
    edges = quantile_edges(reference)
    expected = psi(bin_counts(reference, edges), bin_counts(current, edges))
    p = profile(reference)
    assert p.psi(p.count(pd.Series(current))) == pytest.approx(expected)


def test_few_values_get_a_bin_each():
    p = profile([1, 1, 2, 4], "integer")
    assert p.edges.tolist() == [0.5, 1.5, 3.0, 5.0]
    assert p.bins.tolist() == [0, 2, 1, 1, 0]


def test_values_at_the_ends_of_the_float_range_still_have_bins():
    p = profile([-1.7e308, 1.7e308, 0.0])
    assert p.bins.sum() == 3
    wide = profile(np.linspace(-1.7, 1.7, 50) * 1e308)
    assert wide.bins.sum() == 50


def test_a_column_that_is_nearly_all_zero_has_bins_beyond_zero():
    p = profile([0.0] * 995 + list(np.arange(1.0, 41.0)))
    assert len(p.edges) > 10
    q = profile([0.0] * 9950 + list(np.arange(1.0, 41.0)))
    assert q.edges[-1] == 40.0


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        (np.array([3, 1, 2], "uint8"), "integer", ("int64", [1, 2, 3], 0, 0)),
        (np.array([2**63, 1], "uint64"), "integer", ("float64", [1.0, 2.0**63], 0, 0)),
        (np.array([2, 1], "uint64"), "integer", ("int64", [1, 2], 0, 0)),
        (np.array([1.5, np.nan, -np.inf, np.inf], "float16"), "number", ("float32", [1.5], 1, 2)),
        (np.array([1.5, np.nan], "longdouble"), "number", ("float64", [1.5], 1, 0)),
        (pd.array([2**62 + 1, None], "Int64"), "integer", ("int64", [2**62 + 1], 1, 0)),
        (pd.array([0.1, None], "Float32"), "number", ("float32", [np.float32(0.1)], 1, 0)),
        (pd.array([None, None], "Int64"), "integer", ("int64", [], 2, 0)),
        ([None, 2, 1.5], "number", ("float64", [1.5, 2.0], 1, 0)),
        ([None, "NaT"], "time", ("int64", [], 2, 0)),
    ],
)  # fmt: skip
def test_every_dtype_becomes_one_of_three(data, kind, expected):
    series = pd.Series(data) if kind != "time" else pd.to_datetime(pd.Series(data))
    found = ordered(series, kind)
    assert (
        str(found.finite.dtype), found.finite.tolist(), found.n_missing, found.n_infinite
    ) == expected  # fmt: skip


def test_times_are_one_axis_whatever_their_zone_and_unit():
    plain = pd.Series(pd.to_datetime(["2024-01-01T12:00", None]))
    zoned = plain.dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    seconds = plain.astype("datetime64[s]")
    found = {tuple(ordered(s, "time").finite.tolist()) for s in (plain, zoned, seconds)}
    assert found == {(1704110400000000,)}
    assert ordered(pd.Series([None, None], dtype=object), "time").n_missing == 2


def test_the_coarser_float_type_wins():
    coarse, fine = np.array([0.1], "float32"), np.array([0.1, 1e300])
    grid, current = same_precision(coarse, fine)
    assert grid.dtype == current.dtype == np.float32
    assert current.tolist() == [grid[0], np.inf]
    whole = np.array([1, 2])
    assert same_precision(whole, whole)[0] is whole
