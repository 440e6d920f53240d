"""Every adapter keeps every rule of the kit, against a real server where it speaks to one."""

from __future__ import annotations

import pickle
import uuid

import pytest

from prodml.storage import (
    CachedStorage,
    FolderStorage,
    MemoryStorage,
    ObjectStorage,
    RedisStorage,
    SplitStorage,
    SqlStorage,
)
from prodml.testing import StorageContract


class TestMemoryStorage(StorageContract):
    @pytest.fixture
    def storage(self):
        return MemoryStorage()


class TestFolderStorage(StorageContract):
    n_sequences = 10

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
    n_sequences = 6

    @pytest.fixture
    def storage(self, tmp_path):
        pytest.importorskip("sqlalchemy", reason="needs the extra prodml[sql]")
        storage = SqlStorage(f"sqlite:///{tmp_path}/store.db")
        yield storage
        storage.close()

    def reopen(self, storage):
        return pickle.loads(pickle.dumps(storage))


class TestPostgres(TestSqlite):
    @pytest.fixture
    def storage(self, postgres):
        storage = SqlStorage(postgres.url, table=f"t_{uuid.uuid4().hex}")
        yield storage
        storage.close()


class TestRedis(TestSqlite):
    @pytest.fixture
    def storage(self, redis_server):
        storage = RedisStorage(redis_server.url, namespace=uuid.uuid4().hex)
        yield storage
        storage.close()


class TestS3(TestSqlite):
    @pytest.fixture
    def storage(self, moto):
        return ObjectStorage(f"s3://{moto.bucket()}/below/a-prefix", **moto.options())


class TestSplit(StorageContract):
    n_sequences = 10

    @pytest.fixture
    def storage(self, tmp_path):
        (tmp_path / "blobs").mkdir()
        meta = FolderStorage(tmp_path / "meta", durability="process")
        blobs = FolderStorage(tmp_path / "blobs", durability="process")
        return SplitStorage(meta=meta, blobs=blobs)

    def reopen(self, storage):
        return pickle.loads(pickle.dumps(storage))


class TestCached(TestSplit):
    @pytest.fixture
    def storage(self, tmp_path):
        inner = FolderStorage(tmp_path / "inner", durability="process")
        return CachedStorage(inner, tmp_path / "cache", max_bytes=1_000_000)
