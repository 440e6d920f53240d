"""People who do not exist, and keys that protect nothing else."""

from __future__ import annotations

import pytest

from prodml.keys import StaticKeys
from prodml.ports import Key

SECRET = bytes.fromhex("8f1d7a60c3e24b95d0a1f2c4e5b69788a0b1c2d3e4f5061728394a5b6c7d8e9f")


@pytest.fixture
def key():
    return Key("k1", SECRET)


@pytest.fixture
def keys(key):
    return StaticKeys({"pseudonym": key}, warn=False)
