"""Which number of a model is explained: its probability, its margin or its prediction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from prodml.errors import ConfigError

__all__ = ["Output", "OutputChoice", "OutputScale", "output_of"]

OutputScale: TypeAlias = Literal["probability", "margin", "prediction"]
OutputChoice: TypeAlias = Literal["auto", "probability", "margin"]

_METHODS: dict[OutputScale, str] = {
    "probability": "predict_proba",
    "margin": "decision_function",
    "prediction": "predict",
}


@attrs.frozen
class Output:
    """What is explained, as a function of the model's input.

    Parameters
    ----------
    scale : {"probability", "margin", "prediction"}
        What the numbers are.
    function : callable
        Maps the model's input to an array of shape (n_rows,) or (n_rows, n_outputs).
    classes : tuple of str
        Labels of a classifier.
    """

    scale: OutputScale
    function: Callable[[object], object]
    classes: tuple[str, ...]

    def __call__(self, table: object) -> NDArray[np.float64]:
        """Return the outputs, shape (n_rows, n_outputs)."""
        values = np.asarray(self.function(table), dtype=np.float64)
        return values[:, None] if values.ndim == 1 else values

    def names(self, n_outputs: int) -> tuple[str, ...]:
        """Return the name of each output."""
        if n_outputs == len(self.classes):
            return self.classes
        if n_outputs == 1:
            return self.classes[1:] if len(self.classes) == 2 else (self.scale,)
        return tuple(f"{self.scale} {k}" for k in range(n_outputs))


def output_of(model: object, choice: OutputChoice) -> Output:
    """Return what is to be explained of a model.

    Parameters
    ----------
    model : object
        A fitted model.
    choice : {"auto", "probability", "margin"}
        ``"auto"`` takes the margin where there is one, since boosted and linear models add up there;
        else the probability; of a regressor the prediction.

    Raises
    ------
    ConfigError
        If the model cannot predict, or not on this scale.
    """
    if choice not in ("auto", "probability", "margin"):
        raise ConfigError(f'output must be "auto", "probability" or "margin", got {choice!r}')
    if isinstance(model, type):
        raise ConfigError(f"a fitted model is needed, got the class {model.__name__}")
    if not callable(getattr(model, "predict", None)):
        raise ConfigError(f"a model with a predict method is needed, got {type(model).__name__}")
    scale = _scale(model, choice)
    function = getattr(model, _METHODS[scale], None)
    if not callable(function):
        raise ConfigError(
            f"{type(model).__name__} has no {_METHODS[scale]}, so there is no {scale} to explain. "
            'Leave it at output="auto"'
        )
    labels = getattr(model, "classes_", ())
    if any(isinstance(label, np.ndarray) for label in labels):
        raise ConfigError("a classifier of several targets cannot be explained; explain one by one")
    return Output(scale, function, tuple(map(str, labels)))


def _scale(model: object, choice: OutputChoice) -> OutputScale:
    if choice != "auto":
        return choice
    if callable(getattr(model, "decision_function", None)):
        return "margin"
    if callable(getattr(model, "predict_proba", None)):
        return "probability"
    if hasattr(model, "classes_"):
        raise ConfigError(
            f"{type(model).__name__} only gives labels; a probability or a margin is needed"
        )
    return "prediction"
