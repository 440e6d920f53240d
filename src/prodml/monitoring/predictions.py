"""PredictionLog: predictions now, outcomes later, joined by id."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from prodml.errors import ConfigError, ConflictError, UnknownNameError
from prodml.journal import Blobs, Journal, Rows
from prodml.monitoring.performance import Performance, measure
from prodml.ports import Clock, Storage, utc_now
from prodml.ports.clock import check_aware

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LoggedPrediction", "OutcomeReceipt", "PredictionLog"]

Scalar: TypeAlias = str | int | float | bool


@attrs.frozen
class LoggedPrediction:
    """One answer of a model, with what is needed to judge it later.

    Parameters
    ----------
    id : str
        Unique; outcomes name it.
    at : datetime
        When it was made; aware.
    model : str
        Name of the model.
    version : int
        Which version answered.
    prediction : str, int, float or bool
        The answer.
    task : {"classification", "regression"}
        How to judge it.
    arm : str or None
        Arm of the experiment, if traffic was routed.
    unit : str or None
        Who or what was predicted for. Stored as it is given: for a person pass a pseudonym.
    probabilities : mapping of str to float, or None
        Class to probability.
    inputs : mapping or None
        The features. Stored only by a log with ``keep_inputs=True``.
    """

    id: str
    at: datetime
    model: str
    version: int
    prediction: Scalar
    task: Literal["classification", "regression"] = "classification"
    arm: str | None = None
    unit: str | None = None
    probabilities: Mapping[str, float] | None = None
    inputs: Mapping[str, object] | None = attrs.field(default=None, repr=False)

    def to_dict(self) -> dict[str, object]:
        """Return the row as canonical JSON can hold it; what is None is left out."""
        row: dict[str, object] = attrs.asdict(self, recurse=False)
        row["at"] = self.at.isoformat()
        return {k: v for k, v in row.items() if v is not None}

    @classmethod
    def from_dict(cls, row: Mapping[str, object]) -> LoggedPrediction:
        """Read a row that `to_dict` made."""
        values: dict[str, object] = {**row, "at": datetime.fromisoformat(str(row["at"]))}
        return cls(**values)  # type: ignore[arg-type]


@attrs.frozen(repr=False)
class OutcomeReceipt:
    """What became of each outcome of a batch.

    Parameters
    ----------
    recorded : tuple of str
        Ids whose outcome is new, and stored now.
    duplicate : tuple of str
        Ids whose outcome was said before, with the same value; nothing to do.
    conflicting : tuple of str
        Ids that had another value already; the first one stands.
    unknown : tuple of str
        Ids that no stored prediction has.
    """

    recorded: tuple[str, ...] = ()
    duplicate: tuple[str, ...] = ()
    conflicting: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def counts(self) -> dict[str, int]:
        """Return how many there are of each."""
        return {field.name: len(getattr(self, field.name)) for field in attrs.fields(type(self))}

    def __repr__(self) -> str:
        told = ", ".join(f"{n} {name}" for name, n in self.counts().items() if n)
        return f"OutcomeReceipt({told or 'nothing'})"


@attrs.define
class _Joined:
    """What replaying the journal has built so far."""

    seq: int = 0
    rows: dict[str, LoggedPrediction] = attrs.field(factory=dict)
    outcomes: dict[str, tuple[Scalar, datetime]] = attrs.field(factory=dict)

    def fate(self, prediction_id: str, value: Scalar) -> str:
        """Say what would become of an outcome, in the words of `OutcomeReceipt`."""
        if prediction_id not in self.rows:
            return "unknown"
        if prediction_id not in self.outcomes:
            return "recorded"
        return "duplicate" if self.outcomes[prediction_id][0] == value else "conflicting"

    def predicted(self, rows: Sequence[Mapping[str, object]]) -> None:
        for row in map(LoggedPrediction.from_dict, rows):
            self.rows.setdefault(row.id, row)

    def came_true(self, rows: Sequence[tuple[str, Scalar, str]]) -> None:
        # Two processes may have said it at once: the first in the journal stands.
        for prediction_id, value, at in rows:
            self.outcomes.setdefault(prediction_id, (value, datetime.fromisoformat(at)))


class PredictionLog:
    """Keeps predictions, joins outcomes that come later, and says how good the model is.

    Parameters
    ----------
    storage : Storage
        Where it is kept.
    name : str, default "default"
        One log per name; the stream is ``predictions/<name>``.
    keep_inputs : bool, default False
        Whether features are stored beside the predictions. They may be personal data.
    clock : Clock, default `prodml.ports.utc_now`
        Stamps outcomes that come without a time.

    Notes
    -----
    Every call that returns has stored what it was given. Reading replays the events that are new since the last
    read and holds every row in memory: O(rows).

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from prodml.storage import MemoryStorage
    >>> log = PredictionLog(MemoryStorage())
    >>> made = datetime(2026, 1, 1, tzinfo=UTC)
    >>> log.append([LoggedPrediction("p1", made, "tumours", 1, "benign")])
    >>> log.record_outcome("p1", "benign")
    >>> log.performance().scores["accuracy"]
    1.0
    """

    def __init__(
        self,
        storage: Storage,
        name: str = "default",
        *,
        keep_inputs: bool = False,
        clock: Clock = utc_now,
    ) -> None:
        self.name = name
        self.keep_inputs = keep_inputs
        self._clock = clock
        stream = f"predictions/{name}"
        journal = Journal(storage, stream, clock=clock)
        self._rows = Rows(journal, Blobs(storage, f"{stream}/blobs"))
        self._joined = _Joined()
        self._lock = threading.Lock()

    def append(self, predictions: Sequence[LoggedPrediction]) -> None:
        """Store predictions; all of them, or none if an error is raised.

        Parameters
        ----------
        predictions : sequence of LoggedPrediction
            Rows with ids that are new to the log.

        Raises
        ------
        ConfigError
            If two rows have one id.
        """
        if isinstance(predictions, LoggedPrediction | str) or not all(
            isinstance(p, LoggedPrediction) for p in predictions
        ):
            raise ConfigError("a log takes a sequence of LoggedPrediction.")
        if len({p.id for p in predictions}) < len(predictions):
            raise ConfigError(
                "every prediction needs an id of its own; two rows of this batch share one."
            )
        kept = (
            predictions if self.keep_inputs else [attrs.evolve(p, inputs=None) for p in predictions]
        )
        if kept:
            self._rows.append("predictions", [p.to_dict() for p in kept])

    def record_outcome(
        self, prediction_id: str, value: Scalar, *, at: datetime | None = None
    ) -> None:
        """Say what came true for one prediction. Saying the same again changes nothing.

        Parameters
        ----------
        prediction_id : str
            Id of the prediction.
        value : str, int, float or bool
            What came true, in the terms of the prediction.
        at : datetime, optional
            When it became known; now if left out.

        Raises
        ------
        UnknownNameError
            If no stored prediction has this id.
        ConflictError
            If another value was recorded for it before; the first one stands.
        """
        receipt = self.record_outcomes({prediction_id: value}, at=at)
        if receipt.unknown:
            raise self._unknown(prediction_id)
        if receipt.conflicting:
            raise ConflictError(
                f"prediction {prediction_id} already has another outcome. The first one stands."
            )

    def record_outcomes(
        self, outcomes: Mapping[str, Scalar], *, at: datetime | None = None
    ) -> OutcomeReceipt:
        """Say what came true for many predictions, and count what could not be used.

        Parameters
        ----------
        outcomes : mapping of str to str, int, float or bool
            Prediction id to what came true.
        at : datetime, optional
            When it became known; now if left out.

        Returns
        -------
        OutcomeReceipt
            Which were new, said before, in conflict, or for an unknown prediction.

        Raises
        ------
        ConfigError
            If a value is no text, finite number or boolean.
        """
        _check_outcomes(outcomes)
        check_aware(at, "at")
        joined = self._refresh()
        fates: dict[str, list[str]] = {}
        for prediction_id, value in outcomes.items():
            fates.setdefault(joined.fate(prediction_id, value), []).append(prediction_id)
        new = fates.get("recorded", [])
        if new:
            when = (at or self._clock()).isoformat()
            self._rows.append("outcomes", [[i, outcomes[i], when] for i in new])
        return OutcomeReceipt(**{fate: tuple(ids) for fate, ids in fates.items()})

    def predictions(
        self,
        *,
        version: int | None = None,
        arm: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[LoggedPrediction]:
        """Yield stored predictions in the order they were stored.

        Parameters
        ----------
        version : int, optional
            Only those of this version.
        arm : str, optional
            Only those of this arm.
        since, until : datetime, optional
            Only those made in ``[since, until)``; aware.
        """
        check_aware(since, "since")
        check_aware(until, "until")
        for row in list(self._refresh().rows.values()):
            if version is not None and row.version != version:
                continue
            if arm is not None and row.arm != arm:
                continue
            if (since is None or row.at >= since) and (until is None or row.at < until):
                yield row

    def get(self, prediction_id: str) -> LoggedPrediction:
        """Return one stored prediction.

        Raises
        ------
        UnknownNameError
            If no stored prediction has this id.
        """
        rows = self._refresh().rows
        if prediction_id not in rows:
            raise self._unknown(prediction_id)
        return rows[prediction_id]

    def performance(
        self,
        *,
        version: int | None = None,
        arm: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Performance:
        """Say how good the predictions turned out to be, where that is known already.

        Parameters are those of `predictions`.

        Returns
        -------
        Performance
            Scores over the rows that have an outcome, beside how many have none yet.
        """
        rows = list(self.predictions(version=version, arm=arm, since=since, until=until))
        return measure(rows, self._refresh().outcomes)

    def frame(self) -> pd.DataFrame:
        """Return one row per prediction, with its outcome where there is one.

        Returns
        -------
        DataFrame
            Columns id, at, model, version, arm, unit, prediction, outcome, outcome_at, and one per input
            if inputs are kept.
        """
        import pandas as pd

        joined = self._refresh()
        return pd.DataFrame(
            [_flat(row, joined.outcomes.get(row.id)) for row in joined.rows.values()]
        )

    def _unknown(self, prediction_id: str) -> UnknownNameError:
        n = len(self._joined.rows)
        return UnknownNameError(
            "prediction", prediction_id, None, where=f'in log "{self.name}" (it holds {n})'
        )

    def _refresh(self) -> _Joined:
        with self._lock:
            for event, rows in self._rows.read(after=self._joined.seq):
                if event.type == "predictions":
                    self._joined.predicted(rows)
                if event.type == "outcomes":
                    self._joined.came_true(rows)
                self._joined.seq = event.seq
            return self._joined


def _check_outcomes(outcomes: object) -> None:
    if not isinstance(outcomes, Mapping):
        raise ConfigError(
            f"outcomes map prediction ids to what came true, got a {type(outcomes).__name__}."
        )
    for value in outcomes.values():
        is_number = isinstance(value, int | float)  # so is a boolean
        if not isinstance(value, str) and not (is_number and math.isfinite(value)):
            raise ConfigError(
                "an outcome must be a text, a finite number or a boolean, "
                f"got a {type(value).__name__}."
            )


def _flat(row: LoggedPrediction, outcome: tuple[Scalar, datetime] | None) -> dict[str, object]:
    value, at = outcome or (None, None)
    names = ("id", "at", "model", "version", "arm", "unit", "prediction")
    flat: dict[str, object] = {name: getattr(row, name) for name in names}
    return {**flat, "outcome": value, "outcome_at": at, **(row.inputs or {})}
