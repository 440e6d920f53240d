from __future__ import annotations

import base64
import os

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prodml.errors import KeyMaterialError
from prodml.keys.material import (
    check_domain,
    check_kid,
    check_secret,
    default_kid,
    make_key,
    read_secret,
)

SECRETS = st.binary(min_size=16, max_size=64)

WEAK = {
    "empty": (b"", "has 0 bytes, at least 16 are needed"),
    "short": (os.urandom(15), "has 15 bytes, at least 16 are needed"),
    "zeros": (bytes(32), "is all zeros"),
    "one byte": (b"k" * 32, "one byte repeated"),
    "counting": (bytes(range(32)), "counts up"),
    "counting down": (bytes(range(32, 0, -1)), "counts up"),
    "a repeated word": (b"changeme" * 4, "repeats a short block"),
    "a repeated word, cut": (b"changeme" * 4 + b"chan", "repeats a short block"),
    "few bytes": (b"abcdeffedcbaabdcefaecf", "fewer than 8 different bytes"),
}


@pytest.mark.parametrize("what", WEAK)
def test_a_weak_secret_is_refused(what):
    data, fault = WEAK[what]
    with pytest.raises(KeyMaterialError, match=fault):
        check_secret(data, "k")


@pytest.mark.parametrize("value", ["a text of more than sixteen letters", None, 17, ["a"] * 20])
def test_a_secret_is_bytes(value):
    with pytest.raises(KeyMaterialError, match=f"must be bytes, got {type(value).__name__}"):
        check_secret(value, "k")


def test_random_secrets_are_taken():
    assert all(check_secret(os.urandom(16), "k") for _ in range(2000))


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_bytes_become_bytes(kind, secret):
    assert type(check_secret(kind(secret), "k")) is bytes


@pytest.mark.parametrize("kid", ["", "-a", "a b", "a" * 65, "a/b", "a\n", "é", None, b"a"])
def test_a_malformed_kid_is_refused_and_not_shown(kid, secret):
    with pytest.raises(KeyMaterialError, match="1 to 64 letters") as caught:
        make_key(kid, secret)
    assert not kid or str(kid) not in str(caught.value).replace("a", "").replace("-", "")


@pytest.mark.parametrize("domain", ["", "a b", "a\n", None])
def test_a_malformed_domain_is_refused(domain):
    with pytest.raises(KeyMaterialError, match="domain is 1 to 64 letters"):
        check_domain(domain)


@pytest.mark.parametrize("kid", ["a", "2026-03", "pseudonym-0bf4ca78", "k_1.2", "a" * 64])
def test_usual_kids_are_taken(kid):
    assert check_kid(kid) == kid


@given(SECRETS)
def test_hex_and_both_base64_read_back(data):
    # Text of hex digits alone is taken for hex; of a random key that is a chance below 1e-10.
    assume(set(base64.b64encode(data).decode()) - set("0123456789abcdefABCDEF="))
    texts = [data.hex(), data.hex().upper(), base64.b64encode(data).decode()]
    texts += [base64.urlsafe_b64encode(data).decode(), base64.b64encode(data).decode().rstrip("=")]
    assert all(read_secret(f" {text}\n") == data for text in texts)


@pytest.mark.parametrize("text", ["no secret!", "ab cd", "é", "a", "=a=="])
def test_other_text_is_no_secret(text):
    assert read_secret(text) is None


def test_another_secret_gets_another_kid(secret, other):
    assert default_kid("a", secret) != default_kid("a", other)


def test_another_domain_gets_another_kid(secret):
    assert default_kid("a", secret)[2:] != default_kid("b", secret)[2:]


@given(SECRETS)
def test_a_default_kid_is_a_kid(data):
    kid = default_kid("d" * 64, data)
    assert check_kid(kid) == kid
