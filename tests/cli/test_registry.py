"""``prodml registry``: thin words over the registry, each wrong use told in one line."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from prodml import Registry, open_storage
from prodml.__main__ import main

X = np.array([[0.0], [1.0], [2.0], [3.0]] * 10)
Y = np.array(["no", "no", "yes", "yes"] * 10)


def words(parameter):
    return " ".join(parameter) if isinstance(parameter, list) else ""


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """What a store holds in which something happened, as bytes by key."""
    store = open_storage(tmp_path_factory.mktemp("filled"))
    registry = Registry(store, actor="dev")
    ignorant = DecisionTreeClassifier().fit(X * 0, Y)
    for model in (ignorant, LogisticRegression().fit(X, Y)):
        registry.register("churn", model, holdout=(X, Y), metrics={"accuracy": 0.5})
    registry.promote("churn", 1, reason="the first")
    registry.describe("churn", owner="sales")
    return {meta.key: store.get(meta.key) for meta in store.list("")}


@pytest.fixture
def store(filled, tmp_path):
    folder = tmp_path / "store"
    fresh = open_storage(folder)
    for key, data in filled.items():
        fresh.put(key, data)
    return folder


@pytest.fixture
def ask(store, capsys):
    def run(*words, code=0):
        assert main(["registry", *words, "--store", str(store)]) == code
        said = capsys.readouterr()
        return said.err if code else said.out

    return run


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["list"], "churn         2       2"),
        (["show", "churn@champion"], "DecisionTreeClassifier"),
        (["history", "churn"], "the first"),
        (["timeline", "churn"], "registered"),
        (["card", "churn/2"], "# churn/2"),
        (["diff", "churn/1", "churn/2"], "churn/1 and churn/2"),
        (["verify"], "1 models, 4 events and"),
        (["verify", "churn"], "are what was written"),
        (["collect", "--dry-run"], "would delete 0 blobs"),
        (["collect", "churn"], "deleted 0 blobs"),
    ],
    ids=words,
)
def test_a_word_shows(ask, words, says):
    assert says in ask(*words)


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["show", "churn/1"],
        ["history", "churn"],
        ["diff", "churn/1", "churn/2"],
        ["verify"],
    ],
    ids=words,
)
def test_a_word_speaks_json(ask, words):
    assert isinstance(json.loads(ask(*words, "--json")), dict)


def test_an_alias_moves_and_comes_back(ask, store):
    assert "churn@champion → 2" in ask("promote", "churn/2", "--expect", "1", "--reason", "better")
    assert "churn@champion → 1" in ask("rollback", "churn", "--actor", "ops", "--reason", "slow")
    assert "FORCED" in ask("promote", "churn/2", "--force", "--reason", "now")
    moves = list(Registry(open_storage(store)).history("churn"))
    assert [(m.kind, m.actor, m.reason) for m in moves[1:]] == [
        ("gate", "", "better"),
        ("rollback", "ops", "slow"),
        ("forced", "", "now"),
    ]


def test_approvals_are_given_and_asked_for(ask, store):
    Registry(open_storage(store), actor="boss").require("churn", {"champion": 1})
    assert "needs 1 approval" in ask("promote", "churn/2", code=1)
    assert "anna" in ask("approve", "churn/2", "--actor", "anna")
    assert "churn@champion → 2" in ask("promote", "churn/2")


@pytest.mark.parametrize(
    ("word", "name", "begins"),
    [
        (["timeline", "churn"], "t.svg", "<svg"),
        (["timeline", "churn"], "t.html", "<!doctype html>"),
        (["card", "churn/1"], "c.html", "<!doctype html>"),
        (["card", "churn/1"], "c.md", "---\n"),
    ],
    ids=str,
)
def test_pictures_and_pages_are_written(ask, tmp_path, word, name, begins):
    assert str(tmp_path / name) in ask(*word, "--out", str(tmp_path / name))
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["show", "chrun/1"], 'no model "chrun" in this registry. Did you mean "churn"'),
        (["show", "churn/9"], 'no version "9"'),
        (["show", "churn"], '"name@alias"'),
        (["history", "chrun"], "chrun"),
        (["rollback", "churn"], "no version in good standing before"),
        (["promote", "churn/1"], "points at version 1 already"),
        (["promote", "churn/2", "--expect", "2"], "it points at 1"),
        (["promote", "churn/2", "--force"], "a forced promotion needs a reason"),
        (["approve", "churn/2"], "open the registry with an actor"),
        (["timeline", "churn", "--out", "x.png"], "written as .svg or .html"),
        (["card", "churn/1", "--out", "x.pdf"], "written as .md or .html"),
        (["card", "churn/1", "--out", "nowhere/x.md"], "there is no folder nowhere"),
    ],
    ids=words,
)
def test_a_wrong_use_is_told_in_one_line(ask, words, says):
    told = ask(*words, code=1)
    assert says in told
    assert told.startswith("prodml: ")
    assert told.count("\n") == 1


def test_a_store_that_is_not_there_is_not_made(tmp_path, capsys):
    assert main(["registry", "list", "--store", str(tmp_path / "stroe")]) == 1
    assert "there is no store at" in capsys.readouterr().err
    assert not (tmp_path / "stroe").exists()


@pytest.mark.parametrize("words", [[], ["lst"], ["show"], ["list"]], ids=str)
def test_wrong_words_are_answered_with_the_usage(words, capsys):
    with pytest.raises(SystemExit) as left:
        main(["registry", *words])
    assert left.value.code == 2
    assert "usage: prodml registry" in capsys.readouterr().err
