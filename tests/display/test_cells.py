# ruff: noqa: RUF001 - the dash for a missing value is meant
from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.display.cells import cell, clip, escape, plain, reads_as_number, width


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.bool_(True), "yes"),
        (False, "no"),
        (pd.NA, "–"),
        (pd.NaT, "–"),
        (float("nan"), "–"),
        (datetime(2026, 3, 1, 12, 30, 5, 999, tzinfo=UTC), "2026-03-01 12:30:05 UTC"),
        (datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=1))), "2026-03-01 00:00:00+01:00"),
        (("a", 1), "('a', 1)"),
        ("", ""),
    ],
)
def test_a_value_is_written_as_a_cell(value, text):
    assert cell(value) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\r\n c", "a b c"),
        ("\x1b[2J", "\\x1b[2J"),
        ("user\u202etxt.exe", "user\\u202etxt.exe"),
        ("\x00", "\\x00"),
        ("\ud800", "\\ud800"),
        ("naïve – 日本 👩‍🔬", "naïve – 日本 👩‍🔬"),
    ],
)
def test_control_characters_are_made_visible(text, shown):
    assert plain(text) == shown


@given(st.text())
def test_any_text_is_safe_in_xml(text):
    root = ET.fromstring(f'<a b="{escape(text)}">{escape(text)}</a>')
    assert root.get("b") == plain(text)
    assert (root.text or "") == plain(text)


@given(st.text(max_size=30), st.integers(1, 20))
def test_a_clipped_text_fits(text, limit):
    assert width(clip(text, limit)) <= limit


@given(st.text(st.characters(codec="ascii", min_codepoint=32), max_size=20))
def test_a_text_that_fits_is_not_clipped(text):
    assert clip(text, max(len(text), 1)) == text


def test_wide_letters_are_not_cut_in_half():
    assert clip("日本語", 4) == "日…"


@pytest.mark.parametrize(
    "text",
    ["1", "-1.5", "1,204", "1.2e-5", "12.3%", "5 GiB", "1.2 ms", "2 d 7 h", "∞", "-∞", "< 0.1"],
)
def test_figures_read_as_numbers(text):
    assert reads_as_number(text)


@pytest.mark.parametrize("text", ["v1", "2026-03-01", "1/3", "a 1", "", "12 monkeys", "1.2.3"])
def test_other_text_does_not_read_as_a_number(text):
    assert not reads_as_number(text)
