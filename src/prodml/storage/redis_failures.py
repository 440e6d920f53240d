"""What Redis refuses: whether it passes, whether it is certain, and what to do about it."""

from __future__ import annotations

import re

from prodml.errors import AmbiguousWriteError, StorageError

__all__ = ["is_passing", "lost", "refused"]

# First words of Redis's answers.
_TOLD = {
    "OOM": "its memory is full. Allow it more, or delete something; nothing was half-written",
    "MISCONF": "it cannot write to its own disk. Free some space there; nothing was written",
    "NOAUTH": "it asks for a password. Put one into the address",
    "WRONGPASS": "name or password are wrong",
    "NOPERM": "this user has no permission",
    "READONLY": "it is a replica and read-only. Write to the primary",
    "LOADING": "it is still loading what it keeps. Wait a little",
    "NOREPLICAS": "it has fewer replicas than it asks for",
    "WRONGTYPE": "another program keeps something else there. Choose another namespace",
}


def is_passing(exc: Exception) -> bool:
    """Say whether the same call may succeed in a moment, and certainly did nothing now."""
    return type(exc).__name__ == "BusyLoadingError" or _word(exc) == "LOADING"


def refused(url: str, what: str, key: str, exc: Exception) -> StorageError:
    """Return the error of a call that did nothing."""
    subject = f"{what} {key} in {url}" if key else f"open {url}"
    return StorageError(f"cannot {subject}: {_told(exc)}.", key=key)


def lost(url: str, what: str, key: str, exc: Exception) -> StorageError:
    """Return the error of a write: certain if Redis said no, or was never reached."""
    if _is_certain(exc):
        return refused(url, what, key, exc)
    return AmbiguousWriteError(
        f"the answer to a call to {what} {key} in {url} was lost ({_told(exc)}): it may have happened. "
        "Read the key back.",
        key=key,
    )


def _is_certain(exc: Exception) -> bool:
    from redis.exceptions import AuthenticationError, ResponseError
    from redis.exceptions import ConnectionError as BrokenError

    if isinstance(exc, ResponseError | AuthenticationError) or is_passing(exc):
        return True
    # The client says so, in words alone, if there was no connection to send anything over.
    return isinstance(exc, BrokenError) and "connecting to" in str(exc)


def _told(exc: Exception) -> str:
    """Return the reason and what to do; never Redis's own text."""
    from redis.exceptions import AuthenticationError, ResponseError

    word = _word(exc)
    if word in _TOLD:
        return _TOLD[word]
    if is_passing(exc):
        return _TOLD["LOADING"]
    if isinstance(exc, AuthenticationError):
        return _TOLD["NOAUTH"]
    if isinstance(exc, ResponseError):
        return f"it refused with {type(exc).__name__}"
    return "it cannot be reached, or hung up. See that it runs and that the address is right"


def _word(exc: Exception) -> str:
    """Return the word by which Redis begins a refusal; the client takes it off some, and names those by their class."""
    names = {
        "OutOfMemoryError": "OOM",
        "NoPermissionError": "NOPERM",
        "ReadOnlyError": "READONLY",
        "AuthenticationWrongNumberOfArgsError": "NOAUTH",
    }
    found = re.search(
        rf"(?:^|-)({'|'.join(_TOLD)})\b", str(exc)
    )  # a script's error quotes the first one
    return names.get(type(exc).__name__) or (found[1] if found else "")
