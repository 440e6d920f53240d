"""Parts of the holdout by column, by function or by mask, each with its own scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from prodml import display
from prodml.errors import ConfigError, SchemaError, known_names
from prodml.gate import Predictions
from prodml.training.ground import Ground
from prodml.training.scoring import Scoring, as_codes, score_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from prodml.stats.scores import Score
    from prodml.training.dataset import Dataset
    from prodml.training.splits import Split

__all__ = ["SliceOf", "SliceScores", "Slices", "score_slices"]

SliceOf: TypeAlias = "str | Callable[[pd.DataFrame], ArrayLike] | ArrayLike"
Slices: TypeAlias = "Sequence[str | Callable[[pd.DataFrame], ArrayLike]] | Mapping[str, SliceOf]"

SMALL = 30  # rows below which a slice is warned of
_N_BINS = 4  # of numbers and times
_FEW = 8  # distinct numbers up to which each is a slice of its own
_MOST = 20  # levels; the rarer ones are one slice together


class SliceScores(NamedTuple):
    """The slices of a run.

    Parameters
    ----------
    slices : list of dict
        ``{"slice": text, "n_rows": int, "metrics": {name: {"value", "low", "high"}}}``, JSON-able.
    weak : list of str
        Slices whose interval of some score lies wholly on the worse side of the whole holdout.
    small : list of str
        Slices of fewer than 30 rows.
    """

    slices: list[dict[str, object]]
    weak: list[str]
    small: list[str]


def score_slices(slices: Slices, ground: Ground, said: Predictions) -> SliceScores:
    """Score the holdout slice by slice.

    Parameters
    ----------
    slices : sequence or mapping
        Names of columns; functions of the table that return a mask, or a level per row; masks and
        levels by name.
    ground : Ground
        The holdout, and the training rows, from whose quartiles numbers get their bins; the scores,
        of which those that a slice is too small for are left out there; the seed of the intervals.
    said : Predictions
        Of the holdout.

    Returns
    -------
    SliceScores

    Raises
    ------
    ConfigError
        If a slice is of another kind, or speaks of other rows.
    SchemaError
        If there is no column of a name.
    """
    rows, split, scoring = ground.rows, ground.split, ground.scoring
    truth = rows.target[split.test]
    whole = {score.name: _value(score, truth, said) for score in scoring.scores}
    found: list[dict[str, object]] = []
    weak, small = [], []
    for name, mask in _masks(slices, rows, split):
        if not mask.any():
            continue
        part = Predictions(
            said.labels[mask], None if said.scores is None else said.scores[mask], said.classes
        )
        metrics = _scored(scoring, truth[mask], part, ground.seeds["intervals"])
        n_rows = int(mask.sum())
        found.append({"slice": name, "n_rows": n_rows, "metrics": metrics})
        if n_rows < SMALL:
            small.append(f"{name} ({n_rows} rows)")
        if any(_is_worse(score, metrics, whole) for score in scoring.scores):
            weak.append(name)
    return SliceScores(found, weak, small)


def _value(score: Score, truth: NDArray[np.generic], said: Predictions) -> float | None:
    try:
        columns = score_columns(score, *as_codes(score, truth, said))
        return score(*columns[:2], classes=columns[2])
    except ConfigError:
        return None


def _scored(
    scoring: Scoring, truth: NDArray[np.generic], said: Predictions, seed: int
) -> dict[str, dict[str, float | None]]:
    from prodml.stats.scores_interval import score_interval

    metrics: dict[str, dict[str, float | None]] = {}
    for score in scoring.scores:
        try:
            true, values, classes = score_columns(score, *as_codes(score, truth, said))
            found = score_interval(score, true, values, classes=classes, seed=seed)
        except ConfigError:
            continue  # a slice may lack a class
        metrics[score.name] = {k: _finite(v) for k, v in found._asdict().items()}
    return metrics


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _is_worse(
    score: Score, metrics: dict[str, dict[str, float | None]], whole: dict[str, float | None]
) -> bool:
    here, all_of_it = metrics.get(score.name), whole[score.name]
    if here is None or all_of_it is None:
        return False
    bound = here["high"] if score.greater_is_better else here["low"]
    if bound is None:
        return False
    return bound < all_of_it if score.greater_is_better else bound > all_of_it


def _masks(slices: Slices, rows: Dataset, split: Split) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    for name, source in _named(slices):
        values = _values(name, source, rows.frame)
        if str(values.dtype) in ("bool", "boolean") and not isinstance(source, str):
            yield name, values.fillna(False).to_numpy(dtype=bool)[split.test]
        else:
            yield from _levels(name, values.iloc[split.train], values.iloc[split.test])


def _named(slices: Slices) -> list[tuple[str, Any]]:
    if isinstance(slices, Mapping):
        return [(str(name), source) for name, source in slices.items()]
    if isinstance(slices, str) or not isinstance(slices, Sequence):
        raise ConfigError(
            'slices must be a list of columns and functions, such as ["sex", "age"], or a mapping '
            f"of names to these or to masks, got a {type(slices).__name__}"
        )
    for source in slices:
        if not isinstance(source, str) and not callable(source):
            raise ConfigError(
                "a slice is the name of a column or a function of the table; a mask needs a name: "
                f'slices={{"name": mask}}. Got a {type(source).__name__}'
            )
    return [(s if isinstance(s, str) else str(getattr(s, "__name__", s)), s) for s in slices]


def _values(name: str, source: Any, frame: pd.DataFrame) -> pd.Series:
    import pandas as pd

    if isinstance(source, str):
        if source not in frame.columns:
            known = [str(c) for c in frame.columns]
            raise SchemaError(
                f'no column "{source}" for slices=. {known_names(source, known)}',
                column=source,
                known=known,
            )
        return frame[source]
    found: Any = source(frame) if callable(source) else source
    values = found if isinstance(found, pd.Series) else pd.Series(found)
    if len(values) != len(frame):
        raise ConfigError(
            f'the slice "{name}" must have one value per row of the table: {len(values)} values '
            f"for {len(frame)} rows"
        )
    return values.set_axis(frame.index)


def _levels(
    name: str, before: pd.Series, here: pd.Series
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    from prodml.tables import kind_of

    kind = kind_of(before)
    numeric = kind in ("number", "integer", "time")
    if numeric and before.nunique() > _FEW:
        yield from _bins(name, before, here, is_time=kind == "time")
    else:
        yield from _each(name, here)
    missing = here.isna().to_numpy(dtype=bool)
    if missing.any():
        yield f"{name} is missing", missing


def _each(name: str, here: pd.Series) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    counts = here.astype(object).value_counts()
    levels = sorted(counts.index[:_MOST], key=str)
    for level in levels:
        yield f"{name} = {level}", (here == level).fillna(False).to_numpy(dtype=bool)
    if len(counts) > _MOST:
        others = ~here.isin(levels).to_numpy(dtype=bool) & ~here.isna().to_numpy(dtype=bool)
        yield f"{name}: {len(counts) - _MOST} rarer ones", others


def _bins(
    name: str, before: pd.Series, here: pd.Series, *, is_time: bool
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    import numpy as np
    import pandas as pd

    if is_time:  # a column of objects may hold times too
        before, here = pd.to_datetime(before), pd.to_datetime(here)
    shares = np.arange(1, _N_BINS) / _N_BINS
    edges = list(dict.fromkeys(before.dropna().quantile(shares).tolist()))
    texts = [f"{e:%Y-%m-%d}" if is_time else display.number(e) for e in edges]
    for i in range(len(edges) + 1):
        mask = here.notna()
        words = [name]
        if i > 0:
            mask, words = mask & (here >= edges[i - 1]), [texts[i - 1], "≤", name]
        if i < len(edges):
            mask, words = mask & (here < edges[i]), [*words, "<", texts[i]]
        yield " ".join(words), mask.fillna(False).to_numpy(dtype=bool)
