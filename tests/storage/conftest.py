"""Folders to store in, and what lies in them."""

from __future__ import annotations

import pytest

from prodml.storage import FolderStorage


@pytest.fixture
def store(tmp_path):
    return FolderStorage(tmp_path / "store")


@pytest.fixture
def files(tmp_path):
    """Return a function that names every file below the test's folder, whoever made it."""

    def everything():
        return sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())

    return everything
