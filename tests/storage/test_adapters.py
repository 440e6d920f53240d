"""Every adapter keeps every rule of the kit, against a real server where it speaks to one."""

from __future__ import annotations

import pytest

from prodml.storage import FolderStorage, MemoryStorage, SqlStorage
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


class TestSqlite(StorageContract):
    @pytest.fixture
    def storage(self, tmp_path):
        pytest.importorskip("sqlalchemy", reason="needs the extra prodml[sql]")
        storage = SqlStorage(f"sqlite:///{tmp_path}/store.db")
        yield storage
        storage.close()

    def reopen(self, storage):
        return SqlStorage(storage.caps.url)
