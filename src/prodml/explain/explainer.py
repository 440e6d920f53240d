"""Explainer: contributions of each column to each prediction of a model."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from prodml.errors import ConfigError, NotFittedError, ProdmlWarning, SchemaError
from prodml.explain.encoding import unwrapped
from prodml.explain.inputs import Inputs
from prodml.explain.methods import method_of, tolerance
from prodml.explain.outputs import OutputChoice, OutputScale, output_of
from prodml.explain.results import Explanation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Explainer"]


class Explainer:
    """Explain a fitted model: how much each column moved each prediction, and from where.

    Contributions are Shapley values: per row and output they add up, with the base value, to what the
    model says. The first of these that reproduces the model's own output is taken:

    ``trees``
        Decision trees, random forests, extra trees, gradient boosting and histogram gradient
        boosting of scikit-learn. Exact.
    ``linear``
        Anything that is a weighted sum on the scale explained. Exact.
    ``enumeration``
        Any other model of up to 12 columns that the budget allows. Exact.
    ``sampling``
        Any other model: random orders of the columns, with standard errors.

    Pipelines are explained in their raw columns: the columns of a one-hot encoding act as one. With a
    background, an absent column takes the values of the background rows; trees can also do without one and
    then follow the training rows down both sides of a split (path-dependent).

    Parameters
    ----------
    model : estimator
        Fitted; a scikit-learn estimator, Pipeline or search, or anything with ``predict`` and, for classifiers,
        ``predict_proba`` or ``decision_function``.
    background : table, optional
        Rows to compare with, as a rule from the training data. Needed by all but trees.
    output : {"auto", "probability", "margin"}, default "auto"
        Scale to explain. ``"auto"``: the margin (log-odds) where the model has one, else the probability; the
        prediction of a regressor.
    max_background : int, default 100
        Larger backgrounds are sampled down to so many rows, without replacement.
    random_state : int, default 0
        Seed of that sample and of random orders.
    feature_names : sequence of str, optional
        Names of columns, where the model was fitted without.
    budget : int, default 131072
        How often enumeration and sampling may ask the model per explained row; sampling asks at least
        ``4 * (n_columns - 1) * n_background`` times.

    Attributes
    ----------
    feature_names, output_names : tuple of str
        What is explained by what.
    output_scale : {"probability", "margin", "prediction"}
        Scale of contributions.
    base_values : ndarray, shape (n_outputs,)
        Where contributions start from: the mean output over the background, or over the training rows.
    method : str
        The method taken.
    is_exact : bool
        Whether contributions are exact to rounding.
    n_background : int
        Background rows used.

    Raises
    ------
    ConfigError
        If the model cannot be explained so.
    NotFittedError
        If the model is not fitted.
    SchemaError
        If the background does not fit the model.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 1.0]])
    >>> model = LinearRegression().fit(X, 2 * X[:, 0] - X[:, 1])
    >>> explainer = Explainer(model, background=X, feature_names=["size", "age"])
    >>> explanation = explainer.explain([{"size": 3.0, "age": 2.0}])
    >>> explanation.values.round(6).ravel().tolist(), explanation.base_values.round(6).tolist()
    ([3.0, -1.0], [2.0])
    >>> print(explanation.reasons(1)[0].text)
    size raises the prediction by 3
    """

    def __init__(
        self,
        model: object,
        *,
        background: object = None,
        output: OutputChoice = "auto",
        max_background: int = 100,
        random_state: int = 0,
        feature_names: Sequence[str] | None = None,
        budget: int = 2**17,
    ) -> None:
        for name, number in (("max_background", max_background), ("budget", budget)):
            if not isinstance(number, int | np.integer) or isinstance(number, bool) or number < 1:
                raise ConfigError(f"{name} must be a whole number at least 1, got {number!r}")
        self._output = output_of(model, output)
        _demand_fitted(model)
        self._inputs = Inputs.of(unwrapped(model), background, feature_names)
        sample = self._sample(background, max_background, random_state)
        self.n_background = 0 if sample is None else len(sample)
        if sample is not None:
            self._predict(sample, "background rows")
        self._method = method_of(
            model, self._inputs, self._output, sample, budget=budget, seed=random_state
        )
        self.base_values = self._method.base
        self.output_names = self._output.names(len(self.base_values))

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Columns in the model's order."""
        return self._inputs.names

    @property
    def output_scale(self) -> OutputScale:
        """Scale of contributions."""
        return self._output.scale

    @property
    def method(self) -> str:
        """The method taken."""
        return self._method.name

    @property
    def is_exact(self) -> bool:
        """Whether contributions are exact to rounding."""
        return self._method.is_exact

    def explain(self, rows: object) -> Explanation:
        """Explain rows.

        Parameters
        ----------
        rows : table, mapping or sequence of mappings
            Rows with the model's columns; others are left out. A single record may come bare.

        Returns
        -------
        Explanation
            Contributions of shape (n_rows, n_features, n_outputs).

        Raises
        ------
        SchemaError
            If a column is missing, or the model cannot predict these rows.

        Warns
        -----
        ProdmlWarning
            If contributions do not add up to the model's prediction within 1e-6 of its size.
        """
        frame = self._inputs.rows(rows)
        predictions = self._predict(frame, "rows")
        values, errors = self._method.contributions(frame)
        off = float(np.abs(self.base_values + values.sum(axis=1) - predictions).max())
        allowed = tolerance(predictions)
        if not off <= allowed:
            warnings.warn(
                f"contributions miss the model's prediction by up to {off:.3g} (allowed: {allowed:.3g}); "
                f"do not rely on them. Method: {self.method}",
                ProdmlWarning,
                stacklevel=2,
            )
        return Explanation(
            values=values,
            base_values=self.base_values,
            predictions=predictions,
            data=frame,
            feature_names=self.feature_names,
            output_names=self.output_names,
            output_scale=self.output_scale,
            method=self.method,
            is_exact=self.is_exact,
            standard_errors=errors,
            additivity_error=off,
        )

    def _sample(self, background: object, limit: int, random_state: int) -> pd.DataFrame | None:
        if background is None:
            return None
        frame = self._inputs.rows(background, what="background rows")
        if len(frame) <= limit:
            return frame
        if not isinstance(random_state, int) or random_state < 0:
            raise ConfigError("random_state must be a whole number of at least 0")
        rng = np.random.default_rng(random_state)
        chosen = np.sort(rng.choice(len(frame), size=limit, replace=False))
        return frame.iloc[chosen].reset_index(drop=True)

    def _predict(self, frame: pd.DataFrame, what: str) -> NDArray[np.float64]:
        try:
            return self._output(self._inputs.for_model(frame))
        except Exception as exc:  # noqa: BLE001  # models raise what they like, and may quote a cell
            kind = type(exc).__name__
        gaps = [name for name in frame.columns if frame[name].isna().any()]
        named = ", ".join(f'"{name}"' for name in gaps[:10])
        raise SchemaError(
            f"the model cannot predict the {what}: it raised a {kind}"
            + (f". Values are missing in {named}" if gaps else ""),
            column=gaps[0] if gaps else None,
        )

    def __repr__(self) -> str:
        outputs = ", ".join(self.output_names[:3]) + ("…" if len(self.output_names) > 3 else "")
        return (
            f"Explainer({self.method}; {self.output_scale} of {outputs} by "
            f"{len(self.feature_names)} columns, {self.n_background} background rows)"
        )


def _demand_fitted(model: object) -> None:
    from sklearn.exceptions import NotFittedError as SklearnNotFittedError
    from sklearn.utils.validation import check_is_fitted

    if not hasattr(model, "fit") or not hasattr(model, "get_params"):
        return  # not of scikit-learn's making, so it cannot be asked
    try:
        check_is_fitted(model)
    except SklearnNotFittedError as exc:
        raise NotFittedError(
            f"this {type(model).__name__} is not fitted yet: call fit first"
        ) from exc
