"""The gate's answer, with the evidence it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, cast

import attrs

from prodml import display
from prodml.errors import ConfigError

__all__ = ["Check", "Comparison", "GateDecision", "Json", "SliceComparison", "Verdict"]

Verdict: TypeAlias = Literal["promote", "reject", "inconclusive"]
Require: TypeAlias = Literal["superior", "non_inferior"]
Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

_VERDICTS = ("promote", "reject", "inconclusive")


@attrs.frozen
class Comparison:
    """One metric of both models on the same rows, and what the gate asked of it.

    Parameters
    ----------
    metric : str
        Name of the score.
    greater_is_better : bool
        False for errors and losses.
    test : {"mcnemar", "delong", "obuchowski", "bootstrap"}
        How the models were compared.
    require : {"superior", "non_inferior"}
        What the challenger has to show.
    margin : float
        By how much it may be worse, at least 0.
    champion_score, challenger_score : float
        The score of each.
    difference : float
        Challenger's score minus champion's.
    low, high : float
        Bounds of the difference, each of which holds with 1 - alpha.
    p_value : float
        One-sided: how likely a challenger that does not meet the requirement looks this good.
    p_opposite : float
        One-sided: how likely a challenger that does meet it looks this bad.
    verdict : {"promote", "reject", "inconclusive"}
        What this metric alone says.
    n_needed : int or None
        Rows that would decide, were the observed difference the true one.
    """

    metric: str
    greater_is_better: bool
    test: str
    require: Require
    margin: float
    champion_score: float
    challenger_score: float
    difference: float
    low: float
    high: float
    p_value: float
    p_opposite: float
    verdict: Verdict
    n_needed: int | None = None


@attrs.frozen
class SliceComparison:
    """The primary metric of both models in a part of the rows.

    Parameters
    ----------
    column, value : str
        What the rows have in common.
    n_rows : int
        How many.
    margin : float
        By how much the challenger may be worse there.
    champion_score, challenger_score, difference : float or None
        As in `Comparison`; None where the slice could not be compared.
    p_value : float or None
        How likely a challenger that is worse by more than the margin looks this good.
    p_worse : float or None
        How likely one that is not looks this bad; adjusted over all slices (Holm).
    verdict : {"holds", "worse", "undecided"}
        Only ``"worse"`` stands against a promotion, unless the gate holds what is undecided.
    why : str
        Why it is undecided.
    """

    column: str
    value: str
    n_rows: int
    margin: float
    champion_score: float | None = None
    challenger_score: float | None = None
    difference: float | None = None
    p_value: float | None = None
    p_worse: float | None = None
    verdict: Literal["holds", "worse", "undecided"] = "undecided"
    why: str = ""


@attrs.frozen
class Check:
    """A bound without a test: it is met, broken, or cannot be told.

    Parameters
    ----------
    name : str
        Such as "latency", "size", "loads" or "accuracy threshold".
    verdict : {"promote", "reject", "inconclusive"}
        What it says.
    detail : str
        In words.
    champion, challenger, limit : float or None
        The numbers.
    """

    name: str
    verdict: Verdict
    detail: str
    champion: float | None = None
    challenger: float | None = None
    limit: float | None = None


@attrs.frozen(repr=False)
class GateDecision:
    """Whether the challenger may take the champion's place, and why.

    Parameters
    ----------
    verdict : {"promote", "reject", "inconclusive"}
        The decision. Anything but ``"promote"`` leaves the champion where it is.
    metric : str
        The primary metric.
    champion_score, challenger_score : float
        Of the primary metric.
    difference : float
        Challenger's score minus champion's; for errors and losses a negative one is better.
    low, high : float
        Bounds of the difference, each of which holds with 1 - alpha.
    p_value : float
        One-sided p-value of what was required of the primary metric, in [0, 1].
    n_rows : int
        Rows both models were compared on.
    n_needed : int or None
        If inconclusive, about how many rows would decide; None if no number would.
    reason : str
        One sentence for people.
    alpha : float
        One-sided level.
    primary : Comparison
        The primary metric in full.
    guardrails : tuple of Comparison
        Metrics that must not get worse by more than their margin.
    slices : tuple of SliceComparison
        Parts of the rows in which the challenger must not be worse.
    slices_left_out : int
        How many more there were, none of which decided; a journal's event has no room for thousands.
    checks : tuple of Check
        Bounds without a test.
    unit : {"row", "group", "block"}
        What counted as independent.
    n_units : int
        How many of them there were.
    holdout : str
        Digest of the rows; empty if nobody said.
    uses : int
        Decisions that these rows had made before.
    alpha_used : float or None
        Level of this decision; lower than `alpha` where rows that decided before are paid for.
    seed, n_resamples : int or None
        Of the bootstrap.
    """

    verdict: Verdict = attrs.field(validator=attrs.validators.in_(_VERDICTS))
    metric: str
    champion_score: float
    challenger_score: float
    difference: float
    low: float
    high: float
    p_value: float
    n_rows: int
    n_needed: int | None
    reason: str
    alpha: float
    primary: Comparison
    guardrails: tuple[Comparison, ...] = ()
    slices: tuple[SliceComparison, ...] = ()
    slices_left_out: int = 0
    checks: tuple[Check, ...] = ()
    unit: str = "row"
    n_units: int = 0
    holdout: str = ""
    uses: int = 0
    alpha_used: float | None = None
    seed: int | None = None
    n_resamples: int | None = None

    @property
    def is_promotion(self) -> bool:
        """Whether the challenger may take the champion's place."""
        return self.verdict == "promote"

    def to_dict(self) -> dict[str, Json]:
        """Return the decision as plain values, ready for JSON.

        Returns
        -------
        dict
            What `from_dict` takes.
        """
        plain = attrs.asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in plain.items()}

    def shortened(self, most: int) -> GateDecision:
        """Return the decision with at most so many slices: those that speak against the challenger.

        Parameters
        ----------
        most : int
            Slices to keep.

        Returns
        -------
        GateDecision
            The same verdict; `slices_left_out` counts the rest. Slices shown worse come first, then
            those nearest to it.
        """
        if len(self.slices) <= most:
            return self
        telling = sorted(self.slices, key=lambda s: (s.verdict != "worse", _or_one(s.p_worse)))
        left_out = self.slices_left_out + len(self.slices) - most
        return attrs.evolve(self, slices=tuple(telling[:most]), slices_left_out=left_out)

    @classmethod
    def from_dict(cls, plain: Mapping[str, object]) -> GateDecision:
        """Read what `to_dict` wrote.

        Parameters
        ----------
        plain : mapping
            As `to_dict` returns it.

        Returns
        -------
        GateDecision

        Raises
        ------
        ConfigError
            If the mapping is not one of a decision.
        """
        fields = dict(plain)
        try:
            fields["primary"] = Comparison(**cast("dict[str, object]", fields["primary"]))  # type: ignore[arg-type]
            for name, kind in _PARTS.items():
                parts = cast("list[dict[str, object]]", fields.get(name, ()))
                fields[name] = tuple(kind(**part) for part in parts)  # type: ignore[arg-type]
            return cls(**fields)  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError) as exc:
            raise ConfigError(f"this is no gate decision: {exc}") from exc

    def __repr__(self) -> str:
        tables = [display.text_table(self._rows(), _HEADERS, title=self._title())]
        if self.slices:
            tables.append(display.text_table(self._slice_rows(), _SLICES))
        tables += [f"{c.name}: {c.verdict} ({c.detail})" for c in self.checks]
        return "\n".join([*tables, self.reason])

    def _repr_html_(self) -> str:
        title = f"{self._title()} {self.reason}"
        html = display.html_table(self._rows(), _HEADERS, title=title)
        if self.slices:
            html += display.html_table(self._slice_rows(), _SLICES)
        rows = [[c.name, c.detail, c.verdict] for c in self.checks]
        if any(c.name != "loads" or c.verdict != "promote" for c in self.checks):
            html += display.html_table(rows, ("bound", "found", "says"))
        return html

    def _title(self) -> str:
        of = "" if self.unit == "row" else f" in {self.n_units:,} {self.unit}s"
        return f"Gate: {self.verdict} ({self.n_rows:,} rows{of})"

    def _rows(self) -> list[list[str]]:
        return [_row(comparison) for comparison in (self.primary, *self.guardrails)]

    def _slice_rows(self) -> list[list[str]]:
        return [_slice_row(s) for s in self.slices]


_PARTS: dict[str, type[Comparison | SliceComparison | Check]] = {
    "guardrails": Comparison,
    "slices": SliceComparison,
    "checks": Check,
}

_HEADERS = (
    "metric",
    "champion",
    "challenger",
    "difference",
    "low",
    "high",
    "p",
    "required",
    "says",
)


_SLICES = ("slice", "rows", "champion", "challenger", "difference", "p worse", "says")


def _slice_row(s: SliceComparison) -> list[str]:
    numbers = (s.champion_score, s.challenger_score, s.difference, s.p_worse)
    says = s.verdict if not s.why else f"{s.verdict}: {s.why}"
    shown = ["" if x is None else display.number(x) for x in numbers]
    return [f"{s.column} {s.value}", f"{s.n_rows:,}", *shown, says]


def _or_one(p: float | None) -> float:
    return 1.0 if p is None else p


def _row(c: Comparison) -> list[str]:
    numbers = (c.champion_score, c.challenger_score, c.difference, c.low, c.high, c.p_value)
    return [c.metric, *(display.number(x) for x in numbers), _required(c), c.verdict]


def _required(c: Comparison) -> str:
    if c.require == "superior":
        return "better"
    return f"at most {display.number(c.margin)} worse" if c.margin > 0 else "not worse"
