"""SqlStorage: objects as rows of one table, in SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from prodml.errors import AlreadyExistsError, ConfigError, KeyNotFoundError
from prodml.ports import ObjectMeta, StorageCaps
from prodml.ports.storage import Data
from prodml.storage.checks import check_data, check_limit, check_range, check_size, check_timeout
from prodml.storage.files import contents, placed
from prodml.storage.keys import check_key, check_prefix
from prodml.storage.sql_calls import Calls
from prodml.storage.sql_engines import Engines, check_table

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["SqlStorage"]

_PAGE = 1000
_FARTHEST = 2**31 - 2  # substr counts in 32 bits on PostgreSQL; no object is as long


class SqlStorage:
    """Keeps objects as rows of one table in SQLite or PostgreSQL.

    A create is an INSERT that does nothing where the key is taken, so of many writers exactly one wins; every call is one
    statement, and a transaction of its own.

    Parameters
    ----------
    where : str or sqlalchemy.Engine
        An address, such as ``"sqlite:///store.db"``, ``"sqlite:////var/lib/store.db"`` or
        ``"postgresql+psycopg://user:password@host/database"``; or an Engine that the host has already. Of an Engine the
        pool is used, never a transaction that somebody began.
    table : str, default "prodml_objects"
        Name of the table; made if it is not there.
    durability : {"full", "process"}, default "full"
        Of a SQLite file that is given as an address: "process" leaves out the flushing after each write. Acknowledged writes then
        survive the death of the process, not of the machine. PostgreSQL decides by its own configuration.
    timeout_s : float, default 30.0
        How long to wait for a SQLite file that others have locked, or for a server to take the connection.

    Raises
    ------
    ConfigError
        If the address is of another database, or its driver is not installed.
    StorageError
        If the database cannot be opened.

    Notes
    -----
    A SQLite file is put into WAL mode, which needs a local disk. PostgreSQL is asked whether it flushes; if its
    administrator turned ``fsync`` or ``synchronous_commit`` off, ``caps.durable`` says "none".

    Examples
    --------
    >>> import tempfile
    >>> store = SqlStorage(f"sqlite:///{tempfile.mkdtemp()}/store.db")
    >>> store.put("notes/1", b"hello", if_absent=True).size_bytes
    5
    >>> [meta.key for meta in store.list("notes/")]
    ['notes/1']
    >>> store.close()
    """

    def __init__(
        self,
        where: str | Engine,
        *,
        table: str = "prodml_objects",
        durability: Literal["full", "process"] = "full",
        timeout_s: float = 30.0,
    ) -> None:
        check_timeout(timeout_s)
        self._engines = Engines(where, table=table, durability=durability, timeout_s=timeout_s)
        self._calls = Calls(self._engines, timeout_s=timeout_s)
        self._sql = _statements(check_table(table), self._engines.dialect)
        self._make_table(table)
        self._caps = StorageCaps(
            self._engines.address,
            self._engines.durable(self._calls),
            max_object_bytes=self._engines.max_object_bytes,
        )

    @property
    def caps(self) -> StorageCaps:
        """What this backend promises."""
        return self._caps

    def put(self, key: str, data: Data, *, if_absent: bool = False) -> ObjectMeta:
        """Store `data` as a row."""
        check_key(key)
        kept = contents(check_data(data))
        check_size(key, len(kept), self._caps)
        verb = "create" if if_absent else "replace"
        row = {"key": key, "size": len(kept), "data": kept}
        n_rows = self._calls.write(self._sql[verb], row, key=key, what="write")
        if if_absent and n_rows == 0:
            raise AlreadyExistsError(f"{key} holds a value already and is write-once.", key=key)
        return ObjectMeta(key, len(kept))

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes ``[start:end]``; the database cuts them out."""
        check_range(start, end)
        if start == 0 and end is None:
            return bytes(self._row("get", key)[0])
        stop = _FARTHEST if end is None else min(end, _FARTHEST)
        begin = min(start, _FARTHEST)
        cut = {"begin": begin + 1, "length": max(stop - begin, 0)}
        return bytes(self._row("range", key, **cut)[0] or b"")  # SQLite cuts nothing out as NULL

    def fetch(self, key: str, dest: Path | None = None) -> Path:
        """Write the object to `dest`, which this backend needs, and return it."""
        data = self.get(key)
        if dest is None:
            raise ConfigError(
                "a database has no files of its own: pass fetch(key, dest) a path to write to."
            )
        with placed(Path(dest)) as part:
            part.write_bytes(data)
        return dest

    def head(self, key: str) -> ObjectMeta:
        """Return size and time without the bytes."""
        return _meta(key, *self._row("head", key))

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
        self._calls.write(self._sql["delete"], {"key": key}, key=key, what="delete")

    def close(self) -> None:
        """Give connections back; a later call opens new ones. An Engine of the host's is left alone."""
        self._engines.close()

    def _row(self, statement: str, key: str, **values: int) -> tuple[Any, ...]:
        check_key(key)
        rows = self._calls.read(self._sql[statement], {"key": key, **values}, key=key, what="read")
        if not rows:
            raise KeyNotFoundError(f"nothing is stored under {key} in {self.caps.url}.", key=key)
        return rows[0]

    def _listed(self, prefix: str, after: str, limit: int | None) -> Iterator[ObjectMeta]:
        # "/" is followed by "0" and "z" by "{": the first that no longer lies below the prefix.
        stop = f"{prefix[:-1]}0" if prefix else "{"
        while limit is None or limit > 0:
            n_asked = _PAGE if limit is None else min(limit, _PAGE)
            window = {"after": after, "stop": stop, "limit": n_asked}
            rows = self._calls.read(self._sql["list"], window, key=prefix, what="list")
            yield from (_meta(*row) for row in rows)
            if len(rows) < n_asked:
                return
            after = rows[-1][0]
            limit = None if limit is None else limit - n_asked

    def _make_table(self, table: str) -> None:
        if not self._calls.has_table(table):
            for statement in _tables(table, self._engines.dialect):
                self._calls.make(statement, table)

    def __reduce__(self) -> tuple[object, ...]:
        return _reopened, self._engines.recipe()

    def __repr__(self) -> str:
        return f"SqlStorage({self._engines.address!r})"


def _reopened(where: str, table: str, durability: Any, timeout_s: float) -> SqlStorage:
    return SqlStorage(where, table=table, durability=durability, timeout_s=timeout_s)


def _meta(key: str, size: int, modified: float) -> ObjectMeta:
    return ObjectMeta(key, size, datetime.fromtimestamp(modified, UTC))


def _tables(table: str, dialect: str) -> tuple[str, ...]:
    """Return what makes the table; bytes come last, so that the rest is read without them."""
    text, whole, real, raw = {
        "sqlite": ("TEXT COLLATE BINARY", "INTEGER", "REAL", "BLOB"),
        "postgresql": ('VARCHAR(512) COLLATE "C"', "BIGINT", "DOUBLE PRECISION", "BYTEA"),
    }[dialect]
    made = f"""
        CREATE TABLE IF NOT EXISTS {table} (
            key {text} NOT NULL PRIMARY KEY,
            size {whole} NOT NULL,
            modified {real} NOT NULL,
            data {raw} NOT NULL
        )"""
    if dialect == "sqlite":
        return (made,)
    # Not compressed, so that a range is cut out without reading the rest.
    return made, f"ALTER TABLE {table} ALTER COLUMN data SET STORAGE EXTERNAL"


def _statements(table: str, dialect: str) -> dict[str, str]:
    now = {
        "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
        "postgresql": "extract(epoch from clock_timestamp())",
    }[dialect]
    # The name of the table was checked; values are bound.
    insert = f"INSERT INTO {table} (key, size, modified, data) VALUES (:key, :size, {now}, :data)"  # noqa: S608
    return {
        "create": f"{insert} ON CONFLICT (key) DO NOTHING",
        "replace": f"{insert} ON CONFLICT (key) DO UPDATE SET "
        "size = excluded.size, modified = excluded.modified, data = excluded.data",
        "get": f"SELECT data FROM {table} WHERE key = :key",  # noqa: S608
        "range": f"SELECT substr(data, :begin, :length) FROM {table} WHERE key = :key",  # noqa: S608
        "head": f"SELECT size, modified FROM {table} WHERE key = :key",  # noqa: S608
        "list": f"SELECT key, size, modified FROM {table} WHERE key > :after AND key < :stop "  # noqa: S608
        "ORDER BY key LIMIT :limit",
        "delete": f"DELETE FROM {table} WHERE key = :key",  # noqa: S608
    }
