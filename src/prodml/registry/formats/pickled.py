"""The pickle format: any estimator, for readers who trust whoever wrote it."""

from __future__ import annotations

import pickle
from typing import Any

from prodml.errors import IntegrityError, UntrustedModelError

__all__ = ["NAME", "dumps", "loads"]

NAME = "pickle/5"


def dumps(model: object, rows: object = None) -> bytes:
    """Store any estimator that can be pickled.

    Raises
    ------
    UntrustedModelError
        If it cannot be pickled either: a lambda, an open file, a class made inside a function.
    """
    del rows
    try:
        return pickle.dumps(model, protocol=5)
    except Exception as exc:
        raise UntrustedModelError(f"the model cannot be pickled: {exc}") from exc


def loads(data: bytes, types: object = None) -> Any:
    """Unpickle. Runs whatever the bytes say: the caller has checked their digest, and trusts them."""
    del types
    try:
        return pickle.loads(data)  # noqa: S301
    except (AttributeError, ImportError, pickle.UnpicklingError) as exc:
        raise IntegrityError(
            f"the pickled model cannot be restored here: {exc}. Its classes must be importable, in "
            "the version it was stored with."
        ) from exc
