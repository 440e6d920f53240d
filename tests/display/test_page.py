from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from prodml.display import html_table, page


class Checked(HTMLParser):
    """Every tag that is opened is closed, in order; and nothing leads outside."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given[a] for a in ("href", "src") if a in given]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def checked(html):
    parser = Checked()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def test_a_page_is_a_whole_document():
    html = page("Drift", [("One", html_table([[1]], ["a"]))], subtitle="today")
    checked(html)
    assert html.startswith("<!doctype html>")
    assert "<title>Drift</title>" in html
    assert '<p class="subtitle">today</p>' in html


def test_titles_are_escaped():
    html = page("<script>", [("<script>", "")], subtitle="<script>")
    assert "<script>" not in html
    assert html.count("&lt;script&gt;") == 4


@pytest.mark.parametrize(("n", "has"), [(0, False), (3, False), (4, True)])
def test_contents_come_with_the_fourth_section(n, has):
    parser = checked(page("t", [(f"Part {i}", "") for i in range(n)]))
    assert bool(parser.links) is has


def test_contents_lead_to_their_sections_also_if_names_repeat():
    parser = checked(page("t", [(name, "") for name in ("A b", "a-b", "日本", "日本", "A b")]))
    assert parser.ids == ["a-b", "a-b-2", "section", "section-2", "a-b-3"]
    assert parser.links == [f"#{i}" for i in parser.ids]


def test_a_page_forbids_scripts_and_requests():
    html = page("t", [])
    assert "default-src 'none'" in html
    assert not re.search(r"https?:|url\(|@import|<script|<link", html)


def test_a_page_suits_phones_paper_and_the_dark():
    html = page("t", [])
    for needed in ("width=device-width", "prefers-color-scheme:dark", "@media print", "max-width"):
        assert needed in html


def test_a_page_without_a_subtitle_has_no_empty_line():
    assert 'class="subtitle"' not in page("t", [])
