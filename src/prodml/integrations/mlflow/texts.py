"""YAML as MLflow writes it; read safely, and written as the JSON that every YAML reader reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from prodml._extras import require
from prodml.errors import IntegrityError

__all__ = ["read_yaml"]

_MOST_BYTES = 1_000_000


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a small YAML file that holds a mapping.

    Raises
    ------
    IntegrityError
        If it is too large, no YAML, or no mapping.
    MissingExtraError
        If PyYAML is not installed.
    """
    yaml = require("yaml", for_="reading an MLflow store")
    if path.stat().st_size > _MOST_BYTES:
        raise IntegrityError(f"{path.name} is larger than any file of this kind that MLflow writes")
    try:
        found = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise IntegrityError(f"{path.name} in {path.parent.name} is no YAML") from exc
    if not isinstance(found, dict):
        raise IntegrityError(f"{path.name} in {path.parent.name} holds no mapping")
    return cast("dict[str, Any]", found)
