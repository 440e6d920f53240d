"""One statement at a time: sent, waited for, and what the database refuses said in our words."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from prodml.errors import AmbiguousWriteError, StorageError
from prodml.storage.sql_engines import Engines
from prodml.storage.sql_failures import is_certain, is_passing, told
from prodml.storage.sql_turns import turn

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.exc import DBAPIError

__all__ = ["Calls"]

Answer = TypeVar("Answer")

_USED, _IDLE_S = "prodml_used", 1.0
_SHORTEST_S, _LONGEST_S = 0.0002, 0.002


class Calls:
    """Runs statements on connections of a pool.

    Writers of a SQLite file take turns to ask for its lock: by SQLite's own way of waiting, which grows longer with each refusal,
    one of eight can starve.

    Parameters
    ----------
    engines : Engines
        Where connections come from.
    timeout_s : float
        How long to wait for what passes, such as a lock.
    """

    def __init__(self, engines: Engines, *, timeout_s: float) -> None:
        from sqlalchemy import text

        self._engines = engines
        self._timeout_s = timeout_s
        self._text = text
        self._known: dict[str, Any] = {}

    def read(
        self, statement: str, values: Mapping[str, object], *, key: str, what: str
    ) -> list[tuple[Any, ...]]:
        """Return the rows; a connection that was lost is replaced once."""

        def run(connection: Connection) -> list[tuple[Any, ...]]:
            rows = connection.execute(self._prepared(statement), dict(values)).fetchall()
            return [tuple(row) for row in rows]

        try:
            return self._patiently(run, key, what)
        except _LostError:
            pass
        try:
            return self._patiently(run, key, what)
        except _LostError as exc:
            raise self._error(StorageError, exc.cause, key, what) from exc.cause.orig

    def write(self, statement: str, values: Mapping[str, object], *, key: str, what: str) -> int:
        """Return how many rows were written.

        Raises
        ------
        AmbiguousWriteError
            If the connection broke, so that nobody knows whether it was.
        """

        def run(connection: Connection) -> int:
            with self._locked(connection):
                return connection.execute(self._prepared(statement), dict(values)).rowcount

        try:
            return self._patiently(run, key, what)
        except _LostError as exc:
            raise self._error(AmbiguousWriteError, exc.cause, key, what) from exc.cause.orig

    def has_table(self, name: str) -> bool:
        """Say whether the table is there."""
        from sqlalchemy import inspect

        return bool(self._patiently(lambda c: inspect(c).has_table(name), "", "open"))

    def make(self, statement: str, table: str) -> None:
        """Make the table, however many do so at once."""
        try:
            self.write(statement, {}, key="", what="make a table in")
        except StorageError:
            if not self.has_table(table):  # PostgreSQL lets one of two makers fail
                raise

    def _prepared(self, statement: str) -> Any:
        if statement not in self._known:
            self._known[statement] = self._text(statement)
        return self._known[statement]

    def _patiently(self, run: Callable[[Connection], Answer], key: str, what: str) -> Answer:
        from sqlalchemy.exc import DBAPIError

        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                with self._connected(key, what) as connection:
                    return run(connection)
            except DBAPIError as exc:
                if not is_passing(exc):
                    raise self._sorted_out(exc, key, what) from exc.orig
                if time.monotonic() > deadline:
                    raise self._error(StorageError, exc, key, what) from exc.orig
            time.sleep(random.uniform(_SHORTEST_S, _LONGEST_S))

    def _connected(self, key: str, what: str) -> Connection:
        from sqlalchemy.exc import DBAPIError
        from sqlalchemy.exc import TimeoutError as NoneLeftError

        try:
            return self._awake()
        except NoneLeftError as exc:
            raise StorageError(
                f"cannot {what} {key or 'at all'}: every connection to {self._engines.address} is in use. "
                "Give the Engine a larger pool.",
                key=key,
            ) from exc
        except DBAPIError as exc:
            if is_passing(exc):
                raise
            raise self._error(StorageError, exc, key, what) from exc.orig

    @contextlib.contextmanager
    def _locked(self, connection: Connection) -> Iterator[None]:
        """Hold the lock of a SQLite file while it is written to, and commit; servers need no such thing."""
        if self._engines.dialect != "sqlite":
            yield
            return
        deadline = time.monotonic() + self._timeout_s
        with turn(self._engines.turn_path, deadline) as leave:
            self._begin(connection, deadline)
            leave()
        try:
            yield
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            with contextlib.suppress(Exception):  # SQLite may have rolled back by itself
                connection.exec_driver_sql("ROLLBACK")
            raise

    def _begin(self, connection: Connection, deadline: float) -> None:
        from sqlalchemy.exc import DBAPIError

        pause_s = _SHORTEST_S
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            except DBAPIError as exc:
                if not is_passing(exc) or time.monotonic() > deadline:
                    raise
            else:
                return
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_S)

    def _awake(self) -> Connection:
        """Return a connection; one that lay idle is tried first, so that no write goes to one that died meanwhile."""
        from sqlalchemy.exc import DBAPIError

        connection = self._engines.current().connect()
        last, now = connection.info.get(_USED), time.monotonic()
        connection.info[_USED] = now
        if last is None or now - last < _IDLE_S or self._engines.dialect == "sqlite":
            return connection
        try:
            connection.exec_driver_sql("SELECT 1")
        except DBAPIError:
            connection.close()  # with it, the pool gives up all that are as old
            return self._engines.current().connect()
        return connection

    def _sorted_out(self, exc: DBAPIError, key: str, what: str) -> Exception:
        if is_certain(exc):
            return self._error(StorageError, exc, key, what)
        return _LostError(exc)

    def _error(
        self, kind: type[StorageError], exc: DBAPIError, key: str, what: str
    ) -> StorageError:
        place = self._engines.address
        subject = f"{what} {key} in {place}" if key else f"{what} {place}"
        if kind is AmbiguousWriteError:
            return kind(
                f"the answer to a call to {subject} was lost ({told(exc)}): it may have happened. Read the key back.",
                key=key,
            )
        return kind(f"cannot {subject}: {told(exc)}.", key=key)


class _LostError(Exception):
    """The connection broke under a statement."""

    def __init__(self, cause: DBAPIError) -> None:
        super().__init__()
        self.cause = cause
