"""Training again, and saying how much of it is equal and which input is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast

import attrs

from prodml import display
from prodml.errors import ConfigError
from prodml.training.differences import Difference, differences
from prodml.training.results import TrainingRun

if TYPE_CHECKING:
    from prodml.training.trainer import Trainer

__all__ = ["Reproduced", "Reproduction", "reproduce"]

Verdict: TypeAlias = Literal["bytes", "state", "predictions", "tolerance", "different"]

_MEANING: Mapping[str, str] = {
    "bytes": "the same stored bytes",
    "state": "the same learnt state",
    "predictions": "the same predictions, to the last bit",
    "tolerance": "the same predictions within the tolerance",
    "different": "different predictions",
}


class Reproduced(Protocol):
    """What is trained again: a `TrainingRun`, or a version of a Registry."""

    @property
    def params(self) -> Mapping[str, object]:
        """The estimator's parameters."""
        ...


@attrs.frozen(repr=False, eq=False)
class Reproduction:
    """What came of training again; true if the model predicts the same.

    Parameters
    ----------
    verdict : {"bytes", "state", "predictions", "tolerance", "different"}
        The strongest of these that holds: equal stored bytes, equal learnt state, bit-equal
        predictions, predictions within a tolerance, or none.
    differs : tuple of Difference
        Inputs that are not what they were, in the order in which causes act. There may be some that
        made no difference to the result.
    run : TrainingRun
        The new training.
    largest_gap : float or None
        Between predictions that can be compared as numbers; 0 if they are equal.
    """

    verdict: Verdict
    differs: tuple[Difference, ...]
    run: TrainingRun
    largest_gap: float | None

    @property
    def first(self) -> Difference | None:
        """The first input that differs."""
        return self.differs[0] if self.differs else None

    def __bool__(self) -> bool:
        return self.verdict in ("bytes", "state", "predictions")

    def to_dict(self) -> dict[str, object]:
        """Return verdict and differences as plain values."""
        return {
            "verdict": self.verdict,
            "differs": [attrs.asdict(found) for found in self.differs],
            "largest_gap": self.largest_gap,
            "run_id": self.run.run_id,
        }

    def __repr__(self) -> str:
        if not self.differs:
            return f"{self._title()}\nno input differs"
        return display.text_table(self._rows(), self._headers(), title=self._title())

    def _repr_html_(self) -> str:
        return display.html_table(self._rows(), self._headers(), title=self._title())

    def _title(self) -> str:
        return f"trained again: {_MEANING[self.verdict]}"

    def _headers(self) -> list[str]:
        return ["input that differs", "before", "now"]

    def _rows(self) -> list[list[str]]:
        return [[found.what, found.before, found.after] for found in self.differs]


def reproduce(
    original: Reproduced,
    data: object,
    *,
    trainer: Trainer,
    digest_of: Callable[[object], str] | None = None,
    tolerance: float = 1e-6,
) -> Reproduction:
    """Train again and compare with what was recorded.

    Parameters
    ----------
    original : TrainingRun or ModelVersion
        What is to be reproduced; its record is read, its model only if it brings one.
    data : table
        The data it was trained on, as far as you know.
    trainer : Trainer
        Set up as it was then. If its `random_state` is None, the recorded seed is taken.
    digest_of : callable, optional
        Returns the digest of a model's stored bytes; compared with ``original.digest``.
    tolerance : float, default 1e-6
        Relative difference of predictions that still counts as ``"tolerance"``.

    Returns
    -------
    Reproduction

    Raises
    ------
    ConfigError
        If `original` has no record of a training, or an argument is of another kind.

    Notes
    -----
    Equal to the last bit is what one machine with the same packages and threads gives. Another
    processor or another linear algebra library may add numbers in another order; the differences
    then name it, and nobody can promise more.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from prodml.training import Trainer
    >>> data = {"x": np.arange(40.0), "y": np.arange(40) > 20}
    >>> trainer = Trainer(LogisticRegression(), target="y")
    >>> reproduce(trainer.fit(data), data, trainer=trainer).verdict
    'state'
    """
    from prodml.training.trainer import Trainer

    record = _record(original)
    if not isinstance(trainer, Trainer):
        raise ConfigError(f"trainer must be a Trainer, got a {type(trainer).__name__}")
    again = trainer.__sklearn_clone__()
    again.set_params(storage=None)
    if again.random_state is None:
        again.set_params(random_state=_root_seed(record))
    run = again.fit(data)
    found = differences(record, run.record, params=(original.params, run.params))
    gap = _largest_gap(original, record, run)
    verdict = _verdict(original, record, run, gap=gap, digest_of=digest_of, tolerance=tolerance)
    return Reproduction(verdict, tuple(found), run, gap)


def _record(original: object) -> Mapping[str, Any]:
    for name in ("record", "run"):  # of a training run, of a registered version
        found = getattr(original, name, None)
        if isinstance(found, Mapping) and "estimator" in found and "data" in found:
            return found
    raise ConfigError(
        "reproduce() takes a TrainingRun or a registered version of one; a "
        f"{type(original).__name__} has no record of a training"
    )


def _root_seed(record: Mapping[str, Any]) -> int | None:
    seeds = record.get("seeds")
    return seeds.get("root") if isinstance(seeds, Mapping) else None


def _verdict(
    original: object,
    record: Mapping[str, Any],
    run: TrainingRun,
    *,
    gap: float | None,
    digest_of: Callable[[object], str] | None,
    tolerance: float,
) -> Verdict:
    if digest_of is not None and getattr(original, "digest", None) == digest_of(run.estimator):
        return "bytes"
    before, after = record["estimator"], cast("Mapping[str, Any]", run.record["estimator"])
    is_same_data = record.get("split", {}).get("digest") == _split_digest(run)
    if before.get("state") is not None and before["state"] == after["state"] and is_same_data:
        return "state"
    if _predicts_the_same(original, record, run):
        return "predictions"
    return "tolerance" if gap is not None and gap <= tolerance else "different"


def _split_digest(run: TrainingRun) -> object:
    return cast("Mapping[str, Any]", run.record["split"])["digest"]


def _predicts_the_same(original: object, record: Mapping[str, Any], run: TrainingRun) -> bool:
    if isinstance(original, TrainingRun):
        names = _common_inputs(original, run)
        return names is not None and _probe(run, original, names) == _probe(original, original)
    keys = ("labels", "scores")
    before, after = record.get("probe") or {}, cast("Mapping[str, Any]", run.record["probe"])
    return all(key in before and before[key] == after[key] for key in keys)


def _common_inputs(original: TrainingRun, run: TrainingRun) -> list[str] | None:
    """Return the new model's inputs; None if the original's rows lack some."""
    names = list(run.schema.names)
    return names if set(names) <= set(original.schema.names) else None


def _probe(
    run: TrainingRun, original: TrainingRun, names: list[str] | None = None
) -> tuple[str, str | None]:
    """Digest what a run's model says about the rows that the original held out."""
    from prodml.fingerprint import fingerprint_array
    from prodml.gate import Predictions

    rows = original.holdout if names is None else original.holdout[names]
    said = Predictions.of(run.estimator, rows)
    scores = None if said.scores is None else fingerprint_array(said.scores)
    return fingerprint_array(said.labels), scores


def _largest_gap(original: object, record: Mapping[str, Any], run: TrainingRun) -> float | None:
    """Return the largest relative difference of the recorded predictions."""
    before = (record.get("probe") or {}).get("values")
    probe = cast("Mapping[str, Any]", run.record["probe"])
    if isinstance(original, TrainingRun):
        from prodml.training.evidence import probe_of

        names = _common_inputs(original, run)
        if names is None:
            return None
        probe = cast("Mapping[str, Any]", probe_of(run.estimator, original.holdout[names]))
    after = probe["values"]
    if not before or len(before) != len(after) or None in before or None in after:
        return None
    gaps = [abs(b - a) / max(1.0, abs(b)) for b, a in zip(before, after, strict=True)]
    return float(max(gaps))
