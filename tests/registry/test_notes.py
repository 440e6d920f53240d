"""Words about models and versions: tags, comments, descriptions."""

import hashlib
import json

import pytest

from prodml.errors import ConfigError, UnknownNameError
from prodml.registry import Registry


def test_tags_change_and_go(filled):
    filled.register("tumours", filled.load("tumours/1"), tags={"team": "credit", "stage": "dev"})
    version = filled.tag("tumours", 3, {"stage": "prod", "team": None, "ticket": "17"})
    assert version.tags == {"stage": "prod", "ticket": "17"}
    assert filled.tag("tumours", 3, {"team": "risk"}).tags["team"] == "risk"
    assert filled.get("tumours/3").tags == {"stage": "prod", "ticket": "17", "team": "risk"}


def test_changed_tags_leave_the_signature_valid(storage, weak):
    from prodml.keys import StaticKeys

    registry = Registry(
        storage, keys=StaticKeys({"model": hashlib.sha256(b"k").digest()}, warn=False)
    )
    registry.register("tumours", weak, tags={"a": "1"})
    registry.tag("tumours", 1, {"a": "2"})
    assert registry.load("tumours/1") is not None
    assert registry.get("tumours/1").tags == {"a": "2"}


@pytest.mark.parametrize("tags", [{}, None, "team", {"team": 1}, {1: "x"}])
def test_tags_that_are_none_are_refused(filled, tags):
    with pytest.raises(ConfigError, match="tag"):
        filled.tag("tumours", 1, tags)


def test_comments_stay_with_their_author(filled, storage):
    said = filled.comment("tumours/2", "  worse on children  ")
    filled.comment("tumours", "ask before you use it")
    filled.comment("models:/tumours@champion", "fine")
    assert (said.version, said.text, said.actor) == (2, "worse on children", "ops")
    comments = Registry(storage).comments("tumours")
    assert [(c.version, c.text) for c in comments] == [
        (2, "worse on children"),
        (None, "ask before you use it"),
        (1, "fine"),
    ]
    assert [c.version for c in filled.comments("tumours/1")] == [None, 1]
    assert len(comments) == 3
    assert "version 2" in repr(comments)
    assert "children" in comments._repr_html_()
    assert json.loads(json.dumps(comments.to_dict()))["comments"][0] == said.to_dict()


@pytest.mark.parametrize("text", ["", "  ", "x" * 10_001, 5, None])
def test_a_comment_that_is_none_is_refused(filled, text):
    with pytest.raises(ConfigError, match=r"comment"):
        filled.comment("tumours", text)


@pytest.mark.parametrize("ref", ["chrun", "tumours/9", "tumours@x"])
def test_a_comment_on_nothing_is_refused(filled, ref):
    with pytest.raises(UnknownNameError):
        filled.comment(ref, "hello")


def test_the_owner_describes_the_model(filled, storage):
    filled.describe("tumours", intended_use="triage", owner="clinic")
    about = filled.describe("tumours", limits="adults only", licence="MIT", owner="ward 3")
    assert (about.intended_use, about.owner, about.limits) == ("triage", "ward 3", "adults only")
    assert Registry(storage).description("tumours") == about
    assert filled.describe("tumours", owner="").owner == ""
    assert "not recorded" in repr(filled.description("tumours"))
    assert "adults" in about._repr_html_()
    assert about.to_dict()["licence"] == "MIT"


@pytest.mark.parametrize("words", [{}, {"owner": 5}, {"limits": "x" * 10_001}])
def test_a_description_that_is_none_is_refused(filled, words):
    with pytest.raises(ConfigError):
        filled.describe("tumours", **words)
