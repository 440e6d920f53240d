"""ABRouter: sticky assignment, exposures and late outcomes, analysis at any time."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import SupportsFloat

import attrs

from prodml.ab.analysis import analyze
from prodml.ab.assignment import Assignment, Segmented, bucket_of, check_weights, hasher
from prodml.ab.ledger import Ledger
from prodml.ab.phases import Phases, Setup, restart, start
from prodml.ab.results import ExperimentResult
from prodml.errors import ConfigError, ConflictError, UnknownNameError
from prodml.journal import Blobs, Draft, Journal, Rows
from prodml.ports import Clock, Storage, utc_now
from prodml.ports.duck import is_number

__all__ = ["ABRouter", "Receipt"]


@attrs.frozen
class Receipt:
    """What became of a batch of outcomes.

    Parameters
    ----------
    recorded : int
        Stored.
    unexposed : int
        Left out, since their unit never met the experiment.
    """

    recorded: int
    unexposed: int


class ABRouter:
    """Splits traffic between arms, and says which arm does better.

    A unit's arm is a function of the experiment's salt and the unit: the same in every process, with nothing to
    remember. When the weights change, units leave an arm only if it shrank; a unit that has been exposed
    keeps its arm all the same.

    Parameters
    ----------
    name : str
        Name of the experiment; its journal is ``experiments/<name>``.
    arms : mapping of str to float, optional
        Arm to share of traffic in [0, 1], summing to 1. Left out, the experiment must exist already.
    storage : Storage
        Where it is remembered.
    control : str, optional
        Arm that the others are compared with; the first one if left out.
    salt : str, optional
        Decides who gets what; the name if left out. Two experiments of one salt share their assignments.
    horizon : int, default 10000
        Number of units at which confidence sequences are narrowest; they are valid at any number.
    actor : str, default ""
        Who changes weights.
    clock : Clock, default `prodml.ports.utc_now`
        Stamps the events.

    Raises
    ------
    ConfigError
        If weights are malformed.
    ConflictError
        If the experiment runs already with other weights: change them by `set_weights`, so that the change is a
        phase of its own.
    UnknownNameError
        If `arms` are left out and there is no such experiment.

    Examples
    --------
    >>> from prodml.storage import MemoryStorage
    >>> router = ABRouter("ranker", {"champion": 0.9, "challenger": 0.1}, storage=MemoryStorage())
    >>> router.assign("user-42").arm == router.assign("user-42").arm
    True
    """

    def __init__(
        self,
        name: str,
        arms: Mapping[str, float] | None = None,
        *,
        storage: Storage,
        control: str | None = None,
        salt: str | None = None,
        horizon: int = 10_000,
        actor: str = "",
        clock: Clock = utc_now,
    ) -> None:
        self.name = name
        self._storage = storage
        stream = f"experiments/{name}"
        self._journal = Journal(storage, stream, fold=Phases(), actor=actor, clock=clock)
        self._rows = Rows(self._journal, Blobs(storage, f"{stream}/blobs"))
        self._ledger = Ledger()
        self._lock = threading.Lock()
        self._adopt(self._open(arms, control, salt, horizon))

    def assign(self, unit: str) -> Assignment:
        """Say which arm a unit belongs to. Stores nothing.

        Parameters
        ----------
        unit : str
            What is routed; not empty.

        Returns
        -------
        Assignment
            The same one every time, unless the weights were changed before the unit was exposed.
        """
        _check_unit(unit)
        phase = len(self._setup.phases)
        if phase > 1:
            met = self._ledger.arms.get(self._uid(unit))
            if met is not None and met[0] in self.arms:
                return Assignment(unit, met[0], self.name, phase)
        return Assignment(unit, self._line.arm(bucket_of(self._hash, unit)), self.name, phase)

    def record_exposure(self, unit: str) -> Assignment:
        """Remember that a unit met its arm. Only the first exposure counts.

        Returns
        -------
        Assignment
            The arm that is remembered.
        """
        self.record_exposures([unit])
        arm, phase = self._ledger.arms[self._uid(unit)]
        return Assignment(unit, arm, self.name, phase)

    def record_exposures(self, units: Sequence[str]) -> int:
        """Remember that units met their arms, in one write.

        Parameters
        ----------
        units : sequence of str
            In any order, repeated or not.

        Returns
        -------
        int
            How many were exposed for the first time.
        """
        if isinstance(units, str) or not isinstance(units, Iterable):
            raise ConfigError(f"units must be a sequence of texts, got a {type(units).__name__}.")
        ledger = self._refresh()
        new: dict[str, list[str | int]] = {}
        for unit in units:
            assigned = self.assign(unit)
            uid = self._uid(unit)
            if uid not in ledger.arms and uid not in new:
                new[uid] = [uid, assigned.arm, assigned.phase]
        if new:
            self._rows.append("exposures", list(new.values()))
            self._refresh()
        return len(new)

    def record_outcome(self, unit: str, value: float, *, metric: str = "outcome") -> None:
        """Remember what came of a unit's exposure, however late.

        Parameters
        ----------
        unit : str
            As it was exposed.
        value : float
            Finite; several of one unit and metric are averaged, since units and not events are independent.
        metric : str, default "outcome"
            What was measured.

        Raises
        ------
        ConflictError
            If the unit was never exposed.
        ConfigError
            If the value is not a finite number.
        """
        if self.record_outcomes({unit: value}, metric=metric).unexposed:
            raise ConflictError(
                f'this unit never met experiment "{self.name}": record its exposure before its outcome.'
            )

    def record_outcomes(self, outcomes: Mapping[str, float], *, metric: str = "outcome") -> Receipt:
        """Remember what came of many exposures, in one write.

        Parameters
        ----------
        outcomes : mapping of str to float
            Unit to value; finite.
        metric : str, default "outcome"
            What was measured.

        Returns
        -------
        Receipt
            How many were stored, and how many belong to units that were never exposed.
        """
        if not metric or not isinstance(metric, str):
            raise ConfigError("a metric has a name that is not empty.")
        if not isinstance(outcomes, Mapping):
            raise ConfigError(f"outcomes map units to numbers, got a {type(outcomes).__name__}.")
        for value in outcomes.values():
            if not isinstance(value, SupportsFloat) or not math.isfinite(value):
                raise ConfigError(f"an outcome of {metric!r} must be a finite number.")
        ledger = self._refresh()
        known = {
            u: v for u, v in ((self._uid(k), v) for k, v in outcomes.items()) if u in ledger.arms
        }
        if known:
            self._rows.append("outcomes", [[u, float(v), metric] for u, v in known.items()])
        return Receipt(len(known), len(outcomes) - len(known))

    def set_weights(self, arms: Mapping[str, float], *, reason: str) -> None:
        """Change the shares of traffic from now on: a new phase of the experiment.

        Parameters
        ----------
        arms : mapping of str to float
            Arm to share in [0, 1], summing to 1. Arms may be added; the control must stay.
        reason : str
            Why; kept in the journal.

        Raises
        ------
        ConfigError
            If weights are malformed, the control is missing or the reason is empty.
        ConflictError
            If the weights are set so already.
        """
        weights = check_weights(arms)
        if not reason:
            raise ConfigError("say why the weights change: reason= is kept in the journal.")
        self._journal.commit(lambda state: restart(state, weights, reason))
        self.refresh()

    def refresh(self) -> None:
        """Read what other processes have written since: weights, exposures, outcomes."""
        self._refresh()
        setup = Setup.of(self._journal.state())
        if setup is not None:
            self._adopt(setup)

    @property
    def arms(self) -> Mapping[str, float]:
        """Arm to share of traffic, as set last."""
        return self._setup.phases[-1]

    @property
    def control(self) -> str:
        """Arm that the others are compared with."""
        return self._setup.control

    def analyze(self, metric: str = "outcome", *, alpha: float = 0.05) -> ExperimentResult:
        """Compare every arm with the control, on the outcomes known by now.

        Units are compared within the phase in which they were first exposed, so that a change of weights does
        not mix early and late units; phases are then averaged by their number of units.

        Parameters
        ----------
        metric : str, default "outcome"
            What to compare.
        alpha : float in (0, 1), default 0.05
            Chance of a false verdict over all arms and all looks together.

        Returns
        -------
        ExperimentResult
            With an interval for those who look once, and one for those who look whenever they like.

        Raises
        ------
        UnknownNameError
            If outcomes were recorded, but none of this metric.
        """
        if not is_number(alpha) or not 0 < alpha < 1:
            raise ConfigError(f"alpha must lie in (0, 1), got {alpha!r}.")
        self.refresh()
        if self._ledger.totals and metric not in self._ledger.totals:
            raise UnknownNameError("metric", metric, self._ledger.totals, where=f'in "{self.name}"')
        return analyze(self.name, metric, self._setup, self._ledger, alpha=alpha)

    def _open(
        self, arms: Mapping[str, float] | None, control: str | None, salt: str | None, horizon: int
    ) -> Setup:
        found = Setup.of(self._journal.state())
        if arms is None:
            if found is None:
                raise UnknownNameError("experiment", self.name, self._others())
            return found
        weights = check_weights(arms)
        if salt is not None and not isinstance(salt, str):
            raise ConfigError(f"salt must be a text, got a {type(salt).__name__}.")
        if found is None:
            draft = start(
                weights,
                salt=salt or self.name,
                control=control or next(iter(weights)),
                horizon=horizon,
            )
            found = self._start(draft)
        self._check_same(found, weights, control, salt)
        return found

    def _others(self) -> list[str]:
        """Names of the experiments in the same storage."""
        names: list[str] = []
        after = None
        while found := next(self._storage.list("experiments/", after=after, limit=1), None):
            names.append(found.key.split("/")[1])
            after = f"experiments/{names[-1]}0"  # "0" follows "/": the next one is another's key
        return names

    def _start(self, draft: Draft) -> Setup:
        def once(state: dict[str, object]) -> Draft:
            if state:
                raise ConflictError("started elsewhere")
            return draft

        # If another process was faster, whether it wants the same is checked next.
        with contextlib.suppress(ConflictError):
            self._journal.commit(once)
        setup = Setup.of(self._journal.state())
        assert setup is not None  # noqa: S101
        return setup

    def _check_same(
        self, found: Setup, weights: Mapping[str, float], control: str | None, salt: str | None
    ) -> None:
        asked = {
            "weights": dict(weights),
            "control": control or found.control,
            "salt": salt or found.salt,
        }
        there = {"weights": dict(found.phases[-1]), "control": found.control, "salt": found.salt}
        for what, value in asked.items():
            if value != there[what]:
                raise ConflictError(
                    f'experiment "{self.name}" runs with {what} {there[what]!r}, got {value!r}. '
                    "Change weights by set_weights(..., reason=...), or open it without arms; "
                    "salt and control stay for good."
                )

    def _adopt(self, setup: Setup) -> None:
        self._setup = setup
        self._line = Segmented(setup.segments)
        self._hash = hasher(setup.salt)
        self._uids = hasher(f"{setup.salt}\0unit")

    def _uid(self, unit: str) -> str:
        """Name a unit goes by in the journal: a digest, so that ids of people are not written down."""
        _check_unit(unit)
        h = self._uids.copy()
        h.update(unit.encode())
        return h.hexdigest()

    def _refresh(self) -> Ledger:
        with self._lock:
            for event, rows in self._rows.read(after=self._ledger.seq):
                if event.type == "exposures":
                    self._ledger.exposed(rows)
                if event.type == "outcomes":
                    self._ledger.came(rows)
                self._ledger.seq = event.seq
            return self._ledger


def _check_unit(unit: object) -> None:
    if not unit or not isinstance(unit, str):
        raise ConfigError("a unit is a text that is not empty, such as a customer id.")
