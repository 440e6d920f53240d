"""What is wrong with a key is said, and shown only in part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import InvalidKeyError
from prodml.storage import check_key, check_prefix


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (5, "a key is a text, got int"),
        (b"a", "a key is a text, got bytes"),
        (None, "a key is a text, got NoneType"),
        ("x" * 513, "at most 512 characters, got 513"),
        ("a//b", "none empty, '.' or '..'; got 'a//b'"),
        ("a/b\n", r"got 'a/b\\n'"),
    ],
)
def test_a_bad_key_is_told_what_is_wrong(key, says):
    with pytest.raises(InvalidKeyError, match=says):
        check_key(key)


def test_a_bad_key_is_carried_by_its_error():
    with pytest.raises(InvalidKeyError) as caught:
        check_key("Upper")
    assert caught.value.key == "Upper"


@pytest.mark.parametrize("prefix", ["a", "/", "a//", "../", 5, None, "A/"])
def test_a_bad_prefix_is_refused(prefix):
    with pytest.raises(InvalidKeyError):
        check_prefix(prefix)


@given(st.text("aA./_=@- \n\0~+\u00e9", max_size=12))
def test_a_key_is_what_the_rules_say_segment_by_segment(text):
    """The same rule, written once more without a regular expression."""
    letters = set("abcdefghijklmnopqrstuvwxyz0123456789._=@-")
    segments = text.split("/")
    is_right = all(s not in ("", ".", "..") and set(s) <= letters for s in segments)
    try:
        assert check_key(text) == text
    except InvalidKeyError:
        assert not is_right
    else:
        assert is_right
