"""What a database refuses: whether it passes, whether it is certain, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError

__all__ = ["is_certain", "is_passing", "told"]

# sqlite.org/rescode.html
_PERM, _BUSY, _LOCKED, _READONLY, _IOERR, _CORRUPT = 3, 5, 6, 8, 10, 11
_FULL, _CANTOPEN, _TOOBIG, _AUTH, _NOTADB = 13, 14, 18, 23, 26

_SQLITE = {
    _BUSY: "another process keeps it locked. End that process, or allow a longer timeout_s",
    _LOCKED: "another connection keeps it locked. Close that one, or allow a longer timeout_s",
    _FULL: "the disk is full. Free some space; nothing was half-written",
    _READONLY: "it is read-only for this user. Nothing was written",
    _CANTOPEN: "the file cannot be opened. The folder above must exist and be writable",
    _PERM: "this user has no permission",
    _AUTH: "this user has no permission",
    _NOTADB: "the file is no SQLite database. Choose another",
    _CORRUPT: "the file is damaged. Restore it from a copy",
    _TOOBIG: "the object is too large for this SQLite",
    _IOERR: "the disk failed or refused",
}

# Appendix A of PostgreSQL's manual.
_POSTGRESQL = {
    "08": "the connection was lost",
    "28": "the server does not let this user in. Check name and password",
    "3D": "there is no such database. Make it first",
    "42501": "this user has no permission",
    "42P01": "the table is gone",
    "25006": "the server is read-only, perhaps a replica",
    "53100": "the server's disk is full. Free some space; nothing was half-written",
    "53300": "the server has no connection left",
    "53": "the server has too little of something",
    "57P": "the server is shutting down or starting up",
    "40": "too many others write at once",
    "57014": "the server stopped it after its time limit",
}


def is_passing(exc: DBAPIError) -> bool:
    """Say whether the same call may succeed in a moment, and certainly did nothing now."""
    if _sqlite_code(exc) in (_BUSY, _LOCKED):
        return True
    return _sqlstate(exc) in ("40001", "40P01")


def is_certain(exc: DBAPIError) -> bool:
    """Say whether the database itself answered that it did nothing."""
    code = _sqlite_code(exc)
    if code is not None:
        return code != _IOERR
    state = _sqlstate(exc)
    lost = exc.connection_invalidated or state.startswith(("08", "57P"))
    return bool(state) and not lost


def told(exc: DBAPIError) -> str:
    """Return the reason and what to do; never the database's own text, which may quote values."""
    code, state = _sqlite_code(exc), _sqlstate(exc)
    if code is not None:
        return _SQLITE.get(
            code, f"SQLite refused with {getattr(exc.orig, 'sqlite_errorname', code)}"
        )
    for length in (5, 3, 2):
        if state[:length] in _POSTGRESQL:
            return _POSTGRESQL[state[:length]]
    if state:
        return f"the server refused with SQLSTATE {state}"
    return "the server is not there or went away. See that it runs and that the address is right"


def _sqlite_code(exc: DBAPIError) -> int | None:
    code = getattr(exc.orig, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF  # extended codes carry the plain one below


def _sqlstate(exc: DBAPIError) -> str:
    for name in ("sqlstate", "pgcode"):
        state = getattr(exc.orig, name, None)
        if state:
            return str(state)
    return ""
