"""What an experiment has shown so far."""

from __future__ import annotations

import attrs

from prodml.display import html_table, interval_chart, number, percent, text_table
from prodml.errors import UnknownNameError

__all__ = ["ArmResult", "ExperimentResult"]

_HEADERS = (
    "Arm",
    "share",
    "units",
    "outcomes",
    "mean",
    "difference",
    "at any time",
    "p",
    "verdict",
)


@attrs.frozen
class ArmResult:
    """One arm, beside the control.

    Parameters
    ----------
    arm : str
        Name.
    weight : float
        Share of traffic now.
    n_exposed, n_outcomes : int
        Units that met the arm, and those among them whose outcome is known.
    mean, std : float or None
        Of the metric over units; None while too few outcomes are known.
    difference : float or None
        Mean minus the control's; None for the control.
    low, high, p_value : float or None
        For one look at a time fixed beforehand.
    always_low, always_high, always_p : float or None
        For any number of looks: the confidence sequence.
    verdict : {"control", "too early", "inconclusive", "higher", "lower"}
        By the confidence sequence.
    """

    arm: str
    weight: float
    n_exposed: int
    n_outcomes: int
    mean: float | None
    std: float | None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    always_low: float | None = None
    always_high: float | None = None
    always_p: float | None = None
    verdict: str = "control"


@attrs.frozen(repr=False)
class ExperimentResult:
    """All arms of an experiment, compared with the control.

    Parameters
    ----------
    name, metric, control : str
        What was compared.
    arms : tuple of ArmResult
        The control first.
    n_units : int
        Units exposed.
    n_phases : int
        How often weights were set.
    alpha : float
        Chance of a false verdict over all arms and looks.
    sample_ratio_p : float
        Small when the arms' sizes contradict the weights: then nothing else here is to be trusted.
    """

    name: str
    metric: str
    control: str
    arms: tuple[ArmResult, ...]
    n_units: int
    n_phases: int
    alpha: float
    sample_ratio_p: float

    def __getitem__(self, arm: str) -> ArmResult:
        """Return one arm by name."""
        for row in self.arms:
            if row.arm == arm:
                return row
        raise UnknownNameError("arm", arm, [row.arm for row in self.arms])

    @property
    def is_sample_ratio_mismatch(self) -> bool:
        """Whether the arms' sizes contradict the weights (p < 0.001)."""
        return self.sample_ratio_p < 0.001

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values."""
        return attrs.asdict(self)

    def plot(self) -> str:
        """Draw each arm's difference from the control with its confidence sequence, as SVG."""
        rows = [
            (r.arm, r.difference, r.always_low, r.always_high)
            for r in self.arms
            if r.difference is not None and r.always_low is not None and r.always_high is not None
        ]
        return interval_chart(
            [r[0] for r in rows],
            [float(r[1]) for r in rows],
            [float(r[2]) for r in rows],
            [float(r[3]) for r in rows],
            title=f"{self.metric}: difference from {self.control}",
        )

    def _rows(self) -> list[tuple[object, ...]]:
        return [
            (
                r.arm,
                percent(r.weight),
                r.n_exposed,
                r.n_outcomes,
                number(r.mean),
                number(r.difference),
                ""
                if r.always_low is None
                else f"{number(r.always_low)} to {number(r.always_high)}",
                "" if r.always_p is None else number(r.always_p, 2),
                r.verdict,
            )
            for r in self.arms
        ]

    def _title(self) -> str:
        warning = "; arm sizes contradict the weights" if self.is_sample_ratio_mismatch else ""
        return f"{self.name}: {self.metric}{warning}"

    def __repr__(self) -> str:
        return text_table(self._rows(), _HEADERS, title=self._title())

    def _repr_html_(self) -> str:
        return html_table(self._rows(), _HEADERS, title=self._title())
