"""MLflow's file store: a folder of small YAML files, one file per parameter, metric and tag."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prodml.integrations.mlflow.store import MlflowStore, Places, SourceRun, SourceVersion, moment
from prodml.integrations.mlflow.texts import read_yaml

__all__ = ["read_files"]

_NEWEST = 1_000  # points of a metric's history that are kept
# mlflow.entities.RunStatus by number, as meta.yaml has it.
_STATUS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}


def read_files(root: Path) -> MlflowStore:
    """Read the store."""
    experiments = {meta.parent: read_yaml(meta) for meta in sorted(root.glob("*/meta.yaml"))}
    runs: dict[str, tuple[Path, dict[str, Any], str]] = {}
    models: dict[str, str] = {}
    for folder, experiment in experiments.items():
        for meta in sorted(folder.glob("*/meta.yaml")):
            facts = read_yaml(meta)
            run_id = str(facts.get("run_id") or facts.get("run_uuid") or meta.parent.name)
            runs[run_id] = (meta.parent, facts, _text(experiment.get("name")))
        for meta in sorted(folder.glob("models/*/meta.yaml")):
            models[meta.parent.name] = _text(read_yaml(meta).get("artifact_location"))
    uris = {run_id: _text(facts.get("artifact_uri")) for run_id, (_, facts, _) in runs.items()}
    places = Places(root.absolute(), models, uris)
    versions = (
        version
        for model in sorted((root / "models").glob("*"))
        for version in _versions(model, places, runs)
    )
    return MlflowStore(tuple(versions), len(runs))


def _versions(
    model: Path, places: Places, runs: dict[str, tuple[Path, dict[str, Any], str]]
) -> Iterator[SourceVersion]:
    aliases = {path.name: path.read_text().strip() for path in _files(model / "aliases")}
    folders = [meta.parent for meta in model.glob("version-*/meta.yaml")]
    for folder in sorted(folders, key=lambda f: int(f.name.removeprefix("version-"))):
        facts = read_yaml(folder / "meta.yaml")
        if facts.get("current_stage") == "Deleted_Internal":
            continue
        location = places.resolve(_text(facts.get("storage_location") or facts.get("source")))
        number = int(facts["version"])
        run = runs.get(_text(facts.get("run_id")))
        yield SourceVersion(
            name=_text(facts["name"]),
            version=number,
            source=_text(facts.get("source")),
            location=location,
            folder=places.find(location),
            run=None if run is None else _run(*run),
            created=moment(facts.get("creation_timestamp")),
            description=_text(facts.get("description")),
            stage=_text(facts.get("current_stage")),
            status=_text(facts.get("status")),
            tags=_texts(folder / "tags"),
            aliases=tuple(
                sorted(name for name, points in aliases.items() if points == str(number))
            ),
        )


def _run(folder: Path, facts: dict[str, Any], experiment: str) -> SourceRun:
    history = {
        str(path.relative_to(folder / "metrics")): _points(path)
        for path in _files(folder / "metrics")
    }
    return SourceRun(
        run_id=_text(facts.get("run_id") or folder.name),
        name=_text(facts.get("run_name")),
        experiment=experiment,
        user=_text(facts.get("user_id")),
        status=_STATUS.get(facts.get("status", 0), ""),
        started=moment(facts.get("start_time")),
        ended=moment(facts.get("end_time")),
        params=_texts(folder / "params"),
        metrics={name: points[-1][1] for name, points in history.items() if points},
        history={name: points[-_NEWEST:] for name, points in history.items()},
        tags=_texts(folder / "tags"),
    )


def _points(path: Path) -> list[tuple[int, float, int]]:
    """Read lines of time, value and step; older files have no step, newer ones a point twice."""
    points = set()
    for line in path.read_text().splitlines():
        at, value, *step = line.split()
        points.add((int(step[0]) if step else 0, float(value), int(at)))
    return sorted(points, key=lambda point: (point[0], point[2]))


def _texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in _files(folder)}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _text(value: object) -> str:
    return "" if value is None else str(value)
