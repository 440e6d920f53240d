"""Segments: the same events in fewer reads, and never believed beyond what the chain allows."""

from __future__ import annotations

import json
import threading

import pytest

from prodml.errors import AmbiguousWriteError, ConfigError, IntegrityError, ProdmlWarning
from prodml.fingerprint import canonical_json, sha256
from prodml.journal import Blobs, Draft, Journal, collect
from prodml.journal.envelope import seal
from prodml.journal.segment import FEW
from prodml.storage import FolderStorage

SIZE, N = 20, 110
KEYS = [f"s/seg/{last - SIZE + 1:020d}-{last:020d}.jsonl" for last in range(SIZE, N, SIZE)]


def log_key(seq):
    return f"s/log/{seq:020d}.json"


def fill(storage, n=N, **options):
    options = {"segment_every": SIZE, "checkpoint_every": 10**6, "actor": "ops", **options}
    journal = Journal(storage, "s", **options)
    for i in range(n):
        journal.append("note", {"i": i})
    return journal


def reads(storage):
    return [key for call, key in storage.calls if call == "get"]


def forge(data, **changes):
    return seal(canonical_json({**json.loads(data)["body"], **changes}))


def written_anew(storage, first, last):
    """Write a chain of its own over a range of events, each with the digest of the one before."""
    lines, prev = [], sha256(storage.objects[log_key(first - 1)])
    for seq in range(first, last + 1):
        lines.append(forge(storage.objects[log_key(seq)], prev=prev, actor="eve"))
        prev = sha256(lines[-1])
    return lines


@pytest.fixture
def filled(storage):
    fill(storage)
    return storage


def test_a_segment_holds_the_bytes_of_its_events_a_line_each(filled):
    assert [key for key in filled.objects if "/seg/" in key] == KEYS
    for n, key in enumerate(KEYS):
        events = range(n * SIZE + 1, (n + 1) * SIZE + 1)
        assert filled.objects[key] == b"\n".join(filled.objects[log_key(seq)] for seq in events)


@pytest.mark.parametrize("after", [0, 1, 7, 19, 20, 21, 50, 99, 100, 105, 110, 111])
def test_with_segments_and_without_the_events_are_the_same(filled, after):
    together = list(Journal(filled, "s").events(after=after))
    for key in KEYS:
        del filled.objects[key]
    assert together == list(Journal(filled, "s").events(after=after))
    assert [event.seq for event in together] == list(range(after + 1, N + 1))


def test_many_events_take_few_reads(filled):
    filled.calls.clear()
    assert len(list(Journal(filled, "s").events())) == N
    # Few one by one, four segments each with its last event, what lies in none, and the end.
    assert len(reads(filled)) == FEW + 2 * 4 + (N - 100) + 1


def test_few_events_never_ask_for_segments(storage):
    fill(storage, FEW - 1)
    storage.calls.clear()
    assert len(list(Journal(storage, "s").events())) == FEW - 1
    assert not [key for _, key in storage.calls if "/seg/" in key]


def test_a_state_without_checkpoints_is_folded_from_segments(filled, fold):
    filled.calls.clear()
    journal = Journal(filled, "s", fold=fold)
    assert journal.state()["n"] == N
    assert len([key for key in reads(filled) if "/log/" in key]) < FEW + 20
    filled.calls.clear()
    assert journal.state()["n"] == N
    assert reads(filled) == [log_key(N + 1)]


def test_a_thousand_and_twenty_four_events_go_together_if_nobody_says_otherwise(storage):
    journal = Journal(storage, "s")
    for _ in range(1024):
        journal.append("note")
    assert f"s/seg/{1:020d}-{1024:020d}.jsonl" in storage.objects
    assert journal.verify().n_segments == 1
    assert len(list(Journal(storage, "s").events())) == 1024


@pytest.mark.parametrize("how", ["flip", "empty", "cut", "longer", "foreign", "swapped"])
def test_a_wrong_segment_is_not_used_and_verify_names_it(filled, fold, how):
    true = list(Journal(filled, "s").events())
    key, data = KEYS[2], filled.objects[KEYS[2]]
    lines = data.split(b"\n")
    filled.objects[key] = {
        "flip": data.replace(b'"i":45', b'"i":46'),
        "empty": b"",
        "cut": data[:-1],
        "longer": data + b"\n",
        "foreign": filled.objects[KEYS[1]],
        "swapped": b"\n".join([lines[1], lines[0], *lines[2:]]),
    }[how]
    with pytest.warns(ProdmlWarning, match="segment 41-60 .* is not used"):
        assert list(Journal(filled, "s").events()) == true
    with pytest.warns(ProdmlWarning, match="segment 41-60 .* is not used"):
        assert Journal(filled, "s", fold=fold).state()["n"] == N
    with pytest.raises(IntegrityError, match="segment 41-60"):
        Journal(filled, "s").verify()


def test_a_forged_chain_that_holds_in_itself_is_not_used(filled):
    true = list(Journal(filled, "s").events())
    filled.objects[KEYS[2]] = b"\n".join(written_anew(filled, 41, 60))
    with pytest.warns(ProdmlWarning, match="segment 41-60 .* ends in another event 60"):
        assert list(Journal(filled, "s").events()) == true
    with pytest.raises(IntegrityError, match="segment 41-60 .* holds another event 41"):
        Journal(filled, "s").verify()


def test_a_forged_chain_with_its_last_event_is_found_where_it_meets_the_others(filled):
    lines = written_anew(filled, 41, 60)
    filled.objects[KEYS[2]] = b"\n".join(lines)
    filled.objects[log_key(60)] = lines[-1]
    with (
        pytest.warns(ProdmlWarning, match="segment 61-80"),
        pytest.raises(IntegrityError, match="event 61 .* does not follow event 60"),
    ):
        list(Journal(filled, "s").events())
    with pytest.raises(IntegrityError, match="event 60 .* does not follow event 59"):
        list(Journal(filled, "s").events(after=45))


def test_a_damaged_event_in_a_segment_that_holds_is_named_by_verify(filled):
    filled.objects[log_key(50)] = forge(filled.objects[log_key(50)], actor="eve")
    with pytest.raises(IntegrityError, match=r"segment 41-60 .* another event 50"):
        Journal(filled, "s").verify()
    events = list(Journal(filled, "s").events())  # as they were written, from the segment
    assert [event.actor for event in events] == ["ops"] * N


def test_every_flip_of_a_byte_in_a_segment_is_found_or_changes_nothing(storage):
    fill(storage, 64, segment_every=32)
    true = [*Journal(storage, "s").events()]
    key = f"s/seg/{33:020d}-{64:020d}.jsonl"
    data = storage.objects[key]
    for position in [*range(0, len(data), 37), len(data) - 1]:
        damaged = bytearray(data)
        damaged[position] ^= 0x01
        storage.objects[key] = bytes(damaged)
        with pytest.warns(ProdmlWarning, match="segment 33-64"):
            assert [*Journal(storage, "s").events()] == true
        with pytest.raises(IntegrityError, match="segment 33-64"):
            Journal(storage, "s").verify()


def test_a_segment_beyond_the_end_shows_that_the_journal_was_cut_off(filled):
    for seq in range(61, N + 1):
        del filled.objects[log_key(seq)]
    with pytest.raises(IntegrityError, match="event 61 .* 100 events at least"):
        Journal(filled, "s").verify()
    with pytest.warns(ProdmlWarning, match="segment 61-80"):
        assert len([*Journal(filled, "s").events()]) == 60


def test_names_that_are_no_segments_are_left_alone(filled):
    for name in ("readme.md", f"{9:020d}-{3:020d}.jsonl", f"{0:020d}-{3:020d}.jsonl"):
        filled.objects[f"s/seg/{name}"] = b"x"
    assert len([*Journal(filled, "s").events()]) == N
    assert Journal(filled, "s").verify().n_segments == 5


def test_segments_may_overlap(storage):
    fill(storage, 60)
    fill(storage, 60, segment_every=15)
    assert Journal(storage, "s").verify().n_segments == 3 + 4 + 4  # the last are made up for
    assert [event.seq for event in Journal(storage, "s").events()] == [*range(1, 121)]


@pytest.mark.parametrize("act", [Journal.verify, lambda journal: [*journal.events()]])
def test_a_segment_that_goes_while_it_is_looked_for_is_not_missed(filled, act):
    get = filled.get

    def get_and_forget(key, **options):
        if "/seg/" in key:
            filled.delete(key)
        return get(key, **options)

    filled.get = get_and_forget
    assert act(Journal(filled, "s"))
    assert [key for key in filled.objects if "/seg/" in key] in ([], KEYS[:1])


# ---------------------------------------------------------------- writing


def test_who_dies_while_packing_leaves_it_to_the_next(storage):
    put = storage.put

    def die(key, data, **options):
        if "/seg/" in key:
            raise KeyboardInterrupt
        return put(key, data, **options)

    storage.put = die
    with pytest.raises(KeyboardInterrupt):
        fill(storage)
    assert Journal(storage, "s").verify().n_events == SIZE
    storage.put = put
    fill(storage, SIZE)
    assert [key for key in storage.objects if "/seg/" in key] == [KEYS[1], KEYS[0]]


def test_a_long_journal_that_has_none_gets_them_by_and_by(storage):
    fill(storage, 3 * SIZE, segment_every=10**6)
    fill(storage, SIZE)
    assert {key for key in storage.objects if "/seg/" in key} == {KEYS[0], KEYS[3]}
    fill(storage, SIZE)
    assert {key for key in storage.objects if "/seg/" in key} == {KEYS[n] for n in (0, 1, 3, 4)}


def test_a_storage_that_takes_no_segment_loses_no_event(storage):
    put = storage.put

    def refuse(key, data, **options):
        if "/seg/" in key:
            raise AmbiguousWriteError("timed out", key=key)
        return put(key, data, **options)

    storage.put = refuse
    assert fill(storage, SIZE).verify().n_segments == 0


def test_what_a_storage_has_no_room_for_is_not_packed(storage):
    storage.caps = type(storage.caps)(url="dict://", durable="none", max_object_bytes=1000)
    assert fill(storage, SIZE).verify().n_segments == 0


def test_over_a_network_the_events_of_a_segment_are_read_side_by_side(storage):
    storage.caps = type(storage.caps)(url="dict://", durable="service")
    get, threads = storage.get, set()

    def get_and_tell(key, **options):
        threads.add(threading.current_thread().name)
        return get(key, **options)

    storage.get = get_and_tell
    assert fill(storage, SIZE).verify().n_segments == 1
    assert any(name.startswith("prodml-pack") for name in threads)
    assert not [t for t in threading.enumerate() if t.name.startswith("prodml-pack")]


def test_a_damaged_event_is_not_packed(storage):
    journal = fill(storage, SIZE - 1)
    storage.objects[log_key(5)] = b""
    with pytest.warns(ProdmlWarning, match="event 20 .* is stored, but .* event 5"):
        assert journal.append("note").seq == SIZE
    del storage.objects[log_key(5)]
    assert not [key for key in storage.objects if "/seg/" in key]


def test_an_event_that_is_missing_is_not_packed(storage):
    journal = fill(storage, SIZE - 1)
    del storage.objects[log_key(5)]
    with pytest.warns(ProdmlWarning, match="event 20 .* is stored, but .* event 5"):
        journal.append("note")
    assert not [key for key in storage.objects if "/seg/" in key]


def test_an_event_with_a_line_break_of_another_hand_is_not_packed(storage):
    journal = fill(storage, SIZE - 1)
    body = json.dumps(json.loads(storage.objects[log_key(SIZE - 1)])["body"], indent=1)
    storage.objects[log_key(SIZE - 1)] = seal(body.encode())
    assert fill(storage, 1).verify().n_segments == 0
    assert len([*Journal(storage, "s").events()]) == SIZE
    with pytest.raises(IntegrityError, match="event 19"):
        journal.verify()


def test_two_who_pack_at_once_write_the_same(tmp_path):
    def write():
        for _ in range(2 * SIZE):
            Journal(FolderStorage(tmp_path, durability="process"), "s", segment_every=5).append("x")

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = Journal(FolderStorage(tmp_path), "s").verify()
    assert (found.n_events, found.n_segments) == (4 * SIZE, 4 * SIZE // 5)


def test_events_are_packed_when_they_are_durable(disk):
    put = disk.put

    def look(key, data, **options):
        assert "/seg/" not in key or disk.loose == []
        return put(key, data, **options)

    disk.put = look
    assert fill(disk, 2 * SIZE).verify().n_segments == 2


def test_a_collection_of_blobs_leaves_segments_alone(filled):
    blobs, journal = Blobs(filled, "s/blobs"), Journal(filled, "s", segment_every=SIZE)
    blobs.put(b"loose")
    before = {key: data for key, data in filled.objects.items() if "/seg/" in key}
    assert collect(journal, blobs, lambda _state: []).n_blobs == 1
    assert before == {key: data for key, data in filled.objects.items() if "/seg/" in key}
    assert journal.commit(lambda _state: Draft("note")).seq == N + 2
    assert journal.verify().n_segments == 5


@pytest.mark.parametrize("every", [0, -1, True, 1.0, "1"])
def test_the_size_of_a_segment_is_checked_at_the_door(storage, every):
    with pytest.raises(ConfigError, match="segment_every must be 1 or more"):
        Journal(storage, "s", segment_every=every)
