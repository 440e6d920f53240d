"""Four eyes: an alias moves only when others agree."""

import json

import pytest

from prodml.errors import ConfigError, ConflictError, RefusedError, UnknownNameError
from prodml.gate import Gate
from prodml.registry import Registry

LENIENT = Gate(margin=0.9)


@pytest.fixture
def as_(storage, weak, strong):
    """Open the same registry as somebody, with the rule that champions need two approvals."""

    def open_as(actor, **settings):
        settings = {"approvals": {"champion": 2}, "gate": LENIENT, **settings}
        return Registry(storage, actor=actor, **settings)

    dev = open_as("dev")
    dev.register("tumours", weak)
    dev.register("tumours", strong)
    return open_as


def approve(as_, version=1, by=("anna", "bert"), alias="champion"):
    for who in by:
        as_(who).approve("tumours", version, alias=alias, reason=f"{who} looked")


def test_a_promotion_without_approvals_says_how_many_and_from_whom(as_):
    with pytest.raises(RefusedError) as caught:
        as_("ops").promote("tumours", 1)
    assert str(caught.value) == (
        "tumours/1 needs 2 approvals before it may become champion and has none: 2 missing, from anybody "
        'but "dev" and "ops". They call approve("tumours", 1, alias="champion")'
    )
    assert as_("ops").aliases("tumours") == {}


def test_enough_approvals_let_it_through(as_):
    approve(as_)
    assert as_("ops").promote("tumours", 1).version == 1


def test_one_of_two_is_not_enough_and_is_named(as_):
    approve(as_, by=["anna"])
    with pytest.raises(RefusedError, match='has 1, by "anna": 1 missing'):
        as_("ops").promote("tumours", 1)


def test_whoever_promotes_does_not_count(as_):
    approve(as_)
    with pytest.raises(
        RefusedError, match='has 1, by "bert": 1 missing, from anybody but "dev" and "anna"'
    ):
        as_("anna").promote("tumours", 1)


def test_whoever_registered_it_cannot_approve_it(as_):
    with pytest.raises(RefusedError, match='"dev" registered tumours/1: somebody else'):
        as_("dev").approve("tumours", 1)


def test_nobody_approves_twice(as_):
    approve(as_, by=["anna"])
    with pytest.raises(ConflictError, match='"anna" approves tumours/1 as champion already'):
        as_("anna").approve("tumours", 1)


def test_an_approval_needs_a_name(as_):
    with pytest.raises(ConfigError, match="open the registry with an actor to approve"):
        as_("").approve("tumours", 1)


def test_an_approval_is_for_one_alias_and_one_version(as_):
    approve(as_, version=2)
    approve(as_, alias="shadow")
    with pytest.raises(RefusedError, match="tumours/1 needs 2 approvals"):
        as_("ops").promote("tumours", 1)


def test_an_alias_without_a_rule_needs_none(as_):
    assert as_("ops").promote("tumours", 1, alias="challenger").kind == "first"


def test_force_does_not_stand_in_for_approvals(as_):
    with pytest.raises(RefusedError, match="needs 2 approvals"):
        as_("ops").promote("tumours", 1, force=True, reason="now")


def test_an_approval_can_be_taken_back(as_):
    approve(as_)
    left = as_("bert").withdraw("tumours", 1, reason="saw the slices")
    assert (left.by, left.n_missing) == (("anna",), 1)
    with pytest.raises(RefusedError, match="1 missing"):
        as_("ops").promote("tumours", 1)
    with pytest.raises(ConflictError, match='"bert" has given no approval'):
        as_("bert").withdraw("tumours", 1)


def test_an_approval_taken_back_while_the_gate_decides_counts(as_):
    approve(as_)
    as_("ops").promote("tumours", 1)
    approve(as_, version=2)

    class Slow:
        def decide(self, y_true, champion, challenger):
            as_("bert").withdraw("tumours", 2)
            return LENIENT.decide(y_true, champion, challenger)

    with pytest.raises(RefusedError, match="1 missing"):
        as_("ops").promote("tumours", 2, gate=Slow())
    assert as_("ops").aliases("tumours") == {"champion": 1}


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r.tag("tumours", 2, {"team": "other"}),
        lambda r: r.rollback("tumours"),
    ],
    ids=["tag", "rollback"],
)
def test_approvals_lapse_when_the_facts_change(as_, change):
    approve(as_)
    as_("ops").promote("tumours", 1)
    approve(as_, version=2)
    as_("ops").promote("tumours", 2)
    assert as_("ops").approvals("tumours", 2).by == ("anna", "bert")
    change(as_("ops"))
    assert as_("ops").approvals("tumours", 2).by == ()
    assert as_("ops").approvals("tumours", 1).by == ("anna", "bert")


def test_a_deprecated_version_is_not_approved(as_):
    as_("ops").deprecate("tumours", 1, "leaks")
    with pytest.raises(RefusedError, match="deprecated: leaks"):
        as_("anna").approve("tumours", 1)


def test_a_version_that_does_not_exist_is_not_approved(as_):
    with pytest.raises(UnknownNameError, match='"9"'):
        as_("anna").approve("tumours", 9)


def test_approvals_stand_in_the_history_and_on_the_card(as_):
    approve(as_, by=["anna"])
    as_("anna").withdraw("tumours", 1)
    moves = [(m.kind, m.version, m.change, m.actor, m.reason) for m in as_("x").history("tumours")]
    assert moves == [
        ("approved", 1, "1", "anna", "anna looked"),
        ("withdrawn", 1, "1", "anna", ""),
    ]
    assert (
        "| anna | champion | approved | anna looked |" in as_("x").card("tumours/1").to_markdown()
    )
    assert "Nobody has approved" in as_("x").card("tumours/2").to_markdown()


def test_a_rule_may_name_models(as_, storage):
    rule = {"champion": 0, "tum*@champ*": 1, "other@champion": 9}
    assert as_("ops", approvals=rule).approvals("tumours", 1).n_needed == 1


def test_an_access_policy_may_ask_for_approvals(as_):
    class Policy:
        approvals = {"champion": 3, "shadow": 1}

        def __call__(self, actor, action, resource):
            return action != "approve" or actor != "eve"

    registry = as_("eve", access=Policy())
    assert registry.approvals("tumours", 1).n_needed == 3
    assert registry.approvals("tumours", 1, alias="shadow").n_needed == 1
    with pytest.raises(RefusedError, match='"eve" may not approve models/tumours@champion'):
        registry.approve("tumours", 1)


def test_a_rule_that_is_written_down_holds_for_everybody(storage, as_):
    as_("boss").require("tumours", {"champion": 1, "canary": 3}, reason="audit")
    anybody = Registry(storage, actor="ops")
    with pytest.raises(RefusedError, match="tumours/1 needs 1 approval before"):
        anybody.promote("tumours", 1)
    assert anybody.approvals("tumours", 1, alias="canary").n_needed == 3
    assert as_("x").approvals("tumours", 1).n_needed == 2
    assert as_("boss").require("tumours", {"champion": 0}) == {"canary": 3}
    assert anybody.promote("tumours", 1).version == 1


@pytest.mark.parametrize("rule", [{}, [], {"champion": "2"}, {"Champion!": 1}])
def test_a_rule_to_write_down_is_checked(as_, rule):
    with pytest.raises(ConfigError):
        as_("boss").require("tumours", rule)


def test_approvals_print_and_go_into_json(as_):
    approve(as_, by=["anna"])
    found = as_("x").approvals("tumours", 1)
    assert str(found) == "tumours/1 as champion: 1 of 2"
    assert "anna" in repr(found)
    assert "dev" in found._repr_html_()
    assert json.loads(json.dumps(found.to_dict()))["by"] == ["anna"]


@pytest.mark.parametrize(
    "rule", [2, {"champion": "two"}, {"champion": True}, {"champion": -1}, {1: 1}]
)
def test_a_rule_that_is_none_is_refused(storage, rule):
    with pytest.raises(ConfigError, match="approvals must map aliases to numbers"):
        Registry(storage, approvals=rule)
