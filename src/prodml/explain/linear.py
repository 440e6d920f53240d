"""Linear models: the contribution of a column is its weight times its distance from the mean."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["LinearGame", "weights_of"]


@attrs.frozen
class LinearGame:
    """Exact interventional Shapley values of a linear model.

    Parameters
    ----------
    weights : ndarray, shape (n_outputs, n_encoded)
        Coefficients.
    intercept : ndarray, shape (n_outputs,)
        Constants.
    owners : ndarray of int, shape (n_encoded,)
        The player each column belongs to.
    n_players : int
        How many players there are.
    background : ndarray, shape (n_background, n_encoded)
        Rows whose mean is the base.

    Source
    ------
    Strumbelj & Kononenko 2014, section 2: phi_i = w_i (x_i - E x_i); sums over the columns of one
    player, which is exact because the model is additive.
    """

    weights: NDArray[np.float64]
    intercept: NDArray[np.float64]
    owners: NDArray[np.intp]
    n_players: int
    background: NDArray[np.float64]

    def predict(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the outputs, shape (n_rows, n_outputs)."""
        outputs: NDArray[np.float64] = rows @ self.weights.T + self.intercept
        return outputs

    @property
    def base(self) -> NDArray[np.float64]:
        """Mean output over the background, shape (n_outputs,)."""
        mean: NDArray[np.float64] = self.predict(self.background).mean(axis=0)
        return mean

    def contributions(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the contributions, shape (n_rows, n_players, n_outputs)."""
        away = rows - self.background.mean(axis=0)
        values = np.zeros((len(rows), self.n_players, len(self.weights)))
        for column, player in enumerate(self.owners):
            values[:, player] += away[:, column, None] * self.weights[:, column]
        return values


def weights_of(model: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return weights and intercept of a model that has them, as float64; None otherwise.

    Having a ``coef_`` does not make a model linear (Poisson regression has one), so whoever uses them
    compares with the model's own output.
    """
    weights = getattr(model, "coef_", None)
    if weights is None or not hasattr(model, "intercept_"):
        return None
    if hasattr(weights, "toarray"):  # SGDClassifier.sparsify()
        weights = weights.toarray()
    try:
        two_d = np.atleast_2d(np.asarray(weights, dtype=np.float64))
    except (TypeError, ValueError):
        return None
    intercept = np.broadcast_to(np.asarray(model.intercept_, dtype=np.float64), len(two_d))
    return two_d, intercept
