"""Where an object lies in a folder, and that its key is found again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import InvalidKeyError
from prodml.storage import FolderStorage, layout
from prodml.storage.keys import check_key


def _is_key(text):
    try:
        check_key(text)
    except InvalidKeyError:
        return False
    return True


SEGMENTS = st.one_of(
    st.text("a.b-/", min_size=1, max_size=6).map(lambda s: s.strip("/") or "a"),
    st.integers(100, 300).map(lambda n: "x" * n),
    st.integers(120, 260).map(lambda n: "x" * n + "-"),
)
KEYS = st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join).filter(_is_key)


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("a", ["a"]),
        ("a/b", ["a+", "b"]),
        ("a/b/c.json", ["a+", "b+", "c.json"]),
        ("x" * 128, ["x" * 128]),
        ("x" * 128 + "/y", ["x" * 128 + "+", "y"]),
        ("x" * 129, ["x" * 128 + "~", "x"]),
        ("x" * 256 + "/y", ["x" * 128 + "~", "x" * 128 + "+", "y"]),
        ("y/" + "x" * 257, ["y+", "x" * 128 + "~", "x" * 128 + "~", "x"]),
    ],
)
def test_a_key_has_this_place(key, names):
    assert layout.parts(key) == names


@given(KEYS, KEYS)
def test_two_keys_never_share_a_place_nor_stand_in_each_others_way(one, other):
    a, b = layout.parts(one), layout.parts(other)
    assert (a == b) == (one == other)
    # The name of an object is never the name of a folder that another one needs.
    assert b[: len(a)] != a or a == b


@given(KEYS)
def test_no_name_is_longer_than_file_systems_allow(key):
    assert max(len(name) for name in layout.parts(key)) <= 129


@given(keys=st.sets(KEYS, max_size=12))
def test_every_key_is_listed_in_byte_order_and_after_any_other(keys, tmp_path_factory):
    store = FolderStorage(tmp_path_factory.mktemp("listed"), durability="process")
    for key in keys:
        store.put(key, key.encode())
    assert [meta.key for meta in store.list()] == sorted(keys)
    for after in keys:
        found = [meta.key for meta in store.list(after=after)]
        assert found == sorted(key for key in keys if key > after)
    for prefix in {key[: i + 1] for key in keys for i, c in enumerate(key) if c == "/"}:
        found = [meta.key for meta in store.list(prefix)]
        assert found == sorted(key for key in keys if key.startswith(prefix))


def test_folders_and_files_of_others_are_not_listed(store, tmp_path):
    store.put("a/b", b"x")
    root = tmp_path / "store"
    (root / "README.TXT").write_text("hello")
    (root / "photos").mkdir()
    (root / "photos" / "one").write_text("hello")
    (root / "UPPER+").mkdir()
    (root / "UPPER+" / "one").write_text("hello")
    (root / "short~").mkdir()
    (root / "short~" / "one").write_text("hello")
    (root / "link").symlink_to("/etc/hostname")
    (root / "linked+").symlink_to(root / "a+")
    assert [meta.key for meta in store.list()] == ["a/b"]
