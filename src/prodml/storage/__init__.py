"""Adapters of the Storage port: where a host keeps what prodml remembers.

`open_storage(url)` opens a folder, a bucket, a database, Redis or memory and proves that it keeps its promises; a third party adds
schemes by entry points. The objects never come here: a host hands them a storage.
"""

from prodml.storage.cached import CachedStorage
from prodml.storage.encrypted import EncryptedStorage
from prodml.storage.folder import FolderStorage
from prodml.storage.keys import check_key, check_prefix
from prodml.storage.memory import MemoryStorage
from prodml.storage.objects import ObjectStorage
from prodml.storage.opening import open_storage
from prodml.storage.proving import verify
from prodml.storage.redis import RedisStorage
from prodml.storage.split import SplitStorage
from prodml.storage.sql import SqlStorage

__all__ = [
    "CachedStorage",
    "EncryptedStorage",
    "FolderStorage",
    "MemoryStorage",
    "ObjectStorage",
    "RedisStorage",
    "SplitStorage",
    "SqlStorage",
    "check_key",
    "check_prefix",
    "open_storage",
    "verify",
]
