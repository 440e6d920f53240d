"""Whoever is killed is continued by the next: nothing is registered, promoted or forgotten twice."""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pytest

from prodml.errors import ConflictError, StepError
from prodml.registry import Registry

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def base(shop):
    return shop.with_champion()


class TenLabels:
    """A log in which ten outcomes have come in, ever."""

    def performance(self, *, version=None, since=None):
        return SimpleNamespace(scores={}, n_outcomes=10)

    def predictions(self, *, since=None):
        return []


class Scene:
    """One loop on one storage, and everybody who was told."""

    def __init__(self, shop, base):
        self.shop, self.clock, self.told = shop, shop.clock(), []
        self.inner = shop.copy(base)

    def loop(self, storage=None):
        return self.shop.loop(
            self.inner if storage is None else storage,
            self.clock,
            log=TenLabels(),
            notify=[lambda notice: self.told.append((notice.id, notice.status))],
        )

    def tick(self, storage=None):
        self.loop(storage).run_once()

    def go_on(self):
        """Let new runners come, each after the lease of the one before."""
        for _ in range(3):
            self.clock.pass_by(2 * HOUR)
            self.tick()

    def check(self, *, champion=2):
        registry, loop = Registry(self.inner), self.loop()
        assert [v.version for v in registry.versions("churn")] == [1, 2]
        kinds = [m.kind for m in registry.history("churn") if m.version == 2]
        assert kinds == ["gate"]
        assert registry.aliases("churn") == {"champion": champion}
        registry.verify()
        status = loop.status()
        assert (status.running, status.n_undelivered) == (None, 0)
        assert status.holder is None or status.is_silent
        assert (status.n_runs, status.last_status, status.last_version) == (1, "promoted", 2)
        types = Counter(event.type for event in loop.history())
        assert types["registered"] == types["decided"] == types["run_finished"] == 1
        assert len(set(self.told)) == 1
        assert self.told[0][1] == "promoted"


def n_calls(shop, base):
    scene = Scene(shop, base)
    counting = shop.disturbed(scene.inner)
    scene.tick(counting)
    scene.check()
    return counting.n_calls


def killed_at(shop, base, at, *, after):
    """Kill the first runner at a call; return the scene."""
    scene = Scene(shop, base)
    dying = shop.disturbed(scene.inner)
    dying.kill(at, after=after)
    with pytest.raises(shop.killed):
        scene.tick(dying)
    return scene


@pytest.mark.parametrize("after", [False, True], ids=["before it is done", "after it is done"])
def test_a_runner_may_be_killed_at_any_call_of_its_storage(shop, base, after):
    total = n_calls(shop, base)
    assert total > 50
    for at in range(1, total + 1):
        scene = killed_at(shop, base, at, after=after)
        scene.go_on()
        scene.check()


def kill_twice(shop, base, first, second):
    scene = killed_at(shop, base, first, after=True)
    scene.clock.pass_by(2 * HOUR)
    dying = shop.disturbed(scene.inner)
    dying.kill(second, after=True)
    with contextlib.suppress(shop.killed):
        scene.tick(dying)
    scene.go_on()
    scene.check()


def test_two_runners_may_be_killed_one_after_the_other(shop, base):
    total = n_calls(shop, base)
    for first, second in itertools.product(range(9, total, 23), range(4, total, 17)):
        kill_twice(shop, base, first, second)


@pytest.mark.slow
def test_two_runners_may_be_killed_at_any_two_calls(shop, base):
    total = n_calls(shop, base)
    for first, second in itertools.product(range(1, total, 2), range(1, total, 2)):
        kill_twice(shop, base, first, second)


def slept_at(shop, base, at, *, after, then=lambda scene: None):
    """Let the first runner sleep through its lease at a call, while others do the work."""
    scene = Scene(shop, base)
    sleepy = shop.disturbed(scene.inner)

    def sleep():
        scene.go_on()
        then(scene)

    sleepy.disturb(sleep, at, after=after)
    with contextlib.suppress(ConflictError):
        scene.tick(sleepy)
    return scene


@pytest.mark.parametrize("after", [False, True], ids=["before it is done", "after it is done"])
def test_a_runner_may_sleep_past_its_lease_at_any_call(shop, base, after):
    """It wakes up and finds that the work was done; it does nothing of it again."""
    for at in range(1, n_calls(shop, base) + 1):
        slept_at(shop, base, at, after=after).check()


@pytest.mark.parametrize("after", [False, True], ids=["before it is done", "after it is done"])
def test_a_runner_that_slept_does_not_undo_a_rollback(shop, base, after):
    """The alias is back where the sleeper saw it; only the fence tells that the world went on."""

    def roll_back(scene):
        if Registry(scene.inner).aliases("churn") == {"champion": 2}:
            Registry(scene.inner).rollback("churn", reason="wrong answers")

    for at in range(1, n_calls(shop, base) + 1):
        scene = slept_at(shop, base, at, after=after, then=roll_back)
        registry = Registry(scene.inner)
        moves = [m.kind for m in registry.history("churn")]
        assert moves == ["first", "gate", "rollback"], at
        assert registry.aliases("churn") == {"champion": 1}


def test_a_run_that_kills_every_runner_is_given_up_and_said_so(shop, base, clock):
    storage = shop.copy(base)
    for _ in range(3):
        dying = shop.disturbed(storage)

        def out_of_memory(dying=dying):
            dying.is_dead = True
            raise shop.killed

        with pytest.raises(shop.killed):
            shop.loop(dying, clock, source=out_of_memory).run_once(n_new_labels=10)
        clock.pass_by(HOUR)
    loop = shop.loop(storage, clock)
    with pytest.raises(StepError, match="3 runners were killed at it"):
        loop.run_once()
    assert loop.status().last_status == "failed"
    assert "given up" in loop.status().why
    assert loop.run_once(n_new_labels=10).status == "promoted"


def test_what_others_agreed_to_meanwhile_is_not_taken_for_the_promotion(shop, base):
    def is_waiting(scene):
        registry = Registry(scene.inner)
        return len(registry.versions("churn")) == 2 and registry.aliases("churn") == {"champion": 1}

    points = range(1, n_calls(shop, base))
    scenes = (killed_at(shop, base, at, after=True) for at in points)
    scene = next(filter(is_waiting, scenes))
    Registry(scene.inner, actor="somebody else").approve("churn", 2, reason="read the card")
    scene.go_on()
    registry = Registry(scene.inner)
    assert [m.kind for m in registry.history("churn") if m.version == 2] == ["approved", "gate"]
    assert registry.aliases("churn") == {"champion": 2}
