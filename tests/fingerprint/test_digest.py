"""SHA-256 and its spelling."""

from __future__ import annotations

import pytest

from prodml.errors import ConfigError
from prodml.fingerprint import sha256, sha256_file
from prodml.fingerprint.digest import check_digest


@pytest.mark.parametrize(
    ("data", "digest"),  # FIPS 180-4 and NIST's example values
    [
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ],
)
def test_digests_are_those_of_the_standard(data, digest, tmp_path):
    path = tmp_path / "data"
    path.write_bytes(data)
    assert sha256(data) == sha256(memoryview(data)) == sha256_file(path) == f"sha256:{digest}"
    assert check_digest(sha256(data)) == sha256(data)


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:" + "A" * 64, "0" * 64, 3, None])
def test_other_spellings_are_refused(digest):
    with pytest.raises(ConfigError, match="64 lower-case hex digits"):
        check_digest(digest)
