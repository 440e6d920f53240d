"""Spans along time."""

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from prodml.display import Lane, Mark, Span, span_chart
from prodml.errors import ConfigError

START = datetime(2030, 1, 1, tzinfo=UTC)


def day(n):
    return START + timedelta(days=n)


def drawn(lanes, **settings):
    picture = span_chart(lanes, title="churn", now=day(100), **settings)
    ET.fromstring(picture)
    return picture


def bars(picture):
    found = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', picture)
    return [(float(x), float(w)) for x, w in found]


def test_a_span_is_as_long_as_its_time():
    lane = Lane("a", [Span("1", day(0), day(50)), Span("2", day(50), None)])
    (x1, w1), (x2, w2) = bars(drawn([lane]))
    assert w1 == pytest.approx(w2, abs=3)
    assert x2 == pytest.approx(x1 + w1 + 2, abs=0.2)


def test_what_happens_at_once_does_not_lie_on_each_other():
    seconds = [day(50) + timedelta(seconds=s) for s in range(8)]
    picture = drawn([Lane("a", (), [Mark(at, "dot") for at in [day(0), *seconds]])])
    places = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', picture)]
    gaps = [b - a for a, b in pairwise(places)]
    assert min(gaps) >= 12
    assert gaps[0] > 100


@pytest.mark.parametrize("shape", ["dot", "ring", "diamond", "back", "cross", "end"])
def test_every_shape_has_its_tooltip_and_its_meaning(shape):
    marks = [Mark(day(1), shape, "what <happened>")]
    picture = drawn([Lane("a", (), marks)], legend=[(shape, "meaning")])
    assert "<title>what &lt;happened&gt;</title>" in picture
    assert "meaning" in picture


def test_labels_that_would_cover_each_other_are_left_to_the_tooltip():
    spans = [Span(f"version {i}", day(i), day(i + 1), f"tip {i}") for i in range(30)]
    picture = drawn([Lane("a", spans)])
    assert len(re.findall(r">version \d+</text>", picture)) < 15
    assert picture.count("<title>tip") == 30


def test_a_legend_takes_as_many_lines_as_it_needs():
    lane = [Lane("a", (), [Mark(day(1), "dot")])]
    heights = [
        float(re.search(r'height="([\d.]+)"', drawn(lane, legend=legend)).group(1))
        for legend in ([], [("dot", "one")], [("dot", "a long meaning of a shape")] * 5)
    ]
    assert heights == sorted(set(heights))


def test_lanes_without_anything_are_drawn_as_nothing():
    assert "No values." in drawn([Lane("a")])


def test_one_moment_is_enough():
    picture = span_chart([Lane("a", [Span("1", day(0), None)])], title="t", now=day(0))
    assert bars(picture)


def test_the_description_tells_what_holds_now():
    lane = Lane("champion", [Span("1", day(0), None, "champion is version 1")])
    assert "champion: 1 spans, 0 marks. champion is version 1" in drawn([lane])


def test_a_shape_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="a mark is one of dot, ring"):
        drawn([Lane("a", (), [Mark(day(0), "heart")])])
