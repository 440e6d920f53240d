"""The state stays small, whatever happened."""

import json
from datetime import UTC, datetime

from prodml.journal import Event
from prodml.journal.fold import freeze
from prodml.registry.fold import ModelFold, current, said_of, way_back

N_VERSIONS, N_EVENTS = 400, 2_000


def event(seq, kind, payload, *, reason=""):
    at = datetime(2030, 1, 1, tzinfo=UTC)
    digest = f"sha256:{seq:064x}"
    return Event(seq, kind, payload, at, "ops", reason, "", "", digest)


def folded(events):
    fold = ModelFold()
    state = fold.initial()
    for each in events:
        state = fold.apply(state, each)
    return state


def long_history():
    for seq in range(1, N_EVENTS + 1):
        if seq <= N_VERSIONS:
            facts = {"version": seq, "model": "sha256:" + "ab" * 32, "tags": {}}
            yield event(seq, "version_registered", facts)
        else:
            to = 1 + seq % N_VERSIONS
            yield event(
                seq, "alias_set", {"alias": f"a{seq % 7}", "to": to, "from": 1, "kind": "free"}
            )


def test_a_state_takes_about_a_line_per_version_and_a_bounded_trail_per_alias():
    state = folded(long_history())
    assert len(json.dumps(state["versions"])) < 90 * N_VERSIONS
    assert len(json.dumps(state)) < 90 * N_VERSIONS + 10_000
    assert {len(trail) for trail in state["aliases"].values()} == {100}


def test_a_view_shares_what_stayed_the_same():
    state = folded(long_history())
    before = freeze(state)
    move = {"alias": "a1", "to": 3, "from": 1, "kind": "free"}
    after = freeze(ModelFold().apply(state, event(N_EVENTS + 1, "alias_set", move)))
    assert after["versions"] is before["versions"]
    assert after["holdouts"] is before["holdouts"]
    assert after["aliases"]["a2"] is before["aliases"]["a2"]
    assert current(before, "a1") != current(after, "a1") == 3


def test_a_state_read_from_a_checkpoint_folds_on_like_any_other():
    events = list(long_history())
    through = json.loads(json.dumps(folded(events[:1_500])))
    for each in events[1_500:]:
        through = ModelFold().apply(through, each)
    assert through == folded(events)


def test_a_long_trail_can_be_walked_back():
    state = folded(long_history())
    trail = way_back(state, "a3")
    assert len(trail) == 99
    assert trail[-1] != current(state, "a3")


def test_an_event_of_the_future_changes_nothing():
    state = folded([event(1, "version_registered", {"version": 1})])
    assert ModelFold().apply(state, event(2, "version_polished", {"version": 1})) is state


def test_only_the_shard_that_changes_is_made_anew():
    holdouts = [event(n, "gate_decided", {"holdout": f"sha256:{n}"}) for n in range(1, 401)]
    state = folded(holdouts)
    again = ModelFold().apply(state, event(401, "gate_decided", {"holdout": "sha256:7"}))
    assert said_of(again, "holdouts", "sha256:7") == 2
    shared = [k for k, shard in again["holdouts"].items() if shard is state["holdouts"][k]]
    assert len(shared) == len(again["holdouts"]) - 1 > 50
