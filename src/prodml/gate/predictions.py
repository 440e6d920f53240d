"""What a model says about some rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

import attrs

from prodml.errors import ConfigError, NotFittedError, known_names
from prodml.ports.duck import check_methods

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Model", "Predictions", "Said", "predictions_of"]

Table = TypeVar("Table")
Rows_contra = TypeVar("Rows_contra", contravariant=True)


class Model(Protocol[Rows_contra]):
    """Anything that predicts; `predict_proba`, `decision_function` and `classes_` are used if there."""

    def predict(self, rows: Rows_contra, /) -> ArrayLike:
        """Return one label or number per row."""
        ...


Said: TypeAlias = "Predictions | Mapping[str, ArrayLike | None]"


def _given(values: ArrayLike) -> NDArray[np.generic]:
    import numpy as np

    return np.asarray(values)


def _optional(values: ArrayLike | None) -> NDArray[np.generic] | None:
    return None if values is None else _given(values)


@attrs.frozen(eq=False)
class Predictions:
    """What a model says about some rows.

    Parameters
    ----------
    labels : array-like of shape (n,)
        Predicted labels, or numbers for a regression.
    scores : array-like of shape (n,) or (n, k), optional
        Probabilities (or any scores, for ranking). One column speaks of the positive class, the
        last of the sorted ones; k columns of the classes in sorted order.
    classes : array-like of shape (k,), optional
        The classes the model knows, sorted; needed where rows and labels may lack some.

    Raises
    ------
    ConfigError
        On shapes that do not fit together.

    Examples
    --------
    >>> Predictions([0, 1], scores=[0.2, 0.9])
    Predictions(2 rows, with scores)
    """

    labels: NDArray[np.generic] = attrs.field(converter=_given)
    scores: NDArray[np.generic] | None = attrs.field(default=None, converter=_optional)
    classes: NDArray[np.generic] | None = attrs.field(default=None, converter=_optional)

    def __attrs_post_init__(self) -> None:
        if self.labels.ndim != 1:
            raise ConfigError(f"labels must have one dimension, got shape {self.labels.shape}")
        if self.scores is None:
            return
        if self.scores.ndim not in (1, 2) or len(self.scores) != len(self.labels):
            raise ConfigError(
                f"scores must have shape (n,) or (n, k) with n = {len(self.labels)} rows as the "
                f"labels have, got {self.scores.shape}"
            )

    @classmethod
    def of(cls, model: Model[Table], rows: Table) -> Predictions:
        """Let a fitted model speak about `rows`.

        Parameters
        ----------
        model : object
            With `predict`, and `predict_proba` or `decision_function` where it has scores.
        rows : DataFrame or array-like of shape (n, k)
            Whatever the model takes.

        Returns
        -------
        Predictions
            Of two classes the scores are the positive class's column.

        Raises
        ------
        ConfigError
            If it has no `predict`.
        NotFittedError
            If it is an estimator of scikit-learn that has not been fitted.
        """
        check_methods(model, "predict", what="model", such_as="LogisticRegression().fit(X, y)")
        try:
            labels = model.predict(rows)
        except Exception as exc:
            # By its name: knowing the class would need an import of scikit-learn.
            if type(exc).__name__ != "NotFittedError":
                raise
            raise NotFittedError(f"this {type(model).__name__} is not fitted yet") from exc
        classes = getattr(model, "classes_", None)
        scores = None if classes is None else _scores(model, rows)
        if scores is not None and scores.ndim == 2 and scores.shape[1] == 2:
            scores = scores[:, 1]
        return cls(labels, scores, classes)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, ArrayLike | None]) -> Predictions:
        """Read ``{"labels": …, "scores": …, "classes": …}``; all but the labels may be missing.

        Examples
        --------
        >>> Predictions.from_mapping({"labels": [1.5, 2.5]})
        Predictions(2 rows, labels only)
        """
        allowed = [field.name for field in attrs.fields(cls)]
        for name in mapping:
            if name not in allowed:
                raise ConfigError(f'predictions have no "{name}". {known_names(name, allowed)}')
        labels = mapping.get("labels")
        if labels is None:
            raise ConfigError('predictions need "labels": one per row')
        return cls(labels, mapping.get("scores"), mapping.get("classes"))

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        what = "labels only" if self.scores is None else "with scores"
        return f"Predictions({len(self)} rows, {what})"


def predictions_of(said: Said) -> Predictions:
    """Take predictions, or the mapping of them."""
    if isinstance(said, Predictions):
        return said
    if isinstance(said, Mapping):
        return Predictions.from_mapping(said)
    raise ConfigError(
        'predictions must be a Predictions or a mapping with "labels" and "scores", '
        f"got {type(said).__name__}"
    )


def _scores(model: Model[Table], rows: Table) -> NDArray[np.generic] | None:
    # A method may be there and still refuse, as SVC's does without probability=True: sklearn
    # hides it from hasattr then.
    for method in ("predict_proba", "decision_function"):
        if hasattr(model, method):
            return _given(getattr(model, method)(rows))
    return None
