"""Champion against challenger: one primary metric, guardrails beside it, three possible answers."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import attrs

from prodml.errors import ConfigError, known_names
from prodml.gate._settings import at_least, columns_of, margins, one_of, optional_above, share
from prodml.gate.checks import Facts, check_facts
from prodml.gate.decision import (
    Check,
    Comparison,
    GateDecision,
    Require,
    SliceComparison,
    Verdict,
)
from prodml.gate.predictions import Said, predictions_of
from prodml.gate.reuse import Reuse, level_left
from prodml.gate.sentences import sentence
from prodml.gate.thresholds import Threshold, check_thresholds
from prodml.gate.verdicts import (
    FEWEST_OF_A_CLASS,
    is_by_area,
    joint,
    rows_wanted,
    too_few,
    verdict_of,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from prodml.gate._rows import Rows
    from prodml.stats.paired import PairedComparison
    from prodml.stats.scores import Score

__all__ = ["Gate"]


@attrs.frozen
class Gate:
    """Decides whether a challenger may take the champion's place.

    Both models speak about the same rows; the difference is judged by a paired test: McNemar's
    mid-p for accuracy, DeLong's for the area under the ROC curve of two classes, a paired
    bootstrap (BCa) for every other score.

    Parameters
    ----------
    metric : str or Score, optional
        The primary metric: a name in `prodml.stats.scores.SCORES`, or a `Score` of your own.
        Default ``"accuracy"`` for labels and ``"rmse"`` for numbers.
    alpha : float, default 0.05
        One-sided level: how often two equally good models may be swapped, in (0, 1).
    margin : float, default 0.0
        By how much the challenger may be worse under ``require="non_inferior"``, in the unit of
        the metric, at least 0.
    require : {"superior", "non_inferior"}, optional
        What the challenger has to show; default ``"non_inferior"`` if a margin is given, else
        ``"superior"``.
    min_rows : int, default 30
        With fewer rows the answer is always inconclusive.
    guardrails : mapping of str to float, optional
        Metrics that must not get worse by more than their margin, each shown at `alpha`. Since
        all of them have to hold, no correction for several tests is needed (intersection-union).
    power : float, default 0.8
        Chance to decide that `n_needed` aims at, in (0, 1).
    n_resamples : int, default 2000
        Of the bootstrap, at least 100.
    random_state : int, default 0
        Seed of the bootstrap, so that a decision can be repeated.
    groups : str, optional
        Column of the rows that names what belongs together (patient, session): rows of a group may
        depend on each other, and groups are resampled in place of rows.
    times : str, optional
        Column of the rows that says when they were: neighbours may depend on each other, and
        stretches of time are resampled.
    block : float, optional
        Mean length of a stretch in rows; found from the rows if not given.
    slices : collection of str, or mapping of str to float, default ()
        Columns of the rows, and by how much the challenger may be worse in each of their values
        (`slice_margin` where there is no mapping). A slice that is *shown* to be worse rejects the
        challenger; Holm's correction over all slices bounds the chance that one is by accident.
    slice_margin : float, default 0.0
        In the unit of the primary metric.
    undecided_slices : {"allow", "hold"}, default "allow"
        What slices too small to tell do to a promotion: nothing, or hold it up.
    max_latency_ratio, max_size_ratio : float, optional
        How many times the champion's time and size the challenger may have.
    thresholds : mapping of str to threshold, or to a sequence of them, optional
        Bounds on point estimates that have to hold beside the test; see `MetricThreshold`.
    reuse : {"count", "alpha-spending"}, default "count"
        What follows from rows that have decided before: a warning after `warn_after` decisions, or a
        level that shrinks so that the chance of ever letting in one that is no better stays `alpha`.
    warn_after : int, default 10
        Decisions on the same rows from which on "count" warns.

    Raises
    ------
    ConfigError
        If an argument is outside its range, or a margin meets ``require="superior"``.
    UnknownNameError
        If there is no score of a name.

    Notes
    -----
    A score that is higher says little: of two equally good models one promotes the challenger in
    almost every second comparison. Deciding again and again on the same rows uses them up; take
    fresh rows for a fresh challenger. Sources: Berger 1982 (intersection-union tests), and those of
    `prodml.stats.paired`, `prodml.stats.delong` and `prodml.stats.bootstrap`.

    Examples
    --------
    >>> y = [0, 1] * 100
    >>> champion = {"labels": [0, 1] * 80 + [1, 0] * 20}
    >>> challenger = {"labels": [0, 1] * 95 + [1, 0] * 5}
    >>> Gate("accuracy").decide(y, champion, challenger).verdict
    'promote'
    """

    metric: str | Score | None = None
    alpha: float = attrs.field(default=0.05, kw_only=True, validator=share)
    margin: float = attrs.field(default=0.0, kw_only=True, validator=at_least(0))
    require: Require | None = attrs.field(default=None, kw_only=True)
    min_rows: int = attrs.field(default=30, kw_only=True, validator=at_least(2))
    guardrails: Mapping[str, float] = attrs.field(factory=dict, kw_only=True, converter=margins)
    power: float = attrs.field(default=0.8, kw_only=True, validator=share)
    n_resamples: int = attrs.field(default=2000, kw_only=True, validator=at_least(100))
    random_state: int = attrs.field(default=0, kw_only=True)
    groups: str | None = attrs.field(default=None, kw_only=True)
    times: str | None = attrs.field(default=None, kw_only=True)
    block: float | None = attrs.field(default=None, kw_only=True, validator=optional_above(1))
    slices: Collection[str] | Mapping[str, float] = attrs.field(
        default=(), kw_only=True, converter=columns_of
    )
    slice_margin: float = attrs.field(default=0.0, kw_only=True, validator=at_least(0))
    undecided_slices: Literal["allow", "hold"] = attrs.field(
        default="allow", kw_only=True, validator=one_of("allow", "hold")
    )
    max_latency_ratio: float | None = attrs.field(
        default=None, kw_only=True, validator=optional_above(0)
    )
    max_size_ratio: float | None = attrs.field(
        default=None, kw_only=True, validator=optional_above(0)
    )
    thresholds: Mapping[str, Threshold | Sequence[Threshold]] = attrs.field(
        factory=dict, kw_only=True
    )
    reuse: Reuse = attrs.field(
        default="count", kw_only=True, validator=one_of("count", "alpha-spending")
    )
    warn_after: int = attrs.field(default=10, kw_only=True, validator=at_least(1))

    def __attrs_post_init__(self) -> None:
        if self.require not in (None, "superior", "non_inferior"):
            raise ConfigError(f'require must be "superior" or "non_inferior", got {self.require!r}')
        if self.require == "superior" and self.margin > 0:
            raise ConfigError(
                f"a margin of {self.margin} says how much worse the challenger may be, which "
                'require="superior" forbids. Use require="non_inferior", or margin=0'
            )
        for name, margin in self.guardrails.items():
            if not margin >= 0:
                raise ConfigError(
                    f"the guardrail {name} needs a margin of at least 0, got {margin}"
                )
        if self.groups is not None and self.times is not None:
            raise ConfigError("name groups or times, not both: rows are drawn by one of them")

    def decide(
        self,
        y_true: ArrayLike,
        champion: Said,
        challenger: Said,
        *,
        columns: Mapping[str, ArrayLike] | None = None,
        facts: Facts | None = None,
        holdout: str = "",
        uses: int = 0,
    ) -> GateDecision:
        """Compare two models on the same rows.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            What was true of the rows.
        champion, challenger : Predictions or mapping
            What each model said about them, in the same order;
            ``{"labels": …, "scores": …}`` will do.
        columns : mapping of str to array-like, optional
            Where `groups`, `times` and `slices` are looked up; a DataFrame of the rows will do.
        facts : Facts, optional
            What was measured beside the predictions.
        holdout : str, default ""
            Digest of the rows, for the record.
        uses : int, default 0
            How many decisions the rows have made before.

        Returns
        -------
        GateDecision
            ``"promote"`` if the primary metric and every guardrail are shown at `alpha`, no slice is
            shown worse, and every bound holds; ``"reject"`` if the opposite of one of them is shown
            or a bound is broken; else ``"inconclusive"``.

        Raises
        ------
        ConfigError
            On arrays of different length, missing values, labels of another kind, a metric that
            needs scores where there are none, a column that is not there, or rows that leave the
            metric undefined.

        Warns
        -----
        ProdmlWarning
            If these rows have made `warn_after` decisions or more and none was paid for.
        """
        from prodml.gate._rows import Rows

        alpha = level_left(self.reuse, self.alpha, uses, warn_after=self.warn_after)
        rows = Rows.of(
            y_true,
            predictions_of(champion),
            predictions_of(challenger),
            groups=self.groups and self._column(columns, self.groups),
            times=self.times and self._column(columns, self.times),
            block=self.block,
        )
        score = rows.score(self.metric)
        primary = self._compare(rows, score, self._required, self.margin, alpha)
        guardrails = tuple(
            self._compare(rows, rows.score(name), "non_inferior", margin, alpha)
            for name, margin in self.guardrails.items()
        )
        decision = self._decision(
            rows, primary, guardrails, self._slices(rows, score, columns), self._checks(rows, facts)
        )
        return attrs.evolve(decision, holdout=holdout, uses=uses, alpha_used=alpha)

    @staticmethod
    def _column(columns: Mapping[str, ArrayLike] | None, name: str) -> ArrayLike:
        if columns is None or name not in columns:
            known = [] if columns is None else [str(c) for c in columns]
            raise ConfigError(
                f'this gate wants the column "{name}" of the rows. {known_names(name, known)}'
            )
        return columns[name]

    @property
    def _required(self) -> Require:
        return self.require or ("non_inferior" if self.margin > 0 else "superior")

    def _test(self, rows: Rows, score: Score, margin: float, alpha: float) -> PairedComparison:
        sign = 1.0 if score.greater_is_better else -1.0
        return rows.compare(
            score,
            null=-sign * margin,
            level=1.0 - 2.0 * alpha,
            n_resamples=self._draws(alpha),
            seed=self.random_state,
        )

    def _draws(self, alpha: float) -> int:
        # A tail of alpha wants some draws beyond it, whatever level is left.
        return max(self.n_resamples, math.ceil(20.0 / alpha))

    def _compare(
        self, rows: Rows, score: Score, require: Require, margin: float, alpha: float
    ) -> Comparison:
        found = self._test(rows, score, margin, alpha)
        better, worse = found.p_greater, found.p_less
        if not score.greater_is_better:
            better, worse = worse, better
        verdict: Verdict = "inconclusive"
        if len(rows) >= self.min_rows and not self._is_rare(rows, found):
            verdict = verdict_of(better, worse, alpha)
        return Comparison(
            metric=score.name,
            greater_is_better=score.greater_is_better,
            test=found.test,
            require=require,
            margin=float(margin),
            champion_score=found.first,
            challenger_score=found.second,
            difference=found.difference,
            low=found.low,
            high=found.high,
            p_value=better,
            p_opposite=worse,
            verdict=verdict,
            n_needed=self._n_needed(rows, found, alpha) if verdict == "inconclusive" else None,
        )

    def _slices(
        self, rows: Rows, score: Score, columns: Mapping[str, ArrayLike] | None
    ) -> tuple[SliceComparison, ...]:
        from prodml.gate.slices import judge

        wanted: dict[str, tuple[float, ArrayLike]] = {}
        for name in self.slices:
            margin = self.slices[name] if isinstance(self.slices, Mapping) else None
            column = self._column(columns, name)
            wanted[name] = (self.slice_margin if margin is None else margin, column)

        def compare(part: NDArray[np.bool_], margin: float) -> PairedComparison:
            return self._test(rows.take(part), score, margin, self.alpha)

        return judge(
            wanted,
            compare,
            n_rows=len(rows),
            greater_is_better=score.greater_is_better,
            # Not the level that reuse has left: looking harder for harm needs no excuse.
            alpha=self.alpha,
            min_rows=self.min_rows,
        )

    def _checks(self, rows: Rows, facts: Facts | None) -> tuple[Check, ...]:
        bounds = (self.max_latency_ratio, self.max_size_ratio)
        held = check_thresholds(self.thresholds, lambda name: rows.scores(rows.score(name)))
        return (*check_facts(facts or Facts(), *bounds), *held)

    def _is_rare(self, rows: Rows, found: PairedComparison) -> bool:
        return is_by_area(found.test) and rows.n_rarest < FEWEST_OF_A_CLASS

    def _n_needed(self, rows: Rows, found: PairedComparison, alpha: float) -> int | None:
        from prodml.stats.paired import rows_needed

        needed = rows_needed(
            found.difference,
            found.standard_error,
            found.n_rows,
            null=found.null,
            alpha=alpha,
            power=self.power,
        )
        if needed is None:
            return None
        if self._is_rare(rows, found):
            needed = max(needed, math.ceil(len(rows) * FEWEST_OF_A_CLASS / rows.n_rarest))
        # The estimate is of the normal kind; an exact test that has not decided needs more rows.
        return max(needed, self.min_rows, found.n_rows + 1)

    def _decision(
        self,
        rows: Rows,
        primary: Comparison,
        guardrails: tuple[Comparison, ...],
        slices: tuple[SliceComparison, ...],
        checks: tuple[Check, ...],
    ) -> GateDecision:
        every = [primary, *guardrails]
        verdict = joint([*every, *checks], slices, hold=self.undecided_slices == "hold")
        n_needed = rows_wanted(verdict, every)
        return GateDecision(
            verdict=verdict,
            metric=primary.metric,
            champion_score=primary.champion_score,
            challenger_score=primary.challenger_score,
            difference=primary.difference,
            low=primary.low,
            high=primary.high,
            p_value=primary.p_value,
            n_rows=len(rows),
            n_needed=n_needed,
            reason=sentence(
                verdict,
                every,
                slices,
                checks,
                why_undecided=too_few(rows, every, self.min_rows),
                n_rows=len(rows),
                n_needed=n_needed,
            ),
            alpha=self.alpha,
            primary=primary,
            guardrails=guardrails,
            slices=slices,
            checks=checks,
            unit=rows.unit,
            n_units=rows.n_units(rows.score(self.metric)),
            seed=self.random_state,
            n_resamples=self.n_resamples,
        )
