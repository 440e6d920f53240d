"""Brings the registered models of an MLflow store into a registry, with their history."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from prodml.errors import ConfigError, ProdmlError, UnknownNameError
from prodml.integrations.mlflow.artifacts import ModelFolder
from prodml.integrations.mlflow.results import ImportedVersion, MlflowImport
from prodml.integrations.mlflow.store import MlflowStore, SourceRun, SourceVersion, read_store

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from prodml.registry import ModelVersion, Registry
    from prodml.tables import Schema

__all__ = ["import_store"]

_STAGES = {"Production": "production", "Staging": "staging"}


def import_store(
    location: str | Path | MlflowStore,
    registry: Registry,
    *,
    models: Collection[str] | None = None,
    rename: Mapping[str, str] | None = None,
    trust: str | None = None,
    dry_run: bool = False,
) -> MlflowImport:
    """Import the registered models of an MLflow store.

    Versions come in their order, each with the run behind it: parameters, metrics with their history,
    tags, times, the experiment. Aliases come too, and the stages Production and Staging as aliases of
    that name. What is there already is not imported twice, so an import may be repeated, and one
    that was interrupted goes on. The MLflow store is only read.

    Parameters
    ----------
    location : str, Path or MlflowStore
        As `read_store` takes it, or what it returned.
    registry : Registry
        Where to.
    models : collection of str, optional
        Names in MLflow; all if not given.
    rename : mapping of str to str, optional
        Names in MLflow to names here. Others are written small, with "-" for what a name here may
        not hold.
    trust : {"pickle"}, optional
        Read models whose file runs when it is read (pickle, cloudpickle, skops files that name types
        of their own). Without it they are left out, and the report says so.
    dry_run : bool, default False
        Only report. Files are looked at, nothing is read that could run, nothing is written.

    Returns
    -------
    MlflowImport

    Raises
    ------
    ConfigError
        If there is no store, or two models would get one name.
    UnknownNameError
        If a name in `models` is not in the store.

    Notes
    -----
    Numbers here have no gaps, so they differ from MLflow's where versions were deleted or left out;
    the tag ``mlflow.version`` keeps MLflow's. An alias that already points somewhere is left alone.
    """
    if trust not in (None, "pickle"):
        raise ConfigError(f'trust is None or "pickle", got {trust!r:.60}')
    store = location if isinstance(location, MlflowStore) else read_store(location)
    for name in models or ():
        if name not in store.models:
            raise UnknownNameError("model", name, store.models, where="in this MLflow store")
    wanted = [v for v in store.versions if models is None or v.name in models]
    names = _names({v.name for v in wanted}, rename or {})
    into = _Importer(registry, names, trust, dry_run)
    found = tuple(into.bring(version) for version in wanted)
    behind = {v.run.run_id for v in store.versions if v.run is not None}
    return MlflowImport(found, store.n_runs - len(behind), dry_run)


@attrs.frozen(eq=False)
class _ImportedRun:
    """An MLflow run as the registry takes runs."""

    run_id: str
    task: str
    estimator: Any
    schema: Schema | None
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    record: Mapping[str, object]
    target: str = ""
    holdout: pd.DataFrame | None = None
    holdout_target: np.ndarray | None = None
    reference: pd.DataFrame | None = None


@attrs.frozen(eq=False)
class _Importer:
    registry: Registry
    names: Mapping[str, str]
    trust: str | None
    dry_run: bool

    def bring(self, source: SourceVersion) -> ImportedVersion:
        """Import one version, or say why not."""
        name = self.names[source.name]
        notes = () if name == source.name else (f"named {name} here",)
        if source.folder is None:
            why = f"its files are not on this machine: {source.location or 'no location'}"
            return ImportedVersion(str(source), "left out", why=why, notes=notes)
        try:
            files = ModelFolder.of(source.folder)
            there = self._there(name, source, files)
            if there is not None:
                aliases = () if self.dry_run else self._point(source, there)
                return ImportedVersion(
                    str(source), "already there", str(there), aliases=aliases, notes=notes
                )
            if self.dry_run:
                return self._foretell(source, files, notes)
            version = self._register(name, source, files)
        except ProdmlError as exc:
            return ImportedVersion(str(source), "left out", why=str(exc), notes=notes)
        if version.version != source.version:
            notes = (*notes, f"version {version.version} here")
        aliases = self._point(source, version)
        return ImportedVersion(str(source), "imported", str(version), aliases=aliases, notes=notes)

    def _foretell(
        self, source: SourceVersion, files: ModelFolder, notes: tuple[str, ...]
    ) -> ImportedVersion:
        if files.format == "skops":
            return ImportedVersion(str(source), "would be imported", notes=notes)
        if self.trust != "pickle":
            why = f'stored as a {files.format}, which trust="pickle" would read'
            return ImportedVersion(str(source), "left out", why=why, notes=notes)
        return ImportedVersion(str(source), "would be imported", notes=notes)

    def _there(self, name: str, source: SourceVersion, files: ModelFolder) -> ModelVersion | None:
        if name not in self.registry.models():
            return None
        wanted = _identity(source, files)
        versions = self.registry.versions(name)
        return next((v for v in versions if wanted.items() <= dict(v.tags).items()), None)

    def _register(self, name: str, source: SourceVersion, files: ModelFolder) -> ModelVersion:
        estimator = files.read(self.trust)
        if not hasattr(estimator, "fit"):
            raise ConfigError(f"its file holds a {type(estimator).__name__}, not an estimator")
        identity = _identity(source, files)
        return self.registry.register(
            name,
            _run(source, estimator, files),
            tags={**source.tags, **_facts(source), **identity},
            reason=source.description or f"imported from MLflow: {source}",
            trust="pickle" if self.trust == "pickle" else None,
            once=" ".join(("mlflow", *identity.values())),
        )

    def _point(self, source: SourceVersion, version: ModelVersion) -> tuple[str, ...]:
        """Point what points at it in MLflow, where nothing of that name points anywhere yet."""
        stage = _STAGES.get(source.stage)
        wanted = [*source.aliases, *([stage] if stage else [])]
        here = self.registry.aliases(version.name)
        for alias in wanted:
            if alias not in here:
                self.registry.promote(
                    version.name,
                    version.version,
                    alias=alias,
                    expect=0,
                    reason=f"imported from MLflow, where {alias} points at {source}",
                )
        points = self.registry.aliases(version.name)
        return tuple(alias for alias in wanted if points.get(alias) == version.version)


def _names(names: Collection[str], rename: Mapping[str, str]) -> dict[str, str]:
    """Return each model's name here; MLflow's names may hold anything, ours are file names."""
    found = {name: rename.get(name) or _plain(name) for name in sorted(names)}
    taken: dict[str, str] = {}
    for name, here in found.items():
        if here in taken:
            raise ConfigError(
                f'"{taken[here]}" and "{name}" would both be named {here} here: give rename='
                f'{{"{name}": …}}'
            )
        taken[here] = name
    return found


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-.")[:128] or "model"


def _identity(source: SourceVersion, files: ModelFolder) -> dict[str, str]:
    return {
        "mlflow.model": source.name,
        "mlflow.version": str(source.version),
        "mlflow.digest": files.digest,
    }


def _facts(source: SourceVersion) -> dict[str, str]:
    run_id = "" if source.run is None else source.run.run_id
    facts = {
        "mlflow.run_id": run_id,
        "mlflow.source": source.source,
        "mlflow.created": source.created,
        "mlflow.stage": "" if source.stage == "None" else source.stage,
    }
    return {name: text for name, text in facts.items() if text}


def _run(source: SourceVersion, estimator: Any, files: ModelFolder) -> _ImportedRun:
    from prodml.registry.run import Submission

    run = source.run or SourceRun("")
    lineage = {**attrs.asdict(run), "source": source.source, "location": source.location}
    bare = Submission.of_estimator(estimator)
    return _ImportedRun(
        run_id=run.run_id,
        task=bare.task,
        estimator=estimator,
        schema=files.schema,
        params=dict(run.params) or bare.params,
        metrics=dict(run.metrics),
        record={"mlflow": lineage},
    )
