"""Remembered heads: what one process saw, a later one misses."""

from __future__ import annotations

import pytest

from prodml.errors import ConfigError, IntegrityError
from prodml.journal import Head, HeadMemory, Journal
from prodml.storage import FolderStorage, MemoryStorage


def key(seq):
    return f"s/log/{seq:020d}.json"


@pytest.fixture
def notes():
    return MemoryStorage()


@pytest.fixture
def heads(notes):
    return HeadMemory(notes)


def filled(storage, heads, n=3):
    journal = Journal(storage, "s", heads=heads)
    for _ in range(n):
        journal.append("note")
    return journal


def uses(journal):
    return [
        journal.state,
        journal.head,
        journal.verify,
        lambda: journal.append("x"),
        lambda: [*journal.events()],
    ]


@pytest.mark.parametrize("use", range(5))
def test_a_later_process_misses_events_that_were_cut_off(storage, heads, use):
    filled(storage, heads)
    del storage.objects[key(3)]
    assert Journal(storage, "s").head().seq == 2
    with pytest.raises(IntegrityError, match="event 3"):
        uses(Journal(storage, "s", heads=heads))[use]()


@pytest.mark.parametrize("use", range(5))
def test_a_later_process_notices_a_journal_that_was_written_anew(storage, heads, use):
    filled(storage, heads)
    storage.objects.clear()
    filled(storage, None, n=9)
    with pytest.raises(IntegrityError, match="event 3"):
        uses(Journal(storage, "s", heads=heads))[use]()


def test_reading_remembers_too(storage, heads, notes):
    journal = filled(storage, None)
    Journal(storage, "s", heads=heads).state()
    assert heads.recall("dict://", "s") == journal.head()
    assert len(list(notes.list("heads/"))) == 1


def test_a_journal_that_goes_on_is_fine_and_only_the_furthest_is_kept(storage, heads, notes):
    filled(storage, heads)
    filled(storage, None)
    journal = filled(storage, heads)
    assert journal.head().seq == 9
    assert Journal(storage, "s", heads=heads).verify().n_events == 9
    assert [meta.key[-6:-5] for meta in notes.list("heads/")] == ["9"]


def test_a_look_at_nothing_new_writes_nothing(storage, heads, notes):
    journal = filled(storage, heads)
    before = [notes.get(meta.key) for meta in notes.list()]
    for _ in range(3):
        journal.state()
    assert [notes.get(meta.key) for meta in notes.list()] == before


def test_an_older_head_never_takes_the_place_of_a_newer_one(heads):
    heads.remember("x://", "s", Head(5, "sha256:five"))
    heads.remember("x://", "s", Head(4, "sha256:four"))
    assert heads.recall("x://", "s") == Head(5, "sha256:five")


def test_two_events_of_one_number_are_not_both_remembered(heads):
    heads.remember("x://", "s", Head(5, "sha256:five"))
    heads.remember("x://", "s", Head(5, "sha256:five"))
    with pytest.raises(IntegrityError, match="written anew"):
        heads.remember("x://", "s", Head(5, "sha256:cinq"))


def test_streams_and_places_are_kept_apart(heads):
    heads.remember("x://", "s", Head(5, "sha256:five"))
    assert heads.recall("x://", "t") is None
    assert heads.recall("y://", "s") is None


def test_a_damaged_memory_is_not_believed(storage, heads, notes):
    filled(storage, heads)
    (meta,) = notes.list()
    data = bytearray(notes.get(meta.key))
    data[20] ^= 1
    notes.put(meta.key, bytes(data))
    with pytest.raises(IntegrityError, match="remembered head"):
        Journal(storage, "s", heads=heads).state()


def test_a_memory_in_a_folder_outlives_processes(storage, tmp_path):
    filled(storage, HeadMemory(FolderStorage(tmp_path)))
    del storage.objects[key(3)]
    with pytest.raises(IntegrityError):
        Journal(storage, "s", heads=HeadMemory(FolderStorage(tmp_path))).state()


def test_only_durable_events_are_remembered(disk, heads):
    def die():
        raise KeyboardInterrupt

    disk.before_settle = die
    with pytest.raises(KeyboardInterrupt):
        Journal(disk, "s").append("note")
    Journal(disk, "s", heads=heads).state()
    assert disk.loose == []


def test_what_is_no_memory_is_refused(storage):
    with pytest.raises(ConfigError, match="HeadMemory"):
        Journal(storage, "s", heads=storage)


def test_the_repr_names_the_place(heads):
    assert repr(heads) == "HeadMemory(memory://)"
