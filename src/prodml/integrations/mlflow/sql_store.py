"""MLflow's SQLite store, by the standard library and read-only."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from prodml.errors import ConfigError
from prodml.integrations.mlflow.store import MlflowStore, Places, SourceRun, SourceVersion, moment

__all__ = ["read_sql"]

_NEWEST = 1_000  # points of a metric's history that are kept

# Every statement is spelt out here; names of tables never come from the store.
_ALL = {
    "versions": "SELECT * FROM model_versions ORDER BY name, version",
    "version_tags": "SELECT * FROM model_version_tags",
    "aliases": "SELECT * FROM registered_model_aliases ORDER BY alias",
    "models": "SELECT model_id, artifact_location FROM logged_models",
    "runs": "SELECT run_uuid, artifact_uri FROM runs",
}
_OF_RUN = {
    "run": "SELECT r.*, e.name AS experiment FROM runs r "
    "LEFT JOIN experiments e ON e.experiment_id = r.experiment_id WHERE r.run_uuid = ?",
    "params": "SELECT key, value FROM params WHERE run_uuid = ? ORDER BY key",
    "tags": "SELECT key, value FROM tags WHERE run_uuid = ? ORDER BY key",
    "metrics": "SELECT key, value, step, timestamp, is_nan FROM metrics WHERE run_uuid = ? "
    "ORDER BY key, step, timestamp",
}


def read_sql(path: Path) -> MlflowStore:
    """Read the store.

    Raises
    ------
    ConfigError
        If the database is not one of MLflow's, or cannot be read.
    """
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return _read(connection, path.absolute().parent)
    except sqlite3.DatabaseError as exc:
        raise ConfigError(f"{path.name} is no SQLite store of MLflow: {exc}") from exc


def _read(connection: sqlite3.Connection, root: Path) -> MlflowStore:
    known = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if not {"model_versions", "runs"} <= known:
        raise ConfigError(
            "this SQLite database has no model_versions and runs, so it is none of MLflow's"
        )
    every = {what: _rows(connection, sql, known) for what, sql in _ALL.items()}
    runs = {row["run_uuid"]: row["artifact_uri"] or "" for row in every["runs"]}
    models = {row["model_id"]: row["artifact_location"] or "" for row in every["models"]}
    places = Places(root, models, runs)
    tags: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for row in every["version_tags"]:
        tags[row["name"], row["version"]][row["key"]] = row["value"] or ""
    aliases: dict[tuple[str, int], list[str]] = defaultdict(list)
    for row in every["aliases"]:
        aliases[row["name"], row["version"]].append(row["alias"])
    versions = tuple(
        _version(row, places, _run(connection, row.get("run_id"), runs), tags, aliases)
        for row in every["versions"]
        if row.get("current_stage") != "Deleted_Internal"
    )
    return MlflowStore(versions, len(runs))


def _rows(connection: sqlite3.Connection, sql: str, known: set[str]) -> list[dict[str, Any]]:
    """Return every row of a table, or none where this MLflow had no such table yet."""
    if sql.split(" FROM ")[1].split(maxsplit=1)[0] not in known:
        return []
    return [dict(row) for row in connection.execute(sql)]


def _version(
    row: dict[str, Any],
    places: Places,
    run: SourceRun | None,
    tags: dict[tuple[str, int], dict[str, str]],
    aliases: dict[tuple[str, int], list[str]],
) -> SourceVersion:
    location = places.resolve(row.get("storage_location") or row.get("source") or "")
    key = (row["name"], row["version"])
    return SourceVersion(
        name=row["name"],
        version=int(row["version"]),
        source=row.get("source") or "",
        location=location,
        folder=places.find(location),
        run=run,
        created=moment(row.get("creation_time")),
        description=row.get("description") or "",
        stage=row.get("current_stage") or "",
        status=row.get("status") or "",
        tags=tags.get(key, {}),
        aliases=tuple(aliases.get(key, ())),
    )


def _run(
    connection: sqlite3.Connection, run_id: str | None, runs: dict[str, str]
) -> SourceRun | None:
    if not run_id or run_id not in runs:
        return None
    found = {
        what: [dict(row) for row in connection.execute(sql, (run_id,))]
        for what, sql in _OF_RUN.items()
    }
    row = found["run"][0]
    history: dict[str, list[tuple[int, float, int]]] = defaultdict(list)
    for point in found["metrics"]:
        value = float("nan") if point["is_nan"] else float(point["value"])
        history[point["key"]].append((int(point["step"]), value, int(point["timestamp"])))
    return SourceRun(
        run_id=run_id,
        name=row.get("name") or "",
        experiment=row.get("experiment") or "",
        user=row.get("user_id") or "",
        status=row.get("status") or "",
        started=moment(row.get("start_time")),
        ended=moment(row.get("end_time")),
        params={p["key"]: p["value"] or "" for p in found["params"]},
        metrics={key: points[-1][1] for key, points in history.items()},
        history={key: points[-_NEWEST:] for key, points in history.items()},
        tags={t["key"]: t["value"] or "" for t in found["tags"]},
    )
