from __future__ import annotations

import io

import pytest

from prodml.display import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True

    def states(self):
        return [state for state in self.getvalue().split("\r\x1b[2K") if state]


class Ticking:
    """Each look at the clock is a step later."""

    def __init__(self, step):
        self.now, self.step = -step, step

    def __call__(self):
        self.now += self.step
        return self.now


def test_nothing_is_written_where_nobody_looks():
    stream = io.StringIO()
    assert list(progress(range(3), label="x", stream=stream)) == [0, 1, 2]
    assert stream.getvalue() == ""


def test_standard_error_is_the_default(capsys):
    assert list(progress([1], label="x")) == [1]
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_bar_count_and_time():
    terminal = Terminal()
    assert list(progress("abcd", label="rows", stream=terminal, clock=Ticking(10))) == list("abcd")
    half, done = "━" * 12 + "─" * 12, "━" * 24
    assert terminal.states()[0] == f"rows  {'─' * 24}  0 of 4"
    assert terminal.states()[2] == f"rows  {half}  2 of 4  20 s, about 20 s left"
    assert terminal.states()[-1] == f"rows  {done}  4 of 4  50 s\n"


def test_the_bar_is_drawn_ten_times_a_second_at_most():
    terminal = Terminal()
    list(progress(range(1000), label="x", stream=terminal, clock=Ticking(0.001)))
    assert 10 <= len(terminal.states()) <= 12


def test_without_a_length_it_counts():
    terminal = Terminal()
    list(progress(iter("ab"), label="x", stream=terminal, clock=Ticking(2)))
    assert terminal.states()[-1] == "x  2  6 s\n"


def test_a_total_may_be_given():
    terminal = Terminal()
    list(progress(iter("ab"), label="x", total=2, stream=terminal))
    assert "2 of 2" in terminal.states()[-1]


def test_more_items_than_promised_do_not_break_it():
    terminal = Terminal()
    list(progress(range(5), label="x", total=2, stream=terminal))
    assert f"{'━' * 24}  5 of 2" in terminal.states()[-1]


def test_an_empty_iterable_is_fine():
    terminal = Terminal()
    assert list(progress([], label="x", stream=terminal)) == []
    assert terminal.getvalue().endswith("\n")


def test_work_that_breaks_off_leaves_its_last_state():
    terminal = Terminal()

    def work():
        for item in progress(range(3), label="x", stream=terminal):
            if item == 2:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    assert terminal.getvalue().endswith("2 of 3\n")


def test_a_label_cannot_move_the_cursor():
    terminal = Terminal()
    list(progress([1], label="\x1b[2J", stream=terminal))
    assert "\x1b[2J" not in terminal.getvalue()
