"""The gate's answer, with the evidence it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, cast

import attrs

from prodml import display
from prodml.errors import ConfigError

__all__ = ["Comparison", "GateDecision", "Json", "Verdict"]

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
    test : {"mcnemar", "delong", "bootstrap"}
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
        plain["guardrails"] = list(plain["guardrails"])
        return plain

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
            rails = cast("list[dict[str, object]]", fields.get("guardrails", ()))
            fields["guardrails"] = tuple(Comparison(**rail) for rail in rails)  # type: ignore[arg-type]
            return cls(**fields)  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError) as exc:
            raise ConfigError(f"this is no gate decision: {exc}") from exc

    def __repr__(self) -> str:
        table = display.text_table(self._rows(), _HEADERS, title=self._title())
        return f"{table}\n{self.reason}"

    def _repr_html_(self) -> str:
        return display.html_table(self._rows(), _HEADERS, title=f"{self._title()} {self.reason}")

    def _title(self) -> str:
        return f"Gate: {self.verdict} ({self.n_rows:,} rows)"

    def _rows(self) -> list[list[str]]:
        return [_row(comparison) for comparison in (self.primary, *self.guardrails)]


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


def _row(c: Comparison) -> list[str]:
    numbers = (c.champion_score, c.challenger_score, c.difference, c.low, c.high, c.p_value)
    return [c.metric, *(display.number(x) for x in numbers), _required(c), c.verdict]


def _required(c: Comparison) -> str:
    if c.require == "superior":
        return "better"
    return f"at most {display.number(c.margin)} worse" if c.margin > 0 else "not worse"
