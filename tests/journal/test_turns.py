"""Turns: winners wait, losers hurry, and everything is a multiple of how long a try takes."""

from __future__ import annotations

import pytest

from prodml.journal.turns import Turns


class Bench:
    """A writer whose tries take a second each, and whose pauses are as long as they may be."""

    def __init__(self, try_s=1.0):
        self.pauses = []
        self._now, self._try_s = 0.0, try_s
        self.turns = Turns(self.pauses.append, lambda _, high: high, self._tick)

    def _tick(self):
        self._now += self._try_s / 2
        return self._now

    def commit(self, n_lost=0):
        self.turns.queue()
        for _ in range(n_lost):
            self.turns.start()
            self.turns.lost()
        self.turns.start()
        self.turns.won()


def test_a_writer_alone_never_waits():
    bench = Bench()
    for _ in range(10):
        bench.commit()
    assert bench.pauses == []


def test_a_loser_waits_the_less_the_longer_he_waits():
    bench = Bench(try_s=0.002)
    bench.commit(n_lost=5)
    falling = bench.pauses[:5]
    assert falling == sorted(falling, reverse=True)


def test_a_winner_of_a_race_waits_longer_than_any_loser_before_the_next():
    bench = Bench(try_s=0.002)
    bench.commit(n_lost=2)
    bench.commit()
    assert len(bench.pauses) == 3
    assert bench.pauses[-1] > max(bench.pauses[:2])
    bench.commit()
    assert len(bench.pauses) == 3  # nobody was in the way any more


def test_in_a_crowd_pauses_grow_again_to_a_bound():
    bench = Bench()
    bench.commit(n_lost=60)
    assert bench.pauses[-1] == max(bench.pauses) == 0.25
    assert bench.pauses[15] < bench.pauses[25]


@pytest.mark.parametrize("try_s", [1e-5, 1e-3])
def test_pauses_are_multiples_of_how_long_a_try_takes(try_s):
    bench = Bench(try_s)
    for _ in range(40):
        bench.commit()
    bench.commit(n_lost=1)
    # A try spans one tick of this clock, half of `try_s`.
    assert bench.pauses[0] == pytest.approx(2 * try_s / 2, rel=0.05)
