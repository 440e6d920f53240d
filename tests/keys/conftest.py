from __future__ import annotations

import pytest


@pytest.fixture
def secret():
    return bytes.fromhex("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")


@pytest.fixture
def other():
    return bytes.fromhex("60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"
