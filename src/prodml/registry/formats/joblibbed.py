"""The joblib format: any estimator, in the file that joblib writes, for readers who trust the writer."""

from __future__ import annotations

import io
from typing import Any

from prodml.errors import IntegrityError, UntrustedModelError

__all__ = ["dumps", "loads"]


def dumps(model: object, rows: object = None) -> bytes:
    """Store any estimator that can be pickled.

    Raises
    ------
    UntrustedModelError
        If it cannot be pickled: a lambda, an open file, a class made inside a function.
    """
    import joblib

    del rows
    buffer = io.BytesIO()
    try:
        joblib.dump(model, buffer)
    except Exception as exc:
        raise UntrustedModelError(f"the model cannot be stored by joblib: {exc}") from exc
    return buffer.getvalue()


def loads(data: bytes, types: object = None) -> Any:
    """Load what joblib wrote. Runs whatever the bytes say: somebody has vouched for them."""
    import joblib

    del types
    try:
        return joblib.load(io.BytesIO(data))
    except Exception as exc:
        raise IntegrityError(
            f"the model that joblib stored cannot be restored here: {type(exc).__name__}: {exc}. Its "
            "classes must be importable, in the version it was stored with."
        ) from exc
