"""What a run records about its probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from prodml.errors import ConfigError
from prodml.gate import Predictions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["calibration_of"]


def calibration_of(
    truth: NDArray[np.generic], said: Predictions, *, seed: int
) -> dict[str, object] | None:
    """Return reliability curve, calibration errors and the parts of the Brier score.

    Parameters
    ----------
    truth : ndarray of shape (n,)
        What was true.
    said : Predictions
        Of the same rows.
    seed : int
        Of the intervals.

    Returns
    -------
    dict or None
        JSON-able: ``of`` (which probability: of the positive class, or of the class that was chosen),
        ``n_rows``, ``curve``, ``ece`` and ``adaptive_ece`` (value, low, high, by_chance), ``brier``
        (its parts). None where the model gives no probabilities.
    """
    from prodml.stats.calibration_scores import brier_parts, calibration_error, reliability

    pair = _pair(truth, said)
    if pair is None:
        return None
    happened, given, of = pair
    try:
        return {
            "of": of,
            "n_rows": len(given),
            "curve": reliability(happened, given).to_dict(),
            "ece": attrs.asdict(calibration_error(happened, given, bins="width", seed=seed)),
            "adaptive_ece": attrs.asdict(calibration_error(happened, given, seed=seed)),
            "brier": attrs.asdict(brier_parts(happened, given)),
        }
    except ConfigError:
        return None  # decision values, not probabilities


def _pair(
    truth: NDArray[np.generic], said: Predictions
) -> tuple[NDArray[np.float64], NDArray[np.float64], str] | None:
    import numpy as np

    if said.scores is None or said.classes is None:
        return None
    scores = np.asarray(said.scores, dtype=np.float64)
    if scores.ndim == 1:
        positive = said.classes[-1]
        return (truth == positive).astype(np.float64), scores, f"the class {positive}"
    chosen = np.asarray(said.classes)[scores.argmax(axis=1)]
    return (truth == chosen).astype(np.float64), scores.max(axis=1), "the class that was chosen"
