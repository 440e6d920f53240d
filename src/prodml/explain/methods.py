"""Which way a model is explained: the first of these that is proven to reproduce its output.

trees, linear (both on raw columns through an encoding), enumeration, sampling.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import attrs
import numpy as np
from numpy.typing import NDArray

from prodml.errors import ConfigError
from prodml.explain.coalitions import MAX_ENUMERATED, MixedRows, enumerated, n_sweeps, sampled
from prodml.explain.encoding import Encoding, encoding_of
from prodml.explain.histogram import histogram_trees
from prodml.explain.inputs import Inputs
from prodml.explain.leaves import leaf_blocks
from prodml.explain.linear import LinearGame, weights_of
from prodml.explain.outputs import Output
from prodml.explain.tree_game import TreeGame

if TYPE_CHECKING:
    import pandas as pd

    from prodml.trees import TreeEnsemble

__all__ = ["Method", "method_of", "tolerance"]

Array = NDArray[np.float64]


class _Game(Protocol):
    """An additive way to explain encoded rows."""

    @property
    def base(self) -> Array: ...
    def predict(self, rows: Array) -> Array: ...
    def contributions(self, rows: Array) -> Array: ...


@attrs.frozen(eq=False)
class Method:
    """How rows are explained.

    Parameters
    ----------
    name : str
        For people.
    is_exact : bool
        Whether the contributions are Shapley values to rounding, not estimates.
    base : ndarray, shape (n_outputs,)
        Where the contributions start from.
    contributions : callable
        Frame to (values, standard errors or None).
    """

    name: str
    is_exact: bool
    base: Array
    contributions: Callable[[pd.DataFrame], tuple[Array, Array | None]]


def tolerance(outputs: Array) -> float:
    """Return by how much outputs may differ and still be the same; 1e-6 of their size, at least of 1."""
    return 1e-6 * max(1.0, float(np.abs(outputs).max(initial=0.0)))


def method_of(
    model: object,
    inputs: Inputs,
    output: Output,
    background: pd.DataFrame | None,
    *,
    budget: int,
    seed: int,
) -> Method:
    """Return the best method for a model.

    Raises
    ------
    ConfigError
        If the model needs a background and there is none.
    """
    encoding, final = encoding_of(model, len(inputs.names))
    if encoding is not None:
        found = _additive(encoding, final, inputs, output, background)
        if found is not None:
            return found
    if background is None:
        raise ConfigError(
            f"a {type(final).__name__} on the scale of its {output.scale} needs rows to compare with: "
            "pass background=, for instance a hundred rows of the training data"
        )
    return _agnostic(inputs, output, background, budget=budget, seed=seed)


def _additive(
    encoding: Encoding,
    final: object,
    inputs: Inputs,
    output: Output,
    background: pd.DataFrame | None,
) -> Method | None:
    table = None if background is None else inputs.for_model(background)
    try:
        encoded = None if table is None else encoding(table)
    except (TypeError, ValueError):  # text that only the final model understands
        return None
    kind = "interventional" if background is not None else "path-dependent"
    for name, game in (
        (f"trees, {kind}", _tree_game(final, output, encoding, inputs, encoded)),
        ("linear", _linear_game(final, encoding, inputs, encoded)),
    ):
        if game is None:
            continue
        if encoded is not None and not _agrees(game, encoded, output(table)):
            continue
        return _of_game(name, game, encoding, inputs)
    return None


def _agrees(game: _Game, encoded: Array, outputs: Array) -> bool:
    predicted = game.predict(encoded)
    if predicted.shape != outputs.shape:
        return False
    return bool(np.abs(predicted - outputs).max() <= tolerance(outputs))


def _of_game(name: str, game: _Game, encoding: Encoding, inputs: Inputs) -> Method:
    def contributions(rows: pd.DataFrame) -> tuple[Array, None]:
        return game.contributions(encoding(inputs.for_model(rows))), None

    grouped = ", encoded columns grouped" if encoding.is_grouped else ""
    return Method(name + grouped, True, game.base, contributions)


def _tree_game(
    final: Any, output: Output, encoding: Encoding, inputs: Inputs, encoded: Array | None
) -> TreeGame | None:
    owners, n_players = encoding.owners, len(inputs.names)
    histogram = histogram_trees(final)
    if histogram is not None:
        blocks = leaf_blocks(histogram, histogram.value, owners)
        if blocks is None or output.scale == "probability":
            return None
        return TreeGame(blocks, histogram.base, n_players, encoded, is_single=False)
    from prodml.trees import TreeEnsemble

    try:
        trees = TreeEnsemble.from_estimator(final)
    except ConfigError:
        return None
    if (trees.link == "shares") != (output.scale == "probability"):
        return None
    blocks = leaf_blocks(trees, _leaf_values(trees), owners)
    return None if blocks is None else TreeGame(blocks, trees.base, n_players, encoded)


def _leaf_values(trees: TreeEnsemble) -> Array:
    if trees.combine != "sum":
        shares: Array = trees.value / trees.n_trees
        return shares
    sizes = np.diff(trees.offsets)
    output = np.repeat(np.arange(trees.n_trees) % trees.n_raw, sizes)
    values = np.zeros((trees.n_nodes, trees.n_raw))
    values[np.arange(trees.n_nodes), output] = trees.scale * trees.value[:, 0]
    return values


def _linear_game(
    final: object, encoding: Encoding, inputs: Inputs, encoded: Array | None
) -> LinearGame | None:
    found = weights_of(final)
    if found is None or encoded is None:
        return None
    weights, intercept = found
    if weights.shape[1] != encoded.shape[1]:
        return None
    return LinearGame(weights, intercept, encoding.owners, len(inputs.names), encoded)


def _agnostic(
    inputs: Inputs, output: Output, background: pd.DataFrame, *, budget: int, seed: int
) -> Method:
    game = MixedRows(lambda frame: output(inputs.for_model(frame)), background)
    base = game.function(background).mean(axis=0)
    d, m = game.n_players, len(background)
    if d == 1 or (d <= MAX_ENUMERATED and 2**d * m <= budget):
        return Method(
            "enumeration", True, base, lambda rows: (_by_row(enumerated, game, rows), None)
        )
    sweeps = n_sweeps(budget, d, m)

    def estimated(rows: pd.DataFrame) -> tuple[Array, Array]:
        # Each row sees the same orders: what it gets does not depend on the rows around it.
        pairs = [
            sampled(game, rows.iloc[i : i + 1], sweeps=sweeps, rng=np.random.default_rng(seed))
            for i in range(len(rows))
        ]
        return np.stack([v for v, _ in pairs]), np.stack([e for _, e in pairs])

    return Method(f"permutation sampling, {sweeps} pairs of orders", False, base, estimated)


def _by_row(
    function: Callable[[MixedRows, pd.DataFrame], Array], game: MixedRows, rows: pd.DataFrame
) -> Array:
    return np.stack([function(game, rows.iloc[i : i + 1]) for i in range(len(rows))])
