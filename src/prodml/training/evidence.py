"""The record of a run: everything a second training has to agree with, as plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from prodml.errors import ProdmlError
from prodml.gate import Predictions
from prodml.training import code
from prodml.training import record as records
from prodml.training.params import HasParameters, plain_params

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from prodml.training.dataset import Dataset
    from prodml.training.splits import Split

__all__ = ["class_name", "code_record", "data_record", "params_record", "probe_of"]

_PROBE_ROWS = 32
_PROBE_NUMBERS = 256


def data_record(rows: Dataset) -> dict[str, object]:
    """Return fingerprint, dtypes and the digest of the rows whatever their order."""
    from prodml.fingerprint import fingerprint_frame

    found = fingerprint_frame(rows.frame)
    return {
        "digest": found.digest,
        "n_rows": found.n_rows,
        "columns": dict(found.columns),
        "dtypes": {str(name): str(kind) for name, kind in rows.frame.dtypes.items()},
        "index": found.index,
        "rows": rows_digest(rows.frame),
    }


def rows_digest(frame: pd.DataFrame) -> str | None:
    """Return a digest that the order of the rows and the index do not change.

    Parameters
    ----------
    frame : DataFrame
        Any.

    Returns
    -------
    str or None
        Of the sorted 64-bit hashes of the rows: it tells a shuffle from a change, and proves nothing
        against somebody who means to deceive. None where values cannot be hashed, such as lists.
    """
    import numpy as np
    import pandas as pd

    from prodml.fingerprint import sha256

    try:
        hashes = pd.util.hash_pandas_object(frame, index=False).to_numpy(dtype="<u8", copy=True)
    except (TypeError, ValueError, NotImplementedError):
        return None
    hashes.sort()
    return sha256(hashes.view(np.uint8).data)


def split_record(rows: Dataset, split: Split, settings: Mapping[str, object]) -> dict[str, object]:
    """Return how rows were set aside, and digests of which."""
    from prodml.fingerprint import fingerprint_array

    return {
        "kind": rows.split,
        "column": settings["split_column"],
        "test_size": settings["test_size"],
        "gap": rows.gap,
        "n_train": len(split.train),
        "n_test": len(split.test),
        "digest": fingerprint_array(split.test),
        "train_digest": fingerprint_array(split.train),
    }


def code_record(estimator: object, metrics: Mapping[str, object]) -> dict[str, object]:
    """Return digests of the estimator's parts, of metrics and of the project's loaded modules."""
    return {"parts": code.code_parts(estimator, metrics), "modules": code.project_modules()}


def params_record(estimator: object) -> dict[str, str]:
    """Return digests of those parameters that plain values cannot show: arrays, functions, objects."""
    from prodml.fingerprint import fingerprint_value

    if not isinstance(estimator, HasParameters):
        return {}
    found = {}
    for name, value in sorted(estimator.get_params(deep=True).items()):
        if _is_plain(value) or isinstance(value, HasParameters):
            continue
        try:
            found[name] = fingerprint_value(value)
        except ProdmlError:
            continue
    return found


def probe_of(model: object, inputs: pd.DataFrame) -> dict[str, object]:
    """Let the model speak about the first rows of its holdout, and keep what it says.

    Parameters
    ----------
    model : object
        Fitted.
    inputs : DataFrame
        The holdout.

    Returns
    -------
    dict
        ``n_rows``, the digests of ``labels`` and ``scores``, and up to 256 ``values`` (scores, or
        labels that are numbers), so that a later model can be compared within a tolerance.
    """
    import numpy as np

    from prodml.fingerprint import fingerprint_array

    said = Predictions.of(model, inputs.iloc[:_PROBE_ROWS])  # type: ignore[arg-type]
    numbers = said.scores if said.scores is not None else said.labels
    is_number = np.asarray(numbers).dtype.kind in "fiub"
    values = np.asarray(numbers, dtype=np.float64).ravel()[:_PROBE_NUMBERS] if is_number else ()
    return {
        "n_rows": len(said),
        "labels": fingerprint_array(said.labels),
        "scores": None if said.scores is None else fingerprint_array(said.scores),
        "values": [float(v) if math.isfinite(v) else None for v in values],
    }


def model_record(estimator: object, model: object) -> dict[str, object]:
    """Return what the estimator is, and the digest of what the finished model has learnt."""
    return {
        "class": class_name(estimator),
        "code": records.code_digest(estimator),
        "state": records.state_digest(model),
        "params": params_record(estimator),
    }


def predictions_digest(labels: NDArray[np.generic]) -> str:
    """Return the digest of the labels of the whole holdout."""
    import numpy as np

    from prodml.fingerprint import fingerprint_array

    # Texts as one array are digested at once; as objects each by itself, which is many times slower.
    is_text = labels.dtype == object and all(isinstance(label, str) for label in labels)
    return fingerprint_array(labels.astype(np.str_) if is_text else labels)


def class_name(estimator: object) -> str:
    """Return module and name of an object's class."""
    kind = type(estimator)
    return f"{kind.__module__}.{kind.__qualname__}"


def _is_plain(value: object) -> bool:
    shown = plain_params({"value": value})["value"]
    return not isinstance(shown, str) or isinstance(value, str | float)
