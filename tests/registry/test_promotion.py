"""Aliases move when the gate is convinced, and everything about it is remembered."""

import attrs
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from prodml.errors import ConfigError, ConflictError, RefusedError, UnknownNameError
from prodml.gate import Gate, GateDecision
from prodml.registry import Registry
from prodml.tables import Column, Schema


def test_a_first_promotion_has_nothing_to_be_compared_with(registry, weak):
    registry.register("tumours", weak)
    promotion = registry.promote("tumours", 1, reason="start")
    assert (promotion.version, promotion.previous, promotion.kind) == (1, None, "first")
    assert promotion.decision is None


def test_a_better_version_is_promoted_with_its_evidence(filled):
    promotion = filled.promote("tumours", 2, reason="nightly")
    assert (promotion.previous, promotion.kind, promotion.actor) == (1, "gate", "ops")
    assert promotion.decision.verdict == "promote"
    assert promotion.decision.n_rows == 400
    assert filled.aliases("tumours") == {"champion": 2}


def test_the_decision_is_that_of_the_gate_on_the_stored_rows(filled, weak, strong):
    truth = weak.holdout_target
    said = [{"labels": run.estimator.predict(run.holdout)} for run in (weak, strong)]
    expected = Gate().decide(truth, *said)
    decision = filled.promote("tumours", 2).decision
    assert decision.champion_score == expected.champion_score
    assert decision.p_value == expected.p_value


def test_a_worse_version_is_refused_with_its_evidence(filled):
    filled.promote("tumours", 2)
    with pytest.raises(RefusedError, match="tumours/1 does not replace version 2") as caught:
        filled.promote("tumours", 1)
    assert caught.value.decision.verdict == "reject"
    assert filled.aliases("tumours") == {"champion": 2}


def test_a_refusal_is_remembered_across_processes(filled, storage):
    filled.promote("tumours", 2)
    with pytest.raises(RefusedError):
        filled.promote("tumours", 1, reason="a try")
    last = list(Registry(storage).history("tumours"))[-1]
    assert (last.kind, last.version, last.previous, last.reason) == ("refused", 1, 2, "a try")
    assert isinstance(last.decision, GateDecision)


def test_too_few_rows_are_no_reason_to_promote(registry, weak, strong):
    few = attrs.evolve(
        strong, holdout=strong.holdout[:20], holdout_target=strong.holdout_target[:20]
    )
    registry.register("tumours", weak)
    registry.register("tumours", few)
    registry.promote("tumours", 1)
    with pytest.raises(RefusedError) as caught:
        registry.promote("tumours", 2)
    assert caught.value.decision.verdict == "inconclusive"


def test_a_forced_promotion_is_marked_and_keeps_the_evidence(filled):
    filled.promote("tumours", 2)
    promotion = filled.promote("tumours", 1, force=True, reason="the law says so")
    assert promotion.kind == "forced"
    assert promotion.decision.verdict == "reject"
    assert [move.kind for move in filled.history("tumours")] == ["first", "gate", "forced"]


def test_force_needs_a_reason(filled):
    with pytest.raises(ConfigError, match="reason"):
        filled.promote("tumours", 2, force=True)


def test_force_works_when_the_champion_cannot_be_loaded(filled, storage):
    digest = filled.get("tumours/1").digest
    storage.delete(f"models/tumours/blobs/sha256/{digest[7:9]}/{digest[7:]}")
    promotion = filled.promote("tumours", 2, force=True, reason="champion is gone")
    assert (promotion.kind, promotion.decision) == ("forced", None)


def test_an_alias_that_is_not_gated_moves_freely(filled):
    filled.promote("tumours", 2, alias="challenger")
    assert filled.promote("tumours", 1, alias="challenger").kind == "free"


def test_which_aliases_are_gated_is_a_choice(storage, weak, strong):
    registry = Registry(storage, gated=("prod",))
    registry.register("tumours", strong)
    registry.register("tumours", weak)
    registry.promote("tumours", 1, alias="prod")
    with pytest.raises(RefusedError):
        registry.promote("tumours", 2, alias="prod")
    registry.promote("tumours", 1)
    assert registry.promote("tumours", 2).kind == "free"


def test_another_gate_may_decide(filled, storage):
    filled.promote("tumours", 2)
    lenient = Gate(margin=0.9)
    assert filled.promote("tumours", 1, gate=lenient).decision.primary.require == "non_inferior"
    assert Registry(storage, gate=lenient).promote("tumours", 2).kind == "gate"


def test_an_alias_that_points_there_already_is_a_conflict(filled):
    with pytest.raises(ConflictError, match="points at version 1 already"):
        filled.promote("tumours", 1)


@pytest.mark.parametrize("expect", [1, "1", "v1", "tumours/1"])
def test_an_expectation_that_holds_lets_the_promotion_through(filled, expect):
    assert filled.promote("tumours", 2, expect=expect).version == 2


@pytest.mark.parametrize("expect", [2, "v2", 0])
def test_an_expectation_that_does_not_hold_is_a_conflict(filled, expect):
    with pytest.raises(ConflictError, match="it points at 1"):
        filled.promote("tumours", 2, expect=expect)


def test_nothing_can_be_expected(registry, weak):
    registry.register("tumours", weak)
    assert registry.promote("tumours", 1, expect=0).kind == "first"


@pytest.mark.parametrize("version", ["two", 1.0, True, -1, None, "v", "²"])
def test_a_version_that_is_no_number_is_refused(filled, version):
    with pytest.raises(ConfigError, match="a version is a number"):
        filled.promote("tumours", version)


def test_a_version_that_does_not_exist_is_unknown(filled):
    with pytest.raises(UnknownNameError, match='"9"'):
        filled.promote("tumours", 9)


def test_a_champion_that_changes_while_the_gate_decides_is_a_conflict(filled, storage):
    class Slow:
        def decide(self, y_true, champion, challenger):
            Registry(storage).promote("tumours", 2, force=True, reason="faster")
            return Gate().decide(y_true, champion, challenger)

    with pytest.raises(ConflictError, match="pointed at 1 when this began, now at 2"):
        filled.promote("tumours", 2, gate=Slow())


def test_a_deprecated_version_is_promoted_only_by_force(filled):
    filled.deprecate("tumours", 2, "wrong label")
    with pytest.raises(RefusedError, match="wrong label"):
        filled.promote("tumours", 2)
    assert filled.promote("tumours", 2, force=True, reason="still best").kind == "forced"


def test_a_version_without_a_holdout_cannot_be_compared(filled, strong):
    filled.register("tumours", strong.estimator)
    with pytest.raises(RefusedError, match="without a holdout"):
        filled.promote("tumours", 3)


def test_a_pickled_model_is_compared_only_if_trusted(filled, strong, homemade_run):
    filled.register("tumours", homemade_run, trust="pickle")
    from prodml.errors import UntrustedModelError

    with pytest.raises(UntrustedModelError):
        filled.promote("tumours", 3)
    assert filled.promote("tumours", 3, trust="pickle").version == 3


class Homemade(DecisionTreeClassifier):
    """A class that no inert file may name."""


@pytest.fixture
def homemade_run(make_run):
    return make_run(Homemade(max_depth=6, random_state=0))


def schema(*columns):
    return Schema([Column(*column) for column in columns])


BASE = (("age", "number", True), ("dose", "number"), ("size", "number"), ("grade", "integer"))


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ((*BASE, ("blood", "number")), '"blood" is new'),
        ((*BASE[:3], ("grade", "category")), '"grade" was integer and is category'),
        ((("age", "number"), *BASE[1:]), '"age" could be missing'),
    ],
    ids=["new", "kind", "missing"],
)
def test_a_challenger_that_cannot_take_the_champions_inputs_is_refused(
    registry, weak, strong, changed, fault
):
    registry.register("tumours", attrs.evolve(weak, schema=schema(*BASE)))
    registry.register("tumours", attrs.evolve(strong, schema=schema(*changed)))
    registry.promote("tumours", 1)
    with pytest.raises(RefusedError, match=fault):
        registry.promote("tumours", 2)
    assert registry.promote("tumours", 2, force=True, reason="callers were changed")


def test_a_number_may_take_the_place_of_an_integer(registry, weak, strong):
    before = schema(("age", "number"), ("dose", "number"), ("size", "number"), ("grade", "number"))
    registry.register("tumours", attrs.evolve(weak, schema=before))
    registry.register("tumours", attrs.evolve(strong, schema=before))
    registry.promote("tumours", 1)
    assert registry.promote("tumours", 2).kind == "gate"


def test_a_champion_that_needs_more_than_the_holdout_has_is_named(registry, weak, make_run):
    registry.register("tumours", weak)
    narrow = make_run(LogisticRegression(), columns=["age", "dose"])
    registry.register("tumours", narrow)
    registry.promote("tumours", 1)
    with pytest.raises(RefusedError, match="tumours/1 cannot predict.*size"):
        registry.promote("tumours", 2)


def test_a_model_that_fails_on_the_holdout_is_named(registry, weak, make_run):
    registry.register("tumours", weak.estimator)
    registry.register("tumours", make_run(LogisticRegression(), columns=["age", "dose"]))
    registry.promote("tumours", 1)
    with pytest.raises(RefusedError, match="tumours/1 fails on the challenger's holdout"):
        registry.promote("tumours", 2)


def test_models_taught_without_names_are_compared_without_names(registry):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = X[:, 0] * 2 + rng.normal(size=300)
    for model, columns in ((LinearRegression(), slice(1, 2)), (LinearRegression(), slice(0, 2))):
        fitted = model.fit(np.where([columns.start == 0, True], X, 0), y)
        registry.register("lines", fitted, holdout=(X, y))
    registry.promote("lines", 1)
    assert registry.promote("lines", 2).decision.metric == "rmse"


def test_how_often_a_holdout_has_decided_is_counted(filled, storage):
    lenient = Gate(margin=0.9)
    for version in (2, 1, 2):
        filled.promote("tumours", version, gate=lenient)
    uses = [
        event.payload["holdout_uses"]
        for event in filled._shelf("tumours").journal.events()
        if event.type == "gate_decided"
    ]
    assert uses == [1, 2, 3]


def decisions(registry):
    events = registry._shelf("tumours").journal.events()
    return [event.payload["decision"] for event in events if event.type == "gate_decided"]


def test_the_evidence_is_in_the_journal(filled):
    decision = filled.promote("tumours", 2).decision
    kept = decisions(filled)[0]
    assert kept["holdout"] == filled.get("tumours/2").holdout_digest
    assert (kept["uses"], kept["seed"], kept["n_resamples"]) == (0, 0, 2000)
    assert kept["primary"]["test"] == "mcnemar"
    assert [check["name"] for check in kept["checks"]] == ["loads"]
    assert GateDecision.from_dict(kept) == decision


def test_a_gate_cuts_the_holdout_by_its_own_columns(filled):
    decision = filled.promote("tumours", 2, gate=Gate(slices=["age"], slice_margin=0.5)).decision
    assert [s.column for s in decision.slices] == ["age"] * 4
    assert sum(s.n_rows for s in decision.slices) == 400


def test_slow_and_large_models_are_refused_by_a_gate_that_bounds_them(filled):
    small = Gate(max_size_ratio=0.01)
    with pytest.raises(RefusedError, match="size breaks its bound") as caught:
        filled.promote("tumours", 2, gate=small)
    assert caught.value.decision.primary.verdict == "promote"
    fast = Gate(max_latency_ratio=1e-6)
    with pytest.raises(RefusedError, match="latency breaks its bound"):
        filled.promote("tumours", 2, gate=fast)
    assert filled.promote("tumours", 2, gate=Gate(max_latency_ratio=1e6)).kind == "gate"


def test_each_use_of_a_holdout_asks_for_more_where_the_gate_pays_for_it(filled):
    gate = Gate(reuse="alpha-spending", margin=0.9)
    for version in (2, 1, 2):
        filled.promote("tumours", version, gate=gate)
    levels = [kept["alpha_used"] for kept in decisions(filled)]
    assert levels == sorted(levels, reverse=True)
    assert len(set(levels)) == 3


def test_two_who_decide_on_the_same_rows_at_once_both_pay(filled, storage):
    class Overtaken(Gate):
        def decide(self, *said, uses=0, **known):
            if uses == 0:
                with pytest.raises(RefusedError):
                    Registry(storage).promote("tumours", 2, gate=Gate(max_size_ratio=1e-3))
            return super().decide(*said, uses=uses, **known)

    assert filled.promote("tumours", 2, gate=Overtaken()).decision.uses == 1
    assert [kept["uses"] for kept in decisions(filled)] == [0, 1]


def test_thousands_of_slices_leave_what_decided_in_the_event(filled):
    from prodml.gate import SliceComparison
    from prodml.registry.comparison import plain_decision

    decision = filled.promote("tumours", 2).decision
    many = [
        SliceComparison("site", str(i), 50, 0.0, 0.9, 0.8, -0.1, 0.9, i / 5000) for i in range(5000)
    ]
    plain = plain_decision(attrs.evolve(decision, slices=tuple(many)))
    kept = GateDecision.from_dict(plain)
    assert kept.slices == tuple(many[: len(kept.slices)])
    assert 50 < len(kept.slices) == 5000 - kept.slices_left_out


def test_rolling_back_walks_back_and_not_to_and_fro(registry, weak):
    for _ in range(3):
        registry.register("tumours", weak)
    for version in (1, 2, 3):
        registry.promote("tumours", version, force=True, reason="x")
    first = registry.rollback("tumours", reason="it fails")
    assert (first.version, first.previous, first.kind) == (2, 3, "rollback")
    assert registry.rollback("tumours").version == 1
    with pytest.raises(ConflictError, match="no version in good standing before"):
        registry.rollback("tumours")
    assert registry.aliases("tumours") == {"champion": 1}


def test_what_was_rolled_away_does_not_come_back_by_rolling_back(registry, weak):
    for _ in range(4):
        registry.register("tumours", weak)
    for version in (1, 2, 3):
        registry.promote("tumours", version, force=True, reason="x")
    registry.rollback("tumours")  # from 3 to 2
    registry.promote("tumours", 4, force=True, reason="x")
    assert registry.rollback("tumours").version == 2
    assert registry.rollback("tumours").version == 1


def test_a_rollback_passes_over_what_was_deprecated(registry, weak):
    for _ in range(3):
        registry.register("tumours", weak)
    for version in (1, 2, 3):
        registry.promote("tumours", version, force=True, reason="x")
    registry.deprecate("tumours", 2, "leaks")
    assert registry.rollback("tumours").version == 1


def test_a_rollback_may_expect_too(filled):
    filled.promote("tumours", 2)
    with pytest.raises(ConflictError, match="it points at 2"):
        filled.rollback("tumours", expect=1)
    assert filled.rollback("tumours", expect=2).version == 1


def test_a_rollback_of_an_unknown_alias_names_the_known(filled):
    with pytest.raises(UnknownNameError, match="champion"):
        filled.rollback("tumours", alias="challenger")


def test_aliases_have_trails_of_their_own(filled):
    filled.promote("tumours", 1, alias="challenger")
    filled.promote("tumours", 2, alias="challenger")
    filled.rollback("tumours", alias="challenger")
    assert filled.aliases("tumours") == {"challenger": 1, "champion": 1}
