"""Compare arms with the control, within phases and over them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import attrs

from prodml.ab.ledger import Ledger, Moments
from prodml.ab.phases import Setup
from prodml.ab.results import ArmResult, ExperimentResult

__all__ = ["MIN_UNITS", "analyze"]

MIN_UNITS = 100
"""Units with an outcome that each arm needs before a verdict: below it the normal limit is not to be trusted."""


@attrs.frozen
class _Difference:
    """An estimated difference, its squared standard error, and its fixed-horizon interval."""

    value: float
    variance: float
    low: float
    high: float
    p_value: float


def analyze(
    name: str, metric: str, setup: Setup, ledger: Ledger, *, alpha: float
) -> ExperimentResult:
    """Return the comparison of every arm with the control.

    Parameters
    ----------
    name, metric : str
        What is compared.
    setup : Setup
        Weights, control and horizon.
    ledger : Ledger
        Exposures and outcomes.
    alpha : float in (0, 1)
        Divided by the number of comparisons (Bonferroni).

    Returns
    -------
    ExperimentResult
    """
    cells = ledger.moments(metric)
    exposed = Counter(arm for arm, _ in ledger.counts())
    names = list(dict.fromkeys(arm for phase in setup.phases for arm in phase))
    others = [arm for arm in names if arm != setup.control]
    each = alpha / max(len(others), 1)
    rows = [_arm(arm, cells, exposed[arm], setup, each) for arm in (setup.control, *others)]
    return ExperimentResult(
        name=name,
        metric=metric,
        control=setup.control,
        arms=tuple(rows),
        n_units=sum(exposed.values()),
        n_phases=len(setup.phases),
        alpha=alpha,
        sample_ratio_p=_sample_ratio(setup, ledger),
    )


def _arm(
    arm: str, cells: Mapping[tuple[str, int], Moments], n_exposed: int, setup: Setup, alpha: float
) -> ArmResult:
    own = _pooled([m for (a, _), m in cells.items() if a == arm])
    row = ArmResult(
        arm=arm,
        weight=float(setup.phases[-1].get(arm, 0.0)),
        n_exposed=n_exposed,
        n_outcomes=own.n,
        mean=own.mean if own.n else None,
        std=math.sqrt(own.variance) if own.n > 1 else None,
    )
    if arm == setup.control:
        return row
    control = _pooled([m for (a, _), m in cells.items() if a == setup.control])
    difference = _difference(arm, setup.control, cells, alpha)
    if difference is None:
        return attrs.evolve(row, verdict="too early")
    row = _judged(row, difference, own.n + control.n, horizon=setup.horizon, alpha=alpha)
    early = min(own.n, control.n) < MIN_UNITS
    return attrs.evolve(row, verdict="too early") if early else row


def _judged(row: ArmResult, d: _Difference, n: int, *, horizon: int, alpha: float) -> ArmResult:
    from prodml.stats.sequential import best_rho2, mixture_margin, mixture_p

    rho2 = best_rho2(horizon, alpha=alpha)
    margin = mixture_margin(d.variance, n, rho2=rho2, alpha=alpha)
    low, high = d.value - margin, d.value + margin
    verdict = "higher" if low > 0 else "lower" if high < 0 else "inconclusive"
    return attrs.evolve(
        row,
        difference=d.value,
        low=d.low,
        high=d.high,
        p_value=d.p_value,
        always_low=low,
        always_high=high,
        always_p=mixture_p(d.value, d.variance, n, rho2=rho2),
        verdict=verdict,
    )


def _difference(
    arm: str, control: str, cells: Mapping[tuple[str, int], Moments], alpha: float
) -> _Difference | None:
    """Average the differences within phases, weighted by the number of units of each phase."""
    pairs = [
        (cells[control, phase], moments)
        for (a, phase), moments in cells.items()
        if a == arm and (control, phase) in cells
    ]
    usable = [(c, m) for c, m in pairs if c.n > 1 and m.n > 1]
    if not usable:
        return None
    if len(usable) == 1:
        return _one_phase(*usable[0], alpha)
    return _many_phases(usable, alpha)


def _one_phase(control: Moments, arm: Moments, alpha: float) -> _Difference:
    from prodml.stats.intervals import newcombe, welch

    variance = control.variance / control.n + arm.variance / arm.n
    sizes = (control.n, arm.n)
    low, high, p = welch(
        (control.mean, arm.mean), (control.variance, arm.variance), sizes, alpha=alpha
    )
    if control.is_binary and arm.is_binary:
        low, high = newcombe((control.mean * control.n, arm.mean * arm.n), sizes, alpha=alpha)
    return _Difference(arm.mean - control.mean, variance, low, high, p)


def _many_phases(pairs: Sequence[tuple[Moments, Moments]], alpha: float) -> _Difference:
    from scipy.special import ndtr, ndtri

    total = sum(c.n + m.n for c, m in pairs)
    shares = [(c.n + m.n) / total for c, m in pairs]
    value = math.fsum(s * (m.mean - c.mean) for s, (c, m) in zip(shares, pairs, strict=True))
    variance = math.fsum(
        s * s * (c.variance / c.n + m.variance / m.n)
        for s, (c, m) in zip(shares, pairs, strict=True)
    )
    if variance == 0:
        return _Difference(value, 0.0, value, value, 1.0 if value == 0 else math.ulp(0.0))
    half = float(ndtri(1 - alpha / 2)) * math.sqrt(variance)
    p = max(2 * float(ndtr(-abs(value) / math.sqrt(variance))), math.ulp(0.0))
    return _Difference(value, variance, value - half, value + half, p)


def _pooled(parts: Sequence[Moments]) -> Moments:
    n = sum(p.n for p in parts)
    if not n:
        return Moments()
    mean = math.fsum(p.n * p.mean for p in parts) / n
    # Chan, Golub and LeVeque 1983: within plus between.
    m2 = math.fsum(p.m2 + p.n * (p.mean - mean) ** 2 for p in parts)
    return Moments(n, mean, m2, all(p.is_binary for p in parts))


def _sample_ratio(setup: Setup, ledger: Ledger) -> float:
    """p-value of the last phase's counts against its weights, valid at every look."""
    from prodml.stats.sequential import sample_ratio_sequential

    phase = len(setup.phases)
    counts = Counter(arm for arm, p in ledger.counts() if p == phase)
    weights = {arm: w for arm, w in setup.phases[-1].items() if w > 0}
    return sample_ratio_sequential([counts[arm] for arm in weights], list(weights.values()))
