"""What was signed of a model folder: the digest of every file, as an in-toto statement.

Source
------
in-toto Statement v1, spec/v1/statement.md; OpenSSF model signing v1.0, predicate
``https://model_signing/signature/v1.0``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import attrs

from prodml.errors import ConfigError, IntegrityError
from prodml.fingerprint.canonical import parse_json

__all__ = ["PAYLOAD_TYPE", "Manifest", "Resource"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_STATEMENT = "https://in-toto.io/Statement/v1"
_PREDICATE = "https://model_signing/signature/v1.0"
_GIT = (".git", ".gitattributes", ".github", ".gitignore")
_BLOCK = 1 << 20


@attrs.frozen
class Resource:
    """A file, or a piece of one.

    Parameters
    ----------
    name : str
        Path below the folder, with ``/``; for a piece followed by ``:begin:end``.
    digest : str
        SHA-256, in hex.
    """

    name: str
    digest: str


@attrs.frozen
class Manifest:
    """The files of a model folder and their digests.

    Parameters
    ----------
    name : str
        Of the model.
    resources : tuple of Resource
        Every file that is not ignored.
    ignored : tuple of str, default ()
        Paths that are not signed, with all that is below them.
    shard_bytes : int, default 0
        Length of the pieces that files are hashed in; 0 for whole files.
    allow_symlinks : bool, default False
        Whether a symbolic link stands for the file it points at; else a folder with one is refused.
    """

    name: str
    resources: tuple[Resource, ...]
    ignored: tuple[str, ...] = ()
    shard_bytes: int = 0
    allow_symlinks: bool = False

    @classmethod
    def of_folder(cls, folder: Path, *, name: str = "", ignored: tuple[str, ...] = ()) -> Manifest:
        """Hash every file below a folder.

        Raises
        ------
        ConfigError
            If there is no such folder.
        IntegrityError
            If it holds a symbolic link, or something that is no file.
        """
        return cls(name or folder.resolve().name, (), ignored).of(folder)

    def of(self, folder: Path) -> Manifest:
        """Hash a folder the way this manifest was made."""
        if not folder.is_dir():
            raise ConfigError(f"there is no folder {folder}")
        found: list[Resource] = []
        for path in sorted(_files(folder, self._is_ignored, links=self.allow_symlinks)):
            found += _hashed(folder / path, str(path), self.shard_bytes)
        return attrs.evolve(self, resources=tuple(found))

    @property
    def digest(self) -> str:
        """SHA-256 of all digests one after the other: names the whole model."""
        together = b"".join(bytes.fromhex(resource.digest) for resource in self.resources)
        return hashlib.sha256(together).hexdigest()

    def statement(self) -> bytes:
        """Write the manifest as an in-toto statement."""
        serialization: dict[str, object] = {"method": "files", "hash_type": "sha256"}
        algorithm = "sha256"
        if self.shard_bytes:
            serialization.update(method="shards", shard_size=self.shard_bytes)
            algorithm = f"sha256-sharded-{self.shard_bytes}"
        serialization["allow_symlinks"] = self.allow_symlinks
        if self.ignored:
            serialization["ignore_paths"] = list(self.ignored)
        resources = [
            {"name": r.name, "algorithm": algorithm, "digest": r.digest} for r in self.resources
        ]
        statement = {
            "_type": _STATEMENT,
            "subject": [{"name": self.name, "digest": {"sha256": self.digest}}],
            "predicateType": _PREDICATE,
            "predicate": {"serialization": serialization, "resources": resources},
        }
        return json.dumps(statement).encode()

    @classmethod
    def read(cls, statement: bytes) -> Manifest:
        """Read an in-toto statement.

        Raises
        ------
        IntegrityError
            If it is none of model signing 1.0, its digests are not SHA-256, or they do not add up
            to the digest of the whole.
        """
        try:
            return _read(parse_json(statement))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            pass
        raise IntegrityError(
            "what was signed is no statement of model signing 1.0 over SHA-256 digests that add up"
        )

    def check(self, found: Manifest) -> None:
        """Refuse a folder that is not the one that was signed.

        Raises
        ------
        IntegrityError
            Names the first file that was changed, is missing or was added.
        """
        signed = {r.name: r.digest for r in self.resources}
        there = {r.name: r.digest for r in found.resources}
        for name in sorted(signed.keys() | there.keys()):
            if name not in there:
                raise IntegrityError(f"the folder lacks {name}, which was signed")
            if name not in signed:
                raise IntegrityError(f"the folder holds {name}, which was not signed")
            if signed[name] != there[name]:
                raise IntegrityError(f"{name} is not the file that was signed")

    def ignoring(self, *paths: str, git: bool = True) -> Manifest:
        """Return this manifest with more paths left out; as elsewhere, those of git are."""
        more = dict.fromkeys((*self.ignored, *paths, *(_GIT if git else ())))
        return attrs.evolve(self, ignored=tuple(more))

    def _is_ignored(self, path: PurePosixPath) -> bool:
        return any(path.is_relative_to(each) for each in self.ignored)


def _read(found: Any) -> Manifest:
    (subject,) = found["subject"]
    how = found["predicate"]["serialization"]
    method = how["method"]
    shards = int(how["shard_size"]) if method == "shards" else 0
    algorithm = f"sha256-sharded-{shards}" if shards else "sha256"
    resources = tuple(_resource(each, algorithm) for each in found["predicate"]["resources"])
    manifest = Manifest(
        name=_str(subject["name"]),
        resources=resources,
        ignored=tuple(map(_str, how.get("ignore_paths", ()))),
        shard_bytes=shards,
        allow_symlinks=how["allow_symlinks"] in (True, "true"),
    )
    of_a_kind = found["_type"] == _STATEMENT and found["predicateType"] == _PREDICATE
    known = method in ("files", "shards") and how["hash_type"] == "sha256" and shards >= 0
    distinct = len({r.name for r in resources}) == len(resources)
    if of_a_kind and known and distinct and manifest.digest == subject["digest"]["sha256"]:
        return manifest
    raise ValueError


def _resource(found: Any, algorithm: str) -> Resource:
    if found["algorithm"] != algorithm or len(bytes.fromhex(found["digest"])) != 32:
        raise ValueError
    return Resource(_str(found["name"]), found["digest"])


def _str(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError


def _files(folder: Path, is_ignored: Any, *, links: bool) -> Iterator[PurePosixPath]:
    for here, folders, files in os.walk(folder):
        below = PurePosixPath(Path(here).relative_to(folder).as_posix())
        folders[:] = [name for name in folders if not is_ignored(below / name)]
        for name in [*folders, *files]:
            path = below / name
            if is_ignored(path):
                continue
            full = folder / path
            if full.is_symlink() and not (links and full.is_file()):
                raise IntegrityError(
                    f"{path} is a symbolic link, which this signature does not allow"
                )
            if full.is_dir():
                continue
            if not full.is_file():
                raise IntegrityError(f"{path} is no file, and nothing else can be signed")
            yield path


def _hashed(path: Path, name: str, shard_bytes: int) -> Iterator[Resource]:
    with path.open("rb") as file:
        if not shard_bytes:
            yield Resource(name, hashlib.file_digest(file, "sha256").hexdigest())
            return
        start, size = 0, path.stat().st_size
        while start < size:
            end = min(start + shard_bytes, size)
            yield Resource(f"{name}:{start}:{end}", _digest_of(file, end - start))
            start = end


def _digest_of(file: Any, size: int) -> str:
    found = hashlib.sha256()
    while size and (block := file.read(min(size, _BLOCK))):
        found.update(block)
        size -= len(block)
    return found.hexdigest()
