"""MemoryStorage: what is particular to it."""

from __future__ import annotations

import pytest

from prodml.errors import ConfigError
from prodml.storage import MemoryStorage
from prodml.testing import ManualClock


def test_objects_are_stamped_by_the_clock_given():
    clock = ManualClock()
    store = MemoryStorage(clock=clock)
    store.put("a", b"x")
    assert store.head("a").modified == clock()


def test_it_says_how_many_objects_it_holds():
    store = MemoryStorage()
    store.put("a", b"x")
    assert repr(store) == "MemoryStorage(1 objects)"


def test_it_has_no_files_of_its_own():
    store = MemoryStorage()
    store.put("a", b"x")
    with pytest.raises(ConfigError, match="pass fetch"):
        store.fetch("a")
