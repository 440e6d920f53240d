"""What stations do when the data would have it otherwise."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from prodml import AuditTrail, Registry
from prodml.demo.learn import gate, told
from prodml.demo.operate import roll_back
from prodml.demo.screen import Screen
from prodml.demo.traffic import Answers, records
from prodml.errors import ConflictError
from prodml.gate import Gate
from prodml.storage import MemoryStorage


def models(n):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 1))
    y = (x[:, 0] > 0).astype(int)
    bad = LogisticRegression().fit(x, rng.permutation(y))
    good = LogisticRegression().fit(x, y)
    return [(m, (x, y)) for m in [bad, good][:n]]


@pytest.fixture
def world():
    store = MemoryStorage()
    registry = Registry(store, actor="demo", audit=AuditTrail(store))
    for model, holdout in models(2):
        registry.register("tumours", model, holdout=holdout)
    sections = {}
    return SimpleNamespace(
        registry=registry,
        screen=Screen(io.StringIO()),
        sections=sections,
        show=sections.__setitem__,
    )


def test_a_gate_that_is_convinced_says_so(world):
    gate(world)
    assert world.screen.lines[0][1].startswith("promote: accuracy")
    assert world.registry.aliases("tumours")["champion"] == 2


def test_a_champion_that_never_moved_is_forced_first_and_the_line_says_so(world):
    world.registry.promote("tumours", 1)
    roll_back(world)
    assert "forced there a moment ago" in world.screen.lines[0][1]
    kinds = [move.kind for move in world.registry.history("tumours")]
    assert kinds[-1] == "rollback"
    assert world.registry.aliases("tumours") == {"champion": 1}


def test_a_champion_that_moved_goes_back_without_force(world):
    world.registry.promote("tumours", 1)
    world.registry.promote("tumours", 2, force=True, reason="tried")
    roll_back(world)
    assert "forced" not in world.screen.lines[0][1]
    with pytest.raises(ConflictError):
        world.registry.rollback("tumours")


def test_a_verdict_that_needs_more_rows_says_how_many():
    y = np.array([0, 1] * 30)
    nearly = np.where(np.arange(60) < 3, 1 - y, y)
    decision = Gate().decide(y, {"labels": nearly}, {"labels": y})
    assert decision.verdict == "inconclusive"
    assert told(decision).endswith(f"some {decision.n_needed} rows would decide")


def test_a_station_knows_its_time_and_wraps_its_text():
    screen = Screen(io.StringIO())
    screen.say("extract", "word " * 40)
    screen.say("empty", "")
    lines = screen.stream.getvalue().splitlines()
    assert lines[0].startswith(" 1  extract      word")
    assert lines[1].startswith(" " * 17 + "word")
    assert lines[-1].startswith(" 2  empty")
    assert max(map(len, lines)) <= 100
    assert all(seconds >= 0 for _, _, seconds in screen.lines)


def test_a_screen_prints_to_standard_output_unless_told_otherwise(capsys):
    screen = Screen()
    screen.say("extract", "three rows")
    screen.end("Report: here")
    assert "three rows" in capsys.readouterr().out


def test_a_screen_shows_itself_escaped():
    screen = Screen(io.StringIO())
    screen.say("extract", "<b>three</b> rows")
    html = screen._repr_html_()
    assert "&lt;b&gt;three" in html
    assert "What it found" in html


def test_the_median_round_trip_is_in_milliseconds():
    assert Answers([], [0.004, 0.002, 0.009]).median_ms() == 4.0


def test_rows_are_sent_as_plain_records():
    import pandas as pd

    assert records(pd.DataFrame({"a": [1.5], "b": ["x"]})) == [{"a": 1.5, "b": "x"}]
