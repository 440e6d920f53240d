"""AuditTrail: who did what, in an order nobody can quietly change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from prodml.errors import ConfigError, IntegrityError
from prodml.security import AuditTrail
from prodml.storage import FolderStorage, MemoryStorage
from prodml.testing import ManualClock

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
def trail(clock):
    trail = AuditTrail(MemoryStorage(), actor="service", clock=clock)
    trail.record("register", resource="models/tumours/1", actor="trainer", details={"n": 3})
    clock.advance(seconds=60)
    trail.record("promote", resource="models/tumours@champion", actor="owner")
    clock.advance(seconds=60)
    trail.record("load", resource="models/fraud/2", outcome="denied")
    return trail


def found(trail, **conditions):
    return [e.seq for e in trail.events(**conditions)]


def test_an_event_comes_back_as_it_was_recorded(trail):
    event = next(trail.events())
    assert (event.seq, event.at, event.actor, event.action) == (1, START, "trainer", "register")
    assert (event.resource, event.outcome, event.details) == ("models/tumours/1", "ok", {"n": 3})


def test_the_trails_own_actor_stands_in(trail):
    assert [e.actor for e in trail.events()] == ["trainer", "owner", "service"]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, [1, 2, 3]),
        ({"actor": "owner"}, [2]),
        ({"action": "load"}, [3]),
        ({"outcome": "denied"}, [3]),
        ({"resource": "models/tumours"}, [1, 2]),
        ({"resource": "models/tum"}, []),
        ({"resource": "models/fraud/2"}, [3]),
        ({"since": START + timedelta(seconds=60)}, [2, 3]),
        ({"after": 2}, [3]),
        ({"actor": "owner", "outcome": "denied"}, []),
    ],
)
def test_events_are_found_by_every_condition_given(trail, conditions, expected):
    assert found(trail, **conditions) == expected


def test_a_trail_survives_a_restart(tmp_path):
    AuditTrail(FolderStorage(tmp_path)).record("serve", resource="models/tumours/1")
    assert found(AuditTrail(FolderStorage(tmp_path))) == [1]


def test_a_changed_event_is_found(clock):
    storage = MemoryStorage()
    trail = AuditTrail(storage, clock=clock)
    trail.record("promote", resource="models/tumours@champion", actor="mallory")
    trail.record("load", resource="models/tumours/1")
    key = next(m.key for m in storage.list("audit/log/"))
    storage.put(key, storage.get(key).replace(b"mallory", b"someone"))
    with pytest.raises(IntegrityError):
        AuditTrail(storage).verify()


def test_a_cut_tail_is_found_against_an_exported_head(clock):
    storage = MemoryStorage()
    trail = AuditTrail(storage, clock=clock)
    for i in range(3):
        trail.record("load", resource=f"models/m/{i}")
    head = trail.head()
    newest = [m.key for m in storage.list("audit/log/")][-1]
    storage.delete(newest)
    storage.delete("audit/head")
    with pytest.raises(IntegrityError):
        AuditTrail(storage).verify(expect=head)


@pytest.mark.parametrize("bad", [{"action": ""}, {"resource": ""}])
def test_an_event_without_a_name_is_refused(trail, bad):
    values = {"action": "load", "resource": "models/m", **bad}
    with pytest.raises(ConfigError, match="names its action and its resource"):
        trail.record(values["action"], resource=values["resource"])
    assert found(trail) == [1, 2, 3]


def test_an_unknown_outcome_is_refused(trail):
    with pytest.raises(ConfigError, match="one of ok, denied, error, got 'fine'"):
        trail.record("load", resource="models/m", outcome="fine")


def test_details_that_are_not_json_are_refused_and_nothing_is_written(trail):
    with pytest.raises(ConfigError):
        trail.record("load", resource="models/m", details={"when": object()})
    assert found(trail) == [1, 2, 3]
