"""Report: one page that opens anywhere."""

from __future__ import annotations

import re

import pytest

from prodml.display import bar_chart
from prodml.errors import ConfigError
from prodml.reports import Report


class Shown:
    def _repr_html_(self):
        return "<table><tr><td>shown</td></tr></table>"


class Drawn(Shown):
    def plot(self):
        return bar_chart(["a"], [1.0], title="drawn")


class OnlyDrawn:
    def plot(self):
        return bar_chart(["a"], [1.0], title="drawn alone")


def test_results_texts_and_pictures_stand_in_the_order_given():
    html = Report("t").section("One", "first", Shown()).section("Two", Drawn()).to_html()
    order = [html.index(word) for word in (">first<", "shown", "Two</h2", "drawn")]
    assert order == sorted(order)


def test_a_picture_follows_the_table_of_a_result_that_has_both():
    html = Report("t").section("s", Drawn()).to_html()
    assert html.index("shown") < html.index("<svg")


def test_a_result_that_only_draws_is_drawn():
    assert "drawn alone" in Report("t").section("s", OnlyDrawn()).to_html()


def test_a_picture_given_as_text_stays_a_picture():
    assert "<svg" in Report("t").section("s", bar_chart(["a"], [1.0], title="x")).to_html()


def test_foreign_text_is_escaped_everywhere():
    evil = "<script>alert(1)</script>"
    html = Report(evil, evil).section(evil, evil).to_html()
    assert "<script>" not in html


def test_the_page_asks_for_nothing_from_outside():
    html = Report("t").section("s", Drawn()).to_html()
    assert re.findall(r"""(?:src|href)=["']?(?!#)[^"'>]+""", html) == []
    assert "@import" not in html


def test_a_report_is_a_value_and_sections_make_new_ones():
    first = Report("t")
    second = first.section("s", "x")
    assert (first.sections, len(second.sections)) == ((), 1)


def test_saving_writes_the_whole_page_and_leaves_nothing_else(tmp_path):
    path = Report("t").section("s", "x").save(tmp_path / "page.html")
    assert path.read_text().rstrip().endswith("</html>")
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_saving_into_no_folder_says_so(tmp_path):
    with pytest.raises(ConfigError, match="there is no folder"):
        Report("t").save(tmp_path / "missing" / "page.html")


def test_a_result_that_cannot_be_drawn_leaves_the_old_page(tmp_path):
    class Broken:
        def plot(self):
            raise RuntimeError("no")

    Report("old").save(tmp_path / "page.html")
    with pytest.raises(RuntimeError):
        Report("new").section("s", Broken()).save(tmp_path / "page.html")
    assert "old" in (tmp_path / "page.html").read_text()
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(ConfigError, match="got int"):
        Report("t").section("s", 3)


def test_a_report_shows_in_a_notebook():
    assert "<h3>Two</h3>" in Report("t").section("Two", "x")._repr_html_()
