"""RolePolicy: what nobody granted is denied."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import ConfigError, UnknownNameError
from prodml.security import RolePolicy

POLICY = RolePolicy(
    grants={"trainer": ["register:models/*"], "owner": ["*:models/tumours*"], "reader": ["load:*"]},
    roles={"nightly": ["trainer", "reader"], "release-bot": ["owner"]},
)


@pytest.mark.parametrize(
    ("actor", "action", "resource", "allowed"),
    [
        ("nightly", "register", "models/tumours", True),
        ("nightly", "load", "models/fraud/3", True),
        ("nightly", "promote", "models/tumours@champion", False),
        ("release-bot", "promote", "models/tumours@champion", True),
        ("release-bot", "promote", "models/fraud@champion", False),
        ("somebody", "load", "models/tumours", False),
        ("", "load", "models/tumours", False),
    ],
)
def test_only_what_was_granted_is_allowed(actor, action, resource, allowed):
    assert POLICY(actor, action, resource) is allowed


@given(st.text(), st.text(), st.text())
def test_an_actor_without_roles_may_do_nothing(actor, action, resource):
    assert not RolePolicy(grants={"all": ["*:*"]}, roles={})(actor, action, resource)


def test_upper_case_is_another_name():
    assert not POLICY("nightly", "Register", "models/tumours")


def test_a_grant_without_an_action_is_refused():
    with pytest.raises(ConfigError, match="action:resource"):
        RolePolicy(grants={"trainer": ["models"]}, roles={})


def test_a_single_text_instead_of_a_list_is_refused():
    with pytest.raises(ConfigError, match="list of names"):
        RolePolicy(grants={"trainer": "register:*"}, roles={})


def test_a_role_without_grants_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownNameError, match='no role "trianer".*Did you mean "trainer"'):
        RolePolicy(grants={"trainer": ["a:b"]}, roles={"nightly": ["trianer"]})


def test_a_policy_may_ask_for_approvals():
    policy = RolePolicy(grants={}, roles={}, approvals={"champion": 2})
    assert policy.approvals == {"champion": 2}
    for wrong in ({"champion": "2"}, {"champion": -1}, ["champion"], {1: 1}):
        with pytest.raises(ConfigError, match="approvals map aliases to numbers"):
            RolePolicy(grants={}, roles={}, approvals=wrong)
