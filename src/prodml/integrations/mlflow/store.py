"""What an MLflow store knows: registered models with their versions, and the runs behind them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import attrs

from prodml.errors import ConfigError

__all__ = ["MlflowStore", "Places", "SourceRun", "SourceVersion", "moment", "read_store"]

_SQLITE = b"SQLite format 3\x00"


@attrs.frozen
class SourceRun:
    """A run as MLflow recorded it.

    Parameters
    ----------
    run_id, name, experiment, user, status : str
        As MLflow has them; empty if unknown.
    started, ended : str
        RFC 3339 in UTC; empty if unknown.
    params : mapping of str to str
        Parameters.
    metrics : mapping of str to float
        The newest value of each metric.
    history : mapping of str to list of (step, value, ms since 1970)
        At most the 1,000 newest points of each.
    tags : mapping of str to str
        Tags, MLflow's own as well.
    """

    run_id: str
    name: str = ""
    experiment: str = ""
    user: str = ""
    status: str = ""
    started: str = ""
    ended: str = ""
    params: Mapping[str, str] = attrs.field(factory=dict)
    metrics: Mapping[str, float] = attrs.field(factory=dict)
    history: Mapping[str, list[tuple[int, float, int]]] = attrs.field(factory=dict)
    tags: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen
class SourceVersion:
    """A version of a registered model as MLflow recorded it.

    Parameters
    ----------
    name, version : str, int
        Its place.
    source, location : str
        Where MLflow says it came from, and where its files are.
    folder : Path or None
        The files on this machine; None if they are elsewhere.
    run : SourceRun or None
        What made it, if the store still knows.
    created, description, stage, status : str
        As MLflow has them.
    tags : mapping of str to str
        Tags.
    aliases : tuple of str
        What points at it.
    """

    name: str
    version: int
    source: str = ""
    location: str = ""
    folder: Path | None = None
    run: SourceRun | None = None
    created: str = ""
    description: str = ""
    stage: str = ""
    status: str = ""
    tags: Mapping[str, str] = attrs.field(factory=dict)
    aliases: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}/{self.version}"


@attrs.frozen
class MlflowStore:
    """An MLflow store, read.

    Parameters
    ----------
    versions : tuple of SourceVersion
        Of every registered model, by name and number.
    n_runs : int
        Runs in the store, also those behind no version.
    """

    versions: tuple[SourceVersion, ...]
    n_runs: int

    @property
    def models(self) -> list[str]:
        """Names of the registered models, sorted."""
        return sorted({version.name for version in self.versions})


def read_store(location: str | Path) -> MlflowStore:
    """Read an MLflow store without MLflow, and without changing it.

    Parameters
    ----------
    location : str or Path
        An ``mlruns`` folder, an ``mlflow.db`` of SQLite, or its ``sqlite:///`` address.

    Returns
    -------
    MlflowStore

    Raises
    ------
    ConfigError
        If there is no store, or none of MLflow's.
    MissingExtraError
        If PyYAML is missing and the store is a folder.
    """
    path = Path(str(location).removeprefix("sqlite:///").removeprefix("file://"))
    if path.is_dir() and not _is_file_store(path):
        inside = [path / "mlflow.db", path / "mlruns"]
        path = next((p for p in inside if p.exists()), path)
    if path.is_file() and _starts_with(path, _SQLITE):
        from prodml.integrations.mlflow.sql_store import read_sql

        return read_sql(path)
    if path.is_dir() and _is_file_store(path):
        from prodml.integrations.mlflow.file_store import read_files

        return read_files(path)
    raise ConfigError(
        f"there is no MLflow store at {path.name!r}: wanted is an mlruns folder or an mlflow.db of SQLite"
    )


def _starts_with(path: Path, start: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(start)) == start


def _is_file_store(path: Path) -> bool:
    return (path / "models").is_dir() or any(path.glob("*/meta.yaml"))


@attrs.frozen
class Places:
    """Finds on this machine what a store has under the paths of the machine it was made on.

    Parameters
    ----------
    root : Path
        Folder of the store. A path that does not exist is looked for below it, by its end.
    models : mapping of str to str
        Location of each logged model.
    runs : mapping of str to str
        Artifact location of each run.
    """

    root: Path
    models: Mapping[str, str]
    runs: Mapping[str, str]

    def resolve(self, source: str) -> str:
        """Return the location behind ``models:/m-…`` and ``runs:/…/path``."""
        if source.startswith("models:/"):
            return self.models.get(source.removeprefix("models:/"), source)
        if source.startswith("runs:/"):
            run_id, _, rest = source.removeprefix("runs:/").partition("/")
            return f"{self.runs[run_id]}/{rest}" if run_id in self.runs else source
        return source

    def find(self, location: str) -> Path | None:
        """Return the folder, or None if it is not on this machine."""
        if "://" in location and not location.startswith("file://"):
            return None
        path = Path(location.removeprefix("file://"))
        if path.is_absolute() and path.is_dir():
            return path
        parts = [part for part in path.parts if part != path.anchor]
        if not parts or ".." in parts:
            return None
        ends = (self.root.joinpath(*parts[i:]) for i in range(len(parts)))
        return next((end for end in ends if end.is_dir()), None)


def moment(ms: object) -> str:
    """Return milliseconds since 1970 as RFC 3339; empty if it is no time."""
    if not isinstance(ms, (int, float)) or isinstance(ms, bool) or ms <= 0:
        return ""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
