"""Thresholds as users of MLflow and of TFMA have them: bounds on point estimates.

They hold a score, or its change, against a number and know nothing of chance. `ThresholdGate` decides
by them alone, for those who move over and want the same answers first; `Gate(thresholds=...)` asks for
them beside its test.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import attrs

from prodml import display
from prodml.errors import ConfigError
from prodml.gate._settings import one_of
from prodml.gate.decision import Check, Verdict
from prodml.ports.duck import is_number

__all__ = [
    "GenericChangeThreshold",
    "GenericValueThreshold",
    "MetricThreshold",
    "Threshold",
    "check_thresholds",
]

Bound: TypeAlias = "float | Mapping[str, float] | None"


def _number(bound: Bound) -> float | None:
    """TFMA writes ``{"value": 0.5}`` where a number is meant."""
    return bound.get("value") if isinstance(bound, Mapping) else bound


def _is_bound(_: object, field: attrs.Attribute[float | None], value: float | None) -> None:
    if value is not None and not is_number(value):
        raise ConfigError(f"{field.name} must be a number, got {value!r}")


def _optional(_: object, field: attrs.Attribute[float | None], value: float | None) -> None:
    if value is not None and not (is_number(value) and value >= 0):
        raise ConfigError(f"{field.name} must be a number of at least 0, got {value!r}")


@attrs.frozen
class MetricThreshold:
    """A threshold with the names and the meaning of MLflow's class.

    Parameters
    ----------
    threshold : float, optional
        The challenger's score must be at least this (at most, where lower is better).
    min_absolute_change : float, optional
        It must be better than the champion's by at least this.
    min_relative_change : float, optional
        It must be better by at least this share of the champion's score, in [0, 1]. Of a champion at
        0, any gain of 1e-10 will do.
    greater_is_better : bool, default True
        False for errors and losses.

    Raises
    ------
    ConfigError
        If none is given, or one is outside its range.

    Examples
    --------
    >>> MetricThreshold(threshold=0.8, min_absolute_change=0.01, greater_is_better=True).threshold
    0.8
    """

    threshold: float | None = attrs.field(default=None, validator=_is_bound)
    min_absolute_change: float | None = attrs.field(default=None, validator=_optional)
    min_relative_change: float | None = attrs.field(default=None, validator=_optional)
    greater_is_better: bool = True

    def __attrs_post_init__(self) -> None:
        changes = (self.min_absolute_change, self.min_relative_change)
        if self.threshold is None and changes == (None, None):
            raise ConfigError(
                "give a threshold, a min_absolute_change or a min_relative_change; none was given"
            )
        if self.min_relative_change is not None and self.min_relative_change > 1:
            raise ConfigError(
                f"min_relative_change must lie in [0, 1], got {self.min_relative_change}"
            )

    def faults(self, champion: float, challenger: float) -> list[str]:
        """Return what the two scores break, in words; empty if nothing."""
        sign = 1.0 if self.greater_is_better else -1.0
        gain = sign * (challenger - champion)
        found = []
        if self.threshold is not None and sign * (challenger - self.threshold) < 0:
            side = "at least" if sign > 0 else "at most"
            found.append(f"{_n(challenger)}, asked is {side} {_n(self.threshold)}")
        asked = self._asked(champion)
        if asked is not None and not gain >= asked:
            found.append(f"better by {_n(gain)}, asked is {_n(asked)}")
        return found

    def _asked(self, champion: float) -> float | None:
        relative = self.min_relative_change
        share = (
            None
            if relative is None
            else relative * abs(champion) or (1e-10 if champion == 0 else 0.0)
        )
        asked = [a for a in (self.min_absolute_change, share) if a is not None]
        return max(asked) if asked else None


@attrs.frozen
class GenericValueThreshold:
    """Bounds on the challenger's score, with the names of TFMA's message.

    Parameters
    ----------
    lower_bound, upper_bound : float or {"value": float}, optional
        The score must lie between them; the bounds themselves are fine.
    """

    lower_bound: float | None = attrs.field(default=None, converter=_number, validator=_is_bound)
    upper_bound: float | None = attrs.field(default=None, converter=_number, validator=_is_bound)

    def faults(self, champion: float, challenger: float) -> list[str]:  # noqa: ARG002
        """Return what the challenger's score breaks, in words; empty if nothing."""
        low = -math.inf if self.lower_bound is None else self.lower_bound
        high = math.inf if self.upper_bound is None else self.upper_bound
        if low <= challenger <= high:
            return []
        return [f"{_n(challenger)}, asked is {_n(low)} to {_n(high)}"]


@attrs.frozen
class GenericChangeThreshold:
    """Bounds on the change of the score, with the names of TFMA's message.

    Parameters
    ----------
    absolute : float or {"value": float}, optional
        The change (challenger minus champion) must be at least this where higher is better, at most
        this where lower is. A negative number lets a little loss pass.
    relative : float or {"value": float}, optional
        The same as a share of the champion's score.
    direction : {"HIGHER_IS_BETTER", "LOWER_IS_BETTER"}, default "HIGHER_IS_BETTER"
        Which change is a gain.
    """

    absolute: float | None = attrs.field(default=None, converter=_number, validator=_is_bound)
    relative: float | None = attrs.field(default=None, converter=_number, validator=_is_bound)
    direction: Literal["HIGHER_IS_BETTER", "LOWER_IS_BETTER"] = attrs.field(
        default="HIGHER_IS_BETTER",
        validator=one_of("HIGHER_IS_BETTER", "LOWER_IS_BETTER"),
    )

    def faults(self, champion: float, challenger: float) -> list[str]:
        """Return what the change breaks, in words; empty if nothing."""
        change = challenger - champion
        share = (
            change / champion if champion else math.copysign(math.inf, change) if change else 0.0
        )
        sign = 1.0 if self.direction == "HIGHER_IS_BETTER" else -1.0
        side = "at least" if sign > 0 else "at most"
        return [
            f"{what} change {_n(found)}, asked is {side} {_n(bound)}"
            for what, found, bound in (
                ("absolute", change, self.absolute),
                ("relative", share, self.relative),
            )
            if bound is not None and not sign * found >= sign * bound
        ]


Threshold: TypeAlias = "MetricThreshold | GenericValueThreshold | GenericChangeThreshold"


def check_thresholds(
    thresholds: Mapping[str, Threshold | Sequence[Threshold]],
    scores: Callable[[str], tuple[float, float]],
) -> list[Check]:
    """Hold the champion's and the challenger's score of each metric against its thresholds."""
    found = []
    for metric, given in thresholds.items():
        pair = scores(metric)
        several = given if isinstance(given, Sequence) else (given,)
        found += [_check(metric, threshold, *pair) for threshold in several]
    return found


def _check(metric: str, threshold: Threshold, champion: float, challenger: float) -> Check:
    faults = threshold.faults(champion, challenger)
    within = f"{_n(champion)} → {_n(challenger)} is within"
    says: Verdict = "reject" if faults else "promote"
    return Check(f"{metric} threshold", says, "; ".join(faults) or within, champion, challenger)


def _n(value: float) -> str:
    return display.number(value)
