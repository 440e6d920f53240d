"""Who may do what, and who hears of it."""

import pytest

from prodml.errors import RefusedError, UnknownNameError
from prodml.registry import Registry


class Trail:
    def __init__(self):
        self.lines = []

    def record(self, action, *, resource, actor="", outcome="ok", details=None):
        self.lines.append((actor, action, resource, outcome, details))


@pytest.fixture
def trail():
    return Trail()


def test_every_action_is_told_to_the_trail(storage, trail, weak, strong):
    registry = Registry(storage, actor="ops", audit=trail)
    registry.register("tumours", weak)
    registry.register("tumours", strong)
    registry.promote("tumours", 1)
    registry.promote("tumours", 2)
    registry.rollback("tumours")
    registry.deprecate("tumours", 2, "old")
    registry.load("tumours/1")
    registry.reference("tumours/1")
    registry.holdout("tumours/1")
    told = [(action, resource, outcome) for _, action, resource, outcome, _ in trail.lines]
    assert told == [
        ("register", "models/tumours", "ok"),
        ("register", "models/tumours", "ok"),
        ("promote", "models/tumours@champion", "ok"),
        ("promote", "models/tumours@champion", "ok"),
        ("rollback", "models/tumours@champion", "ok"),
        ("deprecate", "models/tumours/2", "ok"),
        ("load", "models/tumours/1", "ok"),
        ("read", "models/tumours/1/reference", "ok"),
        ("read", "models/tumours/1/holdout", "ok"),
    ]
    assert {actor for actor, *_ in trail.lines} == {"ops"}
    assert trail.lines[3][4] == {"version": 2, "previous": 1, "kind": "gate"}


def test_a_refusal_by_the_gate_is_told(storage, trail, weak, strong):
    registry = Registry(storage, audit=trail)
    registry.register("tumours", strong)
    registry.register("tumours", weak)
    registry.promote("tumours", 1)
    with pytest.raises(RefusedError):
        registry.promote("tumours", 2)
    *_, outcome, details = trail.lines[-1]
    assert (outcome, details["version"]) == ("denied", 2)


def test_a_failure_is_told_by_its_kind_alone(storage, trail, weak):
    registry = Registry(storage, audit=trail)
    registry.register("tumours", weak)
    with pytest.raises(UnknownNameError):
        registry.promote("tumours", 7)
    *_, outcome, details = trail.lines[-1]
    assert (outcome, details) == ("error", {"version": 7, "error": "UnknownNameError"})


@pytest.mark.parametrize("action", ["register", "promote", "rollback", "deprecate", "load", "read"])
def test_what_the_policy_forbids_does_not_happen(storage, trail, weak, strong, action):
    owner = Registry(storage)
    for run in (weak, strong):
        owner.register("tumours", run)
    owner.promote("tumours", 1)
    events = owner.verify().n_events
    guest = Registry(storage, actor="eve", audit=trail, access=lambda _, asked, __: asked != action)
    does = {
        "register": lambda: guest.register("tumours", weak),
        "promote": lambda: guest.promote("tumours", 2),
        "rollback": lambda: guest.rollback("tumours"),
        "deprecate": lambda: guest.deprecate("tumours", 1, "x"),
        "load": lambda: guest.load("tumours/1"),
        "read": lambda: guest.holdout("tumours/1"),
    }
    with pytest.raises(RefusedError, match=f'"eve" may not {action} models/tumours'):
        does[action]()
    assert owner.verify().n_events == events
    assert trail.lines[-1][3] == "denied"


def test_no_opinion_forbids_and_a_nameless_actor_is_called_so(storage, weak):
    Registry(storage, access=lambda *_: True).register("tumours", weak)
    with pytest.raises(RefusedError, match="may not load"):
        Registry(storage, access=lambda *_: None).load("tumours/1")
    with pytest.raises(RefusedError, match="an actor without a name"):
        Registry(storage, access=lambda *_: False).load("tumours/1")
