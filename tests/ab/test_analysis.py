"""What an experiment shows, and how sure it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from prodml.ab import ABRouter
from prodml.ab.ledger import Moments
from prodml.errors import UnknownNameError
from prodml.storage import MemoryStorage

HALVES = {"champion": 0.5, "challenger": 0.5}


def experiment(n, effect, *, seed=0, arms=HALVES, draw=None):
    router = ABRouter("exp", arms, storage=MemoryStorage(), salt=f"salt-{seed}")
    rng = np.random.default_rng(seed)
    units = [f"u{i}" for i in range(n)]
    router.record_exposures(units)
    outcomes = {}
    for unit in units:
        lift = effect if router.assign(unit).arm == "challenger" else 0.0
        outcomes[unit] = draw(rng, lift) if draw else float(rng.normal(lift))
    router.record_outcomes(outcomes)
    return router, outcomes


def split(router, outcomes):
    values = {arm: [] for arm in router.arms}
    for unit, value in outcomes.items():
        values[router.assign(unit).arm].append(value)
    return values


def test_means_and_intervals_are_welchs():
    router, outcomes = experiment(400, 0.3)
    values = split(router, outcomes)
    expected = stats.ttest_ind(values["challenger"], values["champion"], equal_var=False)
    row = router.analyze()["challenger"]
    interval = expected.confidence_interval(0.95)
    assert row.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert (row.low, row.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert row.mean == pytest.approx(np.mean(values["challenger"]))
    assert row.std == pytest.approx(np.std(values["challenger"], ddof=1))


def test_proportions_get_an_interval_for_proportions():
    router, outcomes = experiment(300, 0.2, draw=lambda r, lift: float(r.random() < 0.1 + lift))
    values = split(router, outcomes)
    row = router.analyze()["challenger"]
    low = np.mean(values["challenger"]) - np.mean(values["champion"])
    assert row.low < low < row.high
    assert -1 <= row.low <= row.high <= 1


def test_the_interval_for_any_time_is_wider_than_the_one_for_one_look():
    router, _ = experiment(400, 0.3)
    row = router.analyze()["challenger"]
    assert row.always_low < row.low < row.high < row.always_high
    assert row.always_p > row.p_value


def test_a_large_effect_is_found_and_a_missing_one_is_not():
    assert experiment(1000, 1.0)[0].analyze()["challenger"].verdict == "higher"
    assert experiment(1000, -1.0)[0].analyze()["challenger"].verdict == "lower"
    assert experiment(1000, 0.0)[0].analyze()["challenger"].verdict == "inconclusive"


def test_below_a_hundred_units_an_arm_it_is_too_early():
    assert experiment(150, 5.0)[0].analyze()["challenger"].verdict == "too early"


def test_an_experiment_without_outcomes_is_too_early_and_prints():
    router = ABRouter("exp", HALVES, storage=MemoryStorage())
    result = router.analyze()
    assert result["challenger"].verdict == "too early"
    assert "too early" in repr(result)


def test_a_difference_within_phases_is_not_faked_by_a_change_of_weights():
    """Simpson's paradox: no effect within a phase, but the second phase is better for all."""
    router = ABRouter("exp", {"champion": 0.9, "challenger": 0.1}, storage=MemoryStorage())
    rng = np.random.default_rng(0)
    for phase, level in ((1, 0.0), (2, 3.0)):
        units = [f"p{phase}-{i}" for i in range(1500)]
        router.record_exposures(units)
        router.record_outcomes({u: float(rng.normal(level)) for u in units})
        if phase == 1:
            router.set_weights(HALVES, reason="ramp")
    row = router.analyze()["challenger"]
    assert row.mean - router.analyze()["champion"].mean > 0.5
    assert abs(row.difference) < 0.2
    assert row.verdict == "inconclusive"


def test_arms_that_contradict_their_weights_are_flagged():
    router = ABRouter("exp", HALVES, storage=MemoryStorage())
    units = [u for u in (f"u{i}" for i in range(3000)) if router.assign(u).arm == "champion"]
    router.record_exposures(units)
    result = router.analyze()
    assert result.is_sample_ratio_mismatch
    assert "contradict the weights" in repr(result)


def test_right_arm_sizes_are_not_flagged():
    assert not experiment(2000, 0.0)[0].analyze().is_sample_ratio_mismatch


def test_two_challengers_share_the_chance_of_a_false_verdict():
    arms = {"champion": 0.4, "challenger": 0.3, "third": 0.3}
    router, outcomes = experiment(900, 0.3, arms=arms)
    values = split(router, outcomes)
    expected = stats.ttest_ind(values["challenger"], values["champion"], equal_var=False)
    interval = expected.confidence_interval(1 - 0.05 / 2)
    row = router.analyze()["challenger"]
    assert (row.low, row.high) == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_constant_outcomes_are_equal_and_not_a_crash():
    router, _ = experiment(400, 0.0, draw=lambda r, lift: 1.0)
    row = router.analyze()["challenger"]
    assert (row.difference, row.p_value, row.verdict) == (0.0, 1.0, "inconclusive")


def test_a_result_is_read_by_arm_and_travels_as_plain_values():
    result = experiment(300, 0.5)[0].analyze()
    assert result.to_dict()["arms"][0]["arm"] == "champion"
    assert "<table" in result._repr_html_()
    assert result.plot().startswith("<svg")
    with pytest.raises(UnknownNameError, match='no arm "third"'):
        result["third"]


@settings(max_examples=50)
@given(st.lists(st.floats(-1e3, 1e3), max_size=30))
def test_moments_are_those_of_numpy(values):
    moments = Moments.of(values)
    assert moments.n == len(values)
    if values:
        assert moments.mean == pytest.approx(np.mean(values), abs=1e-9)
    if len(values) > 1:
        assert moments.variance == pytest.approx(np.var(values, ddof=1), rel=1e-9, abs=1e-9)


def peeked_rejections(n_runs, n_looks, seed):
    """Share of null experiments in which a look at every 50 units ever finds something."""
    from prodml.stats.sequential import best_rho2, mixture_margin

    rng = np.random.default_rng(seed)
    rho2 = best_rho2(10_000)
    found = 0
    for _ in range(n_runs):
        a, b = rng.normal(size=(2, n_looks * 25))
        for look in range(4, n_looks + 1):
            n = look * 25
            x, y = a[:n], b[:n]
            variance = x.var(ddof=1) / n + y.var(ddof=1) / n
            if abs(y.mean() - x.mean()) > mixture_margin(variance, 2 * n, rho2=rho2):
                found += 1
                break
    return found / n_runs


def test_looking_often_does_not_make_false_findings():
    assert peeked_rejections(300, 40, seed=1) <= 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5


@pytest.mark.slow
def test_looking_often_does_not_make_false_findings_at_length():
    assert peeked_rejections(4000, 200, seed=2) <= 0.05 + 3 * (0.05 * 0.95 / 4000) ** 0.5
