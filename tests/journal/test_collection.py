"""Collecting blobs: what is referred to stays, what is not goes, whoever writes meanwhile."""

from __future__ import annotations

import pytest

from prodml.errors import ConfigError, IntegrityError, KeyNotFoundError
from prodml.fingerprint import sha256
from prodml.journal import Blobs, Collected, Draft, Journal, Parcel, collect


class Shelf:
    """What is stored and what was thrown away."""

    def initial(self):
        return {"kept": {}}

    def apply(self, state, event):
        if event.type == "stored":
            state["kept"][event.payload["name"]] = event.payload["blobs"]
        if event.type == "thrown":
            state["kept"].pop(event.payload["name"], None)
        return state


def kept(state):
    return {place for blobs in state["kept"].values() for place in blobs.items()}


class Writer:
    """One process: a journal and its blobs."""

    def __init__(self, storage):
        self.journal = Journal(storage, "s", fold=Shelf(), sleep=lambda _: None)
        self.blobs = Blobs(storage, "s/blobs")

    def pack(self, *contents):
        head, state = self.journal.look()
        parcel = Parcel(self.blobs, generation=head.generation, kept=dict(kept(state)))
        for content in contents:
            parcel.put(content)
        return parcel

    def send(self, name, parcel):
        def decide(state):
            blobs = parcel.settle(self.journal.generation, lambda: dict(kept(state)))
            return Draft("stored", {"name": name, "blobs": blobs})

        return self.journal.commit(decide)

    def store(self, name, *contents):
        return self.send(name, self.pack(*contents))

    def throw(self, name):
        return self.journal.append("thrown", {"name": name})

    def collect(self, **choices):
        return collect(self.journal, self.blobs, kept, **choices)


@pytest.fixture
def writer(storage):
    return Writer(storage)


def stored(storage):
    return {key for key in storage.objects if "/blobs/" in key}


def key(content, generation=0):
    digits = sha256(content).removeprefix("sha256:")
    return f"s/blobs/sha256/{digits[:2]}/{digits}" + (f".{generation}" if generation else "")


def test_what_is_referred_to_stays_and_the_rest_goes(writer, storage):
    writer.store("a", b"one", b"both")
    writer.store("b", b"two", b"both")
    writer.throw("a")
    assert writer.collect() == Collected(1, 3)
    assert stored(storage) == {key(b"two"), key(b"both")}


def test_where_nothing_is_loose_nothing_is_written(writer, storage):
    writer.store("a", b"one")
    before = dict(storage.objects)
    assert writer.collect() == Collected(0, 0)
    assert storage.objects == before


def test_a_dry_run_counts_and_touches_nothing(writer, storage):
    writer.store("a", b"one")
    writer.throw("a")
    before = dict(storage.objects)
    assert writer.collect(dry_run=True) == Collected(1, 3, is_dry_run=True)
    assert storage.objects == before


def test_an_upload_that_a_collection_took_is_stored_again_in_the_next_generation(writer, storage):
    parcel = writer.pack(b"one")
    assert Writer(storage).collect() == Collected(1, 3)
    assert stored(storage) == set()
    event = writer.send("a", parcel)
    assert event.payload["blobs"] == {sha256(b"one"): 1}
    assert stored(storage) == {key(b"one", 1)}
    assert writer.blobs.get(sha256(b"one"), generation=1) == b"one"


def test_a_file_is_stored_again_too(writer, storage, tmp_path):
    path = tmp_path / "weights"
    path.write_bytes(b"one")
    parcel = writer.pack(path)
    Writer(storage).collect()
    writer.send("a", parcel)
    assert stored(storage) == {key(b"one", 1)}


def test_after_a_collection_what_a_living_event_keeps_is_shared_not_stored_again(writer, storage):
    writer.store("a", b"one")
    writer.blobs.put(b"loose")
    writer.collect()
    event = writer.store("b", b"one", b"two")
    assert event.payload["blobs"] == {sha256(b"one"): 0, sha256(b"two"): 1}
    assert stored(storage) == {key(b"one"), key(b"two", 1)}


def test_what_was_shared_when_packed_and_thrown_away_since_is_stored_again(writer, storage):
    writer.store("a", b"one")
    writer.blobs.put(b"loose")
    writer.collect()
    parcel = writer.pack(b"one")
    other = Writer(storage)
    other.throw("a")
    # Of an older generation and not referred to: it goes without another tombstone.
    assert other.collect() == Collected(1, 3)
    writer.send("b", parcel)
    assert stored(storage) == {key(b"one", 1)}


def test_a_collection_that_died_is_finished_by_the_next(writer, storage):
    for name in ("a", "b", "c"):
        writer.store(name, name.encode())
        writer.throw(name)
    delete = storage.delete

    def die(_):
        raise KeyboardInterrupt

    storage.delete = die
    with pytest.raises(KeyboardInterrupt):
        writer.collect()
    storage.delete = delete
    assert len(stored(storage)) == 3
    n_events = writer.journal.head().seq
    assert Writer(storage).collect() == Collected(3, 3)
    assert stored(storage) == set()
    assert writer.journal.head().seq == n_events


def test_every_event_after_a_tombstone_says_how_many_there_were(writer, storage):
    writer.store("a", b"one")
    for _ in range(2):
        writer.blobs.put(b"loose", generation=writer.journal.generation)
        writer.collect(reason="spring")
    writer.store("b", b"two")
    events = list(writer.journal.events())
    assert [event.generation for event in events] == [0, 1, 2, 2]
    assert [event.reason for event in events if event.type == "gc_tombstone"] == ["spring"] * 2
    assert Journal(storage, "s").generation == writer.journal.generation == 2
    assert writer.journal.verify().head.generation == 2


def test_a_stream_that_was_never_collected_is_written_as_before(writer, storage):
    writer.store("a", b"one")
    assert b"generation" not in storage.objects["s/log/00000000000000000001.json"]


def test_what_is_no_blob_is_named_and_nothing_is_deleted(writer, storage):
    writer.blobs.put(b"loose")
    storage.put("s/blobs/sha256/zz/planted", b"x")
    with pytest.raises(IntegrityError, match="planted"):
        writer.collect()
    assert key(b"loose") in stored(storage)


def test_the_arguments_are_checked_at_the_door(writer):
    with pytest.raises(ConfigError, match="kept must be a function"):
        collect(writer.journal, writer.blobs, {})


def test_a_blob_of_another_generation_is_another_object(writer):
    digest = writer.blobs.put(b"one", generation=3)
    assert not writer.blobs.exists(digest)
    assert writer.blobs.exists(digest, generation=3)
    assert writer.blobs.path(digest, generation=3).read_bytes() == b"one"
    writer.blobs.delete(digest, generation=3)
    with pytest.raises(KeyNotFoundError):
        writer.blobs.get(digest, generation=3)


def test_a_collection_prints_and_adds_up():
    one, two = Collected(1, 10), Collected(2, 20)
    assert str(one + two) == "deleted 3 blobs of 30 bytes that nothing refers to"
    assert str(Collected(1, 5, is_dry_run=True)).startswith("would delete 1 blob of 5 bytes")
    assert one.to_dict() == {"n_blobs": 1, "size_bytes": 10, "is_dry_run": False}
