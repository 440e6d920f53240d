"""A few rows and what the model answered: proof that a restored model is the one that was stored."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from prodml.errors import IntegrityError, ProdmlWarning, UntrustedModelError
from prodml.registry.formats.votes import forest_rows, forest_votes

if TYPE_CHECKING:
    from prodml.registry.formats.graph import Writer
    from prodml.registry.formats.restore import Reader

__all__ = ["check_probe", "default_rows", "write_probe"]

_METHODS = ("predict_proba", "decision_function", "predict", "transform", "score_samples")
_MAX_ROWS = 8
_TOLERANCE = 1e-9


def default_rows(model: Any) -> Any:
    """Make up rows for a model that came without data; None if that needs to know more."""
    n = getattr(model, "n_features_in_", None)
    if not isinstance(n, (int, np.integer)):
        return None
    rows = np.random.default_rng(0).normal(size=(5, int(n)))
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        return rows
    import pandas as pd

    return pd.DataFrame(rows, columns=names)


def write_probe(writer: Writer, model: Any, rows: Any) -> dict[str, Any] | None:
    """Ask the model about some rows and write both down.

    Parameters
    ----------
    writer : Writer
        Takes the arrays.
    model : estimator
        As it was trained.
    rows : DataFrame, ndarray, list or None
        The first 8 are used.

    Returns
    -------
    dict or None
        A JSON-able record; None if the model answers nothing about such rows.
    """
    if rows is None:
        return None
    plain = forest_rows(model, rows[:_MAX_ROWS])
    votes = forest_votes(model, plain)
    if votes is not None:
        spelled = {name: [writer.node(vote)] for name, vote in votes.items()}
        # Noisy: asked the long way, a forest that knows its columns misses their names.
        return {"rows": ["value", writer.node(plain)], "answers": spelled, "noisy": True}
    asked = _as_read(rows[:_MAX_ROWS])
    quiet = _answers(model, asked, "error")
    noisy = not quiet
    answers = quiet or _answers(model, asked, "ignore")
    if not answers:
        return None
    parts = {name: [writer.node(part) for part in parts] for name, parts in answers.items()}
    return {"rows": _write_rows(writer, asked), "answers": parts, "noisy": noisy}


def check_probe(
    reader: Reader,
    model: Any,
    record: Any,
    *,
    same_platform: bool,
    methods: Sequence[str] | None = None,
) -> None:
    """Ask a restored model the same again.

    Parameters
    ----------
    reader : Reader
        Has the arrays.
    model : estimator
        As it was restored.
    record : dict or None
        What `write_probe` returned.
    same_platform : bool
        Whether the file was written by the same versions on the same kind of machine.
    methods : sequence of str or None, default None
        Ask these only; None asks all that were recorded.

    Raises
    ------
    IntegrityError
        If an answer differs. On another platform the last digits of sums and matrix products may
        differ; up to a relative 1e-9 that is a `ProdmlWarning`.
    """
    if record is None:
        return
    rows = _read_rows(reader, record["rows"])
    votes = forest_votes(model, rows) or {}
    for name, nodes in record["answers"].items():
        if methods is not None and name not in methods:
            continue
        expected = [reader.value(node) for node in nodes]
        vote = votes.get(name)
        on_warning = "ignore" if record["noisy"] else None
        found = _answer(model, name, rows, on_warning) if vote is None else [vote]
        if found is not None and _same(expected, found):
            continue
        if found is None or not _near(expected, found):
            raise IntegrityError(
                f"the restored model gives other answers to {name} than were recorded"
            )
        if same_platform:
            raise IntegrityError(
                f"the restored model's answers to {name} differ in the last digits, on the platform "
                "it was stored on"
            )
        warnings.warn(
            f"the model was stored on another platform: its answers to {name} agree with those "
            f"recorded within {_TOLERANCE:g}, not bit for bit",
            ProdmlWarning,
            stacklevel=2,
        )


def _answers(model: Any, rows: Any, on_warning: Any) -> dict[str, list[Any]]:
    answers = {}
    for name in _METHODS:
        first = _answer(model, name, rows, on_warning)
        # What is drawn at random anew each time proves nothing.
        if first is not None and _same(first, _answer(model, name, rows, on_warning)):
            answers[name] = first
    return answers


def _answer(model: Any, name: str, rows: Any, on_warning: Any) -> list[Any] | None:
    """Return the answer as a list of arrays, or None if there is none."""
    try:
        method = getattr(model, name)
        if on_warning is None:
            return _parts(method(rows))
        with warnings.catch_warnings():
            warnings.simplefilter(on_warning)
            return _parts(method(rows))
    except Exception:  # noqa: BLE001  (a model may refuse these rows in any way it likes)
        return None


def _parts(answer: Any) -> list[Any] | None:
    if isinstance(answer, (list, tuple)):
        parts = [_parts(item) for item in answer]
        return None if None in parts else [p for part in parts for p in part or ()]
    if hasattr(answer, "indptr"):
        return [answer.data, answer.indices, answer.indptr]
    if hasattr(answer, "to_numpy"):
        answer = answer.to_numpy()
    return [answer] if isinstance(answer, np.ndarray) and answer.dtype.kind in "biufUO" else None


def _same(a: list[Any], b: list[Any] | None) -> bool:
    return b is not None and len(a) == len(b) and all(map(_same_bits, a, b))


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    if a.shape != b.shape or a.dtype.kind != b.dtype.kind:
        return False
    if a.dtype.kind in "UO":
        return repr(a.tolist()) == repr(b.tolist())
    return a.dtype == b.dtype and a.tobytes() == b.tobytes()


def _near(a: list[Any], b: list[Any]) -> bool:
    return len(a) == len(b) and all(
        x.shape == y.shape
        and (
            np.allclose(x, y, rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=True)
            if x.dtype.kind == y.dtype.kind == "f"
            else _same_bits(x, y)
        )
        for x, y in zip(a, b, strict=True)
    )


def _as_read(rows: Any) -> Any:
    """Return rows as they will be when they are read: matrix products differ by memory layout."""
    if not hasattr(rows, "columns"):
        return rows
    from prodml.tables import decode_frame, encode_frame

    return decode_frame(encode_frame(rows))


def _write_rows(writer: Writer, rows: Any) -> list[Any]:
    if not hasattr(rows, "columns"):
        return ["value", writer.node(rows)]
    from prodml.tables import encode_frame

    return ["frame", writer.buffer(np.frombuffer(encode_frame(rows), dtype=np.uint8))]


def _read_rows(reader: Reader, node: Any) -> Any:
    if node[0] == "value":
        return reader.value(node[1])
    if node[0] != "frame":
        raise UntrustedModelError(f"unknown kind of rows {node[0]!r:.40}")
    from prodml.tables import decode_frame

    return decode_frame(reader.buffer(node[1]).tobytes())
