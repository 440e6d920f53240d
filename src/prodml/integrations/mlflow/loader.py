"""What `mlflow.pyfunc.load_model` calls for a folder that `export_model` wrote in the inert format.

The name and the signature of `_load_pyfunc` are MLflow's. The model is checked as every load of a
registry checks it, and nothing in the file is run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["InertModel"]


@attrs.frozen
class InertModel:
    """A model that predicts, as MLflow's generic model wraps it.

    Parameters
    ----------
    estimator : estimator
        Restored.
    """

    estimator: Any

    def predict(
        self, rows: pd.DataFrame | np.ndarray, params: dict[str, Any] | None = None
    ) -> np.ndarray:
        """Return one prediction per row; MLflow's `params` are not for this model."""
        del params
        if not hasattr(self.estimator, "feature_names_in_"):
            # Taught without names; asked with names it would only warn.
            rows = getattr(rows, "to_numpy", lambda: rows)()
        answers: np.ndarray = self.estimator.predict(rows)
        return answers


def _load_pyfunc(path: str) -> InertModel:
    from prodml.registry.formats import inert

    return InertModel(inert.loads(Path(path).read_bytes()))
