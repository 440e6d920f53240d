"""Batches of rows: kept whole, in the event or in a blob."""

from __future__ import annotations

import pytest

from prodml.errors import ConfigError, IntegrityError
from prodml.fingerprint import canonical_json
from prodml.journal import Blobs, Journal, Rows


@pytest.fixture
def rows(storage):
    return Rows(Journal(storage, "predictions/live"), Blobs(storage, "predictions/live/blobs"))


SMALL, LARGE = [["p1", True]], [[f"p{i}", i] for i in range(5000)]


def test_batches_come_back_in_order_whatever_their_size(rows):
    for batch in (SMALL, LARGE, []):
        rows.append("outcomes", batch)
    assert [(event.payload["n"], batch) for event, batch in rows.read()] == [
        (1, SMALL),
        (5000, LARGE),
        (0, []),
    ]
    assert [event.seq for event, _ in rows.read(after=2)] == [3]


def test_only_a_large_batch_makes_a_blob(rows, storage):
    rows.append("outcomes", SMALL)
    assert not [key for key in storage.objects if "/blobs/" in key]
    rows.append("outcomes", LARGE)
    assert len([key for key in storage.objects if "/blobs/" in key]) == 1


def test_an_event_without_rows_has_none(rows, storage):
    Journal(storage, "predictions/live").append("note")
    assert [batch for _, batch in rows.read()] == [[]]


def test_a_row_that_is_not_json_is_refused_and_nothing_is_stored(rows, storage):
    with pytest.raises(ConfigError, match=r"\$\[0\]\[1\]"):
        rows.append("outcomes", [["p", {1}]])
    assert storage.objects == {}


def test_a_batch_of_another_length_than_its_event_says_is_found(rows, storage):
    digest = Blobs(storage, "predictions/live/blobs").put(canonical_json(LARGE))
    Journal(storage, "predictions/live").append("outcomes", {"n": 3, "blob": digest})
    with pytest.raises(IntegrityError, match="event 1"):
        list(rows.read())
