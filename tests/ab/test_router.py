"""ABRouter: sticky arms, late outcomes, phases, and state that survives."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from prodml.ab import ABRouter
from prodml.errors import ConfigError, ConflictError, UnknownNameError
from prodml.storage import FolderStorage, MemoryStorage

HALVES = {"champion": 0.5, "challenger": 0.5}


@pytest.fixture
def storage():
    return MemoryStorage()


@pytest.fixture
def router(storage):
    return ABRouter("ranker", HALVES, storage=storage)


def test_a_unit_keeps_its_arm_in_every_process(storage, router):
    other = ABRouter("ranker", storage=storage)
    for i in range(200):
        assert router.assign(f"u{i}").arm == other.assign(f"u{i}").arm


def test_an_assignment_says_where_it_comes_from(router):
    made = router.assign("user-42")
    assert (made.unit, made.experiment, made.phase) == ("user-42", "ranker", 1)
    assert made.arm in HALVES


def test_a_unit_keeps_its_arm_when_the_ramp_grows(storage):
    router = ABRouter("ranker", {"champion": 0.9, "challenger": 0.1}, storage=storage)
    units = [f"u{i}" for i in range(500)]
    router.record_exposures(units[:250])
    before = {u: router.assign(u).arm for u in units}
    router.set_weights(HALVES, reason="ramp")
    after = {u: router.assign(u).arm for u in units}
    assert all(after[u] == before[u] for u in units[:250])
    assert all(after[u] == "challenger" for u in units if before[u] == "challenger")
    assert any(after[u] != before[u] for u in units[250:])


def test_a_unit_of_an_arm_that_is_gone_gets_another(storage):
    router = ABRouter("r", {"a": 0.5, "b": 0.5}, storage=storage, control="a")
    units = [f"u{i}" for i in range(50)]
    router.record_exposures(units)
    router.set_weights({"a": 1.0}, reason="b is broken")
    assert {router.assign(u).arm for u in units} == {"a"}


def test_the_first_exposure_stands(router):
    assert router.record_exposures(["u1", "u2", "u1"]) == 2
    assert router.record_exposures(["u1"]) == 0
    assert router.record_exposure("u1").arm == router.assign("u1").arm


def test_outcomes_are_joined_however_late(storage, router):
    router.record_exposures([f"u{i}" for i in range(10)])
    again = ABRouter("ranker", storage=storage)
    again.record_outcome("u3", 1.0)
    assert sum(arm.n_outcomes for arm in router.analyze().arms) == 1


def test_an_outcome_without_an_exposure_is_refused_and_counted(router):
    with pytest.raises(ConflictError, match="never met experiment"):
        router.record_outcome("stranger", 1.0)
    router.record_exposure("u1")
    receipt = router.record_outcomes({"u1": 1.0, "stranger": 0.0})
    assert (receipt.recorded, receipt.unexposed) == (1, 1)


@pytest.mark.parametrize("value", [math.nan, math.inf, "1", None])
def test_an_outcome_that_is_no_number_is_refused_and_nothing_is_stored(router, value):
    router.record_exposures(["u1", "u2"])
    with pytest.raises(ConfigError, match="finite number"):
        router.record_outcomes({"u2": 1.0, "u1": value})
    router.record_outcome("u1", 0.5)
    assert sum(arm.n_outcomes for arm in router.analyze().arms) == 1


def test_several_outcomes_of_a_unit_are_averaged(router):
    arm = router.record_exposure("u1").arm
    for value in (1.0, 0.0, 0.5):
        router.record_outcome("u1", value)
    row = router.analyze()[arm]
    assert (row.n_outcomes, row.mean) == (1, 0.5)


def test_no_unit_is_written_down_as_it_is_called(storage, router):
    router.record_exposure("person@example.org")
    router.record_outcome("person@example.org", 1.0)
    assert all(b"person" not in storage.get(meta.key) for meta in storage.list())


def test_an_experiment_survives_a_restart(tmp_path):
    first = ABRouter("ranker", HALVES, storage=FolderStorage(tmp_path))
    first.record_exposure("u1")
    first.record_outcome("u1", 1.0)
    first.set_weights({"champion": 0.8, "challenger": 0.2}, reason="careful")
    again = ABRouter("ranker", storage=FolderStorage(tmp_path))
    assert again.arms == {"champion": 0.8, "challenger": 0.2}
    assert again.analyze().n_units == 1


def test_opening_with_other_weights_is_refused(storage, router):
    with pytest.raises(ConflictError, match="set_weights"):
        ABRouter("ranker", {"champion": 0.4, "challenger": 0.6}, storage=storage)


@pytest.mark.parametrize("changed", [{"control": "challenger"}, {"salt": "other"}])
def test_salt_and_control_stay_for_good(storage, router, changed):
    with pytest.raises(ConflictError, match="stay for good"):
        ABRouter("ranker", HALVES, storage=storage, **changed)


def test_opening_an_experiment_that_is_not_there_is_refused(storage):
    with pytest.raises(UnknownNameError, match='no experiment "ranker"'):
        ABRouter("ranker", storage=storage)


def test_an_unknown_control_is_refused(storage):
    with pytest.raises(ConfigError, match="control must be one of the arms"):
        ABRouter("r", HALVES, storage=storage, control="champ")


def test_a_horizon_below_one_unit_is_refused(storage):
    with pytest.raises(ConfigError, match="horizon"):
        ABRouter("r", HALVES, storage=storage, horizon=0)


def test_malformed_weights_leave_the_weights_as_they_were(router):
    with pytest.raises(ConfigError, match="must sum to 1"):
        router.set_weights({"champion": 0.5, "challenger": 0.6}, reason="oops")
    assert router.arms == HALVES


def test_weights_cannot_be_set_to_what_they_are(router):
    with pytest.raises(ConflictError, match="already"):
        router.set_weights(HALVES, reason="again")


def test_the_control_cannot_be_dropped(router):
    with pytest.raises(ConfigError, match="must keep a weight"):
        router.set_weights({"challenger": 1.0}, reason="all in")


def test_a_change_of_weights_has_a_reason(router):
    with pytest.raises(ConfigError, match="say why"):
        router.set_weights({"champion": 0.9, "challenger": 0.1}, reason="")


@pytest.mark.parametrize("unit", ["", None, 3])
def test_a_unit_is_a_text(router, unit):
    with pytest.raises(ConfigError, match="a unit is a text"):
        router.assign(unit)


def test_an_unknown_metric_lists_the_known_ones(router):
    router.record_exposure("u1")
    router.record_outcome("u1", 1.0, metric="clicks")
    with pytest.raises(UnknownNameError, match='Did you mean "clicks"'):
        router.analyze("click")


def test_a_metric_has_a_name(router):
    with pytest.raises(ConfigError, match="metric has a name"):
        router.record_outcomes({}, metric="")


def test_an_alpha_outside_its_range_is_refused(router):
    with pytest.raises(ConfigError, match=r"alpha must lie in \(0, 1\), got 5"):
        router.analyze(alpha=5)


def test_two_who_start_at_once_start_one_experiment(storage):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ABRouter("r", HALVES, storage=storage), range(8)))
    assert len({m.assign("u1").arm for m in made}) == 1
    events = [e.type for e in made[0]._journal.events()]
    assert events == ["started"]


def test_many_threads_lose_no_exposure(router):
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(lambda k: router.record_exposures([f"u{k}-{i}" for i in range(5)]), range(20))
        )
    assert router.analyze().n_units == 100


def test_arms_match_their_weights(storage):
    router = ABRouter("r", {"a": 0.7, "b": 0.2, "c": 0.1}, storage=storage)
    arms = [router.assign(f"u{i}").arm for i in range(20_000)]
    shares = np.array([arms.count(a) for a in "abc"]) / 20_000
    assert np.allclose(shares, [0.7, 0.2, 0.1], atol=0.012)
