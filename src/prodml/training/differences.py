"""In what two trainings were not the same, named in the order in which causes act."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

__all__ = ["Difference", "differences"]


@attrs.frozen
class Difference:
    """One input of a training that differs.

    Parameters
    ----------
    what : str
        The input, such as ``'column "age" of the data'``.
    before, after : str
        What it was and is, as far as that can be shown: a digest stands for what cannot.
    """

    what: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.what}: {self.before} → {self.after}"


Record = Mapping[str, Any]


def differences(
    before: Record, after: Record, *, params: tuple[Record, Record] = ({}, {})
) -> list[Difference]:
    """Compare the records of two trainings.

    Parameters
    ----------
    before, after : mapping
        The ``record`` of each run.
    params : tuple of mapping, optional
        The estimators' parameters.

    Returns
    -------
    list of Difference
        Data first, then split, seeds, settings, parameters, code, packages, threads, variables and
        machine. What one of the records does not have is not compared.

    Examples
    --------
    >>> old, new = {"seeds": {"root": 1}}, {"seeds": {"root": 2}}
    >>> [str(found) for found in differences(old, new)]
    ['the seed: 1 → 2']
    """
    return [
        *_data(_part(before, "data"), _part(after, "data")),
        *_seeds(_part(before, "seeds"), _part(after, "seeds")),
        *_each("setting {}", _part(before, "settings"), _part(after, "settings")),
        *_each("parameter {}", *params),
        *_objects(before, after),
        *_code(before, after),
        *_split(before, after),
        *_environment(_part(before, "environment"), _part(after, "environment")),
        *_repository(before, after),
    ]


def _part(record: Record, name: str) -> Record:
    found = record.get(name)
    return found if isinstance(found, Mapping) else {}


def _data(before: Record, after: Record) -> Iterator[Difference]:
    if before.get("digest") == after.get("digest") or not before or not after:
        return
    if before["n_rows"] != after["n_rows"]:
        yield Difference("number of rows", str(before["n_rows"]), str(after["n_rows"]))
    mine, theirs = before["columns"], after["columns"]
    for name in [*mine, *(n for n in theirs if n not in mine)]:
        if name not in theirs or name not in mine:
            yield Difference(
                f'column "{name}" of the data', _there(name, mine), _there(name, theirs)
            )
    changed = [name for name in mine if name in theirs and mine[name] != theirs[name]]
    rows = before.get("rows"), after.get("rows")
    if rows[0] is not None and rows[0] == rows[1]:
        yield Difference("order of the rows", "one order", "another, of the same rows")
        return
    kinds, new_kinds = _part(before, "dtypes"), _part(after, "dtypes")
    for name in changed:
        kind, new = str(kinds.get(name)), str(new_kinds.get(name))
        what = f'column "{name}" of the data'
        if kind != new:
            yield Difference(what, kind, new)
        else:
            yield Difference(what, _short(mine[name]), _short(theirs[name]))
    if not changed and list(mine) != list(theirs) and set(mine) == set(theirs):
        yield Difference("order of the columns", ", ".join(mine), ", ".join(theirs))
    if not changed and before.get("index") != after.get("index"):
        yield Difference("row index", _short(before.get("index")), _short(after.get("index")))


def _seeds(before: Record, after: Record) -> Iterator[Difference]:
    if "root" in before and "root" in after and before["root"] != after["root"]:
        yield Difference("the seed", str(before["root"]), str(after["root"]))


def _split(before: Record, after: Record) -> Iterator[Difference]:
    mine, theirs = _part(before, "split"), _part(after, "split")
    for name in ("digest", "train_digest"):
        if name in mine and name in theirs and mine[name] != theirs[name]:
            yield Difference("rows of the split", _short(mine[name]), _short(theirs[name]))
            return


def _objects(before: Record, after: Record) -> Iterator[Difference]:
    mine, theirs = _part(before, "estimator"), _part(after, "estimator")
    if mine.get("class") != theirs.get("class"):
        yield Difference("the estimator", str(mine.get("class")), str(theirs.get("class")))
        return
    yield from _each("parameter {}", _part(mine, "params"), _part(theirs, "params"))


def _code(before: Record, after: Record) -> Iterator[Difference]:
    mine, theirs = _part(before, "code"), _part(after, "code")
    yield from _each("code of {}", _part(mine, "parts"), _part(theirs, "parts"))
    # Which modules are loaded depends on what else a process did; only those of both are compared.
    files, new_files = _part(mine, "modules"), _part(theirs, "modules")
    both = [name for name in files if name in new_files]
    yield from _each("file {}", {n: files[n] for n in both}, {n: new_files[n] for n in both})


def _environment(before: Record, after: Record) -> Iterator[Difference]:
    for name in ("python", "implementation"):
        if name in before and name in after and before[name] != after[name]:
            yield Difference(name, str(before[name]), str(after[name]))
    first, second = _part(before, "packages"), _part(after, "packages")
    yield from _each("version of {}", first, second)
    others = (_part(before, "distributions"), _part(after, "distributions"))
    if all(others):
        rest = ({k: v for k, v in part.items() if k not in first} for part in others)
        yield from _each("version of {}", *rest)
    yield from _pools(before.get("blas"), after.get("blas"))
    yield from _each("variable {}", _part(before, "variables"), _part(after, "variables"))
    for name in ("machine", "cpu_flags", "system"):
        if name in before and name in after and before[name] != after[name]:
            yield Difference(name.replace("_", " "), _short(before[name]), _short(after[name]))


def _pools(before: object, after: object) -> Iterator[Difference]:
    if not isinstance(before, list) or not isinstance(after, list) or before == after:
        return
    for name in ("internal_api", "version", "num_threads", "architecture"):
        mine, theirs = ([str(p.get(name)) for p in pools] for pools in (before, after))
        if mine != theirs:
            what = "number of threads" if name == "num_threads" else f"native libraries ({name})"
            yield Difference(what, ", ".join(mine), ", ".join(theirs))
            return


def _repository(before: Record, after: Record) -> Iterator[Difference]:
    for name, what in (("git_commit", "commit"), ("git_diff", "changes not committed")):
        mine, theirs = before.get(name), after.get(name)
        if mine is not None and theirs is not None and mine != theirs:
            yield Difference(what, _short(mine), _short(theirs))


def _each(what: str, before: Record, after: Record) -> Iterator[Difference]:
    for name in [*before, *(n for n in after if n not in before)]:
        mine, theirs = before.get(name, _NOWHERE), after.get(name, _NOWHERE)
        if mine != theirs:
            yield Difference(what.format(name), _short(mine), _short(theirs))


class _Nowhere:
    def __str__(self) -> str:
        return "not there"


_NOWHERE = _Nowhere()


def _there(name: str, columns: Record) -> str:
    return "there" if name in columns else "not there"


def _short(value: object) -> str:
    text = str(value)
    if text.startswith("sha256:"):
        return text[:15]
    return text if len(text) <= 60 else text[:59] + "…"
