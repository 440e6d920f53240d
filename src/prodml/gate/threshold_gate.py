"""ThresholdGate: decides by point estimates, as MLflow and TFMA do, and says what a test would say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from prodml.errors import ConfigError
from prodml.gate.decision import GateDecision
from prodml.gate.gate import Gate
from prodml.gate.predictions import Said
from prodml.gate.thresholds import Threshold

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from prodml.gate.checks import Facts

__all__ = ["ThresholdGate"]


@attrs.frozen
class ThresholdGate:
    """Decides by thresholds on point estimates alone, as those who come from MLflow or TFMA know it.

    Of two equally good models the challenger passes "higher than before" in almost every second
    comparison; `Gate` is the one that asks whether a difference could be chance. This gate decides by
    the thresholds and says in its reason what the test says of the same rows.

    Parameters
    ----------
    thresholds : mapping of str to threshold, or to a sequence of them
        By metric: `MetricThreshold`, `GenericValueThreshold`, `GenericChangeThreshold`. The first
        metric is the one that the test is reported for.
    tested : Gate, optional
        The test to report; ``Gate(first metric)`` if not given.

    Raises
    ------
    ConfigError
        If there is no threshold.

    Examples
    --------
    >>> from prodml.gate import MetricThreshold
    >>> y = [0, 1] * 50
    >>> old, new = [0, 1] * 45 + [1, 0] * 5, [0, 1] * 46 + [1, 0] * 4
    >>> gate = ThresholdGate({"accuracy": MetricThreshold(min_absolute_change=0.01)})
    >>> decision = gate.decide(y, {"labels": old}, {"labels": new})
    >>> decision.verdict, "inconclusive" in decision.reason
    ('promote', True)
    """

    thresholds: Mapping[str, Threshold | Sequence[Threshold]]
    tested: Gate | None = None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.thresholds, Mapping) or not self.thresholds:
            raise ConfigError(
                "thresholds must map at least one metric to its threshold, such as "
                '{"accuracy": MetricThreshold(threshold=0.8)}'
            )

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
        y_true, champion, challenger, columns, facts, holdout, uses
            As `Gate.decide`.

        Returns
        -------
        GateDecision
            ``"promote"`` if every threshold holds, else ``"reject"``; never inconclusive.
        """
        tested = self.tested or Gate(next(iter(self.thresholds)))
        found = attrs.evolve(tested, thresholds=self.thresholds).decide(
            y_true,
            champion,
            challenger,
            columns=columns,
            facts=facts,
            holdout=holdout,
            uses=uses,
        )
        checks = [c for c in found.checks if c.name.endswith(" threshold")]
        broken = [c for c in checks if c.verdict != "promote"]
        says = (
            f"{broken[0].name} is broken: {broken[0].detail}"
            if broken
            else "every threshold holds (point estimates)"
        )
        test = f"the test of {found.metric} on these rows says {found.primary.verdict}"
        return attrs.evolve(
            found,
            verdict="reject" if broken else "promote",
            n_needed=None,
            reason=f"{says}; {test}.",
        )
