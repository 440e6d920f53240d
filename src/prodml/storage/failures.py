"""What a file system refuses, said with what to do about it."""

from __future__ import annotations

import errno

from prodml.errors import KeyNotFoundError, StorageError

__all__ = ["advice", "failed", "foreign", "unread"]

_ADVICE = {
    errno.ENOSPC: " Free some space; nothing was half-written.",
    errno.EDQUOT: " The quota is used up; nothing was half-written.",
    errno.EFBIG: " Files of this size are not allowed here; nothing was half-written.",
    errno.EROFS: " The file system is read-only.",
    errno.EACCES: " This user has no permission.",
    errno.EPERM: " This user has no permission.",
    errno.ENOENT: " The folder itself is gone; is the disk still there?",
    errno.ENOTDIR: " A part of the path is a file or a symbolic link.",
    errno.ELOOP: " A part of the path is a symbolic link.",
    errno.EISDIR: " A folder that somebody else made is in the way.",
    errno.EXDEV: " A part of the folder lies on another file system.",
}


def advice(exc: OSError) -> str:
    """Return the reason, as a sentence, and what to do about it where that is known."""
    return f"{exc.strerror}.{_ADVICE.get(exc.errno or 0, '')}"


def failed(root: str, what: str, key: str, exc: OSError) -> StorageError:
    """Return the error of a call that the file system refused."""
    return StorageError(f"cannot {what} {key} in {root}: {advice(exc)}", key=key)


def foreign(root: str, key: str) -> StorageError:
    """Return the error of finding something that no storage made."""
    return StorageError(
        f"what lies at {key} in {root} is no object but a link or a folder that somebody else "
        "made. Move it away.",
        key=key,
    )


def unread(root: str, key: str, exc: OSError) -> StorageError:
    """Return the error of an object that could not be read, for whichever reason."""
    if isinstance(exc, FileNotFoundError | NotADirectoryError):
        return KeyNotFoundError(f"nothing is stored under {key} in {root}.", key=key)
    if exc.errno in (errno.ELOOP, errno.EISDIR):
        return foreign(root, key)
    return failed(root, "read", key, exc)
