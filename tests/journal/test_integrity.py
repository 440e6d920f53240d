"""What tampering, accidents and false hints do to a journal: they are found, or do not matter."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodml.errors import IntegrityError, ProdmlWarning
from prodml.fingerprint import canonical_json, sha256
from prodml.journal import Draft, Head, Journal
from prodml.journal.envelope import open_envelope, seal


def log_key(seq):
    return f"s/log/{seq:020d}.json"


def ckpt_key(seq):
    return f"s/ckpt/{seq:020d}.json"


def fill(storage, n, **options):
    journal = Journal(storage, "s", **options)
    for i in range(1, n + 1):
        journal.append("note", {"i": i})
    return journal


def forge(data, **changes):
    """Write an event anew with other members and a checksum that fits."""
    body = json.loads(data)["body"]
    return seal(canonical_json({**body, **changes}))


def test_every_flip_of_a_byte_in_any_event_is_found(storage):
    fill(storage, 3)
    for seq in (1, 2, 3):
        data = storage.objects[log_key(seq)]
        for position in range(len(data)):
            for flip in (0x01, 0x20, 0x80, 0xFF):
                damaged = bytearray(data)
                damaged[position] ^= flip
                storage.objects[log_key(seq)] = bytes(damaged)
                with pytest.raises(IntegrityError, match=f"event {seq}"):
                    Journal(storage, "s").verify()
        storage.objects[log_key(seq)] = data
    assert Journal(storage, "s").verify().n_events == 3


def test_every_flip_of_a_byte_in_any_object_is_found_or_was_a_hint(storage, fold):
    options = {"fold": fold, "checkpoint_every": 3, "segment_every": 3}
    state = fill(storage, 4, **options).state()
    kept = dict(storage.objects)
    assert {key.split("/")[1] for key in kept} == {"log", "ckpt", "seg", "head"}
    for key, data in kept.items():
        for position in range(len(data)):
            damaged = bytearray(data)
            damaged[position] ^= 0x01
            storage.objects = kept | {key: bytes(damaged)}
            if key == "s/head":
                assert Journal(storage, "s", **options).state() == state
                continue
            with pytest.raises(IntegrityError):
                Journal(storage, "s", **options).verify()
    storage.objects = kept
    assert Journal(storage, "s", **options).verify().n_events == 4


def test_every_cut_of_the_newest_event_is_found(storage):
    fill(storage, 2)
    data = storage.objects[log_key(2)]
    for length in range(len(data)):
        storage.objects[log_key(2)] = data[:length]
        with pytest.raises(IntegrityError, match="event 2"):
            list(Journal(storage, "s").events())


@pytest.mark.parametrize("seq", [1, 2, 3])
def test_a_forged_event_with_a_checksum_that_fits_breaks_the_chain_behind_it(storage, seq):
    fill(storage, 4)
    storage.objects[log_key(seq)] = forge(storage.objects[log_key(seq)], actor="eve")
    with pytest.raises(IntegrityError, match=f"event {seq + 1} .* does not follow event {seq}"):
        Journal(storage, "s").verify()


def test_a_forged_newest_event_is_found_by_who_kept_the_head(storage):
    head = fill(storage, 4).head()
    storage.objects[log_key(4)] = forge(storage.objects[log_key(4)], actor="eve")
    assert Journal(storage, "s").verify().n_events == 4  # the stated limit of a chain
    with pytest.raises(IntegrityError, match="event 4 .* written anew"):
        Journal(storage, "s").verify(expect=head)


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"seq": 7},
        {"seq": "1"},
        {"prev": None},
        {"at": "yesterday"},
        {"payload": [1]},
        {"actor": 3},
        {"extra": 1},
    ],
)
def test_an_event_of_a_shape_unknown_is_refused(storage, changes):
    fill(storage, 1)
    storage.objects[log_key(1)] = forge(storage.objects[log_key(1)], **changes)
    with pytest.raises(IntegrityError, match="event 1"):
        list(Journal(storage, "s").events())
    with pytest.raises(IntegrityError, match="event"):
        Journal(storage, "s").append("note")


def test_events_that_change_places_are_found(storage):
    fill(storage, 3)
    a, b = log_key(2), log_key(3)
    storage.objects[a], storage.objects[b] = storage.objects[b], storage.objects[a]
    with pytest.raises(IntegrityError, match="event 2 .* says that it is event 3"):
        Journal(storage, "s").verify()


def test_a_journal_copied_over_another_is_found(storage):
    fill(storage, 2)
    for seq in (1, 2):
        storage.objects[f"t/log/{seq:020d}.json"] = storage.objects[log_key(seq)]
    with pytest.raises(IntegrityError, match=r'event 1 of journal "t" does not follow'):
        Journal(storage, "t").verify()


@pytest.mark.parametrize("seq", [1, 3])
def test_a_missing_event_is_named(storage, seq):
    fill(storage, 5)
    del storage.objects[log_key(seq)]
    with pytest.raises(IntegrityError, match=f"event {seq} .* is missing"):
        Journal(storage, "s").verify()


def test_a_foreign_object_among_the_events_is_named(storage):
    fill(storage, 1)
    storage.objects["s/log/note.txt"] = b""
    with pytest.raises(IntegrityError, match=r"s/log/note\.txt"):
        Journal(storage, "s").verify()


# ---------------------------------------------------------------- cut off, written anew


def test_a_journal_that_was_cut_off_is_found_by_who_kept_the_head(storage):
    head = fill(storage, 5).head()
    for seq in (4, 5):
        del storage.objects[log_key(seq)]
    with pytest.raises(IntegrityError, match="event 4 .* missing: there were 5 events"):
        Journal(storage, "s").verify(expect=head)


def test_an_older_head_is_still_good_when_the_journal_has_grown(storage):
    journal = fill(storage, 3)
    head = journal.head()
    journal.append("note")
    found = Journal(storage, "s").verify(expect=head)
    assert (found.ok, found.n_events, found.head) == (True, 4, journal.head())
    assert journal.verify(expect=Head(0, next(journal.events()).prev)).ok


def test_who_has_seen_more_refuses_to_go_back(storage, fold):
    journal = fill(storage, 5, fold=fold)
    del storage.objects[log_key(5)]
    for act in (
        lambda: journal.append("note"),
        lambda: journal.commit(lambda _: Draft("note")),
        lambda: list(journal.events()),
        lambda: list(journal.events(after=5)),
        journal.verify,
    ):
        with pytest.raises(IntegrityError, match="event 5"):
            act()
    assert log_key(5) not in storage.objects


def test_who_has_seen_another_event_refuses_the_new_one(storage):
    journal = fill(storage, 3)
    storage.objects[log_key(3)] = forge(storage.objects[log_key(3)], actor="eve")
    for act in (lambda: journal.append("note"), lambda: list(journal.events()), journal.verify):
        with pytest.raises(IntegrityError, match="event 3"):
            act()


def test_what_was_seen_through_events_alone_counts_as_seen(storage):
    fill(storage, 5)
    journal = Journal(storage, "s")
    assert len(list(journal.events())) == 5
    del storage.objects[log_key(5)]
    with pytest.raises(IntegrityError, match="event 5"):
        journal.head()


# ---------------------------------------------------------------- checkpoints


@pytest.mark.parametrize("how", ["flip", "empty", "other event", "other place", "shape"])
def test_a_wrong_checkpoint_is_not_used_and_verify_names_it(storage, fold, how):
    writer = fill(storage, 10, fold=fold, checkpoint_every=4)
    true = writer.state()
    data = storage.objects[ckpt_key(8)]
    storage.objects[ckpt_key(8)] = {
        "flip": data.replace(b'"n":8', b'"n":9'),
        "empty": b"",
        "other event": forge(data, digest=sha256(b"")),
        "other place": storage.objects[ckpt_key(4)],
        "shape": forge(data, state=[1]),
    }[how]
    storage.delete("s/head")
    reader = Journal(storage, "s", fold=fold)
    with pytest.warns(ProdmlWarning, match="checkpoint 8"):
        assert reader.state() == true
    assert reader.commit(lambda state: Draft("note", {"n": state["n"]})).payload == {"n": 10}
    with pytest.raises(IntegrityError, match="checkpoint 8"):
        reader.verify()


def test_a_forged_state_in_a_checkpoint_is_found_by_verify(storage, fold):
    fill(storage, 4, fold=fold, checkpoint_every=4)
    data = storage.objects[ckpt_key(4)]
    body = json.loads(data)["body"]
    storage.objects[ckpt_key(4)] = forge(data, state={**body["state"], "n": 400})
    with pytest.raises(IntegrityError, match="checkpoint 4 .* holds another state"):
        Journal(storage, "s", fold=fold).verify()


@pytest.mark.parametrize("member", ["v", "fold", "digest", "seq"])
def test_a_checkpoint_with_a_member_of_the_wrong_type_is_not_used(storage, fold, member):
    writer = fill(storage, 4, fold=fold, checkpoint_every=4)
    storage.objects[ckpt_key(4)] = forge(storage.objects[ckpt_key(4)], **{member: None})
    with pytest.warns(ProdmlWarning, match="checkpoint 4"):
        assert Journal(storage, "s", fold=fold).state() == writer.state()


def test_events_behind_a_checkpoint_are_checked_against_it(storage, fold):
    fill(storage, 6, fold=fold, checkpoint_every=4)
    storage.objects[log_key(5)] = forge(storage.objects[log_key(5)], prev=sha256(b""))
    with pytest.raises(IntegrityError, match="event 5"):
        Journal(storage, "s", fold=fold).state()


def test_a_checkpoint_beyond_the_end_shows_that_the_journal_was_cut_off(storage, fold):
    fill(storage, 8, fold=fold, checkpoint_every=4)
    for seq in (7, 8):
        del storage.objects[log_key(seq)]
    with pytest.raises(IntegrityError, match="event 7 .* 8 events at least"):
        Journal(storage, "s", fold=fold).verify()


def test_a_journal_verifies_without_its_checkpoints(storage, fold):
    fill(storage, 9, fold=fold, checkpoint_every=2)
    assert Journal(storage, "s", fold=fold).verify().n_checkpoints == 4
    assert Journal(storage, "s").verify().n_checkpoints == 4
    for seq in (2, 4, 6, 8):
        storage.delete(ckpt_key(seq))
    storage.objects["s/ckpt/readme.md"] = b"not one of ours"
    assert Journal(storage, "s", fold=fold).verify().n_checkpoints == 0


def test_a_checkpoint_that_goes_while_it_is_looked_for_is_not_missed(storage, fold):
    fill(storage, 4, fold=fold, checkpoint_every=2)
    get = storage.get

    def get_and_forget(key, **options):
        if "/ckpt/" in key:
            storage.delete(key)
        return get(key, **options)

    storage.get = get_and_forget
    assert Journal(storage, "s", fold=fold).state()["n"] == 4
    fill(storage, 1, fold=fold)
    assert Journal(storage, "s", fold=fold).verify().n_events == 5


# ---------------------------------------------------------------- hints


@pytest.mark.parametrize(
    "hint",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b'{"seq":1}',
        b'{"seq":"1","checkpoint":0}',
        b'{"seq":-1,"checkpoint":-1}',
        b'{"seq":1,"checkpoint":2}',
        b'{"seq":1,"checkpoint":0}',
        b'{"seq":20,"checkpoint":12}',
        b'{"seq":99999999999999999999999,"checkpoint":0}',
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("with_fold", [True, False])
def test_a_false_hint_changes_nothing(storage, fold, hint, with_fold):
    fold = fold if with_fold else None
    writer = fill(storage, 20, fold=fold, checkpoint_every=8)
    storage.objects["s/head"] = hint
    reader = Journal(storage, "s", fold=fold)
    assert reader.state() == writer.state()
    assert reader.head() == writer.head()
    assert reader.append("note").seq == 21


@pytest.mark.parametrize("with_fold", [True, False])
def test_a_hint_beyond_the_end_warns_once(storage, fold, with_fold):
    fill(storage, 3)
    storage.objects["s/head"] = b'{"seq":7,"checkpoint":0}'
    reader = Journal(storage, "s", fold=fold if with_fold else None)
    with pytest.warns(ProdmlWarning, match="speaks of event 7, but the events end at 3"):
        reader.state()
    assert reader.append("note").seq == 4


def test_a_hint_behind_a_missing_event_shows_the_hole(storage, fold):
    fill(storage, 20)
    del storage.objects[log_key(12)]
    reader = Journal(storage, "s", fold=fold)
    for _ in range(2):
        with pytest.raises(IntegrityError, match="event 12 .* is missing"):
            reader.append("note")
    assert log_key(12) not in storage.objects


def test_a_cold_journal_without_hint_finds_the_end_and_the_holes(storage):
    writer = fill(storage, 20)
    storage.delete("s/head")
    assert Journal(storage, "s").head() == writer.head()
    del storage.objects[log_key(12)]
    with pytest.raises(IntegrityError, match="event 12 .* is missing"):
        Journal(storage, "s").head()


@pytest.mark.parametrize("act", [Journal.head, Journal.verify])
def test_an_event_that_goes_between_listing_and_reading_is_missing(storage, act):
    fill(storage, 2)
    listed = storage.list

    def list_and_forget(prefix="", **options):
        yield from list(listed(prefix, **options))
        if prefix == "s/log/":
            storage.delete(log_key(2))

    storage.list = list_and_forget
    with pytest.raises(IntegrityError, match="event 2 .* is missing"):
        act(Journal(storage, "s"))


# ---------------------------------------------------------------- the envelope


@given(st.dictionaries(st.text(), st.text() | st.integers(-9, 9)))
def test_an_envelope_gives_back_its_body(body):
    data = seal(canonical_json(body))
    assert open_envelope(data, where="x") == body
    assert canonical_json(json.loads(data)) == data


@given(st.binary(max_size=300))
def test_bytes_that_are_no_envelope_are_refused(data):
    with pytest.raises(IntegrityError):
        open_envelope(data, where="x")


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"a":1,"a":2}', b"nan", b"\xff", b"[" * 99_999])
def test_a_sealed_body_that_is_no_object_is_refused(body):
    with pytest.raises(IntegrityError):
        open_envelope(seal(body), where="x")


def test_random_edits_of_a_whole_journal_never_crash_a_reader(storage, fold):
    fill(storage, 6, fold=fold, checkpoint_every=2)
    whole, rng = dict(storage.objects), random.Random(0)
    true = Journal(storage, "s", fold=fold).state()
    for _ in range(300):
        storage.objects = dict(whole)
        key = rng.choice(sorted(whole))
        data = bytearray(whole[key])
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        storage.objects[key] = bytes(data)
        if data == whole[key]:
            continue
        reader = Journal(storage, "s", fold=fold)
        try:
            assert reader.state() == true
        except (IntegrityError, ProdmlWarning):
            assert "/log/" in key or "/ckpt/" in key or key == "s/head"
