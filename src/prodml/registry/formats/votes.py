"""What a forest answers, asked of its compiled trees one after the other.

The arithmetic is that of scikit-learn's forests in its order, so every bit is the same. What is left
out is what they do once per tree around it (a joblib task, a check of the rows, a copy of the
configuration), which for eight rows takes twenty times as long as the trees themselves.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["forest_rows", "forest_votes"]


def forest_rows(model: Any, rows: Any) -> NDArray[np.float32] | None:
    """Return rows the way the trees of a forest take them; None for other models or odd rows."""
    if not _is_forest(model) or not _has_its_columns(model, rows):
        return None
    try:
        with np.errstate(over="ignore"):
            plain = np.ascontiguousarray(rows, dtype=np.float32)
    except (TypeError, ValueError):
        return None
    return plain if _fit(model, plain) else None


def forest_votes(model: Any, rows: Any) -> dict[str, NDArray[np.generic]] | None:
    """Return what a forest of one output answers, by method; None for other models and rows.

    Parameters
    ----------
    model : estimator
        Any.
    rows : ndarray of float32, shape (n_rows, n_features)
        Finite, as `forest_rows` makes them.
    """
    if not _is_forest(model) or not _fit(model, rows):
        return None
    is_classifier = hasattr(model, "classes_")
    width = model.n_classes_ if is_classifier else 1
    total = np.zeros((len(rows), width))
    for tree in model.estimators_:
        total += tree.tree_.predict(rows)[:, :width].reshape(total.shape)
    total /= len(model.estimators_)
    if not is_classifier:
        return {"predict": total[:, 0]}
    labels = model.classes_.take(np.argmax(total, axis=1), axis=0)
    return {"predict_proba": total, "predict": labels}


@lru_cache(maxsize=1)
def _forests() -> frozenset[type]:
    from sklearn import ensemble

    names = ("RandomForest", "ExtraTrees")
    return frozenset(
        getattr(ensemble, f"{name}{task}") for name in names for task in ("Classifier", "Regressor")
    )


def _is_forest(model: Any) -> bool:
    # Exactly these classes: a subclass may predict in a way of its own.
    return type(model) in _forests() and vars(model).get("n_outputs_") == 1


def _fit(model: Any, rows: Any) -> bool:
    good = isinstance(rows, np.ndarray) and rows.dtype == np.float32 and rows.flags.c_contiguous
    return bool(
        good and rows.shape == (len(rows), model.n_features_in_) and np.isfinite(rows).all()
    )


def _has_its_columns(model: Any, rows: Any) -> bool:
    names = vars(model).get("feature_names_in_")
    if hasattr(rows, "columns"):
        return names is not None and list(rows.columns) == list(names)
    return names is None and isinstance(rows, np.ndarray) and rows.ndim == 2
