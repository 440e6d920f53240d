# ruff: noqa: RUF001 - the dash for a missing value is meant
"""Every chart is well-formed, inside its frame, told in words and safe with any name."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta, timezone
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodml.display import bar_chart, histogram_chart, interval_chart, line_chart
from prodml.display.charts.canvas import DASHES, PALETTE
from prodml.errors import ConfigError

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert("1")</script>&\x1b\x00'

NAMES = st.text(max_size=30)
VALUES = st.none() | st.floats()
POSITIVE = st.floats(0, 1e300)


def parsed(svg):
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    return root


def texts(svg):
    return [element.text for element in parsed(svg).iter(f"{SVG}text")]


def marks(svg, tag):
    return list(parsed(svg).iter(SVG + tag))


def coordinates(root):
    attributes = ("x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "width", "height")
    for element in root.iter():
        yield from (float(element.get(a)) for a in attributes if element.get(a) is not None)
        yield from map(float, re.findall(r"-?[\d.]+", element.get("d", "")))


def assert_sound(svg):
    root = parsed(svg)
    width, height = map(float, root.get("viewBox").split()[2:])
    assert all(-1 <= c <= max(width, height) + 1 for c in coordinates(root))
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title") is not None
    assert root.find(f"{SVG}desc").text
    assert {e.tag.removeprefix(SVG) for e in root.iter()} <= {
        *("svg", "title", "desc", "style", "text", "line", "rect", "path", "circle", "g"),
    }


@settings(max_examples=60)
@given(st.lists(st.tuples(NAMES, VALUES), max_size=8), NAMES, NAMES, st.booleans() | st.none())
def test_any_bar_chart_is_sound(bars, title, unit, horizontal):
    labels, values = [n for n, _ in bars], [v for _, v in bars]
    assert_sound(bar_chart(labels, values, title=title, unit=unit, horizontal=horizontal))


@settings(max_examples=60)
@given(
    st.integers(0, 6).flatmap(
        lambda n: st.tuples(
            st.lists(st.floats(-1e300, 1e300), min_size=n, max_size=n),
            st.dictionaries(NAMES, st.lists(VALUES, min_size=n, max_size=n), max_size=3),
        )
    ),
    st.dictionaries(NAMES, st.floats(-1e300, 1e300), max_size=2),
    NAMES,
)
def test_any_line_chart_is_sound(drawn, limits, name):
    x, series = drawn
    assert_sound(line_chart(x, series, title=name, unit=name, x_label=name, limits=limits))


@settings(max_examples=60)
@given(
    st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=6, unique=True).flatmap(
        lambda edges: st.tuples(
            st.just(sorted(edges)),
            st.dictionaries(
                NAMES,
                st.lists(st.floats(0, 1e9), min_size=len(edges) - 1, max_size=len(edges) - 1),
                max_size=3,
            ),
        )
    ),
    NAMES,
)
def test_any_histogram_is_sound(drawn, name):
    edges, series = drawn
    assert_sound(histogram_chart(edges, series, title=name, unit=name))


@settings(max_examples=60)
@given(
    st.lists(st.tuples(NAMES, VALUES, st.floats(-1e300, 1e300), POSITIVE), max_size=6),
    NAMES,
    st.none() | st.floats(-1e300, 1e300),
)
def test_any_interval_chart_is_sound(rows, name, mark):
    labels, centers = [r[0] for r in rows], [r[1] for r in rows]
    lows, highs = [r[2] for r in rows], [r[2] + r[3] for r in rows]
    chart = interval_chart(labels, centers, lows, highs, title=name, unit=name, mark=mark)
    root = parsed(chart)
    assert all(math.isfinite(c) for c in coordinates(root))


CHARTS = {
    "lying bars": lambda n: bar_chart([n], [1], title=n, unit=n, horizontal=True),
    "standing bars": lambda n: bar_chart([n], [1], title=n, unit=n, horizontal=False),
    "lines": lambda n: line_chart([1, 2], {n: [1, 2], "b": [2, 1]}, title=n, limits={n: 1.5}),
    "histogram": lambda n: histogram_chart([0, 1], {n: [1], "b": [1]}, title=n, unit=n),
    "intervals": lambda n: interval_chart([n], [1], [0], [2], title=n, unit=n),
}


@pytest.mark.parametrize("kind", CHARTS)
def test_a_hostile_name_stays_text(kind):
    svg = CHARTS[kind](HOSTILE)
    assert "<script" not in svg
    assert parsed(svg).find(f"{SVG}title").text == '<script>alert("1")</script>&\\x1b\\x00'


@pytest.mark.parametrize("kind", CHARTS)
def test_a_chart_asks_for_nothing_from_outside(kind):
    svg = CHARTS[kind]("x").replace("http://www.w3.org/2000/svg", "")
    assert "http" not in svg
    assert "url(" not in svg
    assert "href" not in svg


@pytest.mark.parametrize("kind", CHARTS)
def test_a_chart_has_colours_for_the_dark(kind):
    style = marks(CHARTS[kind]("x"), "style")[0].text
    assert "prefers-color-scheme:dark" in style


@pytest.mark.parametrize("kind", CHARTS)
def test_the_same_input_gives_the_same_chart(kind):
    assert CHARTS[kind]("x") == CHARTS[kind]("x")


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", PALETTE[:3])
def test_the_first_colours_stand_out_on_white(colour):
    assert 1.05 / (luminance(colour) + 0.05) >= 3  # WCAG 2.2, 1.4.11


def test_series_differ_by_dash_as_well_as_by_colour():
    assert len(set(DASHES)) == len(set(PALETTE)) == len(DASHES) == len(PALETTE)


def test_a_bar_is_as_long_as_its_value():
    bars = marks(bar_chart(["a", "b"], [1, 4], title="t", horizontal=True), "rect")
    lengths = [float(bar.get("width")) for bar in bars]
    assert lengths[1] / lengths[0] == pytest.approx(4, rel=0.01)


def test_a_negative_bar_goes_the_other_way_in_another_colour():
    svg = bar_chart(["a", "b"], [2, -1], title="t", horizontal=True)
    up, down = marks(svg, "rect")
    zero = float(up.get("x"))
    assert float(down.get("x")) + float(down.get("width")) == pytest.approx(zero, abs=0.2)
    assert up.get("class") != down.get("class")


def test_standing_bars_grow_from_zero():
    up, down = marks(bar_chart(["a", "b"], [2, -1], title="t", horizontal=False), "rect")
    assert float(up.get("y")) + float(up.get("height")) == pytest.approx(float(down.get("y")))
    assert float(up.get("height")) == pytest.approx(2 * float(down.get("height")), rel=0.01)


def test_short_labels_stand_and_long_ones_lie():
    standing = bar_chart(["a", "b"], [1, 2], title="t")
    lying = bar_chart(["a" * 60, "b"], [1, 2], title="t")
    assert 'text-anchor="middle">a' in standing
    assert 'text-anchor="end">aaa' in lying


def test_many_bars_lie():
    many = [f"{i}" for i in range(13)]
    assert bar_chart(many, range(13), title="t") == bar_chart(
        many, range(13), title="t", horizontal=True
    )


def test_a_cut_label_is_whole_in_the_tooltip():
    name = "a very long name of a column that cannot fit into the room that there is for it"
    svg = bar_chart([name], [1], title="t")
    assert name not in texts(svg)
    assert f"{name}: 1" in [e.text for e in marks(svg, "title")]


@pytest.mark.parametrize("horizontal", [True, False])
def test_a_missing_bar_is_a_dash(horizontal):
    assert "–" in texts(bar_chart(["a", "b"], [None, 1], title="t", horizontal=horizontal))


def test_a_bar_chart_is_told_in_words():
    svg = bar_chart(["a", "b"], [1, 3], title="t", unit="rows")
    assert parsed(svg).find(f"{SVG}desc").text == (
        "Bar chart of 2 values, from 1 rows (a) to 3 rows (b)."
    )


@pytest.mark.parametrize(
    "svg",
    [
        bar_chart([], [], title="t"),
        bar_chart(["a"], [None], title="t"),
        line_chart([], {}, title="t"),
        line_chart([1], {"a": [None]}, title="t"),
        histogram_chart([0, 1], {}, title="t"),
        interval_chart([], [], [], [], title="t"),
    ],
)
def test_a_chart_of_nothing_says_so(svg):
    assert "No values." in texts(svg)


def test_a_gap_breaks_the_line():
    paths = marks(line_chart([1, 2, 3, 4, 5], {"a": [1, 2, None, 3, 4]}, title="t"), "path")
    assert len(paths) == 2


def test_a_single_point_between_gaps_is_a_dot():
    svg = line_chart(range(101), {"a": [None] * 50 + [1.0] + [None] * 50}, title="t")
    assert len(marks(svg, "circle")) == 1


def test_many_points_have_no_dots():
    assert not marks(line_chart(range(100), {"a": range(100)}, title="t"), "circle")


def test_positions_are_put_in_order():
    shuffled = line_chart([3, 1, 2], {"a": [30, 10, 20]}, title="t")
    assert shuffled == line_chart([1, 2, 3], {"a": [10, 20, 30]}, title="t")


def test_moments_without_a_zone_are_utc():
    aware = [datetime(2026, 3, d, tzinfo=UTC) for d in (1, 2, 3)]
    naive = [moment.replace(tzinfo=None) for moment in aware]
    days = [date(2026, 3, d) for d in (1, 2, 3)]
    shifted = [m.astimezone(timezone(timedelta(hours=5))) for m in aware]
    charts = {line_chart(x, {"a": [1, 2, 3]}, title="t") for x in (aware, naive, days, shifted)}
    assert len(charts) == 1
    assert "2 Mar" in charts.pop()


def test_a_limit_is_drawn_and_named():
    svg = line_chart([1, 2], {"a": [0.1, 0.2]}, title="t", limits={"alert": 0.5})
    assert "alert" in texts(svg)
    assert "0.5" in texts(svg)


def test_one_series_needs_no_legend():
    assert "alone" not in texts(line_chart([1, 2], {"alone": [1, 2]}, title="t"))


def test_a_legend_wraps():
    names = [f"a rather long name {i}" for i in range(6)]
    svg = line_chart([1, 2], {n: [1, 2] for n in names}, title="t")
    rows = {e.get("y") for e in marks(svg, "text") if e.text in names}
    assert len(rows) >= 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bar_chart(["a"], [1, 2], title="t"), "1 labels but 2 values"),
        (lambda: line_chart([1], {"a": [1, 2]}, title="t"), '"a" has 2 values for 1 positions'),
        (lambda: line_chart([math.nan], {"a": [1]}, title="t"), "missing or infinite position"),
        (lambda: interval_chart(["a"], [1], [0], [], title="t"), "got 1, 1, 1 and 0"),
        (lambda: interval_chart(["a"], [1], [2], [1], title="t"), "begins at 2, above its end 1"),
        (lambda: histogram_chart([1, 1], {}, title="t"), "rising"),
        (lambda: histogram_chart([1], {}, title="t"), "at least two"),
        (lambda: histogram_chart([0, math.nan], {}, title="t"), "rising"),
        (lambda: histogram_chart([-math.inf, 1], {}, title="t"), "open end"),
        (lambda: histogram_chart([0, 1], {"a": [1, 2]}, title="t"), "2 counts for 1 bins"),
        (lambda: histogram_chart([0, 1], {"a": [-1]}, title="t"), "negative or not finite"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, message):
    with pytest.raises(ConfigError, match=message):
        call()


def test_histograms_of_unequal_size_compare():
    small = histogram_chart([0, 1, 2], {"a": [1, 3], "b": [1, 3]}, title="t")
    large = histogram_chart([0, 1, 2], {"a": [1, 3], "b": [100, 300]}, title="t")
    assert small == large


def test_open_bins_are_as_wide_as_their_neighbours():
    opened = histogram_chart([-math.inf, 0, 1, math.inf], {"a": [1, 2, 1]}, title="t")
    assert opened == histogram_chart([-1, 0, 1, 2], {"a": [1, 2, 1]}, title="t")


def test_open_bins_on_both_sides_of_one_edge():
    opened = histogram_chart([-math.inf, 0, math.inf], {"a": [1, 3]}, title="t")
    assert opened == histogram_chart([-1, 0, 1], {"a": [1, 3]}, title="t")


def test_unequal_bins_show_densities_without_percentages():
    assert not [t for t in texts(histogram_chart([0, 1, 5], {"a": [1, 4]}, title="t")) if "%" in t]


def test_a_histogram_without_rows_is_flat():
    assert_sound(histogram_chart([0, 1, 2], {"a": [0, 0]}, title="t"))


@pytest.mark.parametrize(
    "edges", [[0, 5e-324], [0, 5e-324, 1e9], [-1e308, 0, 1e308], [0, 1e-310, 1]]
)
def test_the_narrowest_and_widest_bins_can_be_drawn(edges):
    counts = [1] * (len(edges) - 1)
    assert_sound(histogram_chart(edges, {"a": counts}, title="t"))


def test_an_open_interval_ends_in_an_arrow():
    closed = interval_chart(["a"], [1], [0], [2], title="t")
    opened = interval_chart(["a"], [1], [None], [math.inf], title="t")
    assert (len(marks(closed, "path")), len(marks(opened, "path"))) == (0, 2)


def test_a_missing_estimate_has_no_dot():
    assert not marks(interval_chart(["a"], [None], [0], [2], title="t"), "circle")


def test_intervals_are_told_in_words():
    svg = interval_chart(["b - a"], [0.02], [-0.01], [0.05], title="t")
    desc = parsed(svg).find(f"{SVG}desc").text
    assert desc == "Interval chart. b - a: 0.02 (-0.01 to 0.05)."


def test_many_intervals_are_told_in_part():
    n = 15
    svg = interval_chart([str(i) for i in range(n)], [1] * n, [0] * n, [2] * n, title="t")
    assert parsed(svg).find(f"{SVG}desc").text.endswith("; and 3 more.")
