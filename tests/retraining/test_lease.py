"""One runner at a time, on clocks that stand apart, and a fence against those who slept."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from prodml.errors import ConflictError, StorageError
from prodml.journal import Journal
from prodml.retraining.fold import LoopState
from prodml.retraining.heartbeat import Heartbeat
from prodml.retraining.lease import Lease, LeaseLostError, is_over
from prodml.storage import MemoryStorage

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LENGTH, ALLOWANCE = 10 * MINUTE, MINUTE
BEGUN = {"started": NOON.isoformat(), "reasons": [], "message": "", "n_labels": None}


class World:
    """The true time, and hosts whose clocks are ahead of it or behind."""

    def __init__(self):
        self.now, self.storage = NOON, MemoryStorage()

    def host(self, name, ahead=timedelta(0), length=LENGTH):
        journal = Journal(self.storage, "retraining/churn", fold=LoopState())
        return Lease(journal, name, name, length, ALLOWANCE, lambda: self.now + ahead)


def take(lease):
    n_runs = lease.journal.state()["n_runs"]
    return lease.take(n_runs=n_runs, begun=BEGUN, run_id=f"run-{lease.holder}")


def found_busy(lease):
    """Try, and note it as the loop does if somebody is at it."""
    try:
        take(lease)
    except ConflictError:
        holder = lease.journal.state()["lease"]["holder"]
        noted = {"at": lease.clock().isoformat(), "holder": holder, "why": ""}
        lease.journal.append("skipped", noted)
        return True
    return False


@pytest.fixture
def world():
    return World()


def test_a_lease_keeps_others_out_for_its_length_and_the_allowance(world):
    take(world.host("a"))
    world.now += LENGTH + ALLOWANCE - timedelta(seconds=1)
    assert found_busy(world.host("b"))
    world.now += timedelta(seconds=1)
    assert not found_busy(world.host("b"))


@pytest.mark.parametrize(
    ("ahead_a", "ahead_b"), [(-1, -1), (-1, 0), (0, -1), (0, 0), (0, 1), (1, 0), (1, 1)]
)
def test_a_lease_that_is_renewed_is_never_taken_while_clocks_differ_by_the_allowance(
    world, ahead_a, ahead_b
):
    """The bound: clocks that differ by no more than the allowance."""
    a, b = (world.host(n, ahead * MINUTE) for n, ahead in (("a", ahead_a), ("b", ahead_b)))
    take(a)
    for _ in range(200):
        world.now += LENGTH / 3
        assert found_busy(b)
        a.renew()


@pytest.mark.parametrize("ahead", [timedelta(days=-400), timedelta(hours=-3), timedelta(days=3650)])
def test_however_wrong_a_dead_holders_clock_was_its_lease_ends(world, ahead):
    """Behind: at once. Ahead: when it was seen unchanged for its length, by clocks that are right."""
    take(world.host("a", ahead))
    waited = timedelta(0)
    while found_busy(world.host("b")):
        world.now += MINUTE
        waited += MINUTE
    assert waited <= LENGTH + ALLOWANCE


def test_a_live_holder_whose_clock_is_far_ahead_is_left_alone(world):
    a, b = world.host("a", timedelta(days=3650)), world.host("b")
    take(a)
    for _ in range(50):
        world.now += LENGTH / 3
        assert found_busy(b)
        a.renew()


def test_a_holder_whose_clock_is_far_behind_is_taken_over_and_fenced_off(world):
    """Work is done twice then, but whoever lost the lease writes nothing more."""
    a, b = world.host("a", timedelta(hours=-5)), world.host("b")
    take(a)
    take(b)
    for write in (a.renew, a.check, a.release, lambda: a.write("registered", version=2)):
        with pytest.raises(LeaseLostError, match="was silent for longer"):
            write()
    b.write("registered", version=2)
    assert b.journal.state()["run"]["steps"]["registered"]["version"] == 2


def test_a_clock_that_jumps_back_extends_nothing_for_ever(world):
    a = world.host("a")
    take(a)
    world.now -= timedelta(days=2)
    a.renew()
    world.now += LENGTH + ALLOWANCE
    assert not found_busy(world.host("b"))


def test_a_new_holder_goes_on_with_the_run_of_the_one_before(world):
    take(world.host("a"))
    world.now += timedelta(hours=1)
    assert take(world.host("b"))["run_id"] == "run-a"
    assert world.host("b").journal.state()["run"]["attempts"] == 2


def test_who_decided_before_another_ended_a_run_does_not_run_it_again(world):
    a, b = world.host("a"), world.host("b")
    take(a)
    a.write("run_finished", run_id="run-a", status="kept", notice=None)
    a.release()
    with pytest.raises(ConflictError, match="another runner has just done it"):
        b.take(n_runs=0, begun=BEGUN, run_id="run-b")


def test_of_many_who_want_a_lease_at_once_one_gets_it(world):
    start, got = threading.Barrier(8), []

    def want(name):
        lease = world.host(name)
        start.wait(20)
        try:
            lease.take(n_runs=0, begun=BEGUN, run_id=name)
        except ConflictError:
            return
        got.append(name)

    threads = [threading.Thread(target=want, args=(f"h{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(got) == 1
    assert world.host("x").journal.state()["lease"]["holder"] == got[0]


def test_what_was_written_by_somebody_else_changes_no_run(world):
    """An event of a stale holder, should one ever come to be, is passed over when the state is read."""
    a = world.host("a")
    take(a)
    stale = {"holder": "z", "expires": NOON.isoformat(), "run_id": "run-a", "status": "kept"}
    for kind in ("registered", "run_finished", "lease_renewed", "lease_released", "lease_broken"):
        a.journal.append(kind, {**stale, "version": 9, "notice": None})
    state = a.journal.state()
    assert (state["run"]["steps"], state["n_runs"], state["lease"]["holder"]) == ({}, 0, "a")


def test_nobody_holds_what_was_never_taken(world):
    assert is_over(LoopState().initial(), NOON, ALLOWANCE)


# --- the heartbeat ----------------------------------------------------------------------------


class Beats:
    """Stands for a lease: counts renewals, and can fail."""

    length = timedelta(seconds=0.03)

    def __init__(self, *answers):
        self.n, self.answers, self.three = 0, list(answers), threading.Event()

    def renew(self):
        self.n += 1
        if self.n >= 3:
            self.three.set()
        if self.answers and (answer := self.answers.pop(0)) is not None:
            raise answer


def test_a_lease_is_renewed_while_a_step_takes_its_time():
    beats = Beats()
    with Heartbeat(beats, timedelta(days=1)):
        assert beats.three.wait(20)
    assert beats.n >= 3


def test_a_storage_that_fails_once_is_asked_again():
    beats = Beats(StorageError("away"), StorageError("away"), None)
    with Heartbeat(beats, timedelta(days=1)):
        assert beats.three.wait(20)


def test_a_lost_lease_is_not_renewed_again():
    beats = Beats(LeaseLostError("gone"))
    heart = Heartbeat(beats, timedelta(days=1))
    with heart:
        heart._thread.join(20)
        assert not heart._thread.is_alive()
    assert beats.n == 1


def test_a_step_that_hangs_for_ever_does_not_hold_the_lease_for_ever():
    heart = Heartbeat(Beats(), timedelta(seconds=0.1))
    with heart:
        heart._thread.join(20)
        assert not heart._thread.is_alive()


def test_the_thread_is_gone_after_the_block():
    before = threading.active_count()
    with Heartbeat(Beats(), timedelta(days=1)) as heart:
        assert heart._thread.daemon
    assert threading.active_count() == before
