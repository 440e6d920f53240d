"""ObjectStorage: objects in a bucket of S3, Google Cloud Storage or Azure."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from prodml.errors import AlreadyExistsError, ConfigError, KeyNotFoundError, StorageError
from prodml.ports import ObjectMeta, StorageCaps
from prodml.ports.storage import Data
from prodml.storage.checks import check_data, check_limit, check_range, check_size, check_timeout
from prodml.storage.files import contents, placed
from prodml.storage.keys import check_key, check_prefix
from prodml.storage.object_failures import is_passing, lost, refused
from prodml.storage.object_stores import Bucket

__all__ = ["ObjectStorage"]

Answer = TypeVar("Answer")

_LARGEST = 5 * 2**30  # what S3 takes in one request; Azure takes a little less, Google more
_SHORTEST_S, _LONGEST_S = 0.02, 0.5


class ObjectStorage:
    """Keeps objects in a bucket of S3 and what speaks like it, of Google Cloud Storage, or of Azure.

    A create is a conditional request, which the service refuses if the key is taken. It is sent once: a create that a client repeats
    by itself can meet its own first try.

    Parameters
    ----------
    url : str
        ``"s3://bucket/prefix"``, ``"gs://bucket/prefix"`` or ``"az://container/prefix"``. The bucket must exist.
    endpoint : str, optional
        Where the service is, such as ``"http://127.0.0.1:9000"`` for MinIO.
    timeout_s : float, default 120.0
        How long one request may take, the transfer of its bytes included.
    **options : str or bool
        For the client, such as ``region``, ``access_key_id`` and ``secret_access_key`` on S3, ``service_account`` on Google,
        ``account_name`` and ``account_key`` on Azure. What is left out is taken from the environment, as the
        services' own tools do (``AWS_ACCESS_KEY_ID``, ``GOOGLE_APPLICATION_CREDENTIALS``, ``AZURE_STORAGE_ACCOUNT_NAME`` ...), and from
        the machine's role.

    Raises
    ------
    MissingExtraError
        Without the extra ``prodml[s3]``.
    ConfigError
        If the address or an option is not understood.

    Notes
    -----
    The service must answer conditional requests: S3 itself, Google and Azure do, MinIO and Cloudflare R2 do; `verify`
    finds those that do not. It must list in byte order: S3 directory buckets do not, and the first listing says so.
    """

    def __init__(
        self,
        url: str,
        *,
        endpoint: str | None = None,
        timeout_s: float = 120.0,
        **options: str | bool,
    ) -> None:
        check_timeout(timeout_s)
        self._bucket = Bucket(url, endpoint=endpoint, timeout_s=timeout_s, options=options)
        self._timeout_s = timeout_s
        self._caps = StorageCaps(self._bucket.address, "service", max_object_bytes=_LARGEST)

    @property
    def caps(self) -> StorageCaps:
        """What this backend promises."""
        return self._caps

    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        """Store `data`, whole, in one conditional request or, where it may be replaced, in parts."""
        check_key(key)
        kept = contents(check_data(data))
        check_size(key, len(kept), self._caps)
        if if_absent:
            self._create(key, kept)
        else:
            self._written(key, lambda client: client.put(self._bucket.store, key, kept))
        return ObjectMeta(key, len(kept))

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes ``[start:end]``; the service cuts them out."""
        check_range(start, end)
        check_key(key)
        if end is not None and end <= start:
            self.head(key)
            return b""
        if start == 0 and end is None:
            return self._read(key, lambda c: bytes(c.get(self._bucket.store, key).bytes()))
        cut = {"offset": start} if end is None else (start, end)
        try:
            return self._read(
                key,
                lambda c: bytes(c.get(self._bucket.store, key, options={"range": cut}).bytes()),
            )
        except KeyNotFoundError:
            raise
        except StorageError:
            if self.head(key).size_bytes <= start:  # a range beyond the end is refused
                return b""
            raise

    def fetch(self, key: str, dest: Path | None = None) -> Path:
        """Write the object to `dest`, which this backend needs, piece by piece."""
        check_key(key)
        if dest is None:
            self.head(key)
            raise ConfigError(
                "a bucket has no files of its own: pass fetch(key, dest) a path to write to."
            )

        def copy(client: Any) -> None:
            found = client.get(self._bucket.store, key)
            with placed(Path(dest)) as part, part.open("wb") as file:
                for piece in found.stream():
                    file.write(piece)

        self._read(key, copy)
        return dest

    def head(self, key: str) -> ObjectMeta:
        """Return size and time without the bytes."""
        check_key(key)
        found = self._read(key, lambda client: client.head(self._bucket.store, key))
        return ObjectMeta(key, found["size"], found["last_modified"])

    def list(
        self, prefix: str = "", *, after: str | None = None, limit: int | None = None
    ) -> Iterator[ObjectMeta]:
        """Yield the objects below `prefix` in byte order of their keys, asking for a thousand at a time."""
        check_prefix(prefix)
        check_limit(limit)
        return self._listed(prefix, after, limit)

    def delete(self, key: str) -> None:
        """Forget the object, if it is there."""
        check_key(key)
        self._written(key, lambda client: client.delete(self._bucket.store, key), is_delete=True)

    def _create(self, key: str, data: bytes) -> None:
        """Create, and ask again as long as the service says that it is busy with others at this key.

        Two creates at once may both be refused with "conflict" (S3's 409), which the client cannot tell from "taken".
        """
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                self._bucket.client().put(self._bucket.once, key, data, mode="create")
            except self._bucket.refusals() as exc:
                if not self._is_taken(exc, key) and not is_passing(exc):
                    raise self._failed(exc, key, "write", is_write=True) from None
                if time.monotonic() > deadline:
                    raise refused(self._caps.url, "write", key, exc) from None
            else:
                return
            time.sleep(random.uniform(_SHORTEST_S, _LONGEST_S))

    def _is_taken(self, exc: Exception, key: str) -> bool:
        """Raise AlreadyExistsError if the key is taken; say whether it was refused without being so."""
        if not isinstance(exc, self._bucket.errors().AlreadyExistsError):
            return False
        try:
            self.head(key)
        except KeyNotFoundError:
            return True
        raise AlreadyExistsError(
            f"{key} holds a value already and is write-once.", key=key
        ) from None

    def _read(self, key: str, call: Callable[[Any], Answer]) -> Answer:
        try:
            return call(self._bucket.client())
        except StorageError:
            raise
        except self._bucket.refusals() as exc:
            # The client's own text is kept out: it quotes addresses and access keys.
            raise self._failed(exc, key, "read", is_write=False) from None

    def _written(self, key: str, call: Callable[[Any], object], *, is_delete: bool = False) -> None:
        what = "delete" if is_delete else "write"
        try:
            call(self._bucket.client())
        except self._bucket.refusals() as exc:
            found = self._failed(exc, key, what, is_write=True)
            if is_delete and isinstance(found, KeyNotFoundError):
                return
            raise found from None

    def _failed(self, exc: Exception, key: str, what: str, *, is_write: bool) -> StorageError:
        if isinstance(exc, FileNotFoundError) and "NoSuchBucket" not in str(exc):
            if what != "write":
                return KeyNotFoundError(
                    f"nothing is stored under {key} in {self._caps.url}.", key=key
                )
            return refused(self._caps.url, what, key, exc)
        if is_write:
            return lost(self._caps.url, what, key, exc)
        return refused(self._caps.url, what, key, exc)

    def _listed(self, prefix: str, after: str | None, limit: int | None) -> Iterator[ObjectMeta]:
        last, n_left = after or "", limit
        if n_left == 0:
            return
        for page in self._pages(prefix, after, limit):
            for found in page:
                key = found["path"]
                if key <= last:
                    raise StorageError(
                        f"{self._caps.url} lists {key} after {last}, not in byte order. Directory buckets of S3 and "
                        "hierarchical accounts of Azure do so; use a plain bucket.",
                        key=key,
                    )
                last = key
                yield ObjectMeta(key, found["size"], found["last_modified"])
                n_left = None if n_left is None else n_left - 1
                if n_left == 0:
                    return

    def _pages(self, prefix: str, after: str | None, limit: int | None) -> Iterator[Any]:
        size = 1000 if limit is None else min(limit, 1000)
        begin = max(after or "", prefix) or None
        asked = {"prefix": prefix[:-1] or None, "offset": begin, "chunk_size": size}
        stream = self._read(prefix, lambda c: iter(c.list(self._bucket.store, **asked)))
        while True:
            page = self._read(prefix, lambda _: next(stream, None))
            if page is None:
                return
            yield page

    def __reduce__(self) -> tuple[object, ...]:
        return _reopened, self._bucket.recipe()

    def __repr__(self) -> str:
        return f"ObjectStorage({self._caps.url!r})"


def _reopened(
    url: str, endpoint: str | None, timeout_s: float, options: dict[str, str | bool]
) -> ObjectStorage:
    return ObjectStorage(url, endpoint=endpoint, timeout_s=timeout_s, **options)
