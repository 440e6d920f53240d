# ruff: noqa: RUF001 - the dash for a missing value is meant
from __future__ import annotations

import textwrap
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.display import html_table, text_table
from prodml.display.cells import cell, plain, width
from prodml.errors import ConfigError

CELLS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=100)
TABLES = st.integers(1, 4).flatmap(
    lambda n: st.tuples(
        st.lists(st.lists(CELLS, min_size=n, max_size=n), max_size=5),
        st.lists(st.text(max_size=10), min_size=n, max_size=n),
    )
)


def test_numbers_stand_to_the_right_and_share_their_decimals():
    table = text_table(
        [["age", 1200, 0.5, "1.2 ms"], ["日本", 7, 0.1234, "250 ms"], ["é", None, 1e-9, "–"]],
        ["column", "rows", "p", "time"],
        title="Drift",
    )
    expected = """\
        Drift
        column  rows       p    time
        ──────  ────  ──────  ──────
        age     1200  0.5000  1.2 ms
        日本       7  0.1234  250 ms
        é          –    1e-9       –"""
    assert table == textwrap.dedent(expected)


def test_decimals_that_are_added_are_true_ones():
    assert text_table([[0.00012345], [0.41237891]], ["p"]).splitlines()[2:] == [
        "0.0001234",
        "0.4123789",
    ]


def test_a_column_of_text_and_numbers_stands_to_the_left():
    assert text_table([["a"], [1]], ["x"]).splitlines()[2:] == ["a", "1"]


def test_large_floats_keep_their_commas():
    assert text_table([[12345.6], [0.25]], ["x"]).splitlines()[2:] == ["12,345.60", "     0.25"]


def test_a_table_without_rows_says_so():
    assert text_table([], ["a", "b"]) == "a  b\n─  ─\n(no rows)"


def test_a_very_long_cell_is_cut():
    assert width(text_table([["x" * 500]], ["a"]).splitlines()[-1]) == 80


@given(TABLES, st.text(max_size=20))
def test_no_line_ends_in_a_blank_and_every_row_is_one_line(table, title):
    rows, headers = table
    lines = text_table(rows, headers, title=title).split("\n")
    assert len(lines) == 2 + max(len(rows), 1) + bool(title)
    assert all(line == line.rstrip(" ") for line in lines[1:])


@given(TABLES)
def test_no_row_is_wider_than_the_rule(table):
    rows, headers = table
    lines = text_table(rows, headers).split("\n")
    rule = width(lines[1])
    assert all(width(line) <= rule for line in lines[2 : 2 + len(rows)])


class Texts(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.cells = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_data(self, data):
        if self.cells and self.tags[-1] in {"td", "th"}:
            self.cells[-1] += data.strip("\n")


@given(TABLES)
def test_html_holds_every_cell_and_no_foreign_tag(table):
    rows, headers = table
    parser = Texts()
    parser.feed(html_table(rows, headers, title="<script>"))
    assert set(parser.tags) <= {
        "div",
        "style",
        "table",
        "caption",
        "thead",
        "tr",
        "th",
        "tbody",
        "td",
    }
    assert parser.cells[: len(headers)] == [plain(h) for h in headers]
    if rows and not any(isinstance(c, float) for row in rows for c in row):
        assert parser.cells[len(headers) :] == [cell(c) for row in rows for c in row]


def test_html_marks_columns_of_numbers():
    html = html_table([["a", 1.5]], ["name", "value"])
    assert '<td>a</td><td class="n">1.5</td>' in html


def test_html_without_rows_says_so():
    assert '<td colspan="2">no rows</td>' in html_table([], ["a", "b"])


def test_html_brings_its_style_and_asks_for_nothing():
    html = html_table([[1]], ["a"])
    assert "prefers-color-scheme:dark" in html
    assert "http" not in html
    assert "url(" not in html


@pytest.mark.parametrize("make", [text_table, html_table])
def test_a_ragged_row_is_named(make):
    with pytest.raises(ConfigError, match="row 1 has 1 cells, but there are 2 headers"):
        make([[1, 2], [1]], ["a", "b"])


@pytest.mark.parametrize("headers", [[], "ab"])
def test_headers_are_a_list_of_names(headers):
    with pytest.raises(ConfigError, match="headers must be a list"):
        text_table([], headers)
