"""Nothing is written, loaded or handed out behind the back of the access policy."""

import inspect

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from prodml.errors import RefusedError
from prodml.registry import Registry

# What only tells of names, numbers and what was written down about them is open to whoever can open
# the storage; rows and models are not.
TELLS = {
    "aliases",
    "approvals",
    "card",
    "comments",
    "description",
    "diff",
    "get",
    "head",
    "history",
    "lineage",
    "models",
    "overview",
    "resolve",
    "search",
    "timeline",
    "verify",
    "versions",
}

# One call of every verb that acts, such that nothing but the policy stands in its way.
ACTS = {
    "approve": lambda r, _: r.approve("line", 2),
    "collect": lambda r, _: r.collect("line"),
    "comment": lambda r, _: r.comment("line/1", "looks good"),
    "delete": lambda r, _: r.delete("line", 2, reason="old"),
    "delete_model": lambda r, _: r.delete_model("line", reason="old"),
    "deprecate": lambda r, _: r.deprecate("line", 1, "old"),
    "describe": lambda r, _: r.describe("line", intended_use="lines"),
    "export_signed": lambda r, folder: r.export_signed("line/1", folder / "out", signer=Paper()),
    "holdout": lambda r, _: r.holdout("line/1"),
    "load": lambda r, _: r.load("line/1"),
    "map": lambda r, _: r.map("line/1"),
    "promote": lambda r, _: r.promote("line", 2, force=True, reason="new"),
    "reference": lambda r, _: r.reference("line/1"),
    "register": lambda r, _: r.register("line", MODEL),
    "remove_alias": lambda r, _: r.remove_alias("line", "champion", reason="old"),
    "require": lambda r, _: r.require("line", {"champion": 1}),
    "rollback": lambda r, _: r.rollback("line"),
    "rotate_keys": lambda r, _: r.rotate_keys("line"),
    "tag": lambda r, _: r.tag("line", 1, {"team": "credit"}),
    "withdraw": lambda r, _: r.withdraw("line", 1),
}

ROWS = pd.DataFrame({"x": [0.0, 1.0, 2.0]})
MODEL = LinearRegression().fit(ROWS, ROWS["x"])


class Paper:
    """Signs nothing; enough to be asked."""

    def bundle(self, payload_type, payload):
        raise AssertionError("nothing may be signed")


class Wrap:
    """Wraps nothing; enough to be asked."""

    def active(self):
        return "k"

    def wrap(self, data_key):
        raise AssertionError("nothing may be wrapped")

    unwrap = wrap


def verbs():
    found = inspect.getmembers(Registry, callable)
    return {name for name, _ in found if not name.startswith("_")}


def test_every_verb_of_the_registry_is_known_here():
    """A new one belongs into ACTS, with a call, or into TELLS, if it writes and hands out nothing."""
    assert verbs() == TELLS | set(ACTS)


@pytest.fixture
def filled(storage):
    registry = Registry(storage, actor="owner")
    for _ in range(2):
        registry.register("line", MODEL, holdout=(ROWS, ROWS["x"]), reference=ROWS)
    registry.promote("line", 1)
    return registry


def stored(storage):
    return {meta.key: storage.get(meta.key) for meta in storage.list()}


@pytest.mark.parametrize("verb", sorted(ACTS))
def test_an_acting_verb_asks_before_it_acts(storage, filled, verb, tmp_path):
    if verb == "export_signed":
        pytest.importorskip("cryptography", reason="needs the extra crypto")
    asked = []

    def nobody(actor, action, resource):
        asked.append((actor, action, resource))
        return False

    before = stored(storage)
    registry = Registry(storage, actor="mallory", access=nobody, encrypt=Wrap())
    with pytest.raises(RefusedError, match='"mallory" may not'):
        ACTS[verb](registry, tmp_path)
    assert len(asked) == 1
    assert asked[0][2].startswith("models/line")
    assert stored(storage) == before
    assert list(tmp_path.iterdir()) == []
