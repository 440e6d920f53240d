"""Levels: names, unseen ones, rare ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prodml.drift import DriftDetector
from prodml.drift.levels import level_counts


def column(report, name="c"):
    return report[name]


def test_levels_go_by_name_whatever_holds_them():
    for data in (
        ["1", "2", "1"],
        [1, 2, 1],
        [1.0, 2.0, 1.0, None],
        pd.Categorical([1, 2, 1], [1, 2, 3]),
    ):
        assert level_counts(pd.Series(data)) == {"1": 2, "2": 1}


def test_a_lone_surrogate_can_be_stored():
    detector = DriftDetector().fit(pd.DataFrame({"c": ["\ud800", "b"] * 20}, dtype=object))
    assert DriftDetector.from_bytes(detector.to_bytes()).profile_.columns["c"].levels == (
        "\\ud800",
        "b",
    )


def test_text_of_few_different_values_is_a_category():
    detector = DriftDetector().fit({"c": ["a", "b"] * 30, "t": [f"text {i}" for i in range(60)]})
    assert {name: p.kind for name, p in detector.profile_.columns.items()} == {
        "c": "category",
        "t": "text",
    }


def test_text_can_be_kept_as_text():
    detector = DriftDetector(kinds={"c": "text"}).fit({"c": ["a", "b"] * 30})
    assert detector.profile_.columns["c"].kind == "text"


def test_identifiers_never_drift():
    rng = np.random.default_rng(0)
    reference, current = (
        pd.DataFrame({"c": pd.Categorical(rng.integers(0, 10**12, n).astype(str))})
        for n in (900, 400)
    )
    report = DriftDetector().fit(reference).detect(current)
    assert not report.drifted
    assert {t.aspect: t.p_value for t in report["c"].tests} == {"distribution": 1.0, "unseen": 1.0}


def test_a_boolean_is_compared_as_a_share():
    reference, current = ({"c": [True] * k + [False] * (1000 - k)} for k in (300, 400))
    found = DriftDetector().fit(reference).detect(current)["c"]
    assert (found.kind, found.test, len(found.tests)) == ("boolean", "chi2", 1)
    assert found.effect == pytest.approx(0.1)
    low, high = found.interval
    assert 0.05 < low < 0.1 < high < 0.15


def test_rare_levels_are_not_named_in_the_bins():
    reference = {"c": ["common"] * 90 + ["twice"] * 6 + ["rare"] * 4}
    current = {"c": ["common"] * 40 + ["rare"] * 3 + ["never seen"] * 7}
    bins = DriftDetector().fit(reference).detect(current)["c"].bins
    assert bins.labels == ("common", "twice", "(other)", "(unseen)")
    assert bins.reference == (90, 6, 4, 0)
    assert bins.current == (40, 0, 3, 7)


def test_unused_categories_do_not_count():
    reference = pd.DataFrame({"c": pd.Categorical(["a", "b"] * 30, ["a", "b", "unused"])})
    detector = DriftDetector().fit(reference)
    assert detector.profile_.columns["c"].levels == ("a", "b")
    assert not detector.detect(reference.astype(str)).drifted


def test_too_few_values_are_said_to_be_too_few():
    detector = DriftDetector().fit({"c": ["a", "b"] * 10 + [None] * 30, "d": ["a", "b"] * 25})
    report = detector.detect({"c": ["a"] * 40, "d": ["a"] * 10 + [None] * 30})
    assert report["c"].status == "too few reference values"
    assert report["d"].status == "too few current values"
    assert report["d"].leading.aspect == "missing"
