"""The ONNX format: a model as a graph of operators, run by onnxruntime.

Nothing in such a file is Python and nothing in it is called, but its bytes are parsed and computed by a
large body of native code. So it is treated like the others: loaded where somebody vouches for it.
"""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prodml._extras import require
from prodml.errors import (
    ConfigError,
    IntegrityError,
    MissingExtraError,
    SchemaError,
    UntrustedModelError,
)
from prodml.fingerprint.canonical import canonical_json

__all__ = ["OnnxModel", "dumps", "loads"]

_PROBE = "prodml.probe"
_CLOSE_TO_ORIGINAL = 1e-4  # ONNX computes in float32
_CLOSE_TO_RECORD = 1e-5  # another release or processor may round otherwise


class OnnxModel:
    """A stored ONNX graph with the methods of an estimator.

    Parameters
    ----------
    data : bytes
        The ONNX file.
    """

    def __init__(self, data: bytes) -> None:
        runtime = require("onnxruntime", for_='The format "onnx"')
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0]
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.n_features_in_ = int(self._input.shape[1])

    def __repr__(self) -> str:
        return f"OnnxModel(n_features={self.n_features_in_}, outputs={self._outputs})"

    @property
    def predict_proba(self) -> Any:
        """Predict the probability of every class; a regressor has no such method."""
        if len(self._outputs) < 2:
            raise AttributeError("a regressor has no predict_proba")
        return lambda X: self._run(X, self._outputs[1])

    @property
    def recorded(self) -> Any:
        """The rows and answers that were stored with the graph."""
        return json.loads(self._session.get_modelmeta().custom_metadata_map[_PROBE])

    def predict(self, X: Any) -> NDArray[np.generic]:
        """Predict labels or values, one per row; computed in float32."""
        found = self._run(X, self._outputs[0])
        return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found

    def _run(self, X: Any, output: str) -> NDArray[np.generic]:
        rows = _matrix(X)
        if rows.shape[1] != self.n_features_in_:
            raise SchemaError(
                f"expected rows of {self.n_features_in_} columns, got {rows.shape[1]}"
            )
        return np.asarray(self._session.run([output], {self._input.name: rows})[0])


def dumps(model: Any, rows: Any = None) -> bytes:
    """Convert a model of scikit-learn that takes one matrix of numbers.

    Raises
    ------
    ConfigError
        If there are no rows to compare on, or the model takes other things than numbers.
    UntrustedModelError
        If skl2onnx cannot convert it, or the converted one answers otherwise.
    """
    convert = require("skl2onnx", for_='Registering with format="onnx"')
    if rows is None:
        from prodml.registry.formats.probe import default_rows

        rows = default_rows(model)
    if rows is None:
        raise ConfigError('format="onnx" needs rows to compare on: give holdout= or reference=')
    matrix = _matrix(rows)[:8]
    options = {id(model): {"zipmap": False}} if hasattr(model, "classes_") else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = convert.to_onnx(model, matrix[:1], options=options, name="prodml")
    except Exception as exc:
        raise UntrustedModelError(
            f"skl2onnx cannot convert the model: {type(exc).__name__}: {str(exc)[:300]}"
        ) from exc
    bare = OnnxModel(graph.SerializeToString(deterministic=True))
    answers = _compared(model, bare, matrix)
    entry = graph.metadata_props.add()
    entry.key = _PROBE
    entry.value = canonical_json({"rows": matrix.tolist(), **answers}).decode()
    data: bytes = graph.SerializeToString(deterministic=True)
    return data


def loads(data: bytes, types: object = None) -> OnnxModel:
    """Open a graph and ask it the recorded rows again.

    Raises
    ------
    IntegrityError
        If it cannot be opened, or answers otherwise than when it was stored.
    """
    del types
    try:
        model = OnnxModel(data)
        recorded = model.recorded
        rows = np.array(recorded["rows"], dtype=np.float32)
        found = _answers(model, rows)
        same = set(found) == set(recorded) - {"rows"} and all(
            _close(found[name], recorded[name]) for name in found
        )
    except MissingExtraError:
        raise
    except Exception as exc:
        # onnxruntime has an exception class of its own for every way in which bytes can be wrong.
        raise IntegrityError(f"not an ONNX model that prodml stored: {type(exc).__name__}") from exc
    if not same:
        raise IntegrityError("the ONNX model gives other answers than were recorded")
    return model


def _matrix(X: Any) -> NDArray[np.float32]:
    try:
        rows = np.ascontiguousarray(X, dtype=np.float32)
    except (TypeError, ValueError) as exc:
        raise ConfigError(
            "an ONNX model takes one matrix of numbers, the rows hold others"
        ) from exc
    if rows.ndim != 2:
        raise SchemaError(f"expected a matrix of rows and columns, got shape {rows.shape}")
    return rows


def _answers(model: Any, rows: NDArray[np.float32]) -> dict[str, Any]:
    names = [name for name in ("predict", "predict_proba") if hasattr(model, name)]
    return {name: np.asarray(getattr(model, name)(rows)).tolist() for name in names}


def _compared(model: Any, converted: OnnxModel, rows: NDArray[np.float32]) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # these rows have no column names
        expected = _answers(model, rows)
    found = _answers(converted, rows)
    for name in found:
        if name not in expected or not _close(found[name], expected[name], _CLOSE_TO_ORIGINAL):
            raise UntrustedModelError(
                f"the ONNX form of the model answers {name} otherwise than the model itself"
            )
    return found


def _close(found: list[Any], expected: list[Any], tolerance: float = _CLOSE_TO_RECORD) -> bool:
    a, b = np.asarray(found), np.asarray(expected)
    if a.dtype.kind != "f" or b.dtype.kind != "f":
        return bool(found == expected)
    return bool(a.shape == b.shape and np.allclose(a, b, rtol=tolerance, atol=tolerance))
