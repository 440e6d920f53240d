"""The skops format: what skops can store, loaded with a list of types that the reader trusts."""

from __future__ import annotations

from typing import Any

from prodml._extras import require
from prodml.errors import IntegrityError, UntrustedModelError

__all__ = ["dumps", "loads"]


def dumps(model: object, rows: object = None) -> bytes:
    """Store a model; skops 0.11 or later must be installed."""
    del rows
    io = _io()
    try:
        data: bytes = io.dumps(model)
    except Exception as exc:
        raise UntrustedModelError(f"skops cannot store the model: {exc}") from exc
    return data


def loads(data: bytes, types: tuple[str, ...] | None = None) -> Any:
    """Restore a model.

    Parameters
    ----------
    data : bytes
        What `dumps` returned.
    types : tuple of str or None
        Names of the types, beyond those that skops trusts, that may be made; None allows all that the
        file names, for versions that somebody vouches for as a whole.

    Raises
    ------
    UntrustedModelError
        Names the types that are not in the list.
    IntegrityError
        If the bytes cannot be restored.
    """
    io = _io()
    try:
        asked = io.get_untrusted_types(data=data)
        others = [] if types is None else sorted(set(asked) - set(types))
        if not others:
            return io.loads(data, trusted=asked)
    except Exception as exc:
        raise IntegrityError(
            f"skops cannot restore the model here: {type(exc).__name__}: {exc}"
        ) from exc
    raise UntrustedModelError(
        f"the file holds types that are not in your list: {', '.join(others)[:400]}. Add to trust= those "
        "whose code you know."
    )


def _io() -> Any:
    require("skops", for_='The format "skops"')
    from importlib import import_module

    return import_module("skops.io")
