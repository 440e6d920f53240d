"""The journal against a plain list, its races, its lost answers."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from prodml.errors import (
    AmbiguousWriteError,
    ConfigError,
    ConflictError,
    IntegrityError,
    KeyNotFoundError,
    ProdmlWarning,
    StorageError,
)
from prodml.fingerprint import canonical_json
from prodml.journal import Blobs, Draft, Event, Head, Journal
from prodml.storage import FolderStorage, MemoryStorage


def test_an_appended_event_is_what_every_later_reader_sees(storage, clock):
    journal = Journal(storage, "models/churn", actor="ops", clock=clock)
    event = journal.append("note", {"x": 1.0, "big": 1e21, "t": "ü"}, reason="because")
    assert list(Journal(storage, "models/churn").events()) == [event]
    assert (event.seq, event.type, event.actor, event.reason) == (1, "note", "ops", "because")
    assert event.payload == {"x": 1, "big": 1e21, "t": "ü"}
    assert event.at == datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)


def test_an_event_lies_where_the_layout_says_as_canonical_json(storage, clock):
    journal = Journal(storage, "models/churn", clock=clock, new_id=lambda: "t1")
    first = journal.append("note")
    data = storage.objects["models/churn/log/00000000000000000001.json"]
    assert canonical_json(json.loads(data)) == data
    assert json.loads(data)["body"] == {
        "v": 1,
        "seq": 1,
        "prev": first.prev,
        "txid": "t1",
        "at": "2026-01-01T00:00:01.000000Z",
        "actor": "",
        "type": "note",
        "payload": {},
        "reason": "",
    }


def test_each_event_names_the_digest_of_the_one_before(storage):
    journal = Journal(storage, "s")
    events = [journal.append("note", {"i": i}) for i in range(5)]
    assert [e.prev for e in events[1:]] == [e.digest for e in events[:-1]]
    assert journal.head() == Head(5, events[-1].digest)


def test_every_append_has_its_own_random_id(storage):
    journal = Journal(storage, "s")
    assert len({journal.append("note").txid for _ in range(20)}) == 20


def test_the_state_is_the_fold_of_the_events(storage, fold):
    journal = Journal(storage, "s", fold=fold)
    for i in range(3):
        journal.append("note" if i else "start", {"i": i})
    expected = {"n": 3, "types": {"start": 1, "note": 2}, "notes": [{"i": 1}, {"i": 2}]}
    assert journal.state() == expected
    assert Journal(storage, "s", fold=fold).state() == expected


def test_a_journal_without_a_fold_has_an_empty_state(storage):
    journal = Journal(storage, "s")
    journal.append("note")
    assert journal.state() == {}


def test_events_can_begin_after_a_number(storage):
    journal = Journal(storage, "s")
    for _ in range(4):
        journal.append("note")
    assert [e.seq for e in journal.events(after=2)] == [3, 4]
    assert list(journal.events(after=4)) == []
    assert list(Journal(storage, "s").events(after=9)) == []


def test_commit_decides_on_the_newest_state_of_all_writers(storage, fold):
    mine, other = (Journal(storage, "s", fold=fold) for _ in range(2))
    mine.append("note")
    other.append("note")
    seen = []

    def decide(state):
        seen.append(state["n"])
        return Draft("third", {"n": state["n"]})

    assert mine.commit(decide).payload == {"n": 2}
    assert seen == [2]


def test_commit_decides_again_after_a_lost_race(storage, fold):
    mine, other = (Journal(storage, "s", fold=fold, sleep=lambda _: None) for _ in range(2))
    seen = []

    def decide(state):
        if len(seen) < 3:  # somebody is faster, three times
            other.append("note")
        seen.append(state["n"])
        return Draft("mine", {"n": state["n"]})

    assert mine.commit(decide).payload == {"n": 3}
    assert seen == [0, 1, 2, 3]


def test_what_decide_raises_comes_out_and_nothing_is_written(storage, fold):
    def decide(state):
        raise KeyError("no")

    with pytest.raises(KeyError, match="no"):
        Journal(storage, "s", fold=fold).commit(decide)
    assert storage.objects == {}


def test_a_decision_that_is_no_draft_is_refused(storage):
    with pytest.raises(ConfigError, match="return a Draft or raise, got a NoneType"):
        Journal(storage, "s").commit(lambda state: None)
    assert storage.objects == {}


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_the_storages_of_the_house_hold_journals_and_blobs(tmp_path, fold, kind):
    storage = MemoryStorage() if kind == "memory" else FolderStorage(tmp_path / "store")
    journal = Journal(storage, "models/churn", fold=fold, checkpoint_every=4)
    blobs = Blobs(storage, "models/churn/blobs")
    for i in range(10):
        journal.append("note", {"blob": blobs.put(bytes([i]))})
    reader = Journal(storage, "models/churn", fold=fold)
    assert reader.state() == journal.state()
    assert [blobs.get(note["blob"]) for note in reader.state()["notes"]] == [
        bytes([i]) for i in range(10)
    ]
    assert blobs.path(blobs.put(b"x")).read_bytes() == b"x"
    assert reader.verify(expect=journal.head()).n_checkpoints == 2


def test_pauses_after_lost_races_are_bounded_and_then_it_gives_up(storage, fold):
    pauses = []

    class Full:
        def uniform(self, low, high):
            return high

    mine = Journal(storage, "s", fold=fold, sleep=pauses.append, rng=Full())
    other = Journal(storage, "s", fold=fold)

    def decide(state):
        other.append("note")
        return Draft("mine")

    with pytest.raises(ConflictError, match="200 times"):
        mine.commit(decide)
    assert len(pauses) == 200
    assert 0 < max(pauses) <= 0.25


def test_a_warm_state_costs_one_look_at_the_storage(storage, fold):
    journal = Journal(storage, "s", fold=fold)
    for _ in range(100):
        journal.append("note")
    journal.state()
    storage.calls.clear()
    journal.state()
    assert storage.calls == [("get", "s/log/00000000000000000101.json")]


def test_a_cold_state_reads_the_checkpoint_and_what_follows(storage, fold):
    writer = Journal(storage, "s", fold=fold, checkpoint_every=10)
    for i in range(1, 94):
        writer.append("note", {"i": i})
    storage.calls.clear()
    assert Journal(storage, "s", fold=fold).state() == writer.state()
    keys = [key for _, key in storage.calls]
    assert keys[:3] == [
        "s/head",
        "s/ckpt/00000000000000000090.json",
        "s/log/00000000000000000090.json",
    ]
    assert len(keys) < 10


def test_a_checkpoint_keeps_the_order_in_which_a_dict_was_filled(storage):
    class Names:
        def initial(self):
            return {}

        def apply(self, state, event):
            state[event.payload["name"]] = event.seq
            return state

    writer = Journal(storage, "s", fold=Names(), checkpoint_every=3)
    for name in ("zoe", "10", "2"):
        writer.append("named", {"name": name})
    assert list(Journal(storage, "s", fold=Names()).state()) == ["zoe", "10", "2"]


def test_another_fold_does_not_take_a_checkpoint_that_is_not_its_own(storage, fold):
    class Sum:
        def initial(self):
            return {"sum": 0}

        def apply(self, state, event):
            return {"sum": state["sum"] + event.payload["i"]}

    writer = Journal(storage, "s", fold=fold, checkpoint_every=4)
    for i in range(9):
        writer.append("note", {"i": i})
    assert Journal(storage, "s", fold=Sum()).state() == {"sum": 36}


def test_a_fold_of_a_newer_version_replays_the_events(storage, fold):
    class Later(type(fold)):
        version = 2

    Later.__qualname__, Later.__module__ = type(fold).__qualname__, type(fold).__module__
    writer = Journal(storage, "s", fold=fold, checkpoint_every=2)
    for _ in range(4):
        writer.append("note")
    storage.calls.clear()
    assert Journal(storage, "s", fold=Later()).state()["n"] == 4
    assert ("get", "s/log/00000000000000000001.json") in storage.calls


def test_the_state_cannot_be_changed_by_who_reads_it(storage, fold):
    journal = Journal(storage, "s", fold=fold)
    journal.append("note", {"deep": [1]})
    state = journal.state()
    for attack in (
        lambda: state.update(n=9),
        lambda: state.__setitem__("n", 9),
        lambda: state.pop("n"),
        lambda: state["notes"].append(1),
        state["notes"][0]["deep"].sort,
        state["types"].clear,
    ):
        with pytest.raises(TypeError, match="read-only"):
            attack()
    assert journal.state() == {"n": 1, "types": {"note": 1}, "notes": [{"deep": [1]}]}


def test_a_copy_of_the_state_can_be_changed(storage, fold):
    journal = Journal(storage, "s", fold=fold)
    journal.append("note", {"deep": [1]})
    for mine in (
        copy.deepcopy(journal.state()),
        pickle.loads(pickle.dumps(journal.state())),
        json.loads(json.dumps(journal.state())),
    ):
        mine["notes"][0]["deep"].append(2)
        mine["n"] = 7
    shallow = copy.copy(journal.state())
    shallow["n"] = 8
    notes = copy.copy(journal.state()["notes"])
    notes.append(copy.deepcopy(journal.state()["notes"]))
    assert journal.state()["n"] == 1
    assert journal.state()["notes"] == [{"deep": [1]}]


def test_an_event_that_a_caller_changes_does_not_change_the_state(storage, fold):
    journal = Journal(storage, "s", fold=fold)
    journal.append("note", {"deep": [1]}).payload["deep"].append(2)
    for event in journal.events():
        event.payload.clear()
    assert journal.state()["notes"] == [{"deep": [1]}]


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({"a": {"b": [1, {2}]}}, r"\$\.payload\.a\.b\[1\]"),
        ({"a": {"log loss": float("nan")}}, r'\$\.payload\.a\["log loss"\]'),
        ({"a": 2**60}, r"\$\.payload\.a .*2\*\*53"),
        ({"a": {1: 2}}, r"\$\.payload\.a .*key 1"),
    ],
)
def test_a_payload_that_is_not_json_is_refused_by_the_path_of_its_member(storage, payload, path):
    with pytest.raises(ConfigError, match=path):
        Journal(storage, "s").append("note", payload)
    assert storage.objects == {}


def test_a_payload_above_the_limit_is_sent_to_the_blobs(storage):
    journal = Journal(storage, "s")
    with pytest.raises(ConfigError, match=r"more than 65536.*blob"):
        journal.append("note", {"x": "a" * 65_500})
    journal.append("note", {"x": "a" * 65_000})


@pytest.mark.parametrize(
    "arguments",
    [
        {"type": ""},
        {"type": "a" * 101},
        {"type": 3},
        {"type": "note", "payload": [1]},
        {"type": "note", "reason": None},
        {"type": "note", "actor": 3},
    ],
)
def test_an_event_of_the_wrong_shape_is_refused(storage, arguments):
    with pytest.raises(ConfigError):
        Journal(storage, "s").append(**arguments)
    assert storage.objects == {}


@pytest.mark.parametrize("stream", ["", "/s", "s/", "a//b", "Models/x", "a b", "é", "x" * 471, 3])
def test_a_stream_name_that_is_no_key_is_refused(storage, stream):
    with pytest.raises(ConfigError, match="stream"):
        Journal(storage, stream)


def test_numbers_out_of_range_are_refused(storage):
    with pytest.raises(ConfigError, match="checkpoint_every"):
        Journal(storage, "s", checkpoint_every=0)
    with pytest.raises(ConfigError, match="after"):
        Journal(storage, "s").events(after=-1)


def test_a_naive_clock_is_refused(storage):
    journal = Journal(storage, "s", clock=lambda: datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ConfigError, match="aware"):
        journal.append("note")


def test_the_repr_names_stream_and_place(storage):
    assert repr(Journal(storage, "models/churn")) == 'Journal("models/churn", dict://)'


# ---------------------------------------------------------------- lost answers, failing parts


@pytest.mark.parametrize("seed", range(20))
def test_lost_answers_neither_lose_nor_double_an_event(lossy, fold, seed):
    storage = lossy(seed, loss=0.5)
    journals = [Journal(storage, "s", fold=fold, sleep=lambda _: None) for _ in range(2)]
    acknowledged = []
    for i in range(60):
        with contextlib.suppress(AmbiguousWriteError):  # five lost in a row; it may be there
            acknowledged.append(journals[i % 2].append("note", {"i": i}).payload["i"])
    stored = [event.payload["i"] for event in journals[0].events()]
    assert len(set(stored)) == len(stored)
    assert set(acknowledged) <= set(stored)
    assert journals[1].verify().n_events == len(stored)


def test_an_answer_that_is_lost_for_ever_is_said_to_be_lost(lossy):
    storage = lossy(0, loss=1.0)
    storage._rng.random = lambda: 0.9  # never written, never answered
    with pytest.raises(AmbiguousWriteError, match="event 1"):
        Journal(storage, "s").append("note")


def test_a_read_back_that_fails_leaves_the_write_ambiguous(lossy):
    storage = lossy(0, loss=1.0)
    journal = Journal(storage, "s")
    journal.head()

    def put(key, data, *, if_absent=False):
        storage.get = broken
        raise AmbiguousWriteError("timed out", key=key)

    def broken(key, **_):
        raise StorageError("down", key=key)

    storage.put = put
    with pytest.raises(AmbiguousWriteError, match="reading it back failed"):
        journal.append("note")


def test_a_stored_event_is_acknowledged_though_its_checkpoint_cannot_be_written(storage, fold):
    journal = Journal(storage, "s", fold=fold, checkpoint_every=1)
    put = storage.put

    def only_events(key, data, *, if_absent=False):
        if "/log/" not in key:
            raise StorageError("disk full", key=key)
        return put(key, data, if_absent=if_absent)

    storage.put = only_events
    with pytest.warns(ProdmlWarning, match="event 1 .* is stored, but .*disk full"):
        assert journal.append("note").seq == 1
    assert journal.state()["n"] == 1


def test_a_checkpoint_that_somebody_else_wrote_is_left_alone(storage, fold):
    journal = Journal(storage, "s", fold=fold, checkpoint_every=1)
    journal.head()
    storage.objects["s/ckpt/00000000000000000001.json"] = b"theirs"
    journal.append("note")
    assert storage.objects["s/ckpt/00000000000000000001.json"] == b"theirs"


def test_a_fold_that_fails_fails_at_every_read_and_never_half(storage):
    class Picky:
        def initial(self):
            return {"seen": []}

        def apply(self, state, event):
            state["seen"].append(event.seq)
            if event.type == "bad":
                raise ValueError("cannot")
            return state

    journal = Journal(storage, "s", fold=Picky())
    journal.append("good")
    with pytest.warns(ProdmlWarning, match="is stored, but what follows failed: cannot"):
        assert journal.append("bad").seq == 2
    for _ in range(2):
        with pytest.raises(ValueError, match="cannot"):
            journal.state()
    assert [e.type for e in journal.events()] == ["good", "bad"]


@pytest.mark.parametrize("bad", [{1, 2}, float("inf"), {3: 4}, 2**70, "self"])
def test_a_state_that_is_not_json_is_refused(storage, bad):
    class Bad:
        def initial(self):
            state = {"x": bad}
            if bad == "self":
                state["x"] = state
            return state

        def apply(self, state, event):
            return state

    with pytest.raises(ConfigError):
        Journal(storage, "s", fold=Bad()).state()


# ---------------------------------------------------------------- many at once


@pytest.mark.parametrize("n_objects", [1, 4])
def test_threads_that_append_at_once_get_every_number_once(storage, fold, n_objects):
    journals = [Journal(storage, "s", fold=fold) for _ in range(n_objects)]
    seqs = []

    def work(worker):
        for i in range(25):
            event = journals[worker % n_objects].append("note", {"w": worker, "i": i})
            seqs.append(event.seq)
            journals[worker % n_objects].state()

    run_threads(work, 4)
    assert sorted(seqs) == list(range(1, 101))
    journal = journals[0]
    stored = [(e.payload["w"], e.payload["i"]) for e in journal.events()]
    assert sorted(stored) == [(w, i) for w in range(4) for i in range(25)]
    assert journal.state()["notes"] == [{"w": w, "i": i} for w, i in stored]
    journal.verify()


def test_transactions_of_many_threads_never_see_a_stale_state(storage, fold):
    journals = [Journal(storage, "s", fold=fold) for _ in range(3)]

    def work(worker):
        for _ in range(20):
            journals[worker].commit(lambda state: Draft("note", {"before": state["n"]}))

    run_threads(work, 3)
    assert [e.payload["before"] for e in journals[0].events()] == list(range(60))


def test_readers_and_verifiers_are_never_alarmed_by_a_writer_of_the_same_object(storage, fold):
    journal = Journal(storage, "s", fold=fold, checkpoint_every=4)
    counts = []

    def work(worker):
        for _ in range(40):
            if worker == 0:
                journal.append("note")
            elif worker == 1:
                counts.append(journal.state()["n"])
            elif worker == 2:
                seqs = [event.seq for event in journal.events()]
                assert seqs == list(range(1, len(seqs) + 1))
            else:
                journal.verify()

    run_threads(work, 4)
    assert counts == sorted(counts)
    assert journal.verify().n_events == 40


def run_threads(work, n):
    failures = []

    def guarded(worker):
        try:
            work(worker)
        except BaseException as exc:  # noqa: BLE001
            failures.append(exc)

    threads = [threading.Thread(target=guarded, args=(w,)) for w in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


# ---------------------------------------------------------------- the model: a list


class JournalMachine(RuleBasedStateMachine):
    """Three journals on one storage, one of them reopened now and then, against a list."""

    payloads = st.dictionaries(
        st.text(max_size=3),
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6) | st.text(),
        max_size=3,
    )

    def __init__(self):
        super().__init__()
        self.storage = self.make_storage()
        self.journals = [self.open() for _ in range(3)]
        self.model = []

    make_storage = fold_class = None

    def open(self):
        return Journal(self.storage, "s", fold=self.fold_class(), checkpoint_every=3)

    @rule(which=st.integers(0, 2), payload=payloads)
    def append(self, which, payload):
        event = self.journals[which].append("note", payload)
        self.model.append(payload)
        assert event.seq == len(self.model)
        assert event.payload == payload

    @rule(which=st.integers(0, 2))
    def commit(self, which):
        event = self.journals[which].commit(lambda state: Draft("note", {"n": state["n"]}))
        assert event.payload == {"n": len(self.model)}
        self.model.append(event.payload)

    @rule(which=st.integers(0, 2))
    def reopen(self, which):
        self.journals[which] = self.open()

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def read_after(self, data):
        after = data.draw(st.integers(0, len(self.model)))
        events = self.journals[0].events(after=after)
        assert [event.payload for event in events] == self.model[after:]

    @rule()
    def lose_what_is_derived(self):
        for key in [k for k in self.storage.objects if "/log/" not in k]:
            del self.storage.objects[key]

    @invariant()
    def state_is_the_list(self):
        for journal in self.journals:
            assert journal.state()["notes"] == self.model
            assert journal.head().seq == len(self.model)

    def teardown(self):
        assert self.open().verify().n_events == len(self.model)


def test_the_journal_behaves_like_a_list(storage, fold):
    class Machine(JournalMachine):
        make_storage = staticmethod(type(storage))
        fold_class = staticmethod(type(fold))

    run_state_machine_as_test(Machine, settings=settings(max_examples=25, stateful_step_count=25))


def test_importing_the_journal_loads_nothing_heavy():
    code = (
        "import sys, prodml.journal; "
        "print([m for m in ('numpy', 'pandas', 'sklearn', 'scipy', 'joblib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_an_event_is_a_value(storage):
    event = Journal(storage, "s").append("note", {"a": 1})
    assert hash(event) == hash(next(Journal(storage, "s").events()))
    with pytest.raises(AttributeError):
        event.seq = 2
    assert isinstance(event, Event)


def test_damage_of_the_newest_event_stops_an_append(storage):
    journal = Journal(storage, "s")
    journal.append("note")
    key = "s/log/00000000000000000001.json"
    storage.objects[key] = storage.objects[key][:-5]
    with pytest.raises(IntegrityError, match="event 1"):
        journal.append("note")
    with pytest.raises(KeyNotFoundError):
        storage.get("s/log/00000000000000000002.json")
