"""Events that are visible before they are durable: a power cut takes only what nobody was promised."""

from __future__ import annotations

import pytest

from prodml.errors import AlreadyExistsError, AmbiguousWriteError, IntegrityError
from prodml.journal import Blobs, Journal, collect
from prodml.storage import FolderStorage


class Killed(BaseException):
    """A process dies."""


def die():
    raise Killed


def key(seq):
    return f"s/log/{seq:020d}.json"


def test_what_append_returned_is_durable(disk):
    journal = Journal(disk, "s")
    for _ in range(3):
        journal.append("note")
        assert disk.loose == []


def test_who_builds_on_an_event_makes_it_durable_first(disk):
    dying = Journal(disk, "s", actor="dying")
    disk.before_settle = die
    with pytest.raises(Killed):
        dying.append("note")
    assert disk.loose == [key(1)]
    assert Journal(disk, "s").append("note").seq == 2
    assert disk.loose == []


def test_a_writer_that_was_faster_is_made_durable_by_the_one_that_is_acknowledged_first(disk):
    first, second = Journal(disk, "s"), Journal(disk, "s")

    def meanwhile():
        assert second.append("fast").seq == 2
        assert disk.loose == []  # the first event as well, though its writer is not there yet

    disk.before_settle = meanwhile
    assert first.append("slow").seq == 1


@pytest.mark.parametrize("kept", [0, 1], ids=["name lost", "bytes lost"])
def test_after_a_power_cut_all_that_was_acknowledged_is_there_and_writing_goes_on(disk, kept):
    journal = Journal(disk, "s")
    acknowledged = [journal.append("note", {"n": n}) for n in range(3)]
    disk.before_settle = die
    with pytest.raises(Killed):
        Journal(disk, "s").append("never acknowledged")
    after = disk.after_power_cut(kept)
    again = Journal(after, "s")
    assert list(again.events()) == acknowledged
    assert again.verify().n_events == 3
    assert again.append("goes on").seq == 4
    assert [event.type for event in Journal(after, "s").events()] == ["note"] * 3 + ["goes on"]
    assert again.verify().n_events == 4


def test_an_event_that_lost_its_bytes_and_has_a_successor_is_damage(disk):
    journal = Journal(disk, "s")
    for _ in range(3):
        journal.append("note")
    disk.objects[key(2)] = b""
    with pytest.raises(IntegrityError, match="event 2"):
        list(Journal(disk, "s").events())
    with pytest.raises(IntegrityError, match="event 2"):
        Journal(disk, "s").verify()


def test_where_nothing_settles_an_empty_event_is_damage(storage):
    journal = Journal(storage, "s")
    journal.append("note")
    storage.objects[key(1)] = b""
    with pytest.raises(IntegrityError, match="damaged"):
        Journal(storage, "s").append("note")


def test_nothing_is_collected_before_what_let_it_go_is_durable(disk):
    blobs = Blobs(disk, "s/blobs")
    digest = blobs.put(b"one")
    disk.before_settle = die
    with pytest.raises(Killed):
        Journal(disk, "s").append("thrown")
    collect(Journal(disk, "s"), blobs, lambda _state: [])
    assert disk.loose == []
    assert not blobs.exists(digest)


def test_settle_returns_a_head_that_is_durable(disk):
    disk.before_settle = die
    with pytest.raises(Killed):
        Journal(disk, "s").append("note")
    assert Journal(disk, "s").settle().seq == 1
    assert disk.loose == []


def test_a_folder_settles_what_it_was_told_to_keep_soon(tmp_path):
    store = FolderStorage(tmp_path)
    store.settling.put_soon("a/1", b"one")
    assert store.get("a/1") == b"one"
    with pytest.raises(AlreadyExistsError):
        store.settling.put_soon("a/1", b"two")
    store.settling.settle(["a/1"])
    store.settling.settle([])
    with pytest.raises(AmbiguousWriteError, match="a/2"):
        store.settling.settle(["a/2"])


def test_a_folder_drops_what_is_empty_and_nothing_else(tmp_path):
    store = FolderStorage(tmp_path)
    store.put("a/1", b"")
    store.put("a/2", b"x")
    for name in ("a/1", "a/2", "a/3", "b/1"):
        store.settling.drop_empty(name)
    assert [meta.key for meta in store.list()] == ["a/2"]


def test_a_folder_that_flushes_nothing_settles_nothing(tmp_path):
    assert FolderStorage(tmp_path, durability="process").settling is None
