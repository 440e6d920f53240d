"""The expected calibration error as one number per model, for a gate's guardrail.

`prodml.stats.scores.SCORES` holds what ranks models; this one does not (a model that always says the base
rate has none), so it is kept apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from prodml.stats._aligned import Numbers
from prodml.stats.probability_scores import class_probabilities
from prodml.stats.scores import Score

__all__ = ["ECE", "chosen_class", "ece", "ece_weighted"]

_BINS = 10


def ece(y_true: ArrayLike, y_score: ArrayLike, *, classes: ArrayLike | None = None) -> float:
    """Return how far probabilities are from what happens, over ten bins of equal width.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels.
    y_score : array-like of shape (n,) or (n, k)
        Probabilities; of two classes the positive one's is judged, of more that of the class chosen.
    classes : array-like, optional
        All classes, sorted.

    Returns
    -------
    float
        Between 0 and 1; with few rows above 0 by chance alone, for both models alike.

    Notes
    -----
    Source: Naeini, Cooper & Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian
    binning".

    Examples
    --------
    >>> round(ece([0, 1, 1, 1], [0.25, 0.95, 0.95, 0.85]), 4)
    0.125
    """
    happened, given = chosen_class(y_true, y_score, classes)
    return float(ece_weighted(happened, given, np.ones((1, len(given))))[0])


def ece_weighted(happened: Numbers, given: Numbers, weights: Numbers) -> Numbers:
    """Return the error of rows drawn as often as `weights` of shape (b, n) say."""
    bins = np.minimum((given * _BINS).astype(np.intp), _BINS - 1)
    gaps = np.zeros((len(given), _BINS))
    gaps[np.arange(len(given)), bins] = happened - given
    found: Numbers = np.abs(weights @ gaps).sum(axis=1) / weights.sum(axis=1)
    return found


def chosen_class(
    y_true: ArrayLike, y_score: ArrayLike, classes: ArrayLike | None
) -> tuple[Numbers, Numbers]:
    """Return whether the class that is judged happened, and its probability."""
    codes, scores = class_probabilities(y_true, y_score, classes)
    chosen = np.ones(len(codes), dtype=np.intp) if scores.shape[1] == 2 else scores.argmax(axis=1)
    return (codes == chosen).astype(np.float64), scores[np.arange(len(codes)), chosen]


ECE = Score(
    "ece",
    ece,
    greater_is_better=False,
    needs="scores",
    task="classification",
    takes_classes=True,
)
"""The error as a score, for `Gate(guardrails={"ece": 0.01})`."""
