"""What a report shows and hands on."""

from __future__ import annotations

import json
import math
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from prodml.drift import ColumnDrift, DriftDetector, DriftReport
from prodml.errors import UnknownNameError


@pytest.fixture(scope="module")
def report():
    rng = np.random.default_rng(0)

    def frame(n, shift):
        return pd.DataFrame(
            {
                "steady": rng.normal(size=n),
                "moved": rng.normal(shift, 1, n),
                "level": rng.choice(["a", "b"], n, p=[0.5 + shift / 2, 0.5 - shift / 2]),
                "seen": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "h"),
                "note": [f"text number {i}" for i in rng.integers(0, 10**9, n)],
                "empty": None,
            }
        )

    return DriftDetector().fit(frame(1000, 0)).detect(frame(600, 0.5))


def test_it_says_what_drifted_the_strongest_evidence_first(report):
    assert report.drifted
    assert set(report.drifted_columns) == {"moved", "level"}
    p = [report[name].p_adjusted for name in report.drifted_columns]
    assert p == sorted(p)


def test_the_share_is_of_the_columns_that_could_be_tested(report):
    assert report.share == pytest.approx(2 / 5)


def test_it_prints_as_a_table_with_every_column(report):
    lines = repr(report).splitlines()
    assert lines[0].startswith("Drift in 2 of 6 columns (reference 1000 rows, current 600 rows")
    assert [line.split()[0] for line in lines[3:5]] == list(report.drifted_columns)
    assert all(any(line.startswith(c.column) for line in lines) for c in report)
    assert "too few reference values" in repr(report)


def test_a_long_report_is_cut_where_nothing_drifted():
    wide = {f"x{i}": np.arange(40.0) for i in range(50)}
    shown = repr(DriftDetector().fit(wide).detect(wide))
    assert "… 20 more without drift" in shown


def test_a_column_is_found_by_name_and_a_wrong_name_with_its_nearest(report):
    assert report["moved"].drifted
    assert len(report) == 6
    with pytest.raises(UnknownNameError, match='no column "movd". Did you mean "moved"'):
        report["movd"]


def test_alerts_are_sentences_about_what_drifted(report):
    first, second = report.alerts()
    assert first.startswith(f'"{report.drifted_columns[0]}": values moved by 0.')
    assert "adjusted p" in second


def test_everything_can_be_written_as_json(report):
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert data["drifted"] is True
    assert [c["column"] for c in data["columns"]] == [c.column for c in report]
    moved = next(c for c in data["columns"] if c["column"] == "moved")
    assert sum(moved["bins"]["current"]) == 600


def test_everything_can_be_had_as_a_frame(report):
    frame = report.to_frame()
    assert set(frame["column"]) == {c.column for c in report}
    assert frame[frame["drifted"].eq(True)]["column"].tolist() == ["moved", "level"]


def test_a_notebook_shows_a_table(report):
    assert report._repr_html_().count("<tr") == 7


@pytest.mark.parametrize("column", [None, "steady", "moved", "level", "seen", "note", "empty"])
def test_a_plot_is_one_well_formed_drawing(report, column):
    root = ET.fromstring(report.plot(column))
    assert root.tag.endswith("svg")
    assert root.get("viewBox")


def test_a_plot_holds_as_many_columns_as_asked_for(report):
    charts = ET.fromstring(report.plot(n=4)).findall("{http://www.w3.org/2000/svg}svg")
    assert len(charts) == 4
    tops = [float(c.get("y")) for c in charts]
    assert tops == sorted(set(tops))


def test_a_name_with_markup_does_not_break_the_plot():
    data = {'<b> & "x"': np.arange(40.0), "y": np.arange(40.0)}
    ET.fromstring(DriftDetector().fit(data).detect(data).plot())


def test_a_column_without_a_test_says_nothing():
    column = ColumnDrift("x", "number", "too few current values")
    assert not column.drifted
    assert (column.aspect, column.test, column.p_value, column.p_adjusted) == ("", "", 1.0, 1.0)
    assert math.isnan(column.statistic)
    assert math.isnan(column.effect)
    assert column.interval == (0.0, 1.0)
    assert DriftReport((column,), 50, 3, 0.05, "bh", "too few rows").share == 0.0


def test_the_loudest_test_leads(report):
    column = report["moved"]
    assert column.leading is column.tests[0]
    assert (column.test, column.statistic) == ("ks", column.tests[0].statistic)
    assert column.interval[0] < column.effect < column.interval[1]
    assert column.p_value < 1e-6
