"""Where an object lies in a folder, and which key a file has.

A key ``a/b/c`` is the file ``a+/b+/c``. No key holds a ``+``, so an object ``a`` and objects below ``a/`` live
side by side, as on any other backend. File systems end names at 255 bytes and some at 143, so a segment
longer than 128 is continued in folders that end in ``~``.
"""

from __future__ import annotations

import os
from operator import itemgetter

from prodml.storage.keys import is_segment

__all__ = ["children", "parts", "place"]

_FOLDER = "+"
_CONTINUED = "~"
_LONGEST = 128


def place(key: str) -> str:
    """Return the path of an object, or of a folder for a prefix, relative to the root.

    Examples
    --------
    >>> place("models/churn/head")
    'models+/churn+/head'
    >>> place("models/")
    'models+/'
    """
    if len(key) <= _LONGEST:
        return key.replace("/", "+/")
    return "/".join(_cut(segment) for segment in key.replace("/", "+/").split("/"))


def parts(key: str) -> list[str]:
    """Return the names of the folders on the way to an object, and its own name last.

    Examples
    --------
    >>> parts("models/churn/head")
    ['models+', 'churn+', 'head']
    """
    return place(key).split("/")


def children(folder: str) -> list[tuple[str, os.DirEntry[str]]]:
    """Return what lies in a folder, in the order of a listing.

    Parameters
    ----------
    folder : str
        Path of an existing folder.

    Returns
    -------
    list of (str, os.DirEntry)
        Segments of keys; that of a folder ends in ``/``, so that names sort as whole keys do. What
        is not ours, such as symbolic links and files with other names, is left out.
    """
    rows: list[tuple[str, os.DirEntry[str]]] = []
    _collect(folder, "", rows)
    rows.sort(key=itemgetter(0))
    return rows


def _collect(folder: str, lead: str, rows: list[tuple[str, os.DirEntry[str]]]) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = lead + entry.name
            if entry.is_file(follow_symlinks=False):
                if is_segment(name):
                    rows.append((name, entry))
            elif entry.is_dir(follow_symlinks=False):
                _collect_folder(entry, name, rows)


def _collect_folder(
    entry: os.DirEntry[str], name: str, rows: list[tuple[str, os.DirEntry[str]]]
) -> None:
    if name.endswith(_FOLDER) and is_segment(name[:-1]):
        rows.append((name[:-1] + "/", entry))
    if name.endswith(_CONTINUED) and len(entry.name) == _LONGEST + 1:
        _collect(entry.path, name[:-1], rows)


def _cut(segment: str) -> str:
    mark = _FOLDER if segment.endswith(_FOLDER) else ""
    text = segment.removesuffix(mark)
    pieces = [text[i : i + _LONGEST] for i in range(0, len(text), _LONGEST)] or [""]
    return f"{_CONTINUED}/".join(pieces) + mark
