"""What an Explainer gives: contributions, the most important columns, reasons in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from prodml.display import html_table, number, percent, text_table
from prodml.errors import ConfigError, UnknownNameError
from prodml.explain.outputs import OutputScale
from prodml.ports.duck import is_number

if TYPE_CHECKING:
    import pandas as pd
    from shap import Explanation as ShapExplanation

__all__ = ["Explanation", "Importance", "Reason"]

Array = NDArray[np.float64]
PlotKind = Literal["bar", "waterfall", "beeswarm"]
Direction = Literal["raises", "lowers"]


@attrs.frozen
class Reason:
    """One reason for one prediction.

    Parameters
    ----------
    feature : str
        The column.
    contribution : float
        By how much it moved the output, on the explanation's scale.
    direction : {"raises", "lowers"}
        Which way.
    text : str
        The reason as a sentence, without a stop.
    """

    feature: str
    contribution: float
    direction: Direction
    text: str

    def to_dict(self) -> dict[str, object]:
        """Return everything, JSON-able."""
        return attrs.asdict(self)


@attrs.frozen(repr=False, eq=False)
class Importance:
    """Mean absolute contribution of each column, the largest first.

    Parameters
    ----------
    features : tuple of str
        Columns.
    scores : ndarray, shape (n_features,)
        Mean over the rows of the absolute contribution, averaged over outputs.
    """

    features: tuple[str, ...]
    scores: Array

    @property
    def shares(self) -> Array:
        """Scores as shares of their sum; zeros if nothing contributes."""
        total = self.scores.sum()
        return self.scores / total if total > 0 else np.zeros_like(self.scores)

    def to_dict(self) -> dict[str, float]:
        """Return feature to score, JSON-able."""
        return {name: float(x) for name, x in zip(self.features, self.scores, strict=True)}

    def __repr__(self) -> str:
        return text_table(self._rows(), ("feature", "mean |contribution|", "share"))

    def _repr_html_(self) -> str:
        return html_table(self._rows(), ("feature", "mean |contribution|", "share"))

    def _rows(self) -> list[tuple[str, float, str]]:
        rows = zip(self.features, self.scores.tolist(), self.shares.tolist(), strict=True)
        return [(name, score, percent(share)) for name, score, share in rows]


@attrs.frozen(repr=False, eq=False)
class Explanation:
    """Contributions of every column to every output of every row.

    ``base_values + values.sum(axis=1)`` is `predictions`, to rounding. The repr and `to_dict` show no cell
    of the data.

    Parameters
    ----------
    values : ndarray of float64, shape (n_rows, n_features, n_outputs)
        Contributions; always three axes.
    base_values : ndarray of float64, shape (n_outputs,)
        Where they start from.
    predictions : ndarray of float64, shape (n_rows, n_outputs)
        What the model says.
    data : DataFrame
        The rows, columns in the model's order.
    feature_names, output_names : tuple of str
        Names of the second and third axis.
    output_scale : {"probability", "margin", "prediction"}
        Scale of all numbers.
    method : str
        How they were computed.
    is_exact : bool
        Whether they are exact to rounding.
    standard_errors : ndarray or None
        Of `values`, where they are estimates.
    additivity_error : float
        Largest distance of the sums from the predictions.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from prodml.explain import Explainer
    >>> X = np.array([[20.0, 1.0], [30.0, 0.0], [40.0, 1.0], [50.0, 0.0]])
    >>> model = DecisionTreeRegressor(random_state=0).fit(X, [1.0, 1.0, 5.0, 5.0])
    >>> explanation = Explainer(model, feature_names=["age", "sex"]).explain(X[3:])
    >>> explanation
    Explanation of 1 row: prediction, exact (trees, path-dependent)
    contribution  prediction
    ────────────  ──────────
    (base)                 3
    age                    2
    sex                    0
    (prediction)           5
    >>> [reason.text for reason in explanation.reasons()]
    ['age raises the prediction by 2']
    >>> explanation.importance().to_dict()
    {'age': 2.0, 'sex': 0.0}
    """

    values: Array
    base_values: Array
    predictions: Array
    data: pd.DataFrame
    feature_names: tuple[str, ...]
    output_names: tuple[str, ...]
    output_scale: OutputScale
    method: str
    is_exact: bool
    standard_errors: Array | None
    additivity_error: float

    def __len__(self) -> int:
        return len(self.values)

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return int(self.values.shape[2])

    def for_output(self, output: int | str) -> Explanation:
        """Return the explanation of one output; the axis stays.

        Parameters
        ----------
        output : int or str
            Position, or name.

        Raises
        ------
        UnknownNameError
            If there is no such output.
        """
        k = self._position(output)
        one = slice(k, k + 1)
        errors = self.standard_errors
        return attrs.evolve(
            self,
            values=self.values[:, :, one],
            base_values=self.base_values[one],
            predictions=self.predictions[:, one],
            output_names=self.output_names[one],
            standard_errors=None if errors is None else errors[:, :, one],
        )

    def reasons(
        self,
        k: int = 3,
        *,
        row: int | None = None,
        output: int | str | None = None,
        direction: Direction | None = None,
        dictionary: Mapping[str, str] | None = None,
        show_values: bool = False,
    ) -> list[Reason]:
        """Return the strongest reasons for one prediction, the strongest first.

        Parameters
        ----------
        k : int, default 3
            How many at most; columns that contribute nothing are no reason.
        row : int, optional
            Which row; may be left out if there is one.
        output : int or str, optional
            Which output. Default: the only one; of two classes the second; of more the predicted one.
        direction : {"raises", "lowers"}, optional
            Only reasons of this direction, such as those against an applicant.
        dictionary : mapping of str to str, optional
            What to call columns.
        show_values : bool, default False
            Whether the text quotes the row's value. Off, so that reasons can be logged.

        Returns
        -------
        list of Reason
            Ties stand in the order of the columns.

        Raises
        ------
        ConfigError
            If `k` is not at least 1, `row` is not in the explanation, or `dictionary` names an unknown
            column.
        """
        if not isinstance(k, int) or k < 1:
            got = k if is_number(k) else f"a {type(k).__name__}"
            raise ConfigError(f"k must be a whole number of at least 1, got {got}")
        at = self._row(row)
        place = self._default_output(at) if output is None else self._position(output)
        names = self._labels(dictionary or {})
        values = self.values[at, :, place]
        # Rounding must not decide: what differs after the 12th digit only is a tie.
        strength = np.array([float(f"{abs(value):.12g}") for value in values])
        order = np.argsort(-strength, kind="stable")
        wanted = {"raises": values > 0, "lowers": values < 0, None: values != 0}[direction]
        return [
            self._reason(at, i, place, names[i], show_values=show_values)
            for i in order[wanted[order]][:k].tolist()
        ]

    def importance(self, output: int | str | None = None) -> Importance:
        """Return the mean absolute contribution of each column over the rows.

        Parameters
        ----------
        output : int or str, optional
            Which output; default: the mean over all.

        Returns
        -------
        Importance
        """
        chosen = self if output is None else self.for_output(output)
        values = chosen.values  # noqa: PD011  # no pandas object
        scores = np.abs(values).mean(axis=(0, 2))
        order = np.argsort(-scores, kind="stable")
        return Importance(tuple(self.feature_names[i] for i in order), scores[order])

    def plot(
        self,
        kind: PlotKind = "bar",
        *,
        row: int | None = None,
        output: int | str | None = None,
        max_features: int = 10,
    ) -> str:
        """Draw the explanation.

        Parameters
        ----------
        kind : {"bar", "waterfall", "beeswarm"}, default "bar"
            ``"bar"``: mean absolute contribution; ``"waterfall"``: from the base to one prediction;
            ``"beeswarm"``: each row's contribution, coloured by the column's value.
        row : int, optional
            Which row a waterfall is for; may be left out if there is one.
        output : int or str, optional
            Which output; default as in `reasons`, for many rows the last.
        max_features : int, default 10
            The most important columns that are drawn; the rest is summed up or left out.

        Returns
        -------
        str
            An ``<svg>`` element.

        Raises
        ------
        ConfigError
            If `kind` is unknown.
        """
        from prodml.explain import pictures

        if max_features < 1:
            raise ConfigError(f"max_features must be at least 1, got {max_features}")
        if kind == "bar":
            return pictures.bar(self, self.importance(output), max_features)
        if kind == "waterfall":
            at = self._row(row)
            k = self._default_output(at) if output is None else self._position(output)
            return pictures.waterfall(self, at, k, max_features)
        if kind == "beeswarm":
            k = self.n_outputs - 1 if output is None else self._position(output)
            return pictures.beeswarm(self, k, max_features)
        raise ConfigError(f'kind must be "bar", "waterfall" or "beeswarm", got {kind!r}')

    def to_shap(self) -> ShapExplanation:
        """Return a `shap.Explanation`, with the output axis dropped where there is one output."""
        from prodml.explain.shap_bridge import to_shap

        return to_shap(self)

    def to_dict(self) -> dict[str, object]:
        """Return everything but the data, JSON-able."""
        errors = self.standard_errors
        return {
            "feature_names": list(self.feature_names),
            "output_names": list(self.output_names),
            "output_scale": self.output_scale,
            "method": self.method,
            "is_exact": self.is_exact,
            "base_values": self.base_values.tolist(),
            "predictions": self.predictions.tolist(),
            "values": self.values.tolist(),
            "standard_errors": None if errors is None else errors.tolist(),
            "additivity_error": self.additivity_error,
        }

    def __repr__(self) -> str:
        rows, headers = self._table()
        return text_table(rows, headers, title=self._title())

    def _repr_html_(self) -> str:
        rows, headers = self._table()
        return html_table(rows, headers, title=self._title())

    def _title(self) -> str:
        exact = "exact" if self.is_exact else "estimated"
        n = len(self)
        rows = f"{n:,} row{'s' * (n != 1)}"
        return f"Explanation of {rows}: {self.output_scale}, {exact} ({self.method})"

    def _table(self) -> tuple[list[list[object]], list[str]]:
        """One row: its contributions, base and prediction. Many: mean absolute contributions."""
        single = len(self) == 1
        cells = self.values[0] if single else np.abs(self.values).mean(axis=0)
        order = np.argsort(-np.abs(cells).sum(axis=1), kind="stable")
        rows: list[list[object]] = [[self.feature_names[i], *cells[i].tolist()] for i in order]
        if single:
            rows.insert(0, ["(base)", *self.base_values.tolist()])
            rows.append(["(prediction)", *self.predictions[0].tolist()])
        first = "contribution" if single else "mean |contribution|"
        return rows, [first, *self.output_names]

    def _position(self, output: int | str) -> int:
        if isinstance(output, str) and output in self.output_names:
            return self.output_names.index(output)
        if not isinstance(output, str) and -self.n_outputs <= output < self.n_outputs:
            return int(output) % self.n_outputs
        raise UnknownNameError("output", str(output), self.output_names)

    def _row(self, row: int | None) -> int:
        n = len(self)
        if row is None and n == 1:
            return 0
        if row is None:
            raise ConfigError(f"say which row: row= 0 to {n - 1}")
        if not -n <= row < n:
            raise ConfigError(f"row must lie in 0 to {n - 1}, got {row}")
        return row % n

    def _default_output(self, row: int) -> int:
        return int(self.predictions[row].argmax()) if self.n_outputs > 2 else self.n_outputs - 1

    def _labels(self, dictionary: Mapping[str, str]) -> list[str]:
        for name in dictionary:
            if name not in self.feature_names:
                raise UnknownNameError("feature", name, self.feature_names)
        return [dictionary.get(name, name) for name in self.feature_names]

    def _reason(self, row: int, i: int, k: int, label: str, *, show_values: bool) -> Reason:
        value = float(self.values[row, i, k])
        direction: Direction = "raises" if value > 0 else "lowers"
        shown = f"{label} = {_shown(self.data.iloc[row, i])}" if show_values else label
        what = self.output_scale
        named = "" if self.output_names[k] == what else f" of {self.output_names[k]}"
        text = f"{shown} {direction} the {what}{named} by {number(abs(value), 3)}"
        return Reason(self.feature_names[i], value, direction, text)


def _shown(value: object) -> str:
    return number(value, 4) if isinstance(value, int | float | np.number) else str(value)
