"""A classifier that repeats what others said; only this module and `finishing` know of it.

It imports scikit-learn, so it is loaded late.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

__all__ = ["Replay"]


class Replay(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Answers with the recorded value of the row whose number is in the first column.

    Parameters
    ----------
    responses : ndarray of shape (n,) or (n, k)
        What was said.
    classes : ndarray of shape (k,)
        Of which classes.
    """

    def __init__(self, responses: NDArray[np.float64], classes: NDArray[np.generic]) -> None:
        self.responses = responses
        self.classes = classes

    @classmethod
    def of(cls, model: object, responses: NDArray[np.float64]) -> Replay:
        """Return one that has the one method that the model would be asked by."""
        kind = _Decides if hasattr(model, "decision_function") else _Weighs
        return kind(responses, model.classes_)  # type: ignore[attr-defined]

    @property
    def classes_(self) -> NDArray[np.generic]:
        """The classes, where scikit-learn looks for them."""
        return self.classes

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:  # noqa: ARG002
        """Return itself."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, X: ArrayLike) -> NDArray[np.generic]:
        """Return the likeliest class; scikit-learn asks that it be there."""
        said = self._said(X)
        best = (said > 0).astype(np.intp) if said.ndim == 1 else said.argmax(axis=1)
        labels: NDArray[np.generic] = self.classes[best]
        return labels

    def _said(self, X: ArrayLike) -> NDArray[np.float64]:
        return self.responses[np.asarray(X)[:, 0].astype(np.intp)]


class _Decides(Replay):
    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the recorded decision values."""
        return self._said(X)


class _Weighs(Replay):
    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the recorded probabilities."""
        return self._said(X)
