"""Champion against challenger: one primary metric, guardrails beside it, three possible answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import attrs

from prodml import display
from prodml.errors import ConfigError
from prodml.gate.decision import Comparison, GateDecision, Require, Verdict
from prodml.gate.predictions import Predictions
from prodml.ports.duck import is_number

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from prodml.gate._rows import Rows
    from prodml.stats.paired import PairedComparison
    from prodml.stats.scores import Score

__all__ = ["Gate"]

Said: TypeAlias = "Predictions | Mapping[str, ArrayLike | None]"
Number = TypeVar("Number", int, float)

_FEWEST_OF_A_CLASS = 10  # below it the normal approximation of DeLong's test promises nothing


def _share(_: object, field: attrs.Attribute[float], value: float) -> None:
    if not is_number(value) or not 0.0 < value < 1.0:
        raise ConfigError(f"{field.name} must lie in (0, 1), got {value!r}")


def _at_least(least: float) -> Callable[[object, attrs.Attribute[Number], Number], None]:
    def check(_: object, field: attrs.Attribute[Number], value: Number) -> None:
        if not is_number(value) or not value >= least:
            raise ConfigError(f"{field.name} must be at least {least}, got {value!r}")

    return check


def _margins(guardrails: Mapping[str, float]) -> Mapping[str, float]:
    if not isinstance(guardrails, Mapping):
        raise ConfigError(
            "guardrails must map each metric to the margin it may lose, such as "
            f'{{"recall": 0.01}}, got {type(guardrails).__name__}'
        )
    return dict(guardrails)


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
    alpha: float = attrs.field(default=0.05, kw_only=True, validator=_share)
    margin: float = attrs.field(default=0.0, kw_only=True, validator=_at_least(0))
    require: Require | None = attrs.field(default=None, kw_only=True)
    min_rows: int = attrs.field(default=30, kw_only=True, validator=_at_least(2))
    guardrails: Mapping[str, float] = attrs.field(factory=dict, kw_only=True, converter=_margins)
    power: float = attrs.field(default=0.8, kw_only=True, validator=_share)
    n_resamples: int = attrs.field(default=2000, kw_only=True, validator=_at_least(100))
    random_state: int = attrs.field(default=0, kw_only=True)

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

    def decide(self, y_true: ArrayLike, champion: Said, challenger: Said) -> GateDecision:
        """Compare two models on the same rows.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            What was true of the rows.
        champion, challenger : Predictions or mapping
            What each model said about them, in the same order;
            ``{"labels": …, "scores": …}`` will do.

        Returns
        -------
        GateDecision
            ``"promote"`` if the primary metric and every guardrail are shown at `alpha`;
            ``"reject"`` if the opposite of one of them is shown; else ``"inconclusive"``.

        Raises
        ------
        ConfigError
            On arrays of different length, missing values, labels of another kind, a metric that
            needs scores where there are none, or rows that leave it undefined.
        """
        from prodml.gate._rows import Rows

        rows = Rows.of(y_true, _predictions(champion), _predictions(challenger))
        primary = self._compare(rows, rows.score(self.metric), self._required, self.margin)
        guardrails = tuple(
            self._compare(rows, rows.score(name), "non_inferior", margin)
            for name, margin in self.guardrails.items()
        )
        return self._decision(rows, primary, guardrails)

    @property
    def _required(self) -> Require:
        return self.require or ("non_inferior" if self.margin > 0 else "superior")

    def _compare(self, rows: Rows, score: Score, require: Require, margin: float) -> Comparison:
        sign = 1.0 if score.greater_is_better else -1.0
        found = rows.compare(
            score,
            null=-sign * margin,
            level=1.0 - 2.0 * self.alpha,
            n_resamples=self.n_resamples,
            seed=self.random_state,
        )
        better, worse = found.p_greater, found.p_less
        if not score.greater_is_better:
            better, worse = worse, better
        verdict: Verdict = "inconclusive"
        if len(rows) >= self.min_rows and not self._is_rare(rows, found):
            verdict = self._verdict(better, worse)
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
            n_needed=self._n_needed(rows, found) if verdict == "inconclusive" else None,
        )

    def _verdict(self, better: float, worse: float) -> Verdict:
        if better <= self.alpha:
            return "promote"
        return "reject" if worse <= self.alpha else "inconclusive"

    def _is_rare(self, rows: Rows, found: PairedComparison) -> bool:
        return found.test == "delong" and rows.n_rarest < _FEWEST_OF_A_CLASS

    def _n_needed(self, rows: Rows, found: PairedComparison) -> int | None:
        from prodml.stats.paired import rows_needed

        needed = rows_needed(
            found.difference,
            found.standard_error,
            found.n_rows,
            null=found.null,
            alpha=self.alpha,
            power=self.power,
        )
        if needed is None:
            return None
        if self._is_rare(rows, found):
            needed = max(needed, math.ceil(len(rows) * _FEWEST_OF_A_CLASS / rows.n_rarest))
        # The estimate is of the normal kind; an exact test that has not decided needs more rows.
        return max(needed, self.min_rows, found.n_rows + 1)

    def _decision(
        self, rows: Rows, primary: Comparison, guardrails: tuple[Comparison, ...]
    ) -> GateDecision:
        every = [primary, *guardrails]
        verdict = _joint_verdict(every)
        open_ = [c.n_needed for c in every if c.verdict == "inconclusive"]
        known = [n for n in open_ if n is not None]
        undecided = verdict == "inconclusive" and len(known) == len(open_)
        n_needed = max(known) if undecided else None
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
            reason=self._reason(verdict, every, rows, n_needed),
            alpha=self.alpha,
            primary=primary,
            guardrails=guardrails,
        )

    def _reason(
        self, verdict: Verdict, every: list[Comparison], rows: Rows, n_needed: int | None
    ) -> str:
        if verdict == "promote":
            held = "; every guardrail holds" if len(every) > 1 else ""
            return f"The challenger is {_shown(every[0])}{held}."
        telling = next(c for c in every if c.verdict == verdict)
        if verdict == "reject":
            return (
                f"The challenger is not {_asked(telling)} in {telling.metric}: {_bounds(telling)}."
            )
        if len(rows) < self.min_rows:
            return f"{len(rows)} rows are fewer than the {self.min_rows} that this gate asks for."
        if telling.test == "delong" and rows.n_rarest < _FEWEST_OF_A_CLASS:
            return f"The rarer class has {rows.n_rarest} rows, fewer than {_FEWEST_OF_A_CLASS}."
        return f"{len(rows):,} rows cannot tell whether it is {_shown(telling)}; {_more(n_needed)}."


def _predictions(said: Said) -> Predictions:
    if isinstance(said, Predictions):
        return said
    if isinstance(said, Mapping):
        return Predictions.from_mapping(said)
    raise ConfigError(
        'predictions must be a Predictions or a mapping with "labels" and "scores", '
        f"got {type(said).__name__}"
    )


def _joint_verdict(every: list[Comparison]) -> Verdict:
    verdicts = {c.verdict for c in every}
    if "reject" in verdicts:
        return "reject"
    return "inconclusive" if "inconclusive" in verdicts else "promote"


def _asked(c: Comparison) -> str:
    if c.require == "superior":
        return "better"
    return f"at most {display.number(c.margin)} worse" if c.margin > 0 else "no worse"


def _bounds(c: Comparison) -> str:
    low, high = display.number(c.low), display.number(c.high)
    return f"the difference is {display.number(c.difference)} ({low} to {high})"


def _shown(c: Comparison) -> str:
    return f"{_asked(c)} in {c.metric}: {_bounds(c)}, p = {display.number(c.p_value, 2)}"


def _more(n_needed: int | None) -> str:
    if n_needed is None:
        return "more rows like these would not either"
    return f"about {n_needed:,} would"
