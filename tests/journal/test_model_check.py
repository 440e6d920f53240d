"""Two writers, a collector, a reader and kills, in every order: nothing dangles, nothing is lost."""

from __future__ import annotations

import random

import pytest
from explorer import NOON, Explorer, dumped, restored

from prodml.errors import KeyNotFoundError
from prodml.journal import Blobs, Draft, Journal, Parcel, collect
from prodml.storage import MemoryStorage

ONE = b"one"


class Shelf:
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


class Constant(random.Random):
    def uniform(self, low, high):
        return low


class Process:
    """What one process has: everything in it but the storage's answers is fixed."""

    def __init__(self, storage, name):
        ids = iter(f"{name}-{n}" for n in range(100))
        self.journal = Journal(
            storage,
            "s",
            actor=name,
            fold=Shelf(),
            clock=lambda: NOON,
            sleep=lambda _: None,
            rng=Constant(),
            new_id=lambda: next(ids),
        )
        self.blobs = Blobs(storage, "s/blobs")


def writes(name, content=ONE):
    """A process that stores a blob and an event that refers to it."""

    def process(storage):
        me = Process(storage, name)
        head, state = me.journal.look()
        safe = dict(kept(state)) if head.generation else {}
        parcel = Parcel(me.blobs, generation=head.generation, kept=safe)
        parcel.put(content)

        def decide(state):
            blobs = parcel.settle(me.journal.generation, lambda: dict(kept(state)))
            return Draft("stored", {"name": name, "blobs": blobs})

        return me.journal.commit(decide).txid

    return process


def throws(name):
    """A process that lets go of what another stored."""

    def process(storage):
        return Process(storage, f"not {name}").journal.append("thrown", {"name": name}).txid

    return process


def collects(name):
    """A process that deletes what nothing refers to."""

    def process(storage):
        me = Process(storage, name)
        collect(me.journal, me.blobs, kept)
        return ""

    return process


CLEANS, SWEEPS = collects("cleans"), collects("sweeps")


def reads(storage):
    """A process that reads all there is; what is gone meanwhile it looks up once more."""
    me = Process(storage, "reader")
    try:
        read_all(me)
    except KeyNotFoundError:
        read_all(me)
    return ""


def read_all(me):
    for digest, generation in sorted(kept(me.journal.look()[1])):
        assert me.blobs.get(digest, generation=generation) == ONE


class Checks:
    """What must hold in every state, whoever was killed on the way there."""

    def __init__(self):
        self._known = {}

    def __call__(self, store, returned):
        stored = frozenset(dumped(store).items())
        if stored not in self._known:
            self._known[stored] = self._check(store)
        assert self._known[stored].issuperset(filter(None, returned)), "an event was lost"

    def _check(self, store):
        me = Process(store, "checker")
        me.journal.verify()
        for digest, generation in kept(me.journal.look()[1]):
            assert me.blobs.exists(digest, generation=generation), "an event refers to nothing"
        txids = [event.txid for event in me.journal.events()]
        assert len(set(txids)) == len(txids)
        self._check_collected(restored(frozenset(dumped(store).items())))
        return set(txids)

    def _check_collected(self, store):
        me = Process(store, "cleaner")
        collect(me.journal, me.blobs, kept)
        left = {(blob.digest, blob.generation) for blob in me.blobs.stored()}
        assert left == kept(me.journal.look()[1]), "a collection left or took too much"


def begun(*, thrown):
    """A blob that one event refers to, or none any more."""
    store = MemoryStorage()
    writes("a")(store)
    if thrown:
        throws("a")(store)
    return dumped(store)


def explore(*processes, objects, lossy=False):
    explorer = Explorer(processes, Checks(), lossy=lossy)
    explorer.run(objects)
    return explorer.n_states


def test_a_writer_beside_a_collection_of_what_it_shares():
    n_states = explore(writes("b"), CLEANS, objects=begun(thrown=True))
    assert n_states > 100


def test_a_writer_whose_answers_are_lost_beside_a_collection():
    assert explore(writes("b"), CLEANS, objects=begun(thrown=True), lossy=True) > 200


def test_a_collection_beside_a_reader_and_one_who_throws_away():
    assert explore(CLEANS, reads, throws("a"), objects=begun(thrown=False)) > 200


@pytest.mark.slow
@pytest.mark.parametrize("thrown", [True, False], ids=["loose", "kept"])
def test_two_writers_a_collection_a_reader_and_kills_in_every_order(thrown):
    n_states = explore(writes("b"), writes("c"), CLEANS, reads, objects=begun(thrown=thrown))
    print(f"\n{n_states} states")


@pytest.mark.slow
def test_a_writer_one_who_throws_away_and_two_collections_in_every_order():
    n_states = explore(writes("b"), throws("a"), CLEANS, SWEEPS, objects=begun(thrown=False))
    print(f"\n{n_states} states")


@pytest.mark.slow
def test_two_writers_whose_answers_are_lost_beside_a_collection_in_every_order():
    n_states = explore(writes("b"), writes("c"), CLEANS, objects=begun(thrown=True), lossy=True)
    print(f"\n{n_states} states")


def test_a_collector_that_ignores_the_order_is_found_out():
    def hasty(storage):
        me = Process(storage, "hasty")
        safe = kept(me.journal.look()[1])
        for blob in list(me.blobs.stored()):
            if (blob.digest, blob.generation) not in safe:
                me.blobs.delete(blob.digest, generation=blob.generation)
        return ""

    with pytest.raises(AssertionError, match="refers to nothing"):
        explore(writes("b"), hasty, objects=begun(thrown=True))


def test_a_collector_that_looks_before_its_tombstone_only_is_found_out():
    def early(storage):
        me = Process(storage, "early")
        safe = kept(me.journal.look()[1])
        loose = [b for b in me.blobs.stored() if (b.digest, b.generation) not in safe]
        if loose:
            me.journal.append("gc_tombstone")
        for blob in loose:
            me.blobs.delete(blob.digest, generation=blob.generation)
        return ""

    with pytest.raises(AssertionError, match="refers to nothing"):
        explore(writes("b"), early, objects=begun(thrown=True))


def test_a_writer_that_does_not_look_again_is_found_out():
    def stubborn(storage):
        me = Process(storage, "stubborn")
        digest = me.blobs.put(ONE, generation=me.journal.generation)
        payload = {"name": "b", "blobs": {digest: me.journal.generation}}
        return me.journal.append("stored", payload).txid

    with pytest.raises(AssertionError, match="refers to nothing"):
        explore(stubborn, CLEANS, objects=begun(thrown=True))


def test_a_writer_that_overwrites_is_found_out():
    def rude(storage):
        me = Process(storage, "rude")
        put = storage.put
        storage.put = lambda key, data, **_: put(key, data, if_absent=False)
        return me.journal.append("note").txid

    with pytest.raises(AssertionError, match="an event was lost"):
        explore(rude, throws("a"), objects=begun(thrown=False))
