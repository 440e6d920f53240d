"""Engines: pools of connections, one to each process, set up so that what is acknowledged is kept."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import quote

from prodml._extras import require
from prodml.errors import ConfigError

if TYPE_CHECKING:
    import sqlite3

    from sqlalchemy import URL, Engine

__all__ = ["Engines", "check_table"]

_DIALECTS = ("sqlite", "postgresql")
# SQLite ends a row at 10**9 bytes. PostgreSQL ends a field at 2**30, and sends it as text twice as long.
_LARGEST = {"sqlite": 999_000_000, "postgresql": 2**28}
_ABANDONED: list[Engine] = []  # of a process that forked: they are the parent's to close


class Reader(Protocol):
    """What runs a statement and returns its rows."""

    def read(
        self, statement: str, values: Mapping[str, object], *, key: str, what: str
    ) -> list[tuple[Any, ...]]:
        """Return the rows."""
        ...


class Engines:
    """The engine of this process: the host's own, or one that is made from an address.

    Connections do not survive a fork: a child makes itself new ones.

    Parameters
    ----------
    where : str or sqlalchemy.Engine
        Address or engine.
    table : str
        Part of the location's address, if it is not the usual one.
    durability : {"full", "process"}
        For SQLite files.
    timeout_s : float
        How long a server may take to answer.
    """

    def __init__(
        self,
        where: str | Engine,
        *,
        table: str,
        durability: Literal["full", "process"],
        timeout_s: float,
    ) -> None:
        engines = require("sqlalchemy", for_="SqlStorage")
        if durability not in ("full", "process"):
            raise ConfigError(f'durability must be "full" or "process", got {durability!r:.40}.')
        self._recipe: tuple[str, str, str, float] | None = None
        self._durability = durability
        self._timeout_s = timeout_s
        self._url: URL
        self._host: Engine | None = None
        if isinstance(where, str):
            self._url = _parsed(where)
            secret = self._url.render_as_string(hide_password=False)
            self._recipe = (secret, table, durability, timeout_s)
        elif isinstance(where, engines.Engine):
            self._url, self._host = where.url, where
        else:
            kind = type(where).__name__
            raise ConfigError(f"SqlStorage takes an address or a sqlalchemy Engine, got a {kind}.")
        self.dialect = _known_dialect(self._url)
        if self.dialect != "sqlite" and durability != "full":
            raise ConfigError(
                'durability="process" is for SQLite files; PostgreSQL is told by synchronous_commit.'
            )
        self.address = _address(self._url, table)
        self.max_object_bytes = _LARGEST[self.dialect]
        self.turn_path = f"{self._url.database}-turn"
        self._pid = 0
        self._engine: Engine | None = None

    def current(self) -> Engine:
        """Return the engine of this process."""
        engine = self._engine
        if engine is None or self._pid != os.getpid():
            engine = self._begin(engine)
        return engine

    def durable(self, calls: Reader) -> Literal["fsync", "service", "none"]:
        """Ask the database what an acknowledged write survives."""
        if self.dialect == "sqlite":
            level = calls.read("PRAGMA synchronous", {}, key="", what="open")[0][0]
            return "fsync" if int(level) >= 2 else "none"  # 2 is FULL
        asked = "SELECT current_setting('fsync'), current_setting('synchronous_commit')"
        return "none" if "off" in calls.read(asked, {}, key="", what="open")[0] else "service"

    def recipe(self) -> tuple[str, str, str, float]:
        """Return what opens the same location in another process, password and all."""
        if self._recipe is None:
            raise TypeError(
                "a SqlStorage on an Engine of the host's cannot be pickled; make it from an address instead."
            )
        return self._recipe

    def close(self) -> None:
        """Close the connections that are ours."""
        if self._engine is not None and self._host is None and self._pid == os.getpid():
            self._engine.dispose()

    def _begin(self, inherited: Engine | None) -> Engine:
        """Make the engine of this process; of threads that do so at once the last one's stays."""
        if self._host is not None:
            if inherited is not None:
                self._host.dispose(close=False)
            engine: Engine = self._host.execution_options(isolation_level="AUTOCOMMIT")
        else:
            if inherited is not None:
                _ABANDONED.append(inherited)
            engine = self._made()
            weakref.finalize(self, _dispose, engine, os.getpid())
        self._engine, self._pid = engine, os.getpid()
        return engine

    def _made(self) -> Engine:
        from sqlalchemy import create_engine, event
        from sqlalchemy.exc import ArgumentError

        options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "hide_parameters": True}
        if self.dialect == "sqlite":
            options |= {"connect_args": {"timeout": 0}, "max_overflow": -1}
        elif self._url.get_driver_name() in ("psycopg", "psycopg2"):
            seconds = max(1, round(self._timeout_s))
            options["connect_args"] = {"connect_timeout": seconds}
        try:
            engine = create_engine(self._url, **options)
        except (ImportError, ArgumentError) as exc:
            driver = self._url.drivername
            raise ConfigError(
                f"{self.address} needs the driver of {driver}, which is not installed: for PostgreSQL, pip install "
                '"psycopg[binary]" and write "postgresql+psycopg://".'
            ) from exc
        if self.dialect == "sqlite":
            is_full = self._durability == "full"
            event.listen(engine, "connect", lambda db, _: _set_up(db, is_full=is_full))
        return engine


def check_table(name: str) -> str:
    """Return the name of a table, which stands in statements as it is."""
    if isinstance(name, str) and re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        return name
    raise ConfigError(
        f"table is a name of [a-z0-9_] that begins with a letter, of at most 63 characters; got {name!r:.80}."
    )


def _set_up(db: sqlite3.Connection, *, is_full: bool) -> None:
    with contextlib.closing(db.cursor()) as cursor:
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {'FULL' if is_full else 'NORMAL'}")
        if is_full and sys.platform == "darwin":
            cursor.execute("PRAGMA fullfsync = 1")


def _dispose(engine: Engine, pid: int) -> None:
    if pid == os.getpid():  # closing what a parent opened would end the parent's sessions
        engine.dispose()


def _parsed(where: str) -> URL:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(where)
    except (ArgumentError, ValueError):
        raise ConfigError(
            'SqlStorage takes an address such as "sqlite:///store.db" or "postgresql+psycopg://host/database"; '
            "what was given cannot be read as one."
        ) from None
    if url.get_backend_name() != "sqlite":
        return url
    if not url.database or url.database == ":memory:" or "mode" in url.query:
        raise ConfigError(
            'a SQLite storage is a file: "sqlite:///store.db". For memory, "memory://".'
        )
    return url.set(database=os.path.abspath(url.database))  # noqa: PTH100 - links stay links


def _known_dialect(url: URL) -> str:
    name = url.get_backend_name()
    if name not in _DIALECTS:
        raise ConfigError(f"SqlStorage speaks {' and '.join(_DIALECTS)}, got an address of {name}.")
    return name


def _address(url: URL, table: str) -> str:
    """Return where it is, without user, password and options."""
    suffix = "" if table == "prodml_objects" else f"?table={table}"
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{quote(url.database or ':memory:')}{suffix}"
    host = url.host or url.query.get("host") or "localhost"
    place = quote(host if isinstance(host, str) else ",".join(host), safe=",:[]")
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{place}{port}/{quote(url.database or '')}{suffix}"
