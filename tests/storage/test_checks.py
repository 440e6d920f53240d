"""Data that every adapter takes, as the same plain bytes."""

from __future__ import annotations

import array

import pytest

from prodml.errors import ConfigError
from prodml.storage import MemoryStorage

VIEWS = {
    "with steps": (memoryview(b"abcdef")[::2], b"ace"),
    "backwards": (memoryview(b"abc")[::-1], b"cba"),
    "of numbers": (memoryview(array.array("i", [1, 2])), array.array("i", [1, 2]).tobytes()),
    "of two dimensions": (memoryview(b"abcdef").cast("B", (2, 3)), b"abcdef"),
    "without elements": (memoryview(array.array("d")), b""),
    "of one number": (memoryview(array.array("d", [1.5])), array.array("d", [1.5]).tobytes()),
}


@pytest.fixture(params=["memory", "folder"])
def any_store(request, store):
    return MemoryStorage() if request.param == "memory" else store


@pytest.mark.parametrize("name", VIEWS)
def test_any_view_is_stored_as_its_bytes(any_store, name):
    view, data = VIEWS[name]
    assert any_store.put("a", view).size_bytes == len(data)
    assert any_store.get("a") == data


@pytest.mark.parametrize("bad", ["text", None, 3, [1, 2], array.array("d", [1.0])])
def test_what_is_no_bytes_is_refused_by_its_type_and_not_its_value(any_store, bad):
    with pytest.raises(ConfigError, match=f"got {type(bad).__name__}.") as caught:
        any_store.put("a", bad)
    assert "text" not in str(caught.value)
    assert list(any_store.list()) == []


def test_a_folder_is_no_file_to_store(any_store, tmp_path):
    with pytest.raises(ConfigError, match="there is no file"):
        any_store.put("a", tmp_path)
