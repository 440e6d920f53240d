"""Writes a version of a registry as a model folder that MLflow loads."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import uuid
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from prodml._extras import require
from prodml.errors import ConfigError, UntrustedModelError

if TYPE_CHECKING:
    import pandas as pd

    from prodml.registry import ModelVersion, Registry
    from prodml.tables import Schema

__all__ = ["export_model"]

Format: TypeAlias = Literal["inert", "skops", "pickle"]

_FILES = {"inert": "model.prodml", "skops": "model.skops", "pickle": "model.pkl"}
_TYPES = {
    "number": "double",
    "integer": "long",
    "boolean": "boolean",
    "category": "string",
    "text": "string",
    "time": "datetime",
}
_MLFLOW = "2.9.0"  # the oldest MLflow whose names this folder uses


def export_model(
    registry: Registry,
    ref: str,
    folder: str | os.PathLike[str],
    *,
    format: Format = "inert",  # noqa: A002  (the word that Registry and MLflow use)
    example: bool = False,
    trust: Literal["pickle"] | None = None,
) -> Path:
    """Write a version as a folder with an ``MLmodel`` file.

    Parameters
    ----------
    registry : Registry
        Where the version is.
    ref : str
        ``"name@alias"`` or ``"name/3"``.
    folder : path
        Made by this call; must not exist, or be empty.
    format : {"inert", "skops", "pickle"}, default "inert"
        How the estimator is written. ``"inert"`` runs nothing when it is read; `mlflow.pyfunc` loads it
        where prodml is installed. ``"skops"`` and ``"pickle"`` are what `mlflow.sklearn` loads too,
        without prodml; a pickle runs whatever is in it, so MLflow may refuse it and should.
    example : bool, default False
        Write five rows of the version's reference sample as MLflow's input example. They are rows of
        the training data: whoever gets the folder reads them.
    trust : {"pickle"}, optional
        Needed to load a version that is stored as a pickle.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ConfigError
        If the folder is not empty or the format unknown.
    MissingExtraError
        If skops is missing and asked for.
    UntrustedModelError
        If the version is a pickle, and `trust` is not given, or the model has no inert form.

    Notes
    -----
    The folder is written beside its place and renamed when it is whole. It names no user and no path of
    this machine. The signature follows the schema of the version.
    """
    if format not in _FILES:
        raise ConfigError(f'format is "inert", "skops" or "pickle", got {format!r:.40}')
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConfigError(f"{target.name} exists and is not empty; give a new folder")
    facts = registry.get(ref)
    model = registry.load(str(facts), trust=trust)
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.parent / f".{target.name}.{uuid.uuid4().hex[:8]}"
    half.mkdir()
    try:
        rows = registry.reference(str(facts)) if example else None
        _write(half, facts, model, format, rows)
        if target.exists():
            target.rmdir()
        half.rename(target)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise
    return target


def _write(
    folder: Path, facts: ModelVersion, model: Any, form: Format, rows: pd.DataFrame | None
) -> None:
    name = _FILES[form]
    trusted = _write_model(folder / name, model, form, rows)
    packages = _packages(model, form)
    example = _write_example(folder, rows)
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in packages))
    _write_environment(folder, packages)
    described = {
        "artifact_path": "model",
        "flavors": _flavors(name, form, trusted),
        "mlflow_version": _MLFLOW,
        "model_uuid": uuid.uuid5(uuid.NAMESPACE_URL, f"prodml:{facts}:{facts.digest}").hex,
        "metadata": {
            "prodml": {
                "version": str(facts),
                "digest": facts.digest,
                "estimator": facts.estimator,
                "metrics": {k: v for k, v in facts.metrics.items() if v == v},  # noqa: PLR0124
            }
        },
        "signature": _signature(facts.schema, facts),
        "utc_time_created": facts.created.strftime("%Y-%m-%d %H:%M:%S.%f"),
        **({"saved_input_example_info": example} if example else {}),
    }
    kept = {key: value for key, value in described.items() if value is not None}
    # JSON is YAML, and needs no package to be written.
    (folder / "MLmodel").write_text(json.dumps(kept, indent=2) + "\n")


def _write_model(path: Path, model: Any, form: Format, rows: pd.DataFrame | None) -> list[str]:
    """Write the estimator; return the types that a reader of skops has to trust."""
    if form == "pickle":
        import pickle

        path.write_bytes(pickle.dumps(model, protocol=5))
        return []
    if form == "inert":
        from prodml.registry.artifacts import inputs_for
        from prodml.registry.formats import inert

        probe = None if rows is None else inputs_for(model, rows.head(8))
        path.write_bytes(inert.dumps(model, rows=probe))
        return []
    skops = require("skops.io", for_='format="skops"')
    try:
        skops.dump(model, path)
    except Exception as exc:
        raise UntrustedModelError(
            f"skops cannot write this {type(model).__name__}: {type(exc).__name__}. Take another format"
        ) from exc
    return sorted(skops.get_untrusted_types(file=path))


def _flavors(name: str, form: Format, trusted: list[str]) -> dict[str, Any]:
    environment = {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}
    loader: dict[str, Any] = {"env": environment, "python_version": platform.python_version()}
    if form == "inert":
        module = "prodml.integrations.mlflow.loader"
        return {"python_function": {"loader_module": module, "data": name, **loader}}
    sklearn = {
        "code": None,
        "pickled_model": name,
        "serialization_format": form,
        "sklearn_version": version("scikit-learn"),
        "skops_trusted_types": trusted or None,
    }
    pyfunc = {"loader_module": "mlflow.sklearn", "model_path": name, "predict_fn": "predict"}
    return {"python_function": {**pyfunc, **loader}, "sklearn": sklearn}


def _packages(model: Any, form: Format) -> list[str]:
    names = {"scikit-learn", "numpy", "pandas", "scipy"}
    names |= {"inert": {"prodml"}, "skops": {"skops"}, "pickle": set()}[form]
    own = type(model).__module__.split(".")[0]
    names |= {own} - {"sklearn", "builtins", "__main__"}
    return ["mlflow", *(pin for name in sorted(names) if (pin := _pin(name)))]


def _pin(name: str) -> str:
    try:
        # What follows "+" or ".dev" is a build of somebody's own and no index has it.
        return f"{name}=={re.split(r'[+]|[.]dev', version(name))[0]}"
    except PackageNotFoundError:
        return name if name == "prodml" else ""


def _write_environment(folder: Path, packages: list[str]) -> None:
    python = platform.python_version()
    environment = {
        "python": python,
        "build_dependencies": ["pip"],
        "dependencies": ["-r requirements.txt"],
    }
    (folder / "python_env.yaml").write_text(json.dumps(environment, indent=2) + "\n")
    conda = {
        "name": "mlflow-env",
        "channels": ["conda-forge"],
        "dependencies": [f"python={python}", "pip", {"pip": packages}],
    }
    (folder / "conda.yaml").write_text(json.dumps(conda, indent=2) + "\n")


def _write_example(folder: Path, rows: pd.DataFrame | None) -> dict[str, str] | None:
    """Write a few rows as MLflow's own example files are; None if there are none to show."""
    if rows is None or not len(rows):
        return None
    few = rows.head(5).reset_index(drop=True)
    split = few.to_json(orient="split", index=False, date_format="iso")
    (folder / "input_example.json").write_text(split)
    (folder / "serving_input_example.json").write_text(f'{{"dataframe_split": {split}}}')
    return {
        "artifact_path": "input_example.json",
        "pandas_orient": "split",
        "serving_input_path": "serving_input_example.json",
        "type": "dataframe",
    }


def _signature(schema: Schema | None, facts: ModelVersion) -> dict[str, str | None] | None:
    """Return the columns as MLflow's JSON in a string; missing integers are numbers to pandas."""
    if schema is None:
        return None
    inputs = [
        {
            "type": "double" if c.kind == "integer" and c.nullable else _TYPES[c.kind],
            "name": c.name,
            "required": True,
        }
        for c in schema.columns
    ]
    answers = {"regression": "double"}.get(facts.task) or _label_type(facts)
    outputs = json.dumps([{"type": answers, "required": True}]) if answers else None
    return {"inputs": json.dumps(inputs), "outputs": outputs, "params": None}


def _label_type(facts: ModelVersion) -> str | None:
    types = {bool: "boolean", int: "long", float: "double", str: "string"}
    found = {types.get(type(label)) for label in facts.classes}
    return found.pop() if len(found) == 1 else None
