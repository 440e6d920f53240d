"""RedisStorage: objects as values of Redis, with an index that keeps them in order."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from prodml._extras import require
from prodml.errors import AlreadyExistsError, ConfigError, KeyNotFoundError
from prodml.ports import ObjectMeta, StorageCaps
from prodml.ports.storage import Data
from prodml.storage.checks import check_data, check_limit, check_range, check_size, check_timeout
from prodml.storage.files import contents, placed
from prodml.storage.keys import check_key, check_prefix, is_segment
from prodml.storage.redis_failures import is_passing, lost, refused

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["RedisStorage"]

Answer = TypeVar("Answer")

_LARGEST = 512 * 2**20  # of one value
_PAGE = 1000

# A script runs alone and is logged as one, so value and index never differ.
_PUT = """
if ARGV[3] == 'create' and redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return 1
"""
_DELETE = """
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
"""
# All members have one score, so Redis sorts them by their bytes.
_LIST = """
local keys = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])
local sizes = {}
for i, key in ipairs(keys) do sizes[i] = redis.call('STRLEN', ARGV[4] .. key) end
return {keys, sizes}
"""


class RedisStorage:
    """Keeps objects as values of Redis.

    A create is a script that does nothing where the key is taken; scripts run one at a time, so of many writers
    exactly one wins.

    Parameters
    ----------
    where : str or redis.Redis
        An address, ``"redis://host:6379/0"`` or ``"rediss://..."``; or a client that the host has already, which
        must not decode responses and, to be sure of its answers, must not repeat calls by itself.
    namespace : str, default "prodml"
        What the names of all values begin with.
    timeout_s : float, default 30.0
        How long to wait for an answer, or for a server that is still loading.

    Raises
    ------
    MissingExtraError
        Without the extra ``prodml[redis]``.
    StorageError
        If the server cannot be reached.

    Notes
    -----
    ``caps.durable`` is what the server's configuration says: "fsync" if it appends each write to its file and flushes
    before it answers (``appendonly yes``, ``appendfsync always``), "service" if it appends and flushes later, "none"
    if it does not append, or may throw values away when its memory is full. Redis acknowledges before its replicas have a
    write: a failover can lose what was acknowledged.
    """

    def __init__(
        self, where: str | Redis, *, namespace: str = "prodml", timeout_s: float = 30.0
    ) -> None:
        package = require("redis", for_="RedisStorage")
        check_timeout(timeout_s)
        self._timeout_s = timeout_s
        self._where = where if isinstance(where, str) else None
        if isinstance(where, str):
            where, namespace = _parted(where, namespace)
            self._redis: Any = _client(package, where, timeout_s)
        elif isinstance(where, package.Redis):
            self._redis = where
        else:
            raise ConfigError(
                f"RedisStorage takes an address or a redis.Redis, got a {type(where).__name__}."
            )
        if not isinstance(namespace, str) or not is_segment(namespace):
            raise ConfigError(f"namespace is a name of [a-z0-9._=@-], got {namespace!r:.80}.")
        told = self._redis.connection_pool.connection_kwargs
        if told.get("decode_responses"):
            raise ConfigError(
                "objects are bytes: give RedisStorage a client without decode_responses."
            )
        self._namespace = namespace
        # Braces keep all of it in one slot of a cluster.
        self._values, self._index = f"{{{namespace}}}:o:", f"{{{namespace}}}:keys"
        self._scripts = {
            name: self._redis.register_script(script)
            for name, script in (("put", _PUT), ("delete", _DELETE), ("list", _LIST))
        }
        address = _address(told, namespace)
        self._caps = StorageCaps(address, "none", max_object_bytes=_LARGEST)
        self._caps = StorageCaps(address, self._durable(), max_object_bytes=_LARGEST)

    @property
    def caps(self) -> StorageCaps:
        """What this backend promises."""
        return self._caps

    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        """Store `data` as a value, and its key in the index, in one step."""
        check_key(key)
        kept = contents(check_data(data))
        check_size(key, len(kept), self._caps)
        verb = "create" if if_absent else "replace"
        if not self._run("put", key, kept, verb):
            raise AlreadyExistsError(f"{key} holds a value already and is write-once.", key=key)
        return ObjectMeta(key, len(kept))

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes ``[start:end]``; Redis cuts them out."""
        check_range(start, end)
        name = self._name(key)
        if start == 0 and end is None:
            data = self._read(key, lambda: self._redis.get(name))
            if data is None:
                raise self._missing(key)
            return bytes(data)
        if end is not None and end <= start:
            self.head(key)
            return b""
        last = -1 if end is None else end - 1
        start = min(start, _LARGEST)
        return bytes(self._existing(key, lambda pipe: pipe.getrange(name, start, last)))

    def fetch(self, key: str, dest: Path | None = None) -> Path:
        """Write the object to `dest`, which this backend needs, and return it."""
        data = self.get(key)
        if dest is None:
            raise ConfigError(
                "Redis has no files of its own: pass fetch(key, dest) a path to write to."
            )
        with placed(Path(dest)) as part:
            part.write_bytes(data)
        return dest

    def head(self, key: str) -> ObjectMeta:
        """Return the size without the bytes; Redis keeps no times."""
        name = self._name(key)
        return ObjectMeta(key, self._existing(key, lambda pipe: pipe.strlen(name)))

    def list(
        self, prefix: str = "", *, after: str | None = None, limit: int | None = None
    ) -> Iterator[ObjectMeta]:
        """Yield the objects below `prefix` in byte order of their keys, asking for a thousand at a time."""
        check_prefix(prefix)
        check_limit(limit)
        return self._listed(prefix, max(prefix, after or ""), limit)

    def delete(self, key: str) -> None:
        """Forget the object, if it is there."""
        check_key(key)
        self._run("delete", key)

    def close(self) -> None:
        """Give connections back; a later call opens new ones. A client of the host's is left alone."""
        if self._where is not None:
            self._redis.close()

    def _name(self, key: str) -> str:
        return self._values + check_key(key)

    def _listed(self, prefix: str, after: str, limit: int | None) -> Iterator[ObjectMeta]:
        stop = f"({prefix[:-1]}0" if prefix else "+"  # "/" is followed by "0"
        script = self._scripts["list"]
        while limit is None or limit > 0:
            n_asked = _PAGE if limit is None else min(limit, _PAGE)
            window = [f"({after}" if after else "-", stop, n_asked, self._values]
            keys, sizes = self._read(prefix, partial(script, keys=[self._index], args=window))
            for key, size in zip(keys, sizes, strict=True):
                yield ObjectMeta(key.decode(), size)
            if len(keys) < n_asked:
                return
            after = keys[-1].decode()
            limit = None if limit is None else limit - n_asked

    def _run(self, script: str, key: str, *more: bytes | str) -> int:
        what = "delete" if script == "delete" else "write"
        keys = [self._values + key, self._index]
        try:
            return int(self._patiently(lambda: self._scripts[script](keys=keys, args=[key, *more])))
        except self._errors() as exc:
            raise lost(self._caps.url, what, key, exc) from exc

    def _existing(self, key: str, ask: Callable[[Any], object]) -> Any:
        """Ask something of a value that must be there, in one transaction with whether it is."""

        def call() -> list[Any]:
            with self._redis.pipeline(transaction=True) as pipe:
                pipe.exists(self._values + key)
                ask(pipe)
                return list(pipe.execute())

        is_there, answer = self._read(key, call)
        if not is_there:
            raise self._missing(key)
        return answer

    def _read(self, key: str, call: Callable[[], Answer]) -> Answer:
        try:
            return self._patiently(call)
        except self._errors():
            pass  # a connection that broke is replaced once
        try:
            return self._patiently(call)
        except self._errors() as exc:
            raise refused(self._caps.url, "read", key, exc) from exc

    def _patiently(self, call: Callable[[], Answer]) -> Answer:
        """Call again while the server is still loading."""
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                return call()
            except self._errors() as exc:
                if not is_passing(exc) or time.monotonic() > deadline:
                    raise
            time.sleep(random.uniform(0.005, 0.05))

    def _errors(self) -> type[Exception]:
        from redis.exceptions import RedisError

        return RedisError

    def _missing(self, key: str) -> KeyNotFoundError:
        return KeyNotFoundError(f"nothing is stored under {key} in {self._caps.url}.", key=key)

    def _durable(self) -> Literal["fsync", "service", "none"]:
        told = self._read("", self._redis.info)
        if not told.get("aof_enabled"):
            return "none"
        if str(told.get("maxmemory_policy", "")).startswith("allkeys"):
            return "none"  # it throws values away when its memory is full
        try:
            flushes = self._patiently(lambda: self._redis.config_get("appendfsync"))
        except self._errors():
            return "service"  # a managed Redis does not tell
        return "fsync" if flushes.get("appendfsync") == "always" else "service"

    def __reduce__(self) -> tuple[object, ...]:
        if self._where is None:
            raise TypeError(
                "a RedisStorage on a client of the host's cannot be pickled; make it from an address instead."
            )
        return _reopened, (self._where, self._namespace, self._timeout_s)

    def __repr__(self) -> str:
        return f"RedisStorage({self._caps.url!r})"


def _reopened(where: str, namespace: str, timeout_s: float) -> RedisStorage:
    return RedisStorage(where, namespace=namespace, timeout_s=timeout_s)


def _client(package: Any, where: str, timeout_s: float) -> Any:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    try:
        return package.Redis.from_url(
            where,
            socket_timeout=timeout_s,
            socket_connect_timeout=min(timeout_s, 10.0),
            retry=Retry(NoBackoff(), 0),  # a create that is repeated meets its own first try
        )
    except ValueError:
        raise ConfigError(
            'RedisStorage takes an address such as "redis://host:6379/0"; what was given cannot be read as one.'
        ) from None


def _parted(where: str, namespace: str) -> tuple[str, str]:
    """Take the namespace out of an address that names one."""
    address = urlsplit(where)
    options = dict(parse_qsl(address.query))
    namespace = options.pop("namespace", namespace)
    return address._replace(query=urlencode(options)).geturl(), namespace


def _address(told: dict[str, Any], namespace: str) -> str:
    """Return where it is, without user, password and options."""
    suffix = "" if namespace == "prodml" else f"?namespace={quote(namespace)}"
    if "path" in told:
        return f"unix://{quote(told['path'])}/{told.get('db') or 0}{suffix}"
    place = f"{told.get('host', 'localhost')}:{told.get('port', 6379)}"
    return f"redis://{place}/{told.get('db') or 0}{suffix}"
