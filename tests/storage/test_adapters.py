"""Both adapters keep every rule of the kit."""

from __future__ import annotations

import pytest

from prodml.storage import FolderStorage, MemoryStorage
from prodml.testing import StorageContract


class TestMemoryStorage(StorageContract):
    @pytest.fixture
    def storage(self):
        return MemoryStorage()


class TestFolderStorage(StorageContract):
    @pytest.fixture
    def storage(self, tmp_path):
        return FolderStorage(tmp_path)

    def reopen(self, storage):
        return FolderStorage(storage.caps.url.removeprefix("file://"))


class TestFolderStorageWithoutSync(TestFolderStorage):
    @pytest.fixture
    def storage(self, tmp_path):
        return FolderStorage(tmp_path, durability="process")
