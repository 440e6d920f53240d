"""MemoryStorage: what is particular to it."""

from __future__ import annotations

import pickle

import pytest

from prodml.errors import ConfigError, StorageError
from prodml.storage import MemoryStorage
from prodml.testing import ManualClock


def test_objects_are_stamped_by_the_clock_given():
    clock = ManualClock()
    store = MemoryStorage(clock=clock)
    store.put("a", b"x")
    clock.advance(seconds=5)
    store.put("b", b"x")
    a, b = store.list()
    assert (b.modified - a.modified).total_seconds() == 5
    assert store.head("b").modified == clock()


def test_it_says_how_many_objects_it_holds():
    store = MemoryStorage()
    store.put("a", b"x")
    assert repr(store) == "MemoryStorage(1 objects)"


def test_it_has_no_files_of_its_own():
    store = MemoryStorage()
    store.put("a", b"x")
    with pytest.raises(ConfigError, match="pass fetch"):
        store.fetch("a")


def test_a_copy_that_cannot_be_written_is_an_error(tmp_path):
    store = MemoryStorage()
    store.put("a", b"x")
    with pytest.raises(StorageError, match="cannot write to .*copy: No such file"):
        store.fetch("a", tmp_path / "missing" / "copy")


def test_it_cannot_be_pickled_and_says_what_can():
    with pytest.raises(TypeError, match="share a FolderStorage"):
        pickle.dumps(MemoryStorage())


def test_a_listing_is_of_the_moment_it_was_asked_for():
    store = MemoryStorage()
    store.put("a", b"x")
    listing = store.list()
    store.put("b", b"x")
    assert [meta.key for meta in listing] == ["a"]
