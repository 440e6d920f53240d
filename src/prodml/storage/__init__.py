"""Adapters of the Storage port: where a host keeps what prodml remembers.

`open_storage(url)` opens a folder, a database or memory and proves that it keeps its promises; a third party adds
schemes by entry points. The objects never come here: a host hands them a storage.
"""

from prodml.storage.encrypted import EncryptedStorage
from prodml.storage.folder import FolderStorage
from prodml.storage.keys import check_key, check_prefix
from prodml.storage.memory import MemoryStorage
from prodml.storage.opening import open_storage
from prodml.storage.proving import verify
from prodml.storage.sql import SqlStorage

__all__ = [
    "EncryptedStorage",
    "FolderStorage",
    "MemoryStorage",
    "SqlStorage",
    "check_key",
    "check_prefix",
    "open_storage",
    "verify",
]
