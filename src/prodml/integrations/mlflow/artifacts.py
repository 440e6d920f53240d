"""A model folder of MLflow: which estimator it holds, and whether it can be read without running it."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import attrs

from prodml._extras import require
from prodml.errors import ConfigError, ProdmlError, UntrustedModelError
from prodml.integrations.mlflow.texts import read_yaml
from prodml.tables import Column, Schema
from prodml.tables.kinds import Kind

__all__ = ["ModelFolder"]

_KINDS: dict[str, Kind] = {
    "double": "number",
    "float": "number",
    "long": "integer",
    "integer": "integer",
    "boolean": "boolean",
    "string": "text",
    "datetime": "time",
}


@attrs.frozen
class ModelFolder:
    """The estimator of a model folder, not yet read.

    Parameters
    ----------
    path : Path
        Its file.
    format : {"skops", "pickle", "cloudpickle"}
        How it is written.
    digest : str
        ``sha256:<hex>`` of the file.
    schema : Schema or None
        The columns of its signature.
    """

    path: Path
    format: str
    digest: str
    schema: Schema | None

    @classmethod
    def of(cls, folder: Path) -> ModelFolder:
        """Look into a folder.

        Raises
        ------
        ConfigError
            If it holds no scikit-learn model, or its file is not inside.
        """
        if not (folder / "MLmodel").is_file():
            raise ConfigError("its folder has no file MLmodel")
        facts = read_yaml(folder / "MLmodel")
        flavor = (facts.get("flavors") or {}).get("sklearn")
        if not isinstance(flavor, dict):
            known = ", ".join(sorted(facts.get("flavors") or {})) or "none"
            raise ConfigError(f"it has no scikit-learn model in it (flavors: {known})")
        path = (folder / str(flavor.get("pickled_model"))).resolve()
        if not path.is_relative_to(folder.resolve()) or not path.is_file():
            raise ConfigError("the file of its model is missing, or not inside its folder")
        form = str(flavor.get("serialization_format") or "pickle")
        return cls(path, form, _digest(path), _schema(facts.get("signature")))

    def read(self, trust: str | None) -> Any:
        """Restore the estimator.

        Raises
        ------
        UntrustedModelError
            If that would run what the file says and `trust` is not "pickle".
        ConfigError
            If it cannot be restored here.
        """
        if self.format == "skops":
            return self._read_skops(trust)
        if trust != "pickle":
            raise UntrustedModelError(
                f'it is stored as a {self.format}, and reading that runs whatever is in it: trust="pickle" '
                "if you trust everybody who could write it"
            )
        try:
            with self.path.open("rb") as file:
                return pickle.load(file)  # noqa: S301  (the reader has said that it trusts the file)
        except Exception as exc:
            raise ConfigError(
                f"its {self.format} cannot be read here: {type(exc).__name__}"
            ) from exc

    def _read_skops(self, trust: str | None) -> Any:
        skops = require("skops.io", for_="a model that MLflow stored by skops")
        try:
            unknown = skops.get_untrusted_types(file=self.path)
            if not unknown or trust == "pickle":
                return skops.load(self.path, trusted=unknown)
        except Exception as exc:
            raise ConfigError(f"its skops file cannot be read here: {type(exc).__name__}") from exc
        raise UntrustedModelError(
            f"it names types that skops does not trust ({', '.join(sorted(unknown)):.200}): "
            'trust="pickle" if you do'
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _schema(signature: object) -> Schema | None:
    """Return the columns of a signature; None where it speaks of tensors or of types we do not have."""
    if not isinstance(signature, dict) or not isinstance(signature.get("inputs"), str):
        return None
    try:
        columns = [
            Column(c["name"], _KINDS[c["type"]], not c.get("required", True))
            for c in json.loads(signature["inputs"])
        ]
        return Schema(columns)
    except (KeyError, TypeError, ValueError, ProdmlError):
        return None
