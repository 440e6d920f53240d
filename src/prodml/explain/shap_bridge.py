"""The one place that loads shap, and only when asked."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from shap import Explanation as ShapExplanation

    from prodml.explain.results import Explanation

__all__ = ["to_shap"]


def to_shap(explanation: Explanation) -> ShapExplanation:
    """Return a `shap.Explanation` with the same numbers."""
    shap_explanation = _shap_class()
    single = explanation.n_outputs == 1
    values = explanation.values[:, :, 0] if single else explanation.values
    base = explanation.base_values[0] if single else explanation.base_values
    bridged: ShapExplanation = shap_explanation(
        values=values,
        base_values=np.broadcast_to(base, (len(explanation), *np.shape(base))).copy(),
        data=explanation.data.to_numpy(),
        feature_names=list(explanation.feature_names),
        output_names=None if single else list(explanation.output_names),
    )
    return bridged


def _shap_class() -> Any:
    # Importing shap builds colour maps with calls that newer matplotlib and numpy warn of; nobody who
    # calls us can do anything about that.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from shap import Explanation
    return Explanation
