"""Profiles and counts are values that add up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodml.drift import DriftDetector, DriftProfile
from prodml.errors import ConfigError, SchemaError


@pytest.mark.parametrize("cuts", [[], [1], [100, 100], [7, 50, 51, 390], list(range(1, 400, 13))])
def test_counts_of_any_parts_give_the_report_of_the_whole(fitted, frames, cuts):
    current = frames(1, 400)
    parts = [current[a:b] for a, b in zip([0, *cuts], [*cuts, 400], strict=True)]
    counts = [fitted.count(part) for part in parts]
    np.random.default_rng(0).shuffle(counts)
    total = counts[0]
    for part in counts[1:]:
        total = part.merge(total)
    assert total.n_rows == 400
    assert fitted.judge(total) == fitted.detect(current)


@settings(max_examples=30)
@given(st.lists(st.integers(-3, 3), min_size=2, max_size=60), st.data())
def test_profiles_of_any_parts_are_the_profile_of_the_whole(values, data):
    cut = data.draw(st.integers(0, len(values)))
    column = [None if v == 3 else float("inf") if v == -3 else v / 2 for v in values]
    whole, *parts = (
        DriftProfile.of({"x": np.array(c, dtype="float64")})
        for c in (column, column[:cut], column[cut:])
    )
    assert parts[0].merge(parts[1]).signature == whole.signature
    assert parts[1].merge(parts[0]).signature == whole.signature


def test_profiles_of_every_kind_merge_into_that_of_the_whole(frames):
    reference, current = frames(0, 600), frames(1, 400)
    parts = [DriftProfile.of(reference[i::3].reset_index(drop=True)) for i in range(3)]
    merged = parts[2].merge(parts[0]).merge(parts[1])
    report = DriftDetector().fit(merged).detect(current)
    assert report == DriftDetector().fit(reference).detect(current)


def test_a_part_without_values_merges_with_any_kind():
    full = DriftProfile.of({"x": [1.5, 2.5]})
    empty = DriftProfile.of({"x": [None, None]})
    for merged in (full.merge(empty), empty.merge(full)):
        assert (merged.columns["x"].kind, merged.columns["x"].n_missing) == ("number", 2)
    assert empty.merge(empty).columns["x"].n_missing == 4


def test_integers_and_floats_merge_into_numbers():
    merged = DriftProfile.of({"x": [1, 2]}).merge(DriftProfile.of({"x": [0.5]}))
    assert merged.columns["x"].kind == "number"
    assert merged.columns["x"].grid.tolist() == [0.5, 1.0, 2.0]


def test_parts_that_hold_different_things_are_refused():
    numbers, texts = DriftProfile.of({"x": [1.5]}), DriftProfile.of({"x": ["a", "a"]})
    with pytest.raises(SchemaError, match='column "x" is number in one part and category'):
        numbers.merge(texts)


def test_parts_with_different_columns_are_refused():
    first, second = DriftProfile.of({"x": [1]}), DriftProfile.of({"x": [1], "y": [1]})
    with pytest.raises(SchemaError, match='only one of the profiles has column "y"'):
        first.merge(second)


def test_a_thinned_profile_no_longer_merges():
    profile = DriftProfile.of({"x": np.arange(1000.0)})
    with pytest.raises(ConfigError, match="merge the parts first"):
        profile.thin(100).merge(profile)


def test_counts_against_different_references_do_not_add_up():
    first = DriftDetector().fit({"x": np.arange(100.0)})
    second = DriftDetector().fit({"x": np.arange(100.0) + 1})
    counts = second.count({"x": [1.0]})
    with pytest.raises(ConfigError, match="different profiles"):
        first.count({"x": [1.0]}).merge(counts)
    with pytest.raises(ConfigError, match="another reference"):
        first.judge(counts)


def test_counts_are_no_larger_than_the_profile():
    detector = DriftDetector().fit({"x": np.arange(500.0)})
    counts = detector.count({"x": np.random.default_rng(0).normal(size=100_000)})
    assert len(counts.columns["x"].at_most) == 500


def test_nothing_of_the_data_shows_when_printed():
    data = {"name": ["Secretperson", "Otherperson"] * 50, "note": [f"call {i}" for i in range(100)]}
    detector = DriftDetector().fit(data)
    current = {"name": ["Unknownperson"] * 40, "note": ["Strangeword"] * 40}
    counts = detector.count(current)
    report = detector.judge(counts)
    shown = repr((detector.profile_, counts, report, report.columns, report.alerts()))
    assert "person" not in shown.lower()
    assert "Strangeword" not in shown
    assert b"call" not in detector.to_bytes()
    assert report.drifted


def test_a_column_that_nothing_can_be_said_about_is_named():
    with pytest.raises(SchemaError, match='column "z"'):
        DriftProfile.of(pd.DataFrame({"z": [1j, 2j]}))
