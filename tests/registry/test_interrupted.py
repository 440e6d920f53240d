"""Whoever was interrupted may try again: nothing is registered or promoted twice."""

from __future__ import annotations

import threading

import pytest

from prodml.errors import ConflictError, RefusedError
from prodml.registry import Registry


def test_what_was_registered_once_is_returned_and_not_stored_again(registry, storage, weak, strong):
    first = registry.register("tumours", weak, once="run-1")
    n_objects = len(list(storage.list()))
    again = registry.register("tumours", strong, once="run-1")
    assert (again.version, again.digest) == (first.version, first.digest)
    assert len(list(storage.list())) == n_objects
    assert registry.register("tumours", strong, once="run-2").version == 2


def test_without_a_name_every_call_is_a_version(registry, weak):
    assert [registry.register("tumours", weak).version for _ in range(2)] == [1, 2]


def test_of_many_who_register_one_run_at_once_one_stores_it(storage, weak):
    start, found = threading.Barrier(6), []

    def register():
        registry = Registry(storage)
        start.wait(20)
        found.append(registry.register("tumours", weak, once="run-1").version)

    threads = [threading.Thread(target=register) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [1] * 6
    assert len(Registry(storage).versions("tumours")) == 1


def test_a_check_that_says_no_moves_nothing(filled):
    def no():
        raise RefusedError("frozen over the holidays")

    with pytest.raises(RefusedError, match="frozen"):
        filled.promote("tumours", 2, check=no)
    assert filled.aliases("tumours") == {"champion": 1}


def test_a_check_is_asked_again_if_anything_happened_meanwhile(filled, storage):
    """Even where the alias is back where it was, as after a promotion and its rollback."""
    other, asked = Registry(storage), []

    def check():
        asked.append(True)
        if len(asked) > 1:
            raise ConflictError("no longer yours")
        other.promote("tumours", 2)
        other.rollback("tumours")

    with pytest.raises(ConflictError, match="no longer yours"):
        filled.promote("tumours", 2, check=check)
    assert filled.aliases("tumours") == {"champion": 1}
